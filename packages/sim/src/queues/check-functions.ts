/**
 * Check functions: of queues that a function works off, and of who sends and waits.
 *
 * (F1) What was taken back before it was done is given to nobody after that, and no function begins with it.
 * (F2) What somebody was told the result of is done: it is given to nobody who asks after that.
 * (F3) In a world that nothing befalls a function ends well with a message once: it is called no more after that, nor is it acknowledged by another.
 *      (Elsewhere a call may come late, or twice, as calls do.)
 */
import { type History, type Tell, ackOf, deliveryName, grouped, nameOf } from "./history.js";

export function checkFunctions(history: History, tell: Tell): void {
  const byMessage = history.byMessage();
  for (const [message, atMs] of history.withdrawn) {
    for (const delivery of byMessage.get(message) ?? [])
      if (delivery.askedMs > atMs) tell("functions", `${deliveryName(delivery)} was taken back before`); // (F1)
    for (const execution of history.executions)
      if (history.isCalm && execution.message === message && execution.atMs > atMs)
        tell("functions", `A function has begun with ${nameOf(message)}, which was taken back before`); // (F1)
  }
  for (const { message, end } of history.results) {
    if (end.kind !== "done" || !history.isOnce(message.queue)) continue;
    for (const delivery of byMessage.get(message) ?? [])
      if (delivery.askedMs > end.atMs) tell("functions", `${deliveryName(delivery)}, though its result was told`); // (F2)
  }
  if (history.isCalm) checkOnce(history, tell);
}

/** (F3) */
function checkOnce(history: History, tell: Tell): void {
  const byMessage = history.byMessage();
  for (const executions of grouped(history.executions, ({ message: { index } }) => String(index)).values()) {
    const at = executions.findIndex(({ result }) => result !== undefined);
    const [first] = executions;
    if (at === -1 || first === undefined) continue;
    const { message } = first;
    const isAcked = (byMessage.get(message) ?? []).some((delivery) => ackOf(delivery) !== undefined);
    if (at < executions.length - 1 || isAcked)
      tell("functions", `${nameOf(message)} was done by a function, and ${isAcked ? "acknowledged" : "begun again"}`);
  }
}
