/** Subscribing: the lanes of a queue of which every subscription, or a quorum of them, gets each message. */
import { MpregError, quoted } from "../base/index.js";
import type { Queue } from "./queue.js";
import { checkQueueName } from "./settings.js";
import type { QueueEnd } from "./types.js";

/** From now on `name` gets what is sent. */
export function subscribe(queue: Queue, name: string, end: (end: QueueEnd<"subscribe">) => void, nowMs: number): void {
  checkSubscribable(queue);
  checkQueueName(name, "subscription");
  if (queue.lanes.has(name)) {
    end({ kind: "done", value: false });
    return;
  }
  const { subscriptionsMax } = queue.host.limits;
  if (queue.lanes.size >= subscriptionsMax) {
    throw new MpregError(
      "overloaded",
      `Queue ${quoted(queue.name)} has ${queue.lanes.size} subscriptions; that is the limit`,
    );
  }
  const number = queue.lanesMade++;
  const fromSequence = queue.nextSequence;
  const { lanes } = queue.record();
  const record = queue.record({ lanes: [...lanes, { number, name, fromSequence }] });
  const done = (): void => {
    const isNew = !queue.lanes.has(name);
    if (isNew) queue.addLane(name, number, fromSequence);
    end({ kind: "done", value: isNew });
  };
  const operations = queue.durable ? [queue.host.tables.putQueue(queue.id, record)] : [];
  queue.commit(
    operations,
    {
      done,
      failed: (error) => {
        end({ kind: "failed", error });
      },
    },
    nowMs,
  );
}

/** `name` gets nothing any more; what it had it has given up. */
export function unsubscribe(
  queue: Queue,
  name: string,
  end: (end: QueueEnd<"unsubscribe">) => void,
  nowMs: number,
): void {
  checkSubscribable(queue);
  const lane = queue.lanes.get(name);
  if (lane === undefined) {
    end({ kind: "done", value: false });
    return;
  }
  const record = queue.record({ lanes: queue.record().lanes.filter((one) => one.name !== name) });
  const gone = new MpregError("unknown-queue", `Subscription ${quoted(name)} of queue ${quoted(queue.name)} is over`);
  const done = (at: number): void => {
    for (let waiter = lane.waiters.first; waiter !== undefined; waiter = lane.waiters.first) waiter.fail(gone);
    if (queue.lanes.get(name) === lane) queue.removeLane(lane, at);
    end({ kind: "done", value: true });
  };
  const operations = queue.durable ? [queue.host.tables.putQueue(queue.id, record)] : [];
  queue.commit(
    operations,
    {
      done,
      failed: (error) => {
        end({ kind: "failed", error });
      },
    },
    nowMs,
  );
}

function checkSubscribable(queue: Queue): void {
  if (queue.hasSubscriptions) return;
  const message = `Queue ${quoted(queue.name)} has no subscriptions: its consumers share its messages. Those of a queue with the guarantee "broadcast" or "quorum" subscribe`;
  throw new MpregError("invalid-argument", message);
}
