/**
 * A runner in one process, for tests of the builder: encodes a request, runs its steps in the order of the plan, cuts
 * the parts that bindings name, and assembles the answer. Its codec is JSON with numbered holes.
 */
import { MpregError } from "../../src/base/index.js";
import { type EncodeTemplate, type PreparedRequest, toRequestSpec } from "../../src/rpc/encode.js";
import type { GraphRequest, GraphRunner } from "../../src/rpc/graph-request.js";
import { planRequest } from "../../src/rpc/plan.js";
import type { Binding, StepOutcome } from "../../src/rpc/types.js";
import { defaultWireLimits } from "../../src/wire/limits.js";

type Functions = Readonly<Record<string, (...args: never[]) => unknown>>;

/** Encodes as JSON in which `{ "hole": n }` is hole `n` and data is behind `{ "data": … }` or in arrays and objects. */
export const encodeTemplate: EncodeTemplate = (value, what, holeOf) => {
  const walk = (part: unknown): unknown => {
    const hole = holeOf(part);
    if (hole !== undefined) return { hole };
    if (Array.isArray(part)) return { items: part.map(walk) };
    if (typeof part === "object" && part !== null) {
      return { fields: Object.entries(part).map(([name, field]) => [name, walk(field)]) };
    }
    if (typeof part === "function") throw new MpregError("not-encodable", `${what}: a function cannot be encoded`);
    return { data: part };
  };
  return new TextEncoder().encode(JSON.stringify(walk(value)));
};

interface Encoded {
  readonly hole?: number;
  readonly items?: Encoded[];
  readonly fields?: [string, Encoded][];
  readonly data?: unknown;
}

/** The value of a template whose holes hold `bound`. */
export function decodeTemplate(template: Uint8Array, bound: readonly unknown[]): unknown {
  const walk = ({ hole, items, fields, data }: Encoded): unknown => {
    if (hole !== undefined) return bound[hole];
    if (items !== undefined) return items.map(walk);
    if (fields === undefined) return data;
    return Object.fromEntries(fields.map(([name, field]) => [name, walk(field)]));
  };
  return walk(JSON.parse(new TextDecoder().decode(template)) as Encoded);
}

export function prepare(request: GraphRequest): PreparedRequest {
  return toRequestSpec(request, encodeTemplate, defaultWireLimits);
}

/** Catches the request of a graph's run, prepared. */
export async function preparedBy(run: (runner: GraphRunner) => Promise<unknown>): Promise<PreparedRequest> {
  return (await run((request) => Promise.resolve(prepare(request)))) as PreparedRequest;
}

/** A runner that calls `functions`; every call is written to `log` with its arguments. */
export function localRunner(functions: Functions, log: [string, ...unknown[]][] = []): GraphRunner {
  return (request) =>
    new Promise((resolve) => {
      const { spec, assemble } = prepare(request);
      const results: unknown[] = [];
      const outcomes: StepOutcome[] = [];
      const { roots, dependents, dependentsStart, ...plan } = planRequest(spec);
      const waitsFor = plan.waitsFor.slice();
      const ready = [...roots];
      for (let index = ready.shift(); index !== undefined; index = ready.shift()) {
        const step = spec.steps[index]!;
        const failed = step.bindings.find((binding) => outcomes[binding.step]?.status !== "done");
        if (failed !== undefined) {
          outcomes[index] = { status: "skipped", because: spec.steps[failed.step]!.name };
        } else {
          try {
            const args = decodeTemplate(
              step.template,
              step.bindings.map((binding) => cut(results, binding)),
            ) as never[];
            log.push([step.name, ...args]);
            results[index] = functions[step.fun]!(...args);
            outcomes[index] = { status: "done" };
          } catch (cause) {
            const error = new MpregError("handler-error", String(cause), { step: step.name, outcome: "applied" });
            if (spec.onError === "fail") throw error;
            outcomes[index] = { status: "failed", error };
          }
        }
        for (const next of dependents.subarray(dependentsStart[index], dependentsStart[index + 1])) {
          if (--waitsFor[next]! === 0) ready.push(next);
        }
      }
      const values = spec.outputs.map((output) => {
        return outcomes[output.step]?.status === "done" ? cut(results, output) : undefined;
      });
      resolve(assemble(values, outcomes));
    });
}

function cut(results: readonly unknown[], { step, path }: Binding): unknown {
  let part = results[step];
  for (const segment of path) {
    if (part === null || part === undefined || !Object.hasOwn(Object(part) as object, segment)) {
      throw new MpregError("path-missing", `there is no ${String(segment)}`);
    }
    part = (part as Record<string | number, unknown>)[segment];
  }
  return part;
}
