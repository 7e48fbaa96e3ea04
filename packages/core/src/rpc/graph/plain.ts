/**
 * The plain form of a request: an array of steps that JSON can hold, in which references are marked objects.
 *
 * Owns what is a reference in it: an object with the only keys `$ref` (a step's name) and optionally `path`. An object
 * with the only key `$value` is what stands behind it, untouched. The typed form is `graph.ts`.
 *
 * (J1) Anything else is data: strings are never names, and `$ref` beside other keys is a field like any other.
 * (J2) Data without references is passed on as it is, not copied.
 * (J3) Only own fields count, and those named like a prototype's are fields.
 * (J4) In the steps of a map the names of its steps, of its item, and those around it mean something, the nearest first.
 */
import { type ErrorCode, MpregError, optionNames, quoted, suggestion } from "../../base/index.js";
import { describePath } from "../../base/standard-schema.js";
import {
  type GraphRequest,
  type GraphStep,
  type OutputSelection,
  concurrencyOf,
  itemStep,
  mapStep,
  nameOf,
} from "./graph-request.js";
import { isPlainObject, nestingMax, setField } from "./objects.js";
import {
  type RunOptions,
  checkName,
  checkRunOptions,
  durationMs,
  invalid,
  mustBe,
  resourceNames,
  runNames,
} from "./call-options.js";
import { type TermOptions, termNames, termsOf } from "./terms.js";
import { type RefOwner, createRef, isPosition, refTarget, typeName } from "./ref.js";
import type { Path } from "../types.js";

/** One step as JSON files hold it: a call, or a map. */
export type PlainStep = PlainCall | PlainMap;

/** A call as JSON files hold it. */
export interface PlainCall extends TermOptions {
  /** Unique in the request. */
  readonly name: string;
  readonly fun: string;
  readonly args?: readonly unknown[] | undefined;
  /** Given to the function as its last argument. */
  readonly kwargs?: Readonly<Record<string, unknown>> | undefined;
  readonly resources?: readonly string[] | undefined;
  /** Time allowed for this step from the moment its inputs are there, in ms; default: the request's. */
  readonly timeoutMs?: number | undefined;
  readonly map?: undefined;
}

/** Calls for each item of a list, as JSON files hold them; its result is the list of what becomes of the items. */
export interface PlainMap {
  /** Unique in the request. */
  readonly name: string;
  readonly map: {
    /** A reference to a list, or an array in which references may stand. */
    readonly list: unknown;
    /** What runs for each item; its names are unique in the whole request. It may refer to all that the map may refer to. */
    readonly steps: readonly PlainStep[];
    /** What `$ref` calls the item in `steps`; default `"item"`. */
    readonly item?: string | undefined;
    /** What becomes of an item; default: the result of the last of the steps. */
    readonly result?: PlainRef | undefined;
    /** How many items are under way at a time; default 100. */
    readonly concurrency?: number | undefined;
  };
  /** Time allowed for all items together, from the moment the list is there, in ms; default: the request's. */
  readonly timeoutMs?: number | undefined;
  readonly fun?: undefined;
}

/** The result of a step, or the part at `path`: fields by name, items by position. */
export interface PlainRef {
  readonly $ref: string;
  readonly path?: Path;
}

/** Options of a request in plain form. */
export interface PlainRunOptions extends RunOptions {
  /** Names of the steps whose results the answer has; default: every step whose result no other step uses. */
  readonly outputs?: readonly string[] | undefined;
}

const requestNames: ReadonlySet<string> = optionNames<PlainRunOptions>({
  outputs: true,
  ...runNames,
});

const mapStepKeys = ["name", "map", "timeoutMs"];
const mapKeys = ["list", "steps", "item", "result", "concurrency"];
const stepKeys = ["name", "fun", "args", "kwargs", "resources", "timeoutMs", ...Object.keys(termNames)];

/**
 * Reads a request in plain form; steps may stand in any order.
 *
 * The answer to it is an object of results by step name. Throws `invalid-argument` for steps that are not of the
 * right shape, `duplicate-step`, and `unknown-reference`, each with the place; a cycle is found by `toRequestSpec`.
 */
export function parsePlainRequest(steps: readonly PlainStep[], options: PlainRunOptions = {}): GraphRequest {
  checkRunOptions(options, "request", requestNames);
  // From here on nothing is taken for granted: the steps may come from a file.
  const given: unknown = steps;
  if (!Array.isArray(given)) throw invalid(`A request must be an array of steps, got ${typeName(given)}`);
  const { scope, parsed } = parseSteps(given, "steps", undefined);
  return { owner: scope.owner, steps: parsed, outputs: selectSteps(options.outputs, scope.numbers), options };
}

