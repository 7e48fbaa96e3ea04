/**
 * JSON request: from the commands of a message to a request of ours.
 *
 * Owns the checks of their shapes. Which strings are references is `json-v1-references.ts`; encoding, and all that is
 * wrong with a graph as a graph, is that of every other request (`rpc/encode.ts`).
 *
 * (R1) `kwargs`, unless they are empty, are the last positional argument.
 * (R2) `r` are all steps that no other step uses, in the order of the commands.
 * (R3) A request of one step has no references, since its own name is data to it: nothing in it is looked at.
 * (R4) An intermediate result never keeps a request from its answer: a stream that a step reads is no intermediate result.
 */
import { MpregError, type Utf8 } from "../base/index.js";
import { checkName, invalid, resourceNames } from "../rpc/graph/call-options.js";
import { toRequestSpec } from "../rpc/graph/encode.js";
import type { GraphStep } from "../rpc/graph/graph-request.js";
import type { OwnRequestFields, RequestFields } from "../rpc/index.js";
import { isPlainObject } from "../rpc/graph/objects.js";
import { type RefOwner, typeName } from "../rpc/graph/ref.js";
import type { Codec } from "../values/index.js";
import type { WireLimits } from "../wire/index.js";
import { textBytesMax } from "./json-v1-frame.js";
import { Levels } from "./json-v1-levels.js";
import type { RpcMessage } from "./json-v1-message.js";
import { checkNameBytes } from "./json-v1-names.js";
import { StringReferences } from "./json-v1-references.js";

export interface JsonV1Request {
  readonly u: string;
  readonly ask: OwnRequestFields;
  /** The steps whose results are `r`, by position. */
  readonly unconsumed: readonly number[];
  /** Tells the intermediate results, where they are asked for: then the results of all steps are outputs of `ask`. */
  readonly intermediate: Levels | undefined;
  /** Tells the execution summary, where it is asked for. */
  readonly summarized: Levels | undefined;
  /** Where its intermediate results are published as they come, and the levels they are told in. */
  readonly callback: { readonly topic: string; readonly levels: Levels } | undefined;
  /** Characters that the results may take as JSON, counted as often as they are told. */
  readonly valueCharsMax: number;
}

export interface TranslationHost {
  readonly codec: Codec;
  readonly utf8: Utf8;
  readonly limits: WireLimits;
}

interface Command {
  readonly name: string;
  readonly fun: string;
  readonly locs: readonly string[];
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

/** Translates a request. Throws `invalid-argument`, and whatever can be wrong with a request before it runs. */
export function translateRequest(message: RpcMessage, host: TranslationHost): JsonV1Request {
  const { u, returnsIntermediateResults, includesExecutionSummary, callbackTopic } = message;
  const charsMax = textBytesMax(host.limits);
  const request = encodeRequest(message.cmds, host);
  const unconsumed = request.outputs.map(({ step }) => step);
  const plain = { u, ask: request, unconsumed, callback: undefined, valueCharsMax: charsMax };
  if (!returnsIntermediateResults && !includesExecutionSummary && callbackTopic === undefined) {
    return { ...plain, intermediate: undefined, summarized: undefined };
  }
  const levels = new Levels(request);
  if (callbackTopic !== undefined) levels.charsBesideValues(u, charsMax, "intermediate_result_callback_topic");
  const isWatched = callbackTopic !== undefined;
  const isTimed = returnsIntermediateResults || includesExecutionSummary;
  const outputs = returnsIntermediateResults ? request.steps.map((_, step) => ({ step, path: [] })) : request.outputs;
  return {
    ...plain,
    ask: {
      ...request,
      outputs,
      summary: isTimed,
      yieldsStreams: returnsIntermediateResults, // (R4)
      watch: isWatched,
      intermediates: isWatched,
    },
    callback: callbackTopic === undefined ? undefined : { topic: callbackTopic, levels },
    intermediate: returnsIntermediateResults ? levels : undefined,
    summarized: includesExecutionSummary ? levels : undefined,
    valueCharsMax: returnsIntermediateResults
      ? charsMax - levels.charsBesideValues(u, charsMax, "return_intermediate_results")
      : charsMax,
  };
}

/** The request without its debugging fields. */
function encodeRequest(cmds: unknown, host: TranslationHost): RequestFields {
  const { codec, limits, utf8 } = host;
  if (!Array.isArray(cmds)) throw invalid(`cmds must be an array of commands, got ${typeName(cmds)}`);
  if (cmds.length > limits.stepsMax) {
    throw new MpregError(
      "too-large",
      `The request has ${cmds.length} commands; at most ${limits.stepsMax} are allowed`,
    );
  }
  const commands = cmds.map((command: unknown, index) => readCommand(command, `cmds[${index}]`, host));
  const names = commands.map(({ name }) => name);
  const owner: RefOwner = { stepName: (step) => names[step] ?? "" };
  const references = names.length === 1 ? undefined : new StringReferences(names, owner, limits, utf8); // (R3)
  const encoded = toRequestSpec(
    {
      owner,
      steps: commands.map((command, index) => toStep(command, index, references)),
      outputs: { kind: "unconsumed" }, // (R2)
      options: {},
    },
    (value, what, holeOf) => codec.encodeTemplate(value, what, holeOf),
    limits,
  );
  const { steps, outputs, timeoutMs, waitForCapacityMs, summary } = encoded.spec;
  return { steps, outputs, timeoutMs, waitForCapacityMs, summary, settle: false };
}

function readCommand(command: unknown, what: string, { limits, utf8 }: TranslationHost): Command {
  if (!isPlainObject(command)) throw invalid(`${what} must be an object, got ${typeName(command)}`);
  const { name, fun, args = [], kwargs = {}, locs = [] } = command;
  checkName(name, `${what}.name`);
  checkName(fun, `${what}.fun`);
  if (!Array.isArray(args)) throw invalid(`${what}.args must be an array, got ${typeName(args)}`);
  if (!isPlainObject(kwargs)) throw invalid(`${what}.kwargs must be an object, got ${typeName(kwargs)}`);
  const resources = resourceNames(locs, `${what}.locs`);
  if (resources.length > limits.resourcesMax) {
    const message = `${what}.locs names ${resources.length} resources; at most ${limits.resourcesMax} are allowed`;
    throw new MpregError("too-large", message);
  }
  for (const text of [name, fun]) checkNameBytes(text, `A name in ${what}`, limits, utf8);
  for (const resource of resources) checkNameBytes(resource, `A name in ${what}.locs`, limits, utf8);
  return { name, fun, locs: resources, args, kwargs };
}

function toStep(command: Command, index: number, references: StringReferences | undefined): GraphStep {
  const { name, fun, locs, args, kwargs } = command;
  const all = Object.keys(kwargs).length === 0 ? args : [...args, kwargs]; // (R1)
  try {
    const resolved = references === undefined ? all : references.resolveItems(all, index);
    return { name, fun, resources: locs, args: resolved, timeoutMs: 0, terms: undefined };
  } catch (error) {
    throw error instanceof MpregError ? error.at({ step: name }) : error;
  }
}
