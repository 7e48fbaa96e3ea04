/** Subscribing: the lanes of a queue of which every subscription, or a quorum of them, gets each message. */
import { MpregError, quoted } from "../base/index.js";
import type { Change } from "./changes.js";
import type { Queue } from "./queue.js";
import { checkQueueName } from "./settings.js";
import type { QueueEnd } from "./types.js";

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
  const failed = (error: MpregError): void => {
    end({ kind: "failed", error });
  };
  const begin = (): Change | undefined => {
    const lane = queue.lanes.get(name);
    if (lane === undefined) {
      end({ kind: "done", value: false });
      return undefined;
    }
    const gone = new MpregError("unknown-queue", `Subscription ${quoted(name)} of queue ${quoted(queue.name)} is over`);
    const done = (at: number): void => {
      for (let waiter = lane.waiters.first; waiter !== undefined; waiter = lane.waiters.first) waiter.fail(gone);
      queue.removeLane(lane, at);
      end({ kind: "done", value: true });
    };
    return { record: { lanes: queue.record().lanes.filter((one) => one.name !== name) }, done };
  };
  queue.changes.make({ begin, failed }, nowMs);
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
