/**
 * Confirmations: publishes whose publishers wait to hear what all nodes make of them.
 *
 * Owns for how long they wait, and what they hear. What a node makes of a message is told by `forwarding.ts`.
 *
 * (C1) A publisher hears once: when all nodes to which its message went have told, or will not tell any more.
 * (C2) What a node has not told is unknown: that is an error of outcome `unknown`, never a count of nothing.
 * (C3) Nothing waits for longer than `confirmMsMax`, and at most `confirmationsPerLinkMax` wait for one publisher.
 */
import { MpregError, Timer, type Timers } from "../../base/index.js";
import type { TopicsLimits } from "../limits.js";
import type { Outcome, PublishSettled } from "../published.js";

/** Why a node will not tell. */
export type Untold =
  /** There is no link to it any more, it is gone, or the message was dropped on its way. */
  | "node-lost"
  /** It has said nothing in time. */
  | "deadline";

/** A publish that waits to be confirmed. */
export class Confirmation {
  readonly publisher: number;
  readonly #settled: PublishSettled;
  readonly #over: (confirmation: Confirmation) => void;
  #handed = 0;
  #waiting = 0;
  #lost = 0;
  /** Other nodes to which it goes; how many have not told yet, this one included; and how many will not. */
  #nodes = 0;
  #open = 1;
  #untold = 0;
  #why: Untold = "node-lost";
  dueMs: number = Infinity;

  constructor(publisher: number, settled: PublishSettled, over: (confirmation: Confirmation) => void) {
    this.publisher = publisher;
    this.#settled = settled;
    this.#over = over;
  }

  /** Whether its publisher has heard, or does not wait any more. */
  get isOver(): boolean {
    return this.#open === 0;
  }

  /** So many more nodes are to tell: the message goes there, for the first time or once more. */
  awaits(nodes: number): void {
    if (this.isOver) return;
    this.#nodes += nodes;
    this.#open += nodes;
  }

  /** One more outcome is to be told, of no other node: until then nothing is confirmed. */
  hold(): void {
    if (!this.isOver) this.#open += 1;
  }

  told({ handed, waiting, lost }: Outcome): void {
    if (this.isOver) return;
    this.#handed += handed;
    this.#waiting += waiting;
    this.#lost += lost;
    this.#close();
  }

  /** A node will not tell. (C2) */
  untold(why: Untold): void {
    if (this.isOver) return;
    this.#untold += 1;
    this.#why = why;
    this.#close();
  }

  /** Whoever has not told by now will not. (C3) */
  expire(): void {
    while (!this.isOver) this.untold("deadline");
  }

  /** Its publisher is gone. */
  leave(): void {
    this.#open = 0;
  }

  #close(): void {
    this.#open -= 1;
    if (this.#open > 0) return;
    const [handed, waiting, lost, nodes, untold] = [this.#handed, this.#waiting, this.#lost, this.#nodes, this.#untold];
    this.#over(this);
    if (untold === 0) return this.#settled({ kind: "published", handed, waiting, lost, nodes }); // (C1)
    const known = `${handed} subscriptions it was handed, ${waiting} it waits for, ${lost} have lost it, as far as is known`;
    const who = `${untold} of ${nodes} other nodes`;
    const message =
      this.#why === "deadline"
        ? `Cannot confirm by "subscribers": ${who} did not tell in time what the message has come to there; ${known}`
        : `Cannot confirm by "subscribers": ${who} cannot tell any more what the message has come to there; ${known}`;
    this.#settled(new MpregError(this.#why, message, { outcome: "unknown" }));
  }
}

export class Confirmations {
  readonly #timers: Timers;
  readonly #limits: TopicsLimits;
  /** Those that wait, the one that is due first in front. */
  readonly #open = new Set<Confirmation>();
  readonly #byPublisher = new Map<number, number>();
  readonly #timer: Timer;

  /** `expired`: some are over that nobody has told of. */
  constructor(timers: Timers, limits: TopicsLimits, expired: () => void) {
    this.#timers = timers;
    this.#limits = limits;
    this.#timer = new Timer((nowMs) => {
      for (const confirmation of this.#open) {
        if (confirmation.dueMs > nowMs) break;
        confirmation.expire(); // (C3)
      }
      expired();
      this.#keepTime();
    });
  }

  /** How many wait. */
  get size(): number {
    return this.#open.size;
  }

  /** For a message that is about to be published. Throws `overloaded`, before anything has happened. (C3) */
  begin(publisher: number, settled: PublishSettled): Confirmation {
    const { confirmationsPerLinkMax } = this.#limits;
    if ((this.#byPublisher.get(publisher) ?? 0) >= confirmationsPerLinkMax) {
      const message = `Cannot publish: ${confirmationsPerLinkMax} publishes of this link wait to be confirmed already`;
      throw new MpregError("overloaded", message);
    }
    return new Confirmation(publisher, settled, this.#over);
  }

  /** Its message was published, and came to `outcome` here. */
  published(confirmation: Confirmation, outcome: Outcome, nowMs: number): void {
    confirmation.dueMs = nowMs + this.#limits.confirmMsMax;
    const { publisher } = confirmation;
    this.#open.add(confirmation);
    this.#byPublisher.set(publisher, (this.#byPublisher.get(publisher) ?? 0) + 1);
    confirmation.told(outcome);
    this.#keepTime();
  }

  /** The publisher is gone. */
  leave(publisher: number): void {
    if (!this.#byPublisher.has(publisher)) return;
    for (const confirmation of this.#open) {
      if (confirmation.publisher !== publisher) continue;
      confirmation.leave();
      this.#over(confirmation);
    }
    this.#keepTime();
  }

  readonly #over = (confirmation: Confirmation): void => {
    if (!this.#open.delete(confirmation)) return;
    const { publisher } = confirmation;
    const left = (this.#byPublisher.get(publisher) ?? 1) - 1;
    if (left === 0) this.#byPublisher.delete(publisher);
    else this.#byPublisher.set(publisher, left);
    if (this.#open.size === 0) this.#timers.unschedule(this.#timer);
  };

  #keepTime(): void {
    if (this.#open.size === 0) return this.#timers.unschedule(this.#timer);
    if (this.#timer.heapIndex >= 0) return;
    for (const { dueMs } of this.#open) return this.#timers.schedule(this.#timer, dueMs);
  }
}
