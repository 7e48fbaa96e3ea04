/** The dialer alone: a clock, and a network in which tests decide how every dial ends and who is a member. */
import { type DueItem, type Random } from "../../src/base/index.js";
import { type Dial, Dialer, type RedialOptions, defaultRedialOptions } from "../../src/membership/index.js";
import { Clock } from "./clock.js";
import { seeded } from "./random.js";

export class Dialing extends Clock {
  readonly dialer: Dialer;
  /** Dials that the test has not ended yet. */
  readonly open: Dial[] = [];
  /** All dials, with their time. */
  readonly dials: (Dial & { readonly atMs: number })[] = [];
  /** Members to whom no address has led, as work that waits for them was told. */
  readonly unreachable: string[] = [];
  /** Who is a member and not known to have gone; linked nodes are, unless the test says otherwise. */
  readonly present = new Set<string>();

  constructor(
    selfId: string,
    peers: readonly string[],
    random: Random = seeded(1),
    redial: RedialOptions = defaultRedialOptions,
  ) {
    super();
    const host = {
      random,
      dial: (dial: Dial, atMs: number) => {
        this.open.push(dial);
        this.dials.push({ ...dial, atMs });
      },
      isPresent: (nodeId: string) => this.present.has(nodeId),
      unreachable: (nodeId: string) => {
        this.unreachable.push(nodeId);
      },
      schedule: (item: DueItem, dueMs: number) => {
        this.schedule(item, dueMs);
      },
      unschedule: (item: DueItem) => {
        this.unschedule(item);
      },
    };
    this.dialer = new Dialer(selfId, host, redial);
    this.dialer.seeds("peers", peers, 0);
    this.dialer.start(0);
    this.advance(0);
  }

  get urls(): string[] {
    return this.open.map(({ url }) => url);
  }

  /** Lets time pass until somebody is dialled; false when nobody will be. */
  untilDial(): boolean {
    const before = this.dials.length;
    while (this.dials.length === before && this.scheduled > 0) this.advance(Math.max(0, this.nextDueMs - this.nowMs));
    return this.dials.length > before;
  }

  /** The oldest open dial fails. */
  fail(): void {
    this.dialer.dialFailed(this.#next().attempt, this.nowMs);
  }

  /** The oldest open dial leads to a link to `nodeId`. */
  link(nodeId: string): void {
    this.dialer.linked(nodeId, this.#next().attempt, this.nowMs);
  }

  /** The other side has opened a link. */
  linkedFrom(nodeId: string): void {
    this.dialer.linked(nodeId, undefined, this.nowMs);
  }

  unlink(nodeId: string): void {
    this.dialer.unlinked(nodeId, this.nowMs);
  }

  want(nodeId: string, ...urls: readonly string[]): void {
    this.dialer.want(nodeId, urls, this.nowMs);
  }

  reach(nodeId: string, ...urls: readonly string[]): boolean {
    return this.dialer.reach(nodeId, urls, this.nowMs);
  }

  #next(): Dial {
    const dial = this.open.shift();
    if (dial === undefined) throw new Error("nobody is being dialled");
    return dial;
  }
}
