/**
 * Check order: of FIFO groups, and of senders.
 *
 * (O1) While a message is in a FIFO group, nothing behind it is given out but together with it: once something was, no receiver gets or acknowledges
 *      what is before it.
 * (O2) What a program sends to a queue is in the queue in the order in which it was sent: one by one, or in one batch.
 * (O3) What a node keeps for a queue comes into it in the order in which it came there.
 */
import {
  type Delivery,
  type History,
  type SentMessage,
  type Tell,
  ackOf,
  deliveryName,
  groupOf,
  grouped,
  nameOf,
} from "./history.js";

export function checkOrder(history: History, tell: Tell): void {
  const inGroups = history.deliveries.filter((delivery) => groupOf(history, delivery) !== undefined);
  const groups = grouped(inGroups, (delivery) => groupOf(history, delivery) ?? "");
  for (const group of groups.values()) checkGroup(group, tell);
  checkSenders(history, tell);
  checkSpools(history, tell);
}

/** (O1) */
function checkGroup(group: readonly Delivery[], tell: Tell): void {
  const together = new Set(group.map(({ receive, lease }) => `${receive} ${lease.queue}.${lease.sequence}`));
  for (const behind of group) {
    for (const before of group) {
      if (together.has(`${behind.receive} ${before.lease.queue}.${before.lease.sequence}`)) continue;
      if (before.lease.queue !== behind.lease.queue || before.lease.sequence >= behind.lease.sequence) continue;
      const ack = ackOf(before);
      if (before.askedMs <= behind.gotMs && (ack === undefined || ack.askedMs <= behind.gotMs)) continue;
      tell("fifo", `${deliveryName(behind)} overtook ${deliveryName(before)} in group "${behind.message.group ?? ""}"`);
      return;
    }
  }
}

/** (O2) */
function checkSenders(history: History, tell: Tell): void {
  const last = new Map<string, { readonly message: SentMessage; readonly sequence: number }>();
  for (const message of history.sent) {
    const { end, queue, client, askedMs, batch = "" } = message;
    if (end.kind !== "done" || end.duplicate || end.spooled) continue;
    const key = `${queue} ${client} ${history.livesBy(queue, end.atMs)} ${batch}`;
    const before = last.get(key);
    if (before !== undefined && before.sequence >= end.sequence && before.message.askedMs <= askedMs)
      tell(
        "in-order",
        `${nameOf(message)} is ${end.sequence} in its queue, ${nameOf(before.message)} is ${before.sequence}`,
      );
    last.set(key, { message, sequence: end.sequence });
  }
}

/** (O3) Of queues whose messages have one place: dead letters that go back get another one. */
function checkSpools(history: History, tell: Tell): void {
  const last = new Map<string, { readonly message: SentMessage; readonly number: number; readonly sequence: number }>();
  const spooled = [...history.byMessage()].flatMap(([message, [first]]) => {
    if (message.end.kind !== "done" || !message.end.spooled || message.end.id === "" || first === undefined) return [];
    if (history.queueOf(message.queue).settings.deadLetter !== undefined) return [];
    const [spool = "", number = ""] = message.end.id.split(".");
    const key = `${message.queue} ${history.livesBy(message.queue, first.askedMs)} ${spool} ${first.lease.queue}`;
    return [{ message, key, number: Number.parseInt(number, 36), sequence: first.lease.sequence }];
  });
  for (const each of spooled.sort((a, b) => a.number - b.number)) {
    const before = last.get(each.key);
    if (before !== undefined && before.sequence > each.sequence)
      tell(
        "spool-in-order",
        `${nameOf(each.message)} is ${each.sequence} in its queue; ${nameOf(before.message)}, which was kept before it, is ${before.sequence}`,
      );
    last.set(each.key, each);
  }
}
