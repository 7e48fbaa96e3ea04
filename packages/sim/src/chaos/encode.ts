/**
 * Encode: the asks of a chaotic world as they go over the wire.
 */
import type { Ask, StepSpec } from "@mpreg/core/rpc";
import { codec } from "../capabilities/codec.js";
import { Part } from "../workload/plan.js";
import type { ChaosAsk, ChaosCall, ChaosMap, ChaosStep } from "./plan.js";

export function encodeChaosAsk({ kind, steps, outputs, settle, timeoutMs, detached }: ChaosAsk): Ask {
  const common = { waitForCapacityMs: 0, summary: false, ...(detached ? { detached } : {}) };
  const [first] = steps;
  if (kind === "call" && first?.kind === "call") {
    const { fun, template: args, terms } = encodeCall(first);
    const ownMs = first.timeoutMs === 0 ? timeoutMs : Math.min(timeoutMs, first.timeoutMs);
    return { kind, fields: { fun, resources: [], args, timeoutMs: ownMs, terms, ...common } };
  }
  return { kind: "request", fields: { steps: steps.map(encodeStep), outputs, settle, timeoutMs, ...common } };
}

function encodeStep(step: ChaosStep): StepSpec {
  return step.kind === "call" ? encodeCall(step) : encodeMap(step);
}

function encodeCall({ token, fun, values, timeoutMs, terms }: ChaosCall): StepSpec {
  return { name: token, fun: fun.name, resources: [], ...encoded(token, [token, ...values]), timeoutMs, terms };
}

function encodeMap({ token, list, inputs, calls, concurrency }: ChaosMap): StepSpec {
  const { template, bindings } = encoded(token, list);
  const given = [...bindings, ...inputs];
  const steps = calls.map(({ name, fun, args }): StepSpec => {
    return { name, fun: fun.name, resources: [], ...encoded(name, args), timeoutMs: 0, terms: undefined };
  });
  const map = { concurrency, steps, result: new Part(given.length + steps.length, []) };
  return { name: token, fun: "", resources: [], template, bindings: given, timeoutMs: 0, terms: undefined, map };
}

function encoded(name: string, value: unknown): Pick<StepSpec, "template" | "bindings"> {
  const bindings: Part[] = [];
  const template = codec.encodeTemplate(value, name, (part) =>
    part instanceof Part ? bindings.push(part) - 1 : undefined,
  );
  return { template, bindings };
}
