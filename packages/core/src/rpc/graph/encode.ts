/**
 * Encoding: from a graph whose arguments hold references to a request that is ready for the wire, and from the values
 * that come back to what the caller asked for.
 *
 * The bytes are the codec's (`encodeTemplate`); the numbering of holes is `bindings.ts`.
 *
 * (K1) Arguments are walked once, by the codec.
 * (K2) What is wrong with a request is found before it is sent, with the same codes as the node would use.
 */
import { MpregError, placed, quoted } from "../../base/index.js";
import { holesOf } from "../../values/index.js";
import type { WireLimits } from "../../wire/limits.js";
import { mapDepthMax } from "../../wire/request-messages.js";
import { BindingList, type BindingScope, mapScopeOf, placedIn, scopeOf } from "./bindings.js";
import type { GraphMap, GraphRequest, GraphStep } from "./graph-request.js";
import { setField } from "./objects.js";
import { capacityWaitMs, durationMs, flagOf, invalid } from "./call-options.js";
import { everyStep, planRequest, unconsumedSteps } from "./plan.js";
import type { Binding, RequestSpec, StepOutcome, StepSpec } from "../types.js";

/**
 * Encodes `value`; wherever `holeOf` answers a number, a hole of that number stands for the part. It is asked at least
 * about every object that is no data by its prototype, before anything else is asked of it. `what` names the value in
 * errors: `step "clean", args`.
 */
export type EncodeTemplate = (
  value: unknown,
  what: string,
  holeOf: (part: unknown) => number | undefined,
) => Uint8Array;

/** Limits checked before a request is sent. */
export type RequestLimits = Pick<WireLimits, "stepsMax" | "bindingsMax" | "pathSegmentsMax" | "messageBytesMax">;

/** A request ready for the wire, and the way back. */
export interface PreparedRequest {
  readonly spec: RequestSpec;
  /** In how many places the caller gets those values that he gets in more than one, by their number in `spec.outputs`. */
  readonly repeated: ReadonlyMap<number, number> | undefined;
  /**
   * Makes what the caller gets: of the values of `spec.outputs`, in their order, and for a request that settles of
   * what became of each step, in the order of `spec.steps`. A value that does not exist is `undefined`.
   */
  assemble(values: readonly unknown[], outcomes?: readonly StepOutcome[]): unknown;
}

/** What a run with `onError: "settle"` resolves to. */
export interface SettledAnswer<Outputs> {
  /** The outputs; `undefined` in the place of every value that depends on a failed step. */
  readonly outputs: Outputs;
  /** What became of each step, by name. */
  readonly steps: Readonly<Record<string, StepOutcome>>;
}

/**
 * Encodes a request.
 *
 * Throws `invalid-argument` (an option, a reference of another graph), `not-encodable`, `too-large`, and what
 * `planRequest` throws; each names the step.
 */
export function toRequestSpec(
  request: GraphRequest,
  encodeTemplate: EncodeTemplate,
  limits: RequestLimits,
): PreparedRequest {
  const { options, outputs } = request;
  const steps = encodeSteps(request, encodeTemplate, limits);
  const names = steps.map(({ name }) => name);
  const unconsumed = outputs.kind === "unconsumed" ? unconsumedSteps(steps) : [];
  const selected = outputs.kind === "selected" ? outputs.bindings : unconsumed.map((step) => ({ step, path: [] }));
  checkBindings(selected, "the outputs", limits);
  const settle = options.onError === "settle";
  const spec: RequestSpec = {
    steps,
    outputs: selected,
    onError: settle ? "settle" : "fail",
    waitForCapacityMs: capacityWaitMs(options.waitForCapacity),
    timeoutMs: durationMs(options.timeoutMs, "timeoutMs"),
    summary: options.onSummary !== undefined,
    detached: flagOf(options.detached, "detached"),
    watch: options.onEvent === undefined ? undefined : true,
    intermediates: flagOf(options.intermediates, "intermediates"),
  };
  planRequest(spec); // (K2)
  const unconsumedNames = unconsumed.map((step) => names[step] ?? "");
  const rebuild =
    outputs.kind === "selected" ? outputs.rebuild : (values: readonly unknown[]) => byName(unconsumedNames, values);
  return {
    spec,
    repeated: outputs.kind === "selected" ? outputs.repeated : undefined,
    assemble: (values, outcomes = []) => {
      return settle ? { outputs: rebuild(values), steps: byName(names, outcomes) } : rebuild(values);
    },
  };
}

