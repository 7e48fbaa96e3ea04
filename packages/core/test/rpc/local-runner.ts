/**
 * A runner in one process, for tests of the builder: encodes a request with the real codec, runs its steps in the order
 * of the plan, cuts the parts that bindings name, and assembles the answer.
 */
import { MpregError } from "../../src/base/index.js";
import { explainReference } from "../../src/rpc/graph/bindings.js";
import { type PreparedRequest, toRequestSpec } from "../../src/rpc/graph/encode.js";
import type { GraphRequest, GraphRunner } from "../../src/rpc/graph/graph-request.js";
import { planRequest } from "../../src/rpc/graph/plan.js";
import type { Binding, StepOutcome } from "../../src/rpc/types.js";
import { createCodec } from "../../src/values/codec.js";
import { defaultWireLimits } from "../../src/wire/limits.js";
import { pick } from "../../src/values/pick.js";

type Functions = Readonly<Record<string, (...args: never[]) => unknown>>;

const text = new TextEncoder();
const encoded = new TextDecoder();

export const codec = createCodec(
  { encode: (value) => text.encode(value), decode: (bytes, start, end) => encoded.decode(bytes.subarray(start, end)) },
  { explain: explainReference },
);

export function prepare(request: GraphRequest): PreparedRequest {
  return toRequestSpec(request, codec.encodeTemplate, defaultWireLimits);
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
      const results: Uint8Array[] = [];
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
            const bound = step.bindings.map((binding) => cut(results, binding));
            const args = codec.decodeTemplate(step.template, bound) as never[];
            log.push([step.name, ...args]);
            results[index] = codec.encode(functions[step.fun]!(...args), step.name);
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
        return outcomes[output.step]?.status === "done" ? codec.decode(cut(results, output)) : undefined;
      });
      resolve(assemble(values, outcomes));
    });
}

function cut(results: readonly Uint8Array[], { step, path }: Binding): Uint8Array {
  const part = pick(results[step]!, path);
  if (part instanceof Uint8Array) return part;
  throw new MpregError("path-missing", `there is no ${String(path[part.missingAt])}`);
}