/** Steps that may refer to each other, and what else they may refer to. */
interface Scope {
  readonly owner: RefOwner;
  readonly numbers: ReadonlyMap<string, number>;
  /** What the item is called, among the steps of a map. */
  readonly item: string | undefined;
  /** Around the map. */
  readonly outer: Scope | undefined;
}

interface MapPlace {
  readonly map: string;
  readonly item: string;
  readonly outer: Scope;
}

function parseSteps(
  given: readonly unknown[],
  place: string,
  within: MapPlace | undefined,
): { readonly scope: Scope; readonly parsed: GraphStep[] } {
  const numbers = numberSteps(given, place);
  const names = [...numbers.keys()];
  const map = within?.map;
  const owner: RefOwner = {
    map,
    stepName: (step) => nameOf(step, names[step], map),
  };
  const scope: Scope = { owner, numbers, item: within?.item, outer: within?.outer };
  return { scope, parsed: given.map((step) => parseStep(step as PlainStep, scope)) };
}

function numberSteps(steps: readonly unknown[], place: string): Map<string, number> {
  const numbers = new Map<string, number>();
  steps.forEach((step, index) => {
    const what = `${place}[${index}]`;
    if (!isPlainObject(step)) throw invalid(`${what} must be an object, got ${typeName(step)}`);
    const { name } = step;
    checkKeys(
      step,
      "map" in step ? mapStepKeys : stepKeys,
      "a step",
      typeof name === "string" ? `step ${quoted(name)}` : what,
    ); // first: the name may be misspelt
    checkName(name, `${what}.name`);
    const earlier = numbers.get(name);
    if (earlier !== undefined) {
      const message = `${place}[${earlier}] and ${what} are both named ${quoted(name)}`;
      throw new MpregError("duplicate-step", message, { step: name });
    }
    numbers.set(name, index);
  });
  return numbers;
}

function checkKeys(object: object, known: readonly string[], kind: string, what: string): void {
  for (const key of Object.keys(object)) {
    if (known.includes(key)) continue;
    const hint = suggestion(key, known);
    throw invalid(`${what} has a key ${quoted(key)}; ${kind} has only ${known.join(", ")}${hint}`);
  }
}

function parseStep(step: PlainStep, scope: Scope): GraphStep {
  return step.map === undefined ? parseCall(step, scope) : parseMap(step, scope);
}

function parseCall(step: PlainCall, scope: Scope): GraphStep {
  const { name, fun, resources, timeoutMs } = step;
  const what = `step ${quoted(name)}`;
  checkName(fun, `${what}, fun`);
  const args: unknown = step.args ?? [];
  if (!Array.isArray(args)) throw invalid(`${what}, args must be an array, got ${typeName(args)}`);
  const kwargs: unknown = step.kwargs;
  if (kwargs !== undefined && !isPlainObject(kwargs)) {
    throw invalid(`${what}, kwargs must be an object, got ${typeName(kwargs)}`);
  }
  const scan = new Scan(name, scope);
  const scanned = scan.items(args, "args");
  return {
    name,
    fun,
    resources: resourceNames(resources, `${what}, resources`),
    args: kwargs === undefined ? scanned : [...scanned, scan.scan(kwargs, "kwargs")],
    timeoutMs: durationMs(timeoutMs, `${what}, timeoutMs`),
    terms: termsOf(step, what),
  };
}

function parseMap({ name, map, timeoutMs }: PlainMap, scope: Scope): GraphStep {
  const what = `step ${quoted(name)}, map`;
  if (!isPlainObject(map)) throw invalid(`${what} must be an object, got ${typeName(map)}`);
  checkKeys(map, mapKeys, "a map", what);
  const given: unknown = map.steps;
  const { item = "item" } = map;
  if (!Array.isArray(given) || given.length === 0) {
    throw invalid(`${what}.steps must be an array of at least one step, got ${typeName(given)}`);
  }
  checkName(item, `${what}.item`);
  const concurrency = concurrencyOf(map.concurrency, `${what}.concurrency`);
  const list = new Scan(name, scope).scan(map.list, "map.list");
  if (!Array.isArray(list) && refTarget(list) === undefined) {
    throw mustBe("an array, or { $ref } to one", list, `${what}.list`);
  }
  const { scope: inner, parsed } = parseSteps(given, `${what}.steps`, { map: name, item, outer: scope });
  if (inner.numbers.has(item))
    throw invalid(`${what}: a step and the item are both named ${quoted(item)}; name the item with item`);
  const { owner } = inner;
  const last = createRef(owner, parsed.length - 1, []);
  const result = map.result === undefined ? last : new Scan(name, inner).scan(map.result, "map.result");
  if (refTarget(result) === undefined) throw mustBe("{ $ref, path }", result, `${what}.result`);
  const ownMs = durationMs(timeoutMs, `step ${quoted(name)}, timeoutMs`);
  return mapStep(name, ownMs, { list, concurrency, owner, steps: parsed, result });
}