/** What is encoded of one request, so far. */
interface Encoding {
  readonly encodeTemplate: EncodeTemplate;
  readonly limits: RequestLimits;
  bytes: number;
}

function encodeSteps(request: GraphRequest, encodeTemplate: EncodeTemplate, limits: RequestLimits): StepSpec[] {
  const { length } = everyStep(request.steps);
  if (length > limits.stepsMax) {
    throw new MpregError("too-large", `The request has ${length} steps; at most ${limits.stepsMax} are allowed`);
  }
  const scope = scopeOf(request.owner);
  const encoding: Encoding = { encodeTemplate, limits, bytes: 0 };
  return request.steps.map((step) => encodeStep(step, scope, encoding, 0));
}

function encodeStep(step: GraphStep, scope: BindingScope, encoding: Encoding, depth: number): StepSpec {
  try {
    return step.map === undefined
      ? encodeCall(step, scope, encoding)
      : encodeMap(step, step.map, scope, encoding, depth + 1);
  } catch (error) {
    throw placed(error, { step: step.name });
  }
}

function encodeCall(step: GraphStep, scope: BindingScope, encoding: Encoding): StepSpec {
  const { name, fun, resources, args, timeoutMs, terms } = step;
  const what = `step ${quoted(name)}, args`;
  const bindings = new BindingList(scope);
  const template = encode(encoding, args, name, what, bindings);
  checkBindings(bindings.list, what, encoding.limits);
  return { name, fun, resources, template, bindings: bindings.list, timeoutMs, terms };
}

function encodeMap(
  step: GraphStep,
  { list, concurrency, owner, steps, result }: GraphMap,
  scope: BindingScope,
  encoding: Encoding,
  depth: number,
): StepSpec {
  const { name, fun, resources, timeoutMs, terms } = step;
  const what = `map ${quoted(name)}, list`;
  if (depth > mapDepthMax) {
    throw new MpregError("too-large", `Maps are nested ${depth} deep; at most ${mapDepthMax} are allowed`);
  }
  const inputs = new BindingList(scope);
  const template = encode(encoding, list, name, what, inputs);
  checkListHoles(template, inputs.list.length, what);
  const inner = mapScopeOf(owner, inputs);
  const encoded = steps.map((each) => encodeStep(each, inner, encoding, depth));
  const outcome = new BindingList(inner);
  outcome.holeOf(result, `map ${quoted(name)}, what becomes of an item`);
  checkBindings(inputs.list, what, encoding.limits);
  const given = inputs.list.length;
  const placedSteps = encoded.map((each): StepSpec => {
    return { ...each, bindings: each.bindings.map((binding) => placedIn(binding, given)) };
  });
  const map = { concurrency, steps: placedSteps, result: placedIn(outcome.list[0] as Binding, given) };
  return { name, fun, resources, template, bindings: inputs.list, timeoutMs, terms, map };
}

/** The coordinator puts the list together without decoding it, and does not look into what has a length in bytes. */
function checkListHoles(template: Uint8Array, references: number, what: string): void {
  if (new Set(holesOf(template).map(({ number }) => number)).size === references) return;
  throw invalid(
    `${what} has a reference inside a Map or a Set; give it as an item, or inside arrays and plain objects`,
  );
}

function encode(encoding: Encoding, value: unknown, name: string, what: string, bindings: BindingList): Uint8Array {
  const { encodeTemplate, limits } = encoding;
  const template = encodeTemplate(value, what, (part) => bindings.holeOf(part, what)); // (K1)
  encoding.bytes += template.length;
  if (encoding.bytes <= limits.messageBytesMax) return template;
  const message = `The arguments up to step ${quoted(name)} take ${encoding.bytes} bytes; at most ${limits.messageBytesMax} are allowed`;
  throw new MpregError("too-large", message);
}

function checkBindings(bindings: readonly Binding[], what: string, limits: RequestLimits): void {
  if (bindings.length > limits.bindingsMax) {
    const message = `There are ${bindings.length} references in ${what}; at most ${limits.bindingsMax} are allowed`;
    throw new MpregError("too-large", message);
  }
  for (const { path } of bindings) {
    if (path.length <= limits.pathSegmentsMax) continue;
    const message = `A reference in ${what} has a path of ${path.length} segments; at most ${limits.pathSegmentsMax} are allowed`;
    throw new MpregError("too-large", message);
  }
}

function byName(names: readonly string[], values: readonly unknown[]): Record<string, unknown> {
  const named: Record<string, unknown> = {};
  names.forEach((name, index) => setField(named, name, values[index]));
  return named;
}
