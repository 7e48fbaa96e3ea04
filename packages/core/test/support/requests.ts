/** Requests as tests write them, and ends as tests compare them. */
import type { RequestFields, Settled } from "../../src/rpc/index.js";
import type { CallFields } from "../../src/rpc/index.js";
import { unconsumedSteps } from "../../src/rpc/plan.js";
import type { RequestSummary } from "../../src/rpc/index.js";
import { createCodec } from "../../src/values/index.js";
import type { Message, StepTerms, Value, WireBinding } from "../../src/wire/index.js";
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
  readonly watch?: boolean;
}

export function callOf(fun: string, args: readonly unknown[], options: CallOptions = {}): CallFields {
  const { resources = [], timeoutMs = 0, waitForCapacityMs = 0, summary = false, watch, ...given } = options;
  const terms = Object.keys(given).length === 0 ? undefined : given;
  return { fun, resources, timeoutMs, waitForCapacityMs, summary, watch, terms, args: codec.encode(args, "args") };
}

/** A step; its name is its function's when it has no other. */
export interface Step {
  readonly name?: string;
  readonly fun: string;
  readonly args?: readonly unknown[];
  readonly resources?: readonly string[];
  readonly timeoutMs?: number;
  readonly terms?: StepTerms;
}

export interface RequestOptions extends Omit<CallOptions, "resources" | keyof StepTerms> {
  readonly settle?: boolean;
  /** Without, every step that no other one uses. */
  readonly outputs?: readonly Use[];
}

export function requestOf(steps: readonly Step[], options: RequestOptions = {}): RequestFields {
  const names = steps.map(({ name, fun }) => name ?? fun);
  const bindingOf = ({ step, path }: Use): WireBinding => ({ step: names.indexOf(step), path });
  const encoded = steps.map(({ fun, args = [], resources = [], timeoutMs = 0, terms }, index) => {
    const bindings: WireBinding[] = [];
    const holeOf = (value: unknown): number | undefined =>
      value instanceof Use ? bindings.push(bindingOf(value)) - 1 : undefined;
    const template = codec.encodeTemplate(args, "args", holeOf);
    return { name: names[index]!, fun, resources, timeoutMs, bindings, terms, template };
  });
  const { timeoutMs = 0, waitForCapacityMs = 0, summary = false, settle = false, watch } = options;
  const outputs = options.outputs?.map(bindingOf) ?? unconsumedSteps(encoded).map((step) => ({ step, path: [] }));
  return { timeoutMs, waitForCapacityMs, settle, summary, watch, steps: encoded, outputs };
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
