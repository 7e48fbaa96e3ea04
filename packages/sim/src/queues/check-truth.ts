/**
 * Check truth: what is delivered was sent.
 *
 * (T1) To this queue, or it is a dead letter of one that names this one.
 * (T2) What was refused as `not-applied` is never delivered.
 * (T3) A send puts one message into its queue, whatever happens on the way to it: it has one sequence there. (What goes back from the dead
 *      letters gets a new one.)
 */
import { type History, type Tell, deliveryName, nameOf } from "./history.js";

export function checkTruth(history: History, tell: Tell): void {
  for (const { queue, value } of history.strays)
    tell("true-messages", `Queue "${queue}" has given ${JSON.stringify(value)}, which nobody has sent`);
  for (const [message, deliveries] of history.byMessage()) {
    const home = deliveries.filter(({ queue }) => queue === message.queue);
    for (const delivery of deliveries) {
      if (message.end.kind === "refused")
        tell("true-messages", `${deliveryName(delivery)}, whose send was refused: ${message.end.code}`); // (T2)
      if (delivery.queue === message.queue) continue;
      const { deadLetter } = history.queueOf(message.queue).settings;
      if (deadLetter !== delivery.queue || delivery.deadLetter?.queue !== message.queue)
        tell("true-messages", `${deliveryName(delivery)}, which was sent to "${message.queue}"`); // (T1)
    }
    const wasDead = history.queueOf(message.queue).settings.deadLetter !== undefined;
    const sequences = new Set(home.map(({ lease }) => lease.sequence));
    if (sequences.size > 1 && !wasDead)
      tell("sent-once", `${nameOf(message)} is in its queue as ${[...sequences].join(" and ")}`); // (T3)
    if (message.end.kind !== "done") continue;
    const { sequence, duplicate, spooled } = message.end;
    const isElsewhere = !spooled && home.length > 0 && !sequences.has(sequence) && !wasDead;
    if (duplicate && home.length > 0)
      tell("sent-once", `${nameOf(message)} is a duplicate, and was delivered all the same`);
    else if (isElsewhere)
      tell("sent-once", `${nameOf(message)} was told to be ${sequence}, and came as ${[...sequences].join()}`);
  }
}
