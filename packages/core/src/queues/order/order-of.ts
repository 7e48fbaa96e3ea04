/** The ready order of a queue, by its settings. */
import type { QueueSettings } from "../types.js";
import { FairOrder } from "./fair.js";
import { FifoGroups } from "./fifo-groups.js";
import type { ReadyOrder } from "./order.js";
import { PriorityOrder } from "./priority.js";

/** `settings`: those that it has when it is asked; which order it is never changes. `wake` wakes a message that sleeps in its line, if it does. */
export function orderOf(settings: () => QueueSettings, wake: (sequence: number) => void): ReadyOrder {
  const groupRate = (): QueueSettings["groupRate"] => settings().groupRate;
  const { order } = settings();
  if (order === "fifo") return new FifoGroups(groupRate, wake);
  if (order === "priority") return new PriorityOrder(() => settings().priorityAgeMs, wake);
  return new FairOrder(groupRate, wake);
}
