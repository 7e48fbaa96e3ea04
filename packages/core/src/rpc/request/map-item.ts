/**
 * Map item: one item of a list on its way through the steps of a map, until what it has come to is here.
 *
 * (I1) Its map hears of one end, unless it has stopped the item before.
 * (I2) What another node keeps of it is let go when it is here, or not wanted.
 */
import type { MpregError, Outcome } from "../../base/index.js";
import type { ResultRef, Value } from "../../wire/index.js";
import type { AbortReason } from "../host.js";
import { type Arrays, type Gathering, type Results, isRef } from "../results/index.js";
import type { ItemPath } from "./item-path.js";
import type { Left } from "../left.js";
import type { RunAsker } from "../run.js";
import type { StepScope } from "./request-budget.js";

/** The run of the steps for one item. */
export interface ItemRun {
  /** Whether all that has run may be run again. */
  readonly isRepeatable: boolean;
  start(nowMs: number): void;
  /** Nobody wants its end. */
  drop(reason: AbortReason): void;
  /** What is known of its effects, together with those of something that has ended with `outcome`. */
  outcomeWith(outcome: Outcome): Outcome;
}

/** Whose item it is. */
export interface ItemOwner {
  itemEnded(item: MapItem, value: Uint8Array, nowMs: number): void;
  itemFailed(item: MapItem, error: MpregError, nowMs: number): void;
  /** All of its steps have run, and what they have come to is lost before it was here. */
  itemLost(item: MapItem, error: MpregError, nowMs: number): void;
  left(left: Left): void;
  /** How the stream that the item has come to becomes an array. */
  itemArrays(item: MapItem): Arrays;
}

export class MapItem implements RunAsker {
  readonly position: number;
  /** What maps within it run. */
  readonly scope: StepScope;
  /** What its time goes into, where somebody wants to know. */
  readonly path: ItemPath | undefined;
  readonly #owner: ItemOwner;
  readonly #results: Results;
  /** What it comes to belongs to somebody else, who lets go of it. */
  readonly #isGiven: boolean;
  #run: ItemRun | undefined = undefined;
  #fetching: { readonly ref: ResultRef; readonly gathering: Gathering } | undefined = undefined;
  #lastMs = 0;

  constructor(
    { position, scope, path }: Pick<MapItem, "position" | "scope" | "path">,
    owner: ItemOwner,
    results: Results,
    isGiven: boolean,
  ) {
    this.position = position;
    this.scope = scope;
    this.path = path;
    this.#owner = owner;
    this.#results = results;
    this.#isGiven = isGiven;
  }

  get isRepeatable(): boolean {
    return this.#run?.isRepeatable ?? true;
  }

  start(run: ItemRun, nowMs: number): void {
    this.#run = run;
    this.#lastMs = nowMs;
    run.start(nowMs);
  }

  stop(reason: AbortReason): void {
    this.#run?.drop(reason);
    if (this.#fetching === undefined) return;
    this.#fetching.gathering.stop();
    this.#letGo(this.#fetching.ref);
  }

  /** See {@link ItemRun}. Once its steps have run it has taken effect. */
  outcomeWith(outcome: Outcome): Outcome {
    const known = this.#fetching !== undefined && outcome === "not-applied" ? "applied" : outcome;
    return this.#run?.outcomeWith(known) ?? known;
  }

  results(outputs: readonly (Value | undefined)[], _reports: unknown, _summary: unknown, nowMs: number): void {
    const value = outputs[0] as Value; // all of its steps have run
    if (!isRef(value)) return this.#owner.itemEnded(this, value, nowMs);
    const gathering = this.#results.gather(
      [value],
      undefined,
      nowMs,
      ([fetched], thenMs) => {
        this.#letGo(value);
        this.#owner.itemEnded(this, fetched as Uint8Array, thenMs); // (I1)
      },
      (error, thenMs) => {
        this.#letGo(value);
        const isCut = value.isStream && error.outcome === "unknown"; // its handler was ended
        const told = isCut ? error : error.withOutcome("applied");
        if (error.code === "result-lost" && !this.#isGiven) this.#owner.itemLost(this, told, thenMs);
        else this.#owner.itemFailed(this, told, thenMs);
      },
      this.#owner.itemArrays(this),
    );
    if (gathering.isOver) return;
    this.#fetching = { ref: value, gathering };
  }

  failed(error: MpregError, nowMs: number = this.#lastMs): void {
    this.#owner.itemFailed(this, error, nowMs);
  }

  left(left: Left): void {
    this.#owner.left(left);
  }

  /** It is a graph, which has no answer of this kind. */
  answered(): void {
    throw new Error("an item of a map was answered like a call");
  }

  /** Its run tells who watches itself. */
  event(): void {
    throw new Error("an item of a map was told an event");
  }

  /** (I2) */
  #letGo(ref: ResultRef): void {
    this.#fetching = undefined;
    if (!this.#isGiven) this.#results.release(ref);
  }
}
