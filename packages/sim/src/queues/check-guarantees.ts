/**
 * Check guarantees: when a message of subscriptions is done.
 *
 * (G1) In a `quorum` as many acknowledgements as are needed are done: what is asked for once those are answered is stale.
 * (G2) Once so many are answered, no subscription gets it any more.
 */
import { type History, type Tell, ackOf, endMsOf, grouped, nameOf } from "./history.js";

export function checkGuarantees(history: History, tell: Tell): void {
  for (const [message, deliveries] of history.byMessage()) {
    const { guarantee } = history.queueOf(message.queue).settings;
    if (guarantee?.kind !== "quorum") continue;
    const home = grouped(
      deliveries.filter(({ queue }) => queue === message.queue),
      ({ lease }) => `${lease.queue}.${lease.sequence}`,
    );
    for (const copies of home.values()) {
      const acks = copies.flatMap((copy) => ackOf(copy) ?? []);
      const ends = acks.map(({ end }) => endMsOf(end)).sort((a, b) => a - b);
      const doneMs = ends[guarantee.needed - 1] ?? Infinity;
      if (acks.some(({ askedMs }) => askedMs > doneMs))
        tell("quorum", `${nameOf(message)} has ${acks.length} acknowledgements, and needs ${guarantee.needed}`); // (G1)
      const late = copies.find(({ askedMs }) => askedMs > doneMs);
      if (late !== undefined)
        tell(
          "quorum",
          `${nameOf(message)} was done at ${doneMs.toFixed(1)} ms, and given to "${late.subscription ?? ""}" after that`,
        ); // (G2)
    }
  }
}
