/** Requests as tests write them, and ends as tests compare them. */
import type { RequestFields, Settled } from "../../src/rpc/index.js";
import type { CallFields } from "../../src/rpc/index.js";
import { unconsumedSteps } from "../../src/rpc/graph/plan.js";
import type { RequestSummary } from "../../src/rpc/index.js";
import { createCodec } from "../../src/values/index.js";
import type { Message, RequestStep, StepMap, StepTerms, Value, WireBinding } from "../../src/wire/index.js";
import { type ErrorShape, shapeOf, utf8 } from "./wire.js";

export const codec = createCodec(utf8);

/** Stands in arguments and outputs for the result of a step, or a part of it. */
class Use {
  readonly step: string;
  readonly path: readonly (string | number)[];

  constructor(step: string, path: readonly (string | number)[]) {
    this.step = step;
    this.path = path;
  }
}

export function use(step: string, ...path: readonly (string | number)[]): Use {
  return new Use(step, path);
}

export interface CallOptions extends StepTerms {
  readonly resources?: readonly string[];
  readonly timeoutMs?: number;
  readonly waitForCapacityMs?: number;
  readonly summary?: boolean;
  readonly detached?: boolean;
  readonly watch?: boolean;
  readonly intermediates?: boolean;
}

export function callOf(fun: string, args: readonly unknown[], options: CallOptions = {}): CallFields {
  const { resources = [], timeoutMs = 0, waitForCapacityMs = 0, summary = false, ...rest } = options;
  const { watch, intermediates, detached, ...given } = rest;
  const terms = Object.keys(given).length === 0 ? undefined : given;
  const asked = { fun, resources, timeoutMs, waitForCapacityMs, summary, detached, watch, intermediates, terms };
  return { ...asked, args: codec.encode(args, "args") };
}

/** A step; its name is its function's when it has no other. */
export interface Step {
  readonly name?: string;
  readonly fun: string;
  readonly args?: readonly unknown[];
  readonly resources?: readonly string[];
  readonly timeoutMs?: number;
  readonly terms?: StepTerms;
  /** Runs `steps` for each item of `list`; in them `use("item")` is the item. The last one's result is the item's. */
  readonly map?: {
    readonly list: unknown;
    readonly steps: readonly Step[];
    readonly concurrency?: number;
    readonly result?: Use;
    /** What stands for the item, where `item` is something else. */
    readonly item?: string;
  };
}

/** A map as a step. */
export function mapOf(name: string, list: unknown, steps: readonly Step[], more: Partial<Step["map"]> = {}): Step {
  return { name, fun: "", map: { list, steps, ...more } };
}

export interface RequestOptions extends Omit<CallOptions, "resources" | keyof StepTerms> {
  readonly settle?: boolean;
  /** Without, every step that no other one uses. */
  readonly outputs?: readonly Use[];
}

function encodedSteps(steps: readonly Step[], bindingOf: (use: Use) => WireBinding): RequestStep[] {
  return steps.map(({ name, fun, args = [], resources = [], timeoutMs = 0, terms, map }) => {
    const bindings: WireBinding[] = [];
    const holeOf = (value: unknown): number | undefined =>
      value instanceof Use ? bindings.push(bindingOf(value)) - 1 : undefined;
    const template = codec.encodeTemplate(map === undefined ? args : map.list, "args", holeOf);
    const encoded = { name: name ?? fun, fun, resources, timeoutMs, bindings, terms, template };
    return map === undefined ? encoded : { ...encoded, map: encodedMap(map, bindings, bindingOf) };
  });
}

/** `bindings` get what the steps take from outside. */
function encodedMap(
  { steps, concurrency = 100, item = "item", result }: NonNullable<Step["map"]>,
  bindings: WireBinding[],
  bindingOf: (use: Use) => WireBinding,
): StepMap {
  const names = steps.map(({ name, fun }) => name ?? fun);
  // what is given stands in front; how much that is, is known when everything has been encoded
  const inside = (use: Use): WireBinding => {
    if (use.step === item) return { step: -1, path: use.path };
    const step = names.indexOf(use.step);
    return step >= 0 ? { step, path: use.path } : { step: -1 - bindings.push(bindingOf(use)), path: [] };
  };
  const encoded = encodedSteps(steps, inside);
  const last = inside(result ?? use(names.at(-1)!));
  const given = 1 + bindings.length;
  const moved = ({ step, path }: WireBinding): WireBinding => ({ step: step < 0 ? -1 - step : step + given, path });
  return {
    concurrency,
    steps: encoded.map((step) => ({ ...step, bindings: step.bindings.map(moved) })),
    result: moved(last),
  };
}

export function requestOf(steps: readonly Step[], options: RequestOptions = {}): RequestFields {
  const names = steps.map(({ name, fun }) => name ?? fun);
  const bindingOf = ({ step, path }: Use): WireBinding => ({ step: names.indexOf(step), path });
  const encoded = encodedSteps(steps, (use) => bindingOf(use));
  const { timeoutMs = 0, waitForCapacityMs = 0, summary = false, settle = false, watch, intermediates } = options;
  const outputs = options.outputs?.map(bindingOf) ?? unconsumedSteps(encoded).map((step) => ({ step, path: [] }));
  return { timeoutMs, waitForCapacityMs, settle, summary, watch, intermediates, steps: encoded, outputs };
}

/** The end of a call or request, decoded. */
export type Outcome =
  | { readonly value: unknown; readonly summary?: RequestSummary | undefined }
  | {
      readonly outputs: readonly unknown[];
      readonly reports?: readonly unknown[];
      readonly summary?: RequestSummary | undefined;
    }
  | { readonly error: ErrorShape };

/** A value as tests compare it; a stream as its reference. */
function shown(value: Value): unknown {
  if (value instanceof Uint8Array) return codec.decode(value);
  if (!value.isStream) throw new Error("the value is kept elsewhere");
  return value;
}

/** What was settled, or what an answer says; absent parts left out. */
export function outcomeOf(end: Settled | Message): Outcome {
  if (end.kind === "failed" || end.kind === "failure") return { error: shapeOf(end.error) };
  if (end.kind !== "answered" && end.kind !== "answer" && end.kind !== "results")
    throw new Error(`no end: ${end.kind}`);
  const { summary } = end;
  const decoded = summary instanceof Uint8Array ? (codec.decode(summary) as RequestSummary) : summary;
  const summarised = decoded === undefined ? {} : { summary: decoded };
  if (end.kind !== "results") return { value: shown(end.value), ...summarised };
  const outputs = end.outputs.map((output) => (output === undefined ? undefined : shown(output)));
  if (end.reports === undefined) return { outputs, ...summarised };
  const reports = end.reports.map((report) =>
    report.status === "failed" ? { ...report, error: shapeOf(report.error) } : report,
  );
  return { outputs, reports, ...summarised };
}
