/**
 * Queue placing: which node is to have a queue, asked before this one knows the others.
 *
 * (L1) Where no node that is known can have it, and others are expected (`expected.ts`), that is waited for, as calls wait for functions that nobody offers yet.
 */
import { MpregError, Timer, type Timers, isA } from "../base/index.js";
import { queuesFunction } from "../program/index.js";
import type { BuiltInEnd, WaitingCall } from "./built-ins.js";
import type { Cluster } from "./cluster.js";

export interface QueuePlacingHost extends Timers {
  readonly cluster: Cluster;
  readonly nowMs: () => number;
}

interface Asked {
  readonly owner: () => string;
  readonly end: BuiltInEnd;
}

export class QueuePlacing {
  readonly #host: QueuePlacingHost;
  readonly #waiting = new Set<Asked>();
  readonly #timer = new Timer((nowMs) => {
    this.retry(nowMs);
  });

  constructor(host: QueuePlacingHost) {
    this.#host = host;
  }

  /** Ends with what `owner` answers. */
  place(owner: () => string, end: BuiltInEnd): WaitingCall | undefined {
    const asked = { owner, end };
    if (this.#try(asked, this.#host.nowMs())) return undefined;
    this.#waiting.add(asked);
    const giveUp = (): void => {
      this.#waiting.delete(asked);
      if (this.#waiting.size === 0) this.#host.unschedule(this.#timer);
    };
    return { giveUp };
  }

  /** Some node can have queues now, or none is expected any more. */
  retry(nowMs: number): void {
    for (const asked of this.#waiting) if (this.#try(asked, nowMs)) this.#waiting.delete(asked);
    if (this.#waiting.size === 0) this.#host.unschedule(this.#timer);
  }

  close(): void {
    this.#host.unschedule(this.#timer);
  }

  /** Answers whether it has ended. (L1) */
  #try({ owner, end }: Asked, nowMs: number): boolean {
    try {
      end({ node: owner() });
    } catch (error) {
      if (!isA(error, MpregError)) throw error;
      const untilMs = this.#host.cluster.offerings.expected.untilMs(queuesFunction);
      if (error.code === "no-provider" && untilMs > nowMs) {
        this.#host.schedule(this.#timer, untilMs);
        return false;
      }
      end(error);
    }
    return true;
  }
}
