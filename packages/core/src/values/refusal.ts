/**
 * Refusal: why a value cannot be encoded, and where in it the reason stands.
 *
 * Owns the words. While the writer returns from the place where it failed, every container adds its own step, so
 * that a value which encodes costs nothing for it.
 */
import { AssertionError, MpregError } from "../base/index.js";

/** Thrown inside the writer; {@link refusalError} turns it into the error that the caller sees. */
export class Refusal extends Error {
  override readonly name: string = "Refusal";
  /** From the place of failure outwards: the step into each container, and the container. */
  readonly steps: string[] = [];
  readonly containers: object[] = [];
  readonly limit: "depth" | "bytes" | undefined;

  constructor(reason: string, options: { readonly limit?: "depth" | "bytes"; readonly cause?: unknown } = {}) {
    super(reason, options.cause === undefined ? undefined : { cause: options.cause });
    this.limit = options.limit;
  }
}

/** What to throw on from `container` when `error` came out of the part of it that `step` names. */
export function placed(error: unknown, step: string, container: object): Error {
  if (error instanceof MpregError || error instanceof AssertionError) return error;
  const refusal = refusalOf(error);
  refusal.steps.push(step);
  refusal.containers.push(container);
  return refusal;
}

/** The error for the caller. `what` names the value. */
export function refusalError(error: unknown, what: string): Error {
  if (error instanceof MpregError || error instanceof AssertionError) return error;
  const refusal = refusalOf(error);
  if (refusal.limit === "bytes") return new MpregError("too-large", `Cannot encode ${what}: ${refusal.message}`);
  const steps = refusal.steps.reverse();
  const place = (length: number): string => what + shortened(steps.slice(0, length));
  const circle = refusal.limit === "depth" ? circleIn(refusal.containers.reverse()) : undefined;
  const message =
    circle === undefined
      ? `${place(steps.length)}: ${refusal.message}`
      : `${place(circle.again)}: a circular reference, it is ${place(circle.first)} again`;
  return new MpregError("not-encodable", `Cannot encode ${message}`, { cause: refusal.cause });
}

function refusalOf(error: unknown): Refusal {
  return error instanceof Refusal ? error : new Refusal(`reading it threw ${said(error)}`, { cause: error });
}

/** The depths of the first container that stands inside itself. */
function circleIn(containers: readonly object[]): { readonly first: number; readonly again: number } | undefined {
  const depths = new Map<object, number>();
  for (const [again, container] of containers.entries()) {
    const first = depths.get(container);
    if (first !== undefined) return { first, again };
    depths.set(container, again);
  }
  return undefined;
}

const stepsShown = 12;

function shortened(steps: readonly string[]): string {
  return steps.length <= stepsShown ? steps.join("") : `${steps.slice(0, stepsShown).join("")}…`;
}

const identifier = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
const keyUnitsShown = 60;

export function indexStep(index: number): string {
  return `[${index}]`;
}

export function keyStep(key: string): string {
  return identifier.test(key) && key.length <= keyUnitsShown ? `.${key}` : `[${quoted(key)}]`;
}

/** The step into a Map's value. */
export function entryStep(key: unknown, index: number): string {
  if (typeof key === "string") return `.get(${quoted(key)})`;
  return typeof key === "number" || typeof key === "boolean" ? `.get(${key})` : `(value ${index})`;
}

/** What a refused value is, and what to do about it where that is not plain. */
export function describe(value: unknown): string {
  if (typeof value === "symbol") return `a symbol (${String(value.description)})`;
  try {
    return typeof value === "function" ? functionDescribed(value) : objectDescribed(value as object);
  } catch {
    return "a proxy that does not tell what it is"; // only a proxy's traps can throw here
  }
}

function functionDescribed(value: object): string {
  const name: unknown = Object.getOwnPropertyDescriptor(value, "name")?.value;
  return typeof name === "string" && name !== "" ? `a function (${name})` : "a function";
}

const streamAdvice =
  "only what a step returns can be a stream: give the step that makes it (a reference), or collect its items in an array";

const iteratorAdvice =
  "send an array of its items (`[...it]`), or register an `async function*`, whose result is a stream of them";

function objectDescribed(value: object): string {
  if (Symbol.asyncIterator in value) return `an async iterable; ${streamAdvice}`;
  if (typeof (value as Partial<Iterator<unknown>>).next === "function" && Symbol.iterator in value) {
    return `an iterator, such as that of a \`function*\`; ${iteratorAdvice}`;
  }
  const name = classOf(value);
  if (name === undefined || name === "Object") return "an object with a prototype of its own; send a plain object";
  if (name === "Promise") return "a Promise; await it first";
  return `an instance of ${name}; send ${value instanceof Error ? "its message" : "plain data"}`;
}

/** The name of the class, asked of the prototypes: an own property called `constructor` has no say. */
function classOf(value: object): string | undefined {
  for (let proto = prototypeOf(value); proto !== null; proto = prototypeOf(proto)) {
    const constructor: unknown = Object.getOwnPropertyDescriptor(proto, "constructor")?.value;
    if (typeof constructor === "function") return constructor.name === "" ? "a nameless class" : constructor.name;
  }
  return undefined;
}

const prototypeOf: (value: object) => object | null = Object.getPrototypeOf;

function said(error: unknown): string {
  return error instanceof Error ? quoted(error.message) : "a value";
}

function quoted(text: string): string {
  return JSON.stringify(text.length <= keyUnitsShown ? text : `${text.slice(0, keyUnitsShown)}…`);
}
