/**
 * JSON answers: what a request that has ended well is answered with.
 *
 * Owns the room that all its results share. The text of one value is `json-v1-values.ts`, what is told beside them
 * `json-v1-levels.ts`, the shape of the reply `json-v1-reply.ts`.
 *
 * (W1) The results, wherever in a reply they are told, take no more characters than a message may have bytes.
 * (W2) Members of objects have the order of the commands, and any name, which an object's properties have not.
 * (W3) A result that is left out, because a command has read it as a stream, is named in a notice.
 */
import { MpregError } from "../base/index.js";
import type { RequestSummary } from "../rpc/index.js";
import { answerReply } from "./json-v1-reply.js";
import type { JsonV1Request, TranslationHost } from "./json-v1-request.js";
import { toJsonText } from "./json-v1-values.js";

export interface AnswerHost extends TranslationHost {
  wallMs(): number;
}

/** The reply to `request`, of whose steps `outputs` are the results, with `notices` beside its own. Throws `not-encodable` and `too-large`. */
export function answerText(
  request: JsonV1Request,
  outputs: readonly (Uint8Array | undefined)[],
  summary: RequestSummary | undefined,
  notices: readonly string[],
  host: AnswerHost,
): string {
  const { u, unconsumed, intermediate, summarized } = request;
  const members = membersOf(request, outputs, host);
  const r = unconsumed.map((step) => members[step]).join(",");
  return answerReply(`{${r}}`, u, {
    intermediateResults: intermediate?.intermediateResults(u, members, summary, host.wallMs()),
    executionSummary: summarized?.executionSummary(u, summary),
    notices: [...leftOut(request, outputs), ...notices],
  });
}

/** The result of each step that is an output, as a member of a JSON object, at the step's position. (W2) */
function membersOf(
  { ask, unconsumed, intermediate, valueCharsMax }: JsonV1Request,
  outputs: readonly (Uint8Array | undefined)[],
  { codec }: AnswerHost,
): readonly string[] {
  const inR = intermediate === undefined ? undefined : new Set(unconsumed);
  const members = new Array<string>(ask.steps.length).fill("");
  let charsLeft = valueCharsMax;
  for (const [index, { step }] of ask.outputs.entries()) {
    const name = ask.steps[step]?.name ?? "";
    const times = (intermediate?.timesTold(step) ?? 0) + (inR?.has(step) === false ? 0 : 1);
    const often = times === 1 ? "" : `, ${times} times for return_intermediate_results`;
    const bytes = outputs[index];
    if (bytes === undefined) continue; // (W3)
    try {
      const value = codec.decode(bytes);
      const what = `the result of step ${JSON.stringify(name)}${often}`;
      const text = toJsonText(value, what, Math.floor(charsLeft / times));
      charsLeft -= text.length * times; // (W1)
      members[step] = `${JSON.stringify(name)}:${text}`;
    } catch (error) {
      throw error instanceof MpregError ? afterwards(error, name) : error;
    }
  }
  return members;
}

/** (W3) */
function leftOut({ ask }: JsonV1Request, outputs: readonly (Uint8Array | undefined)[]): readonly string[] {
  const missing = ask.outputs.filter((_, index) => outputs[index] === undefined);
  return missing.map(({ step }) => {
    const name = JSON.stringify(ask.steps[step]?.name ?? "");
    return `The result of ${name} is not among the intermediate results: it is a stream, which is read once, and another command has read it`;
  });
}

/** `error`, met when all the steps had run. */
function afterwards(error: MpregError, step: string): MpregError {
  return new MpregError(error.code, error.message, { outcome: "applied", step, node: error.node, cause: error.cause });
}
