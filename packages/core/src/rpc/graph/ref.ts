/**
 * References at run time: stand-ins for results that do not exist yet.
 *
 * Owns the stand-in and what one may do with it. Its types are `ref-type.ts`; who hands references out is `graph.ts`
 * and `plain.ts`; who turns them into bindings is `encode.ts`.
 *
 * (F1) Whatever would need the value now throws and says what would work; nothing answers with a guess.
 * (F2) `then` is `undefined`: a reference can be returned by an async function.
 * (F3) Looking whether a value is a reference touches nothing on it, whatever it is (`refTarget`).
 * (F4) Every name that is not reserved leads one step further into the result; `ref()` reaches reserved ones too.
 */
import { MpregError, kindOf, quoted } from "../../base/index.js";
import { describePath } from "../../base/standard-schema.js";
import type { KeyInto, Ref, RefTo, ReservedName, ValueAt } from "./ref-type.js";
import type { Path } from "../types.js";

/** Whoever hands references out. Two references with different owners belong to different requests. */
export interface RefOwner {
  /** Name of step number `step`, for messages. */
  stepName(step: number): string;
  /** Name of the map whose steps these are, where they are those of a map. */
  readonly map?: string | undefined;
}

/** What a reference stands for. */
export interface RefTarget {
  readonly owner: RefOwner;
  /** Position of the step in its request. */
  readonly step: number;
  readonly path: Path;
}

const targets = new WeakMap<object, RefTarget>();

/** What `value` stands for if it is a reference, without touching it (F3). */
export function refTarget(value: unknown): RefTarget | undefined {
  return typeof value === "object" && value !== null ? targets.get(value) : undefined;
}

/** A reference to what stands at `path` in the result of `step`. For builders of graphs, not for users. */
export function createRef<T>(owner: RefOwner, step: number, path: Path): Ref<T> {
  const target = new Reference(owner, step, path);
  const stand = new Proxy(target, traps);
  targets.set(stand, target);
  // The traps give it the members that its type promises.
  return stand as unknown as Ref<T>;
}

/**
 * The part of a result that stands at `path`: fields by name, items of arrays by position, `length` of arrays and
 * strings. It reaches every name, those included that mean something else on a reference (`at`, `then`, …) and those
 * that only some members of a union have.
 *
 * ```ts
 * ref(response, "rows", 0, "then")
 * ```
 * Throws `invalid-argument` if `from` is not a reference, or for a segment that is neither a name nor a position.
 */
export function ref<T>(from: RefTo<T>): Ref<T>;
export function ref<T, const P extends Path>(from: RefTo<T>, ...path: P & CheckedPath<T, P>): Ref<ValueAtPath<T, P>>;
export function ref(from: RefTo<unknown>, ...path: Path): Ref<unknown> {
  const target = refTarget(from);
  if (target === undefined) {
    throw new MpregError("invalid-argument", `ref: the first argument must be a reference, got ${typeName(from)}`);
  }
  path.forEach((segment, index) => {
    if (typeof segment !== "string" && !isPosition(segment)) {
      const got = typeof segment === "number" ? String(segment) : typeName(segment);
      throw new MpregError("invalid-argument", `ref: path[${index}] must be a name or a position from 0, got ${got}`);
    }
  });
  return createRef(target.owner, target.step, [...target.path, ...path]);
}

/** `P` with every segment that leads nowhere replaced by those that would lead somewhere. */
type CheckedPath<T, P extends Path> = P extends readonly [infer K, ...infer Rest extends Path]
  ? readonly [K extends KeyInto<T> ? K : KeyInto<T>, ...CheckedPath<ValueAt<T, K>, Rest>]
  : P;

type ValueAtPath<T, P extends Path> = P extends readonly [infer K, ...infer Rest extends Path]
  ? ValueAtPath<ValueAt<T, K>, Rest>
  : T;

