/**
 * Queue everywhere: when all nodes know which topics feed a queue, and so hand it what is published there from then on.
 *
 * (K1) Who has created or updated the queue is told once every live node that takes part has said that it knows, but not much later than it would take
 *      to find a node dead: one that says nothing for {@link patienceMs} is not waited for any more.
 */
import { MpregError, Timer, type Timers } from "../base/index.js";
import type { EverywhereWaiter } from "../topics/interest/index.js";
import type { Cluster } from "./cluster.js";

/** (K1) Twice as long as it takes to take a node for down. */
const patienceMs = 10_000;

export interface QueueEverywhereHost extends Timers {
  readonly cluster: Pick<Cluster, "interests">;
}

/** Calls `known` once, and not at once; answers how to give that up. */
export function whenKnownEverywhere(host: QueueEverywhereHost, known: () => void, nowMs: number): () => void {
  const { interests } = host.cluster;
  const timer = new Timer(() => {
    interests.leave(waiter);
    known();
  });
  const waiter: EverywhereWaiter = {
    everywhere: (at) => {
      host.schedule(timer, at); // calls end with an input, and this may be told when those are over
    },
  };
  try {
    interests.everywhere(waiter, nowMs);
    host.schedule(timer, nowMs + patienceMs);
  } catch (error) {
    if (!(error instanceof MpregError) || error.code !== "overloaded") throw error;
    host.schedule(timer, nowMs); // too many wait: the queue is there all the same
  }
  return () => {
    host.unschedule(timer);
    interests.leave(waiter);
  };
}
