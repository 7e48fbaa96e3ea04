/**
 * Receiving: a receive whose answer was lost with a link or a node, asked again.
 *
 * (R1) It is asked again as the same attempt: what the first has leased comes with the second, instead of being leased to nobody.
 * (R2) It is asked again a few times, and within the time allowed; the last error is told.
 */
import { MpregError, isA } from "../../base/index.js";
import type { QueueAnswers, QueueOperation } from "../../queues/index.js";
import type { SingleCallOptions } from "../../rpc/index.js";
import type { QueueAsking } from "./asking.js";

type Receive = Extract<QueueOperation, { readonly op: "receive" }>;

const triesMax = 3;
/** How long it waits before it asks again: others have to see, too, that a node is gone. */
const againMs = 100;

export function receiveSurely(
  asking: QueueAsking,
  operation: Receive,
  options: SingleCallOptions & { readonly timeoutMs: number },
): Promise<QueueAnswers["receive"]> {
  const { clock } = asking.host;
  const startMs = clock.now();
  const { signal, timeoutMs } = options;
  const ask = (tries: number): Promise<QueueAnswers["receive"]> => {
    const spentMs = clock.now() - startMs;
    // it waits no longer than it was to wait in all
    const waitMs = Math.max(0, Math.ceil(operation.waitMs - spentMs));
    const patience = { ...options, timeoutMs: timeoutMs === 0 ? 0 : Math.max(1, timeoutMs - spentMs) };
    return asking.ask<"receive">({ ...operation, waitMs }, patience).catch((error: unknown) => {
      const isOver = timeoutMs !== 0 && clock.now() - startMs + againMs >= timeoutMs;
      if (tries >= triesMax || isOver || signal?.aborted === true || !isLost(error)) throw error; // (R2)
      return pause(asking).then(() => ask(tries + 1)); // (R1)
    });
  };
  return ask(1);
}

/** The queue may have answered. */
function isLost(error: unknown): boolean {
  return isA(error, MpregError) && error.outcome === "unknown" && lost.has(error.code);
}

const lost: ReadonlySet<string> = new Set(["node-lost", "not-connected"]);

function pause({ host: { clock } }: QueueAsking): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimer(resolve, againMs);
  });
}
