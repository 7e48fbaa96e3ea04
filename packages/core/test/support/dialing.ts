/** Membership alone: a clock, and a network in which tests decide how every dial ends. */
import { Deadlines, type Random } from "../../src/base/index.js";
import {
  type Dial,
  Membership,
  type RedialOptions,
  type Target,
  defaultRedialOptions,
} from "../../src/membership/index.js";
import type { MemberRecord } from "../../src/wire/index.js";
import { seeded } from "./random.js";

export function member(nodeId: string, ...urls: string[]): MemberRecord {
  return { nodeId, name: nodeId, urls };
}

export class Dialing {
  readonly membership: Membership;
  /** Dials that the test has not ended yet. */
  readonly open: Dial[] = [];
  /** All dials, with their time. */
  readonly dials: (Dial & { readonly atMs: number })[] = [];
  nowMs = 0;
  readonly #deadlines = new Deadlines<Target>();

  constructor(
    selfId: string,
    peers: readonly string[],
    random: Random = seeded(1),
    redial: RedialOptions = defaultRedialOptions,
  ) {
    const host = {
      random,
      dial: (dial: Dial, atMs: number) => {
        this.open.push(dial);
        this.dials.push({ ...dial, atMs });
      },
      schedule: (target: Target, dueMs: number) => {
        this.#deadlines.set(target, dueMs);
      },
      unschedule: (target: Target) => {
        this.#deadlines.remove(target);
      },
    };
    this.membership = new Membership(selfId, peers, host, redial);
    this.membership.start(0);
    this.advance(0);
  }

  /** How many targets wait for their time. */
  get scheduled(): number {
    return this.#deadlines.size;
  }

  get urls(): string[] {
    return this.open.map(({ url }) => url);
  }

  /** Lets `forMs` pass. */
  advance(forMs: number): void {
    const endMs = this.nowMs + forMs;
    for (;;) {
      const target = this.#deadlines.takeDue(endMs);
      if (target === undefined) break;
      this.nowMs = Math.max(this.nowMs, target.dueMs);
      target.onDue(this.nowMs);
    }
    this.nowMs = endMs;
  }

  /** Lets time pass until somebody is dialled; false when nobody will be. */
  untilDial(): boolean {
    const before = this.dials.length;
    while (this.dials.length === before && this.#deadlines.size > 0)
      this.advance(Math.max(0, this.#deadlines.nextDueMs - this.nowMs));
    return this.dials.length > before;
  }

  /** The oldest open dial fails. */
  fail(): void {
    this.membership.dialFailed(this.#next().attempt, this.nowMs);
  }

  /** The oldest open dial leads to a link to `nodeId`. */
  link(nodeId: string): void {
    this.membership.linked(nodeId, this.#next().attempt, this.nowMs);
  }

  /** The other side has opened a link. */
  linkedFrom(nodeId: string): void {
    this.membership.linked(nodeId, undefined, this.nowMs);
  }

  unlink(nodeId: string): void {
    this.membership.unlinked(nodeId, this.nowMs);
  }

  report(from: string, ...members: readonly MemberRecord[]): void {
    this.membership.report(from, members, this.nowMs);
  }

  #next(): Dial {
    const dial = this.open.shift();
    if (dial === undefined) throw new Error("nobody is being dialled");
    return dial;
  }
}
