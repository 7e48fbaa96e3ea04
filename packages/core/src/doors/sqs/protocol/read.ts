/**
 * Read: which protocol a request speaks, which action it asks for, and with which input.
 *
 * (P1) Who names an action in `X-Amz-Target` speaks JSON; everybody else speaks Query, in the query string or in a form.
 * (P2) An error is answered in the protocol of the request, whatever was wrong with the request.
 */
import { SqsError, missingParameter } from "../errors.js";
import type { SqsActionName, SqsCall, SqsInputs, SqsPlatform } from "../types.js";
import { readJson } from "./json.js";
import { actionModels, isActionName } from "./model.js";
import { type FormPart, parseForm, readForm } from "./query.js";
import { checkRequired } from "./shapes.js";

export type Protocol = "json" | "query";

/** Any action with the input that belongs to it. */
export type SqsRequest = {
  [A in SqsActionName]: { readonly action: A; readonly input: SqsInputs[A] };
}[SqsActionName];

const target = /^AmazonSQS\.(\w+)$/;

/** (P1) */
export function protocolOf({ amzTarget }: Pick<SqsCall, "amzTarget">): Protocol {
  return amzTarget === undefined ? "query" : "json";
}

/** Throws `SqsError`. */
export function readRequest(call: SqsCall, platform: SqsPlatform): SqsRequest {
  const { amzTarget, body } = call;
  const text = platform.utf8.decode(body, 0, body.length);
  if (amzTarget === undefined) return readQuery(call, text, platform);
  if (call.method !== "POST") throw new SqsError("InvalidAction", "Requests of the JSON protocol are POST requests.");
  const action = actionNamed(target.exec(amzTarget)?.[1], amzTarget);
  return requestOf(action, readJson(text, actionModels[action].input, platform));
}

function readQuery({ method, target, contentType }: SqsCall, text: string, platform: SqsPlatform): SqsRequest {
  const at = target.indexOf("?");
  const isForm = method === "POST" && contentType.startsWith("application/x-www-form-urlencoded");
  if (method !== "GET" && !isForm) {
    throw new SqsError(
      "InvalidAction",
      "A request is a POST with X-Amz-Target and a body of JSON, a POST of a form (application/x-www-form-urlencoded), or a GET with a query.",
    );
  }
  const form = parseForm(at < 0 ? "" : target.slice(at + 1), isForm ? text : "");
  const name = form.parts.get("Action")?.text;
  if (name === undefined) throw new SqsError("InvalidAction", "The request must contain the parameter Action.");
  const action = actionNamed(name, name);
  const { input } = actionModels[action];
  const path = at < 0 ? target : target.slice(0, at);
  if (Object.hasOwn(input.members, "QueueUrl") && path !== "/" && !form.parts.has("QueueUrl")) putQueueUrl(form, path);
  return requestOf(action, readForm(form, input, platform));
}

/** Who leaves out the URL of the queue has sent the request there. */
function putQueueUrl(form: FormPart, path: string): void {
  form.parts.set("QueueUrl", { text: path, parts: new Map() });
}

function actionNamed(name: string | undefined, shown: string): SqsActionName {
  if (name !== undefined && isActionName(name)) return name;
  throw new SqsError("InvalidAction", `The action ${shown.slice(0, 100)} is not valid for this endpoint.`);
}

function requestOf(action: SqsActionName, input: unknown): SqsRequest {
  checkRequired(input as Parameters<typeof checkRequired>[0], actionModels[action].input, missingParameter);
  return { action, input } as SqsRequest; // the shape was read from the model of this action
}
