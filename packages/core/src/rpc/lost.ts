/** Lost: what is known of steps whose node, or the way there, was lost. */
import { MpregError } from "../base/index.js";
import type { Task } from "./task.js";

/** Nobody knows whether the task took effect: `what` happened to the node that it was sent to. */
export function lostError(
  { fun, step }: Task,
  { offer, via }: Extract<Task["place"], { kind: "remote" }>,
  what: (name: string) => string,
): MpregError {
  const node = offer.owner.name;
  const where = via === undefined ? "was running there" : `was on its way to node "${node}", or running there`;
  const message = `${what((via ?? offer.owner).name)} while "${fun}" ${where}; whether it took effect is unknown`;
  return new MpregError("node-lost", message, { outcome: "unknown", step, node });
}

/** The error as it is true of all runs of the task: an earlier one may have taken effect. */
export function knownOf({ attempts }: Task, error: MpregError): MpregError {
  return attempts > 0 && error.outcome === "not-applied" ? error.withOutcome("unknown") : error;
}
