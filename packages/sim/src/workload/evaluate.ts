/**
 * Evaluate: what a planned ask must answer, worked out without any of the machinery that answers it.
 *
 * (V1) It knows values, not bytes: references are looked up in results as JavaScript would.
 */
import type { Path } from "@mpreg/core/rpc";
import { type Answer, answerOf, bulkText } from "./functions.js";
import type { Part, PlannedAsk, PlannedStep } from "./plan.js";
import { partsIn, withParts } from "./requests.js";

/** How a step ends when nothing disturbs it. */
export type StepEnd =
  | { readonly kind: "ok"; readonly value: Answer }
  | { readonly kind: "fails"; readonly code: string }
  /** A step that it needs does not end well. */
  | { readonly kind: "skipped" };

export interface EvaluateOptions {
  /** How deep calls may be nested. */
  readonly depthMax: number;
  /** Resources that nobody offers. */
  readonly isOffered: (step: PlannedStep) => boolean;
}

export function evaluate(ask: PlannedAsk, options: EvaluateOptions): StepEnd[] {
  const ends: (StepEnd | undefined)[] = ask.steps.map(() => undefined);
  const endOf = (index: number): StepEnd =>
    (ends[index] ??= evaluateStep(ask.steps[index] as PlannedStep, endOf, options));
  return ask.steps.map((_, index) => endOf(index));
}

/** What stands at `path` in `value`; `undefined` in an own object when nothing does. (V1) */
export function lookUp(value: unknown, path: Path): { readonly found: unknown } | undefined {
  let part = value;
  for (const segment of path) {
    const isText = typeof part === "string" && segment === "length";
    if (!isText && (typeof part !== "object" || part === null || !Object.hasOwn(part, segment))) return undefined;
    part = (part as Record<string | number, unknown>)[segment];
  }
  return { found: part };
}

function evaluateStep(step: PlannedStep, endOf: (index: number) => StepEnd, options: EvaluateOptions): StepEnd {
  const parts = partsIn(step.args);
  if (parts.some((part) => endOf(part.step).kind !== "ok")) return { kind: "skipped" };
  const valueOf = (part: Part): unknown => {
    const end = endOf(part.step);
    return end.kind === "ok" ? end.value : undefined;
  };
  if (parts.some((part) => lookUp(valueOf(part), part.path) === undefined)) return fails("path-missing");
  if (!options.isOffered(step)) return fails("no-provider");
  const args = withParts(step.args, (part) => lookUp(valueOf(part), part.path)?.found) as readonly unknown[];
  return run(step, args, options.depthMax);
}

function run({ token, behaviour, timeoutMs }: PlannedStep, args: readonly unknown[], depthMax: number): StepEnd {
  const [first, ...rest] = args;
  switch (behaviour) {
    case "mix":
      return ok(answerOf(token, args));
    case "delay":
    case "nap":
      return timeoutMs > 0 && (first as number) > timeoutMs ? fails("deadline") : ok(answerOf(token, rest));
    case "bulk":
      return ok(answerOf(token, rest, bulkText(token, first as number)));
    case "nest":
      if (first === "nowhere") return fails("handler-error");
      // of what it passes on, `delay` takes the first for the time to sleep
      return ok(answerOf(token, [answerOf(`${token}/n`, first === "delay" ? rest.slice(1) : rest), ...rest]));
    case "fan": {
      const shared = answerOf(`${token}/f`, rest);
      const others = Array.from({ length: first as number }, (_, index) =>
        answerOf(`${token}/${index}`, [shared, index]),
      );
      return ok(answerOf(token, [others]));
    }
    case "recurse":
      return (first as number) > depthMax ? fails("too-deep") : ok(recursed(token, first as number, rest));
    case "fail":
      return fails("handler-error");
    case "odd":
      return fails("not-encodable");
  }
}

function recursed(token: string, depth: number, values: readonly unknown[]): Answer {
  return depth === 0 ? answerOf(token, values) : answerOf(token, [recursed(`${token}/r`, depth - 1, values)]);
}

function ok(value: Answer): StepEnd {
  return { kind: "ok", value };
}

function fails(code: string): StepEnd {
  return { kind: "fails", code };
}
