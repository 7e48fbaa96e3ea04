/**
 * Plan more: a world of queues as `plan-queues.ts` makes it, in which more is done.
 *
 * (M1) The world without it is that of the same seed: what is found in one is looked for in the other.
 */
import { SeededRandom } from "../capabilities/random.js";
import type { Fault } from "../faults/schedule.js";
import { planQueues } from "./plan-queues.js";
import type { PlannedSend, QueuesPlan } from "./plan.js";

/** Some wait for others, and some are waited for. */
function planWaiting(send: PlannedSend, isBatch: boolean, random: SeededRandom): PlannedSend {
  const afterLast = random.chance(0.15) ? random.integer(1, 3) : undefined;
  if (isBatch || !random.chance(0.3)) return { ...send, afterLast };
  return { ...send, afterLast, idempotencyKey: undefined, resultWithinMs: random.integer(200, 3_000) };
}

export function planMoreQueues(seed: number): QueuesPlan {
  const plan = planQueues(seed);
  const random = new SeededRandom(seed).split("more"); // (M1)
  const deleted = new Set(plan.work.flatMap(({ what, queue }) => (what === "delete" ? [queue] : [])));
  const lasting = new Set(
    plan.queues.flatMap(({ name, settings }) => (settings.durable === true && !deleted.has(name) ? [name] : [])),
  );
  return {
    ...plan,
    sends: plan.sends.map((send, index): PlannedSend => {
      const of = random.split(`send ${index}`);
      const isBatch = send.count > 1 && of.chance(0.5);
      const more = planWaiting(send, isBatch, random.split(`waiting ${index}`));
      if (!lasting.has(send.queue) || !of.chance(0.5)) return { ...more, isBatch };
      return { ...more, isBatch, dedup: undefined, accept: "spool" };
    }),
    // whoever is away for longer is known to be
    faults: plan.faults.map((fault, index): Fault => {
      const of = random.split(`fault ${index}`);
      const isAway = fault.kind === "crash" || fault.kind === "close" || fault.kind === "drain";
      return isAway && of.chance(0.7) ? { ...fault, forMs: fault.forMs + of.between(1_000, 6_000) } : fault;
    }),
  };
}
