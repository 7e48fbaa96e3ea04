/** Lane host: what a lane has of its queue, and what becomes of the leases that expire in it. */
import type { Dropping } from "../sending/dropping.js";
import type { Figures } from "../figures.js";
import type { Entry } from "../message/message.js";
import { type SleepingQueue, awaken } from "../message/sleeping.js";
import type { Lane, LaneHost } from "./lane.js";
import { type PullingQueue, pullBehind } from "./pulling.js";
import type { Pace } from "./rate.js";

/** What a lane needs of its queue. */
export interface LaneQueue extends PullingQueue, SleepingQueue {
  readonly figures: Figures;
  readonly dropping: Dropping | undefined;
  leaseOver(entry: Entry, delayMs: number | undefined, nowMs: number): void;
}

export function laneHostOf(queue: LaneQueue, pace: Pace, serve: (lane: Lane, nowMs: number) => void): LaneHost {
  const { timers, run } = queue.host;
  return {
    timers,
    run,
    pace,
    settings: () => queue.settings,
    firstAsleep: () => queue.log.firstAsleep,
    awaken: () => {
      awaken(queue);
    },
    leaseExpired: (entry, nowMs) => {
      queue.figures.leasesExpired += 1;
      pullBehind(queue, entry, nowMs);
      queue.leaseOver(entry, undefined, nowMs);
    },
    freed: ({ message }) => queue.dropping?.freed(message),
    serve,
  };
}
