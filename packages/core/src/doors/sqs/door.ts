/**
 * SQS door: requests as Amazon SQS takes them, answered by the queues of a backend.
 *
 * Owns the way from the bytes of a request to those of its answer. How they travel, who may connect and what is signed is
 * the driver's; what messages do is the backend's.
 *
 * (D1) Every request is answered once, unless it was cancelled; whatever it holds, nothing is thrown.
 * (D2) What nobody foresaw is an `InternalFailure` without a cause; the host hears the cause.
 */
import { MpregError } from "../../base/index.js";
import { actions } from "./actions/index.js";
import type { Action } from "./actions/action.js";
import type { Cancel } from "./backend.js";
import { Changes } from "./changes.js";
import { SqsError } from "./errors.js";
import { type Protocol, type SqsRequest, protocolOf, readRequest } from "./protocol/read.js";
import { writeJson } from "./protocol/json.js";
import { actionModels } from "./protocol/model.js";
import type { Value } from "./protocol/shapes.js";
import { errorXml, resultXml } from "./protocol/xml.js";
import { type SqsHost, Turn, asSqsError } from "./turn.js";
import type { SqsActionName, SqsAnswer, SqsCall } from "./types.js";

const jsonType = "application/x-amz-json-1.0";
const xmlType = "text/xml";
const requestIdHeader = "x-amzn-requestid";

export class SqsDoor {
  readonly #host: Turn["host"];

  constructor(host: SqsHost) {
    this.#host = { ...host, changes: new Changes() };
  }

  /** Answers with `end`, in this call or later; what is returned takes the question back. */
  handle(call: SqsCall, end: (answer: SqsAnswer) => void): Cancel {
    let action = "a request";
    const turn = new Turn(this.#host, call, (error) => {
      end(sqsErrorAnswer(call, this.#asError(error, action))); // (D1)
    });
    turn.step(() => {
      const request = readRequest(call, this.#host.platform);
      action = request.action;
      perform(request, turn, (result) => {
        if (turn.over()) end(this.#answer(call, request.action, result)); // (D1)
      });
    });
    return () => {
      turn.cancel();
    };
  }

  #answer(call: SqsCall, action: SqsActionName, result: Value | undefined): SqsAnswer {
    const { platform } = this.#host;
    const shape = actionModels[action].result;
    const told = shape === undefined || result === undefined ? undefined : { value: result, shape };
    if (protocolOf(call) === "query") return xml(200, resultXml(action, told, call.requestId, platform), call);
    return json(200, told === undefined ? "{}" : writeJson(told.value, told.shape, platform), call);
  }

  #asError(error: unknown, action: string): SqsError {
    const known = asSqsError(error, (each) => each instanceof MpregError);
    if (known !== undefined) return known;
    this.#host.failed(action, error); // (D2)
    return new SqsError("InternalFailure", "The request failed; the log of the node says why.");
  }
}

function perform(request: SqsRequest, turn: Turn, done: (result: Value | undefined) => void): void {
  const action = actions[request.action] as unknown as Action<SqsActionName>; // that of this input
  action(request.input, turn, (result) => {
    done(result as Value | undefined);
  });
}

/** The answer to a request that was not done, in its protocol; the driver's too, for what it refuses by itself. */
export function sqsErrorAnswer(call: Pick<SqsCall, "amzTarget" | "requestId">, error: SqsError): SqsAnswer {
  const protocol: Protocol = protocolOf(call);
  if (protocol === "query") return xml(error.status, errorXml(error, call.requestId), call);
  const fault = error.isSenderFault ? "Sender" : "Receiver";
  const answer = json(error.status, JSON.stringify({ __type: error.type, message: error.message }), call);
  return { ...answer, headers: { ...answer.headers, "x-amzn-query-error": `${error.queryCode};${fault}` } };
}

function json(status: number, body: string, { requestId }: Pick<SqsCall, "requestId">): SqsAnswer {
  return { status, contentType: jsonType, headers: { [requestIdHeader]: requestId }, body };
}

function xml(status: number, body: string, { requestId }: Pick<SqsCall, "requestId">): SqsAnswer {
  return { status, contentType: xmlType, headers: { [requestIdHeader]: requestId }, body };
}
