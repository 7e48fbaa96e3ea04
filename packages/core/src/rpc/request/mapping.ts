/**
 * Mapping: one step that runs the steps of a map for each item of a list, at the coordinator of its request.
 *
 * Owns the list, which items are under way, and what they have come to. What runs for one item is a graph of its own
 * (`request.ts`), which is given the item and the map's inputs as the results of its first steps.
 *
 * (M1) No more items are under way than the map's `concurrency`.
 * (M2) The result has what became of each item in the order of the items, whatever the order in which they end.
 * (M3) The first failure is the failure of the map. Then, or when nobody wants the result any more, no item is begun, and
 *      those that run are called off.
 * (M4) Its owner hears of one end. After it nothing is counted, kept or fetched for it.
 * (M5) What is known of the effects of a map is what is known of all its items together.
 * (M6) Of the steps of items those of the first `watchedItemsMax` are told of, while the request runs.
 * (M7) An item whose result is lost before it was fetched runs again, if all of its steps may, `againMax` times at most; no
 *      other one does. What it has done stands.
 * (M8) A stream that its items would read more than once, all together, is refused before the first begins (`readers.ts`).
 */
import { type Deadline, MpregError, type Outcome, type Timers } from "../../base/index.js";
import { type Hole, filled, holesOf, itemsOf, listOf } from "../../values/index.js";
import type { RequestStep, StepMap, Value } from "../../wire/index.js";
import type { AbortReason } from "../host.js";
import { ItemPath, type PathTimes, noTimes } from "./item-path.js";
import { type ItemOwner, type ItemRun, MapItem } from "./map-item.js";
import { type Arrays, type Gathering, isRef, isStream } from "../results/index.js";
import { readForItems, readingsPerItem } from "./readers.js";
import type { StepScope } from "./request-budget.js";
import type { RunFields } from "./run-fields.js";
import type { Left } from "../left.js";
import { ownBytes } from "./step-results.js";

export interface MappingOwner {
  /** Makes the run of an item. */
  run(fields: RunFields): ItemRun;
  /** All items have ended well; `value` is the list of what they have come to. */
  mapped(mapping: Mapping, value: Uint8Array, nowMs: number): void;
  mapFailed(mapping: Mapping, error: MpregError, nowMs: number): void;
  /** The handlers of an item have left this behind. */
  left(left: Left): void;
}

/** The step of a map, and what it takes of other steps. */
export interface MapWork {
  /** Position of the step. */
  readonly index: number;
  readonly step: RequestStep;
  readonly map: StepMap;
  readonly given: readonly Value[];
}

export class Mapping implements Deadline, ItemOwner {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;

  readonly work: MapWork;
  readonly readyMs: number;
  readonly #request: RunFields;
  readonly #owner: MappingOwner;
  readonly #timers: Timers;
  readonly #deadlineMs: number;
  /** Steps that stand in front of those of the map, and have run already. */
  readonly #givenSteps: readonly RequestStep[];
  readonly #live = new Map<number, MapItem>();
  #items: readonly Uint8Array[] = [];
  #values: Uint8Array[] = [];
  #gathering: Gathering | undefined = undefined;
  #begun = 0;
  #ended = 0;
  /** What it has taken of the request's budget. */
  #bytes = 0;
  readonly #scope: StepScope;
  /** Items that have run and lost what they had come to, with how often. (M7) */
  readonly #again = new Map<number, number>();
  /** Of the items on which its end waits, as far as it has come. */
  #times: PathTimes = noTimes;
  #isFilling = false;
  #isOver = false;
  #isRepeatable = true;

