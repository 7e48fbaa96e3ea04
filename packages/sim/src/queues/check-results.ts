/**
 * Check results: what is told of a message that somebody waits for.
 *
 * (R1) A result is told of what was acknowledged only, and is that of a receiver who has.
 * (R2) All who ask are told the same one.
 * (R3) It is kept with the acknowledgement: once all is done, who asks is told, whatever has crashed.
 *
 * (R2) and (R3) of queues whose messages are acknowledged once, (R3) where no clock was set: for how long results are kept goes on by it.
 */
import {
  type Delivery,
  type History,
  type SentMessage,
  type Tell,
  ackOf,
  mayBeAcknowledged,
  nameOf,
} from "./history.js";

export function checkResults(history: History, tell: Tell): void {
  const byMessage = history.byMessage();
  const told = new Map<SentMessage, unknown>();
  for (const { message, end, isLast } of history.results) {
    const deliveries = byMessage.get(message) ?? [];
    const { guarantee, deadLetter } = history.queueOf(message.queue).settings;
    if (guarantee?.kind === "fire-and-forget") continue; // done as it is received
    const isOnce = guarantee === undefined || guarantee.kind === "at-least-once";
    if (end.kind === "done") {
      const { result } = end;
      const isOfFunction = history.executions.some((each) => each.message === message && each.result === result);
      const isOfOne =
        isOfFunction || deliveries.some((each) => mayBeAcknowledged(each) && resultsOf(each).includes(result));
      if (!isOfOne)
        tell("results", `${nameOf(message)} is told to have the result ${String(result)}, which nobody has given`); // (R1)
      if (isOnce && told.has(message) && told.get(message) !== result)
        tell(
          "results",
          `${nameOf(message)} is told to have the results ${String(told.get(message))} and ${String(result)}`,
        ); // (R2)
      told.set(message, result);
    } else if (isLast && isOnce && !history.hasClockSteps && deadLetter === undefined && !history.mayLeave(message)) {
      const acknowledged = deliveries.find((each) => ackOf(each) !== undefined);
      if (acknowledged !== undefined)
        tell("results", `${nameOf(message)} was acknowledged, and its result is not kept: ${JSON.stringify(end)}`); // (R3)
    }
  }
}

function resultsOf({ settlings }: Delivery): readonly unknown[] {
  return settlings.flatMap(({ what, result }) => (what === "ack" ? [result] : []));
}
