/**
 * Subscribing: the lanes of a queue of which every subscription, or a quorum of them, gets each message.
 *
 * (U1) A message that is told to be sent has as many lanes as it needs. A lane whose end is on its way to the disk is none: a message that is written
 *      behind that would come in without, and be taken for done after a restart.
 */
import { MpregError, quoted } from "../../base/index.js";
import type { Change } from "./changes.js";
import type { Lane } from "../leases/lane.js";
import type { Queue } from "../queue.js";
import { checkQueueName } from "./settings.js";
import type { QueueEnd } from "../types.js";

/** From now on `name` gets what is sent. */
export function subscribe(queue: Queue, name: string, end: (end: QueueEnd<"subscribe">) => void, nowMs: number): void {
  checkSubscribable(queue);
  checkQueueName(name, "subscription");
  const failed = (error: MpregError): void => {
    end({ kind: "failed", error });
  };
  const begin = (): Change | undefined => {
    if (queue.lanes.has(name)) {
      end({ kind: "done", value: false });
      return undefined;
    }
    checkRoom(queue);
    const lane = { number: queue.lanesMade, name, fromSequence: queue.nextSequence };
    const done = (): void => {
      queue.addLane(name, lane.number, lane.fromSequence);
      end({ kind: "done", value: true });
    };
    return { record: { lanes: [...queue.record().lanes, lane], lanesMade: lane.number + 1 }, done };
  };
  queue.changes.make({ begin, failed }, nowMs);
}

/** `name` gets nothing any more; what it had it has given up. */
export function unsubscribe(
  queue: Queue,
  name: string,
  end: (end: QueueEnd<"unsubscribe">) => void,
  nowMs: number,
): void {
  checkSubscribable(queue);
  let lane: Lane | undefined;
  const failed = (error: MpregError): void => {
    if (lane !== undefined) lane.isEnding = false;
    end({ kind: "failed", error });
  };
  const begin = (): Change | undefined => {
    const ending = queue.lanes.get(name);
    if (ending === undefined) {
      end({ kind: "done", value: false });
      return undefined;
    }
    lane = ending;
    lane.isEnding = true; // (U1)
    const gone = new MpregError("unknown-queue", `Subscription ${quoted(name)} of queue ${quoted(queue.name)} is over`);
    const done = (at: number): void => {
      for (let waiter = ending.waiters.first; waiter !== undefined; waiter = ending.waiters.first) waiter.fail(gone);
      queue.removeLane(ending, at);
      end({ kind: "done", value: true });
    };
    return { record: { lanes: queue.record().lanes.filter((one) => one.name !== name) }, done };
  };
  queue.changes.make({ begin, failed }, nowMs);
}

/** The reason of a refusal that is over with the next subscription. */
export const unsubscribed = "unsubscribed";

/** Throws where the queue has too few subscriptions for a message. (U1) */
export function checkSubscriptions(queue: Queue): void {
  if (!queue.hasSubscriptions) return;
  const { guarantee } = queue.settings;
  const needed = guarantee.kind === "quorum" ? guarantee.needed : 1;
  let staying = 0;
  for (const lane of queue.lanes.values()) if (!lane.isEnding) staying += 1;
  if (staying >= needed) return;
  const message = `Queue ${quoted(queue.name)} (${guarantee.kind}) needs ${needed} subscriptions and has ${staying}: subscribe first`;
  throw new MpregError("invalid-argument", message, { reason: unsubscribed });
}

function checkRoom(queue: Queue): void {
  if (queue.lanes.size < queue.host.limits.subscriptionsMax) return;
  const message = `Queue ${quoted(queue.name)} has ${queue.lanes.size} subscriptions; that is the limit`;
  throw new MpregError("overloaded", message);
}

function checkSubscribable(queue: Queue): void {
  if (queue.hasSubscriptions) return;
  const message = `Queue ${quoted(queue.name)} has no subscriptions: its consumers share its messages. Those of a queue with the guarantee "broadcast" or "quorum" subscribe`;
  throw new MpregError("invalid-argument", message);
}
