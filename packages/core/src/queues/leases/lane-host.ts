/** Lane host: what a lane has of its queue, and what becomes of the leases that expire in it. */
import { awaken } from "../message/sleeping.js";
import type { Queue } from "../queue.js";
import type { Lane, LaneHost } from "./lane.js";
import { pullBehind } from "./pulling.js";
import type { Pace } from "./rate.js";

export function laneHostOf(queue: Queue, pace: Pace, serve: (lane: Lane, nowMs: number) => void): LaneHost {
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
