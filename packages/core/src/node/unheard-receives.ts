/**
 * Unheard receives: messages that a queue has given out to a client whose connection broke in that moment.
 *
 * (U1) They go back at once and count as not received; the answer is kept for nobody. A client that comes back asks for it as for what no node has received.
 */
import { queuePrefix } from "../program/index.js";
import { type Asker, type Rpc, clientOrigin } from "../rpc/index.js";
import type { Codec } from "../values/index.js";
import type { Value } from "../wire/index.js";

/** How long the queue may take to hear of it. */
const timeoutMs = 30_000;

/** What does not go back comes again when its lease is over. */
const nobody: Asker = {
  answered: () => undefined,
  results: () => undefined,
  left: () => undefined,
  failed: () => undefined,
};

/** Gives back what a function has answered, where that is a queue and has given out messages; answers whether it has. (U1) */
export function givingBack(
  codec: Pick<Codec, "encode" | "decode">,
  rpc: () => Rpc,
  nowMs: () => number,
): (fun: string, value: Value) => boolean {
  return (fun, value) => {
    if (!fun.startsWith(queuePrefix) || !(value instanceof Uint8Array)) return false;
    const receipts = receiptsIn(codec.decode(value));
    if (receipts.length === 0) return false;
    const release = { op: "release", receipts, delayMs: 0, uncounted: true };
    const args = codec.encode([release], "the receipts").slice(); // the codec's memory is not for keeping
    const fields = { timeoutMs, fun, resources: [], waitForCapacityMs: 0, summary: false, terms: undefined, args };
    rpc().call(fields, clientOrigin({ kind: "self" }, 0), nobody, nowMs(), () => undefined);
    return true;
  };
}

/** Of messages that were received; other answers of a queue have none. */
function receiptsIn(answer: unknown): string[] {
  if (!Array.isArray(answer)) return [];
  return answer.flatMap((each: unknown) => {
    const receipt = typeof each === "object" && each !== null && "receipt" in each ? each.receipt : undefined;
    return typeof receipt === "string" ? [receipt] : [];
  });
}
