/**
 * Gatherings: the subscriptions for which other nodes are asked for their backlogs.
 *
 * Owns how many are asked for at once, when it is gone on with them, and that each ends. What of one is `gathering.ts`.
 *
 * (G1) A subscription hears nothing before its gathering is over, and each gathering is over: when all have answered, when those who have
 *      not are silent for too long, when too much is held back for it, or with its subscription.
 * (G2) At most `gatheringsMax` are asked for at a time; the others wait for their turn, for `gatherMsMax` at most.
 * (G3) Without subscriptions that wait nothing is kept, and no time runs.
 */
import { Timer, type Timers } from "../../base/index.js";
import { type Asking, Gathering, type GatheringLimits, type Question } from "./gathering.js";

/** How often it is looked whether it can be gone on with those that wait for something, in ms. */
const lookIntervalMs = 50;

export interface GatheringsLimits extends GatheringLimits {
  readonly gatheringsMax: number;
}

interface Open {
  readonly question: Question;
  /** `undefined` while it waits for its turn. */
  gathering: Gathering | undefined;
  /** It ends with what there is. */
  isCut: boolean;
  over: (gathering: Gathering | undefined, nowMs: number) => void;
}

/** How one is cut short, or left. */
export interface GatheringHandle {
  /** It waits no longer for whoever has not answered. */
  cut(): void;
  /** Its subscription is over: nobody is told. */
  leave(): void;
}

export class Gatherings {
  readonly #timers: Timers;
  readonly #asking: Asking;
  readonly #limits: GatheringsLimits;
  readonly #open = new Set<Open>();
  /** Something has happened that may let one of them go on. */
  #looks = false;
  /** Those that were cut short and are there still. */
  #cuts = 0;
  readonly #timer: Timer;

  constructor(timers: Timers, asking: Asking, limits: GatheringsLimits) {
    this.#timers = timers;
    this.#asking = asking;
    this.#limits = limits;
    this.#timer = new Timer(() => {
      this.#looks = true;
    });
  }

  get size(): number {
    return this.#open.size;
  }

  /** Asks from the end of the turn on; `over` is told once, with what has come, or nothing where nobody was asked. */
  begin(question: Question, over: Open["over"]): GatheringHandle {
    const open: Open = { question, gathering: undefined, isCut: false, over };
    this.#open.add(open);
    this.#looks = true;
    return {
      cut: () => {
        open.isCut = this.#looks = true;
        this.#cuts += 1;
      },
      leave: () => {
        open.gathering?.end();
        this.#open.delete(open);
        if (this.#open.size === 0) this.#timers.unschedule(this.#timer); // (G3)
      },
    };
  }

  /** The link to a node has ended, or the node is gone. */
  lost(nodeId: string): void {
    for (const { gathering } of this.#open) gathering?.lost(nodeId);
    this.#looks ||= this.#open.size > 0;
  }

  /** Goes on with all, at the end of a turn. */
  advance(nowMs: number): void {
    while (this.#looks) {
      this.#looks = false;
      let left = this.#limits.gatheringsMax; // (G2)
      for (const open of this.#open) {
        if (left > 0) this.#goOn(open, nowMs);
        else if (open.isCut || nowMs - open.question.sinceMs >= this.#limits.gatherMsMax) this.#over(open, nowMs);
        else if (this.#cuts === 0) break; // those behind it have come later
        left -= 1;
      }
      this.#cuts = 0;
    }
    if (this.#open.size === 0)
      this.#timers.unschedule(this.#timer); // (G3)
    else if (this.#timer.heapIndex < 0) this.#timers.schedule(this.#timer, nowMs + lookIntervalMs);
  }

  #goOn(open: Open, nowMs: number): void {
    const gathering = (open.gathering ??= new Gathering(open.question, this.#asking, this.#limits, nowMs, () => {
      this.#looks = true;
    }));
    gathering.advance(nowMs);
    if (open.isCut) gathering.end();
    if (gathering.isOver) this.#over(open, nowMs);
  }

  /** (G1) */
  #over(open: Open, nowMs: number): void {
    this.#open.delete(open);
    this.#looks ||= this.#open.size > 0; // there may be room for others
    open.over(open.gathering, nowMs);
  }
}