/** Replaces the marked objects in one step's arguments. */
class Scan {
  readonly #step: string;
  readonly #scope: Scope;
  /** Where the scan is, for messages and for the depth. */
  readonly #place: PropertyKey[] = [];

  constructor(step: string, scope: Scope) {
    this.#step = step;
    this.#scope = scope;
  }

  /** What `value`, which stands at `key`, stands for; `value` itself if there is no mark in it (J2). */
  scan(value: unknown, key: PropertyKey): unknown {
    if (typeof value !== "object" || value === null || refTarget(value) !== undefined) return value;
    if (Array.isArray(value)) return this.items(value, key);
    if (!isPlainObject(value)) return value;
    this.#enter(key);
    const scanned = this.#object(value);
    this.#place.pop();
    return scanned;
  }

  items(items: readonly unknown[], key: PropertyKey): readonly unknown[] {
    this.#enter(key);
    let copy: unknown[] | undefined;
    items.forEach((item, index) => {
      const scanned = this.scan(item, index);
      if (scanned !== item) (copy ??= [...items])[index] = scanned;
    });
    this.#place.pop();
    return copy ?? items;
  }

  #object(object: Readonly<Record<string, unknown>>): unknown {
    const names = Object.keys(object); // (J3)
    if (names.length === 1 && names[0] === "$value") return object["$value"];
    if (names.length <= 2 && names.includes("$ref") && names.every((name) => name === "$ref" || name === "path")) {
      return this.#reference(object);
    }
    let copy: Record<string, unknown> | undefined;
    for (const name of names) {
      const field = object[name];
      const scanned = this.scan(field, name);
      if (scanned !== field) setField((copy ??= { ...object }), name, scanned);
    }
    return copy ?? object;
  }

  #reference(mark: Readonly<Record<string, unknown>>): unknown {
    const { $ref: name, path = [] } = mark;
    if (typeof name !== "string" || !Array.isArray(path) || !path.every(isSegment)) {
      throw this.#error(
        "invalid-argument",
        "is a malformed reference: $ref must be a step's name and path an array of names and positions from 0; " +
          "write { $value: … } around it if it is data",
      );
    }
    const known: string[] = [];
    // (J4)
    for (let scope: Scope | undefined = this.#scope; scope !== undefined; scope = scope.outer) {
      const number = name === scope.item ? itemStep : scope.numbers.get(name);
      if (number !== undefined) return createRef(scope.owner, number, [...(path as Path)]);
      known.push(...scope.numbers.keys(), ...(scope.item === undefined ? [] : [scope.item]));
    }
    const hint = suggestion(name, known);
    throw this.#error("unknown-reference", `refers to ${quoted(name)}, which is not a step of the request${hint}`);
  }

  #enter(key: PropertyKey): void {
    this.#place.push(key);
    if (this.#place.length <= nestingMax) return;
    throw this.#error("not-encodable", `is nested deeper than ${nestingMax}, or contains itself`);
  }

  #error(code: ErrorCode, complaint: string): MpregError {
    const shown = describePath(this.#place.slice(0, placeShownMax));
    const place = `step ${quoted(this.#step)}, ${shown}${this.#place.length > placeShownMax ? "…" : ""}`;
    return new MpregError(code, `${place} ${complaint}`, { step: this.#step });
  }
}

const placeShownMax = 10;

function isSegment(value: unknown): boolean {
  return typeof value === "string" || isPosition(value);
}

function selectSteps(outputs: unknown, numbers: ReadonlyMap<string, number>): OutputSelection {
  if (outputs === undefined) return { kind: "unconsumed" };
  if (!Array.isArray(outputs)) throw invalid(`outputs must be an array of step names, got ${typeName(outputs)}`);
  const names = [...new Set(outputs as readonly unknown[])].map((name, index) => {
    checkName(name, `outputs[${index}]`);
    return name;
  });
  const bindings = names.map((name) => {
    const step = numbers.get(name);
    if (step !== undefined) return { step, path: [] };
    const message = `The outputs name ${quoted(name)}, which is not a step of the request`;
    throw new MpregError("unknown-reference", message + suggestion(name, numbers.keys()));
  });
  const rebuild = (values: readonly unknown[]): unknown => {
    const results: Record<string, unknown> = {};
    names.forEach((name, index) => setField(results, name, values[index]));
    return results;
  };
  return { kind: "selected", bindings, rebuild };
}