/** Says which part of which result a reference stands for: `step "clean" at rows[0]`. */
export function describeTarget(target: RefTarget): string {
  const step = `step ${quoted(target.owner.stepName(target.step))}`;
  return target.path.length === 0 ? step : `${step} at ${describePath(target.path)}`;
}

/** True for a number that can be an item's position. */
export function isPosition(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** A word for a value that is not what was asked for. */
export function typeName(value: unknown): string {
  return refTarget(value) === undefined ? kindOf(value) : "a reference";
}

/** How Node prints a value; elsewhere the symbol means nothing. */
const inspectSymbol: unique symbol = Symbol.for("nodejs.util.inspect.custom");

class Reference implements RefTarget {
  readonly owner: RefOwner;
  readonly step: number;
  readonly path: Path;

  constructor(owner: RefOwner, step: number, path: Path) {
    this.owner = owner;
    this.step = step;
    this.path = path;
  }

  /** Called on the stand-in or, by a debugger that looks through proxies, on its target. */
  [inspectSymbol](): string {
    return `Ref(${describeTarget(refTarget(this) ?? this)})`;
  }
}

function refuse(target: RefTarget, attempt: string): never {
  throw new MpregError(
    "invalid-argument",
    `Cannot ${attempt} the result of ${describeTarget(target)}: it does not exist before the request runs. ` +
      "Pass the reference itself as an argument, or inside one; to compute with the value, add a step that does; " +
      "to get it, select it in run()",
  );
}

/** What the reserved names and the symbols of the language do on a reference. */
function reserved(target: Reference, key: ReservedName): unknown {
  switch (key) {
    case "then":
      return undefined; // (F2)
    case "at":
      return (index: unknown): unknown => {
        if (isPosition(index)) return createRef(target.owner, target.step, [...target.path, index]);
        const got = typeof index === "number" ? String(index) : typeName(index);
        throw new MpregError(
          "invalid-argument",
          `at: the position in ${describeTarget(target)} must be an integer from 0, got ${got}; ` +
            "the end of a result is not known before the request runs",
        );
      };
    case "toJSON":
      return () => refuse(target, "make JSON of");
    case "toString":
    case "toLocaleString":
      return () => refuse(target, "make text of");
    case "valueOf":
      return () => refuse(target, "compute with");
  }
}

const reservedNames: Readonly<Record<ReservedName, true>> = {
  at: true,
  then: true,
  toString: true,
  toLocaleString: true,
  toJSON: true,
  valueOf: true,
};

function isReserved(name: string): name is ReservedName {
  return Object.hasOwn(reservedNames, name);
}

function symbolMember(target: Reference, key: symbol): unknown {
  switch (key) {
    case Symbol.iterator:
    case Symbol.asyncIterator:
      return () => refuse(target, "iterate over");
    case Symbol.toStringTag:
      return "Ref";
    case inspectSymbol:
      return target[inspectSymbol];
    default:
      return undefined;
  }
}

const traps: ProxyHandler<Reference> = {
  get(target, key) {
    if (typeof key === "symbol") return symbolMember(target, key);
    if (isReserved(key)) return reserved(target, key);
    return createRef(target.owner, target.step, [...target.path, key]); // (F4)
  },
  // From here on (F1): nobody knows the fields, and nobody can change them.
  has(target, key) {
    if (typeof key === "symbol") return symbolMember(target, key) !== undefined;
    if (isReserved(key)) return key !== "then";
    return refuse(target, `look for ${quoted(key)} in`);
  },
  getOwnPropertyDescriptor(target, key) {
    return typeof key === "symbol" ? undefined : refuse(target, `look for ${quoted(key)} in`);
  },
  ownKeys: (target) => refuse(target, "list or spread the fields of"),
  set: (target, key) => refuse(target, `set ${quoted(String(key))} of`),
  defineProperty: (target, key) => refuse(target, `set ${quoted(String(key))} of`),
  deleteProperty: (target, key) => refuse(target, `delete ${quoted(String(key))} of`),
  setPrototypeOf: (target) => refuse(target, "change"),
  preventExtensions: (target) => refuse(target, "freeze"),
};
