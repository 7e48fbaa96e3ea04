/** Invocation: a call on its way to its handler, copied. */
import type { Invocation } from "../rpc/index.js";

/** The call alone, without what whoever has it keeps beside it, and with `changes`. */
export function invocationWith(from: Invocation, changes: Partial<Invocation>): Invocation {
  return {
    id: from.id,
    fun: from.fun,
    version: from.version,
    template: from.template,
    bound: from.bound,
    refs: from.refs,
    startedMs: from.startedMs,
    deadlineMs: from.deadlineMs,
    depth: from.depth,
    request: from.request,
    coordinator: from.coordinator,
    step: from.step,
    caller: from.caller,
    connection: from.connection,
    timings: from.timings,
    terms: from.terms,
    ...changes, // the last: properties behind a spread are slow to add (docs/benchmarks/findings.md)
  };
}
