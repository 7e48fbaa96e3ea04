/**
 * Receiving: a receive whose answer was lost with a link or a node, asked again; one that nobody waits for any more, given back.
 *
 * (R1) It is asked again as the same attempt: what the first has leased comes with the second, instead of being leased to nobody.
 * (R2) It is asked again a few times, and within the time allowed; the last error is told.
 * (R3) Whoever gives up waiting gives back what was leased to the attempt meanwhile, uncounted: its answer may be on its way.
 */
import { MpregError, isA } from "../../base/index.js";
import type { QueueAnswers, QueueOperation } from "../../queues/index.js";
import type { SingleCallOptions } from "../../rpc/index.js";
import type { QueueAsking } from "./asking.js";
import { heardOrLate } from "./holders.js";
import { givingBack } from "./message.js";

type Receive = Extract<QueueOperation, { readonly op: "receive" }>;
type Received = QueueAnswers["receive"];

const triesMax = 3;
/** How long it waits before it asks again: others have to see, too, that a node is gone. */
const againMs = 100;
/** How long it may take to tell a queue that an attempt was given up. */
const givenUpMs = 10_000;

export function receiveSurely(
  asking: QueueAsking,
  operation: Receive,
  options: SingleCallOptions & { readonly timeoutMs: number },
): Promise<Received> {
  const { clock } = asking.host;
  const startMs = clock.now();
  const { signal, timeoutMs } = options;
  const ask = (tries: number): Promise<Received> => {
    const spentMs = clock.now() - startMs;
    // it waits no longer than it was to wait in all
    const waitMs = Math.max(0, Math.ceil(operation.waitMs - spentMs));
    const patience = { ...options, timeoutMs: timeoutMs === 0 ? 0 : Math.max(1, timeoutMs - spentMs) };
    return receiveOnce(asking, { ...operation, waitMs }, patience).catch((error: unknown) => {
      const isOver = timeoutMs !== 0 && clock.now() - startMs + againMs >= timeoutMs;
      if (tries >= triesMax || isOver || signal?.aborted === true || !isLost(error)) {
        if (isLate(error)) void giveUpAttempt(asking, operation); // (R3)
        throw error; // (R2)
      }
      return pause(asking).then(() => ask(tries + 1)); // (R1)
    });
  };
  return ask(1);
}

/** Asks once. (R3) */
export function receiveOnce(asking: QueueAsking, operation: Receive, options: SingleCallOptions): Promise<Received> {
  const { host } = asking;
  const giveUp = (): Promise<void> => giveUpAttempt(asking, operation);
  return new Promise<Received>((resolve) => {
    host.holders.check();
    let isGivenUp = false;
    const leave = host.holders.add({
      leave: () => {
        isGivenUp = true;
        return giveUp();
      },
    });
    const received = asking.ask<"receive">(operation, options).finally(leave); // what has come is for who has asked to hold
    resolve(received.then((messages) => (isGivenUp ? [] : messages))); // others may have what comes now (R3)
  }).catch((error: unknown) => {
    if (options.signal?.aborted === true && isUncertain(error)) void giveUp();
    throw error;
  });
}

function giveUpAttempt(asking: QueueAsking, operation: Receive): Promise<void> {
  return heardOrLate(asking.host.clock, giveBackAttempt(asking, operation));
}

/** The attempt ends, and what was leased to it goes back. */
function giveBackAttempt(asking: QueueAsking, { attempt, subscription }: Receive): Promise<unknown> {
  if (attempt === undefined) return Promise.resolve();
  const wish = { ...givingBack, receipts: [], attempt };
  const operation = subscription === undefined ? wish : { ...wish, subscription };
  return asking.ask<"release">(operation, { timeoutMs: givenUpMs });
}

function isUncertain(error: unknown): boolean {
  return isA(error, MpregError) && error.outcome === "unknown";
}

/** The time was over before the answer was here, or all of it was. */
function isLate(error: unknown): boolean {
  return isA(error, MpregError) && (error.code === "result-lost" || (isUncertain(error) && error.code === "deadline"));
}

/** The queue may have answered; that it has is known of an answer that was more than a message takes, and gone before it was fetched. */
function isLost(error: unknown): boolean {
  if (!isA(error, MpregError)) return false;
  return error.code === "result-lost" || (isUncertain(error) && lost.has(error.code));
}

/** `closed`: the node that was asked, or the queue's, ends in good order. Where it is this program that does, asking again says so. */
const lost: ReadonlySet<string> = new Set(["node-lost", "not-connected", "closed"]);

function pause({ host: { clock } }: QueueAsking): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimer(resolve, againMs);
  });
}