  constructor(work: MapWork, request: RunFields, owner: MappingOwner, timers: Timers, nowMs: number) {
    this.work = work;
    this.readyMs = nowMs;
    this.#request = request;
    this.#owner = owner;
    this.#timers = timers;
    this.#scope = { steps: 0, arrayBytes: 0, within: request.item?.scope };
    const { step } = work;
    const { steps } = request.message;
    this.#givenSteps = step.bindings.map((binding) => givenStep(steps[binding.step]?.name ?? ""));
    const ownMs = step.timeoutMs > 0 ? nowMs + step.timeoutMs : Infinity;
    this.#deadlineMs = Math.min(ownMs, request.deadlineMs);
    if (ownMs < request.deadlineMs) timers.schedule(this, ownMs);
  }

  /** How many items there are. */
  get items(): number {
    return this.#items.length;
  }

  /** What its time went into, once it has ended. */
  get times(): PathTimes {
    return this.#times;
  }

  /** Whether all that has run for items may be run again. */
  get isRepeatable(): boolean {
    return this.#isRepeatable;
  }

  /** Fetches the list where it is kept elsewhere, and begins. It may end before this returns. */
  start(nowMs: number): void {
    const holes = tried(() => holesOf(this.work.step.template));
    if (holes instanceof MpregError) return this.#fail(holes, nowMs);
    const inList = new Set(holes.map(({ number }) => number));
    const readTwice = this.#readTwice(
      (input, perItem) => inList.has(input) && perItem > 0,
      "for its list and its items",
    );
    if (readTwice !== undefined) return this.#fail(readTwice, nowMs);
    const parts = this.work.given.map((value, index) => (inList.has(index) ? value : undefined));
    const refusal = this.#take(
      parts.reduce((sum, value) => sum + (isRef(value) && !value.isStream ? value.bytes : 0), 0),
    );
    if (refusal !== undefined) return this.#fail(refusal, nowMs);
    if (!parts.some(isRef)) return this.#begin(holes, parts as (Uint8Array | undefined)[], nowMs);
    this.#gathering = this.#request.results.gather(
      parts,
      undefined,
      nowMs,
      (fetched, thenMs) => {
        const whole = fetched as readonly (Uint8Array | undefined)[]; // with all streams collected
        // how long a stream was is known only now
        const more = whole.reduce((sum, value, index) => sum + (isStream(parts[index]) ? (value?.length ?? 0) : 0), 0);
        const excess = this.#take(more);
        if (excess === undefined) this.#begin(holes, whole, thenMs);
        else this.#fail(excess, thenMs);
      },
      (error, thenMs) => {
        this.#fail(error, thenMs);
      },
      this.#listArrays(holes),
    );
  }

  /** How streams become its list, or a part of it. */
  #listArrays([hole]: readonly Hole[]): Arrays {
    const { budget, results } = this.#request;
    const { step, map } = this.work;
    const isWhole = hole?.start === 0 && hole.end === step.template.length;
    return {
      limit: results.collectLimit("a step that takes the stream reads its items one by one"),
      total: budget.arraysOf(this.#scope),
      tooMany: (index) =>
        isWhole && hole.number === index
          ? (count) => budget.tooManyItems(step.name, count, map.steps.length)
          : undefined,
    };
  }

  itemArrays({ scope }: MapItem): Arrays {
    const { budget, results } = this.#request;
    const limit = results.collectLimit("have the items of the map answer with less");
    return { limit, total: budget.arraysOf(scope) };
  }

  /** It is to begin anew: what it would have run is not counted. */
  giveBackSteps(): void {
    this.#request.budget.giveBackSteps(this.#scope);
  }

  /** Nobody wants the result any more. (M3) */
  stop(reason: AbortReason): void {
    this.#isOver = true;
    this.#timers.unschedule(this);
    this.#gathering?.stop();
    const live = [...this.#live.values()];
    this.#live.clear();
    for (const item of live) {
      item.stop(reason);
      this.#isRepeatable &&= item.isRepeatable;
    }
    this.#request.budget.giveBack(this.#bytes); // (M4)
    this.#bytes = 0;
    this.#values = [];
  }

  /** What is known of its effects, together with those of something that has ended with `outcome`. */
  outcomeWith(outcome: Outcome): Outcome {
    const hasRun = this.#ended > 0 || this.#again.size > 0; // (M7)
    let worst: Outcome = hasRun && outcome === "not-applied" ? "applied" : outcome;
    for (const item of this.#live.values()) worst = item.outcomeWith(worst); // (M5)
    return worst;
  }

  onDue(nowMs: number): void {
    const ended = this.items === 0 ? "" : `; ${this.#ended} of ${this.items} items had ended`;
    this.#fail(new MpregError("deadline", `The time allowed for "${this.work.step.name}" ran out${ended}`), nowMs);
  }

  itemEnded(item: MapItem, value: Uint8Array, nowMs: number): void {
    this.#live.delete(item.position);
    this.#ended += 1;
    this.#pass(item, nowMs);
    this.#isRepeatable &&= item.isRepeatable;
    const own = ownBytes(value);
    const refusal = this.#take(own.length);
    if (refusal !== undefined) return this.#fail(refusal, nowMs);
    this.#values[item.position] = own; // (M2)
    if (this.#ended === this.items) this.#finish(nowMs);
    else this.#fill(nowMs);
  }

  itemFailed(item: MapItem, error: MpregError, nowMs: number): void {
    this.#live.delete(item.position); // its run has said all that is known of it
    this.#isRepeatable &&= item.isRepeatable;
    this.#fail(error, nowMs);
  }

  itemLost(item: MapItem, error: MpregError, nowMs: number): void {
    const { position } = item;
    const again = (this.#again.get(position) ?? 0) + 1;
    if (!item.isRepeatable || again > againMax) return this.itemFailed(item, error, nowMs);
    this.#live.delete(position);
    this.#again.set(position, again);
    this.#pass(item, nowMs);
    this.#request.budget.giveBackSteps(item.scope);
    this.#startItem(position, nowMs); // (M7)
  }

  #begin(holes: readonly Hole[], parts: readonly (Uint8Array | undefined)[], nowMs: number): void {
    const items = tried(() => this.#itemsOf(holes, parts));
    if (items instanceof MpregError) return this.#fail(items, nowMs);
    this.#items = items;
    const total = (perItem: number): number => perItem * items.length;
    const why = items.length === 1 ? "more than once for its item" : `for each of its ${items.length} items`;
    const readTwice = this.#readTwice((_, perItem) => total(perItem) > 1, why);
    if (readTwice !== undefined) return this.#fail(readTwice, nowMs);
    this.#times = { ...noTimes, networkMs: nowMs - this.readyMs }; // the list was fetched
    this.#values = new Array<Uint8Array>(items.length);
    this.#request.watch?.mapped(this.work.step.name, items.length, this.#request.item?.map, nowMs);
    if (items.length === 0) this.#finish(nowMs);
    else this.#fill(nowMs);
  }

  /** The error for the first stream among its inputs that would be read more than once. (M8) */
  #readTwice(isTwice: (input: number, perItem: number) => boolean, why: string): MpregError | undefined {
    const { step, map, given } = this.work;
    if (!given.some(isStream)) return undefined;
    const perItem = readingsPerItem(map, given.length);
    const input = given.findIndex((value, index) => isStream(value) && isTwice(index, perItem[index] ?? 0));
    const { name = "" } = this.#request.message.steps[step.bindings[input]?.step ?? -1] ?? {};
    return input < 0 ? undefined : readForItems(name, step.name, why);
  }

  #itemsOf(holes: readonly Hole[], parts: readonly (Uint8Array | undefined)[]): readonly Uint8Array[] {
    const { step, map } = this.work;
    const partOf = (number: number): Uint8Array | undefined => parts[number];
    const list = filled(step.template, holes, partOf, (bytes) => {
      throwAny(this.#take(bytes));
    });
    const items = itemsOf(list, (count) => {
      throwAny(this.#request.budget.takeSteps(step.name, count, map.steps.length, this.#scope));
    });
    if (!("kind" in items)) return items;
    throw new MpregError("invalid-argument", `The list of the map "${step.name}" must be an array, got ${items.kind}`);
  }

  /** Begins items as long as there is room. An item that ends at once has come here again, and finds this going on. */
  #fill(nowMs: number): void {
    if (this.#isFilling) return;
    this.#isFilling = true;
    const { concurrency } = this.work.map;
    while (!this.#isOver && this.#live.size < concurrency && this.#begun < this.items) {
      this.#startItem(this.#begun++, nowMs); // (M1)
    }
    this.#isFilling = false;
  }

  #startItem(position: number, nowMs: number): void {
    const { map, index, step } = this.work;
    const { message, plan, origin, request, summary, watch, budget, results, expecting, item: outer } = this.#request;
    const suffix = `${outer?.suffix ?? ""}[${position}]`;
    const given: readonly Value[] = [this.#items[position] as Uint8Array, ...this.work.given];
    const itemPlan = plan.maps?.get(index);
    if (itemPlan === undefined) throw new Error("a map was not planned");
    const named = map.steps.map(
      ({ name, fun, timeoutMs, resources, bindings, terms, template, map: inner }): RequestStep => {
        return { name: name + suffix, fun, timeoutMs, resources, bindings, terms, template, map: inner };
      },
    );
    const steps = [givenStep(`item${suffix}`), ...this.#givenSteps, ...named];
    const scope: StepScope = { steps: 0, arrayBytes: 0, within: this.#scope };
    const path = summary === undefined ? undefined : new ItemPath(this.#times, nowMs);
    const item = new MapItem({ position, scope, path }, this, results, map.result.step < given.length);
    this.#live.set(position, item);
    const run = this.#owner.run({
      message: { steps, outputs: [map.result], settle: false, waitForCapacityMs: message.waitForCapacityMs },
      plan: itemPlan,
      asker: item,
      origin,
      request,
      deadlineMs: this.#deadlineMs,
      summary,
      watch: position < watchedItemsMax ? watch : undefined, // (M6)
      budget,
      results,
      expecting,
      item: { given, suffix, path, map: step.name, scope },
    });
    item.start(run, nowMs);
  }

  left(left: Left): void {
    this.#owner.left(left);
  }

  /** An item has ended: those that begin now have waited for it. */
  #pass({ path }: MapItem, nowMs: number): void {
    if (path !== undefined) this.#times = path.timesAt(nowMs);
  }

  #finish(nowMs: number): void {
    const list = listOf(this.#values);
    this.stop("cancelled");
    this.#owner.mapped(this, list, nowMs); // (M4)
  }

  #fail(error: MpregError, nowMs: number): void {
    if (this.#isOver) return;
    const outcome = this.outcomeWith(error.outcome);
    this.stop(error.code === "deadline" ? "deadline" : "cancelled"); // (M3)
    this.#owner.mapFailed(this, error.withOutcome(outcome), nowMs); // (M4)
  }

  /** Counts bytes as held, or answers why not. */
  #take(bytes: number): MpregError | undefined {
    const refusal = this.#request.budget.take(bytes);
    if (refusal === undefined) this.#bytes += bytes;
    return refusal;
  }
}

const watchedItemsMax = 1_000;
/** How often an item runs again for a result that was lost. */
const againMax = 10;
const noBytes = new Uint8Array(0);

/** Stands for a value that is there already. */
function givenStep(name: string): RequestStep {
  return { name, fun: "", timeoutMs: 0, resources: [], bindings: [], terms: undefined, template: noBytes };
}

/** What `work` answers, or the error that it throws. */
function tried<T>(work: () => T): T | MpregError {
  try {
    return work();
  } catch (error) {
    if (error instanceof MpregError) return error;
    throw error;
  }
}

function throwAny(error: MpregError | undefined): void {
  if (error !== undefined) throw error;
}
