/** Lost: what is known, and said, of steps whose node or time was lost, or the way there. */
import { MpregError } from "../../base/index.js";
import type { Channel, Task } from "../task.js";

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

/** The same, of the link that the task was sent over. */
export function brokenError(
  task: Task,
  place: Extract<Task["place"], { kind: "remote" }>,
  { link }: Channel,
): MpregError {
  const reason = link.ended?.goodbye.reason;
  const why = reason === undefined || reason === "" ? "" : ` (${reason})`;
  return lostError(task, place, (name) => `The link to node "${name}" broke${why}`);
}

/** The error as it is true of all runs of the task: an earlier one may have taken effect. */
export function knownOf({ attempts }: Task, error: MpregError): MpregError {
  return attempts > 0 && error.outcome === "not-applied" ? error.withOutcome("unknown") : error;
}

/** What its owner is told when the time of a task is up. */
export function expiredError(task: Task, nodeName: string): MpregError {
  const { place, fun, step } = task;
  const outcome = task.begun ? "unknown" : "not-applied";
  const ranOn = place.kind === "local" || place.kind === "remote" ? place.offer.owner.name : undefined;
  const isOpen = place.kind === "waiting" && place.error !== undefined;
  const waitedFor = isOpen ? "a circuit to close" : (waitedForBy[place.kind] ?? "a node that offers it");
  const where = ranOn === undefined ? `while it waited for ${waitedFor}` : endedOn(place, ranOn);
  const message = `The time allowed for "${fun}" ran out ${where}`;
  return new MpregError("deadline", message, { outcome, step, node: ranOn ?? nodeName });
}

/** How far a step has come on the node that it was given to. Only that node knows whether it has begun there. */
function endedOn(place: Task["place"], node: string): string {
  if (place.kind !== "local") return `before node "${node}" answered`;
  return `${place.isRevoked ? "before its handler began" : "while it was running"} on node "${node}"`;
}

/** What a step that has a node to run it may still wait for. */
const waitedForBy: Partial<Record<Task["place"]["kind"], string>> = {
  queued: "its turn",
  retrying: "its time to be run again",
  fetching: "values that are kept by other nodes",
  held: "room on the link to the node that offers it",
  reaching: "a link to the node that offers it",
};

/** Ends of a stream that say nothing of what its handler did. */
const cuts: ReadonlySet<string> = new Set(["result-lost", "cancelled", "node-lost", "thread-lost", "closed"]);

/** Whether a stream has ended so because the node, the thread or the way to it was lost. */
export function isCut({ code, outcome }: MpregError): boolean {
  return outcome !== "applied" && cuts.has(code);
}

/** What is told of a step that has read a stream that was cut: that, and not what its handler has thrown because of it. */
export function cutError({ fun, step, cut }: Task, thrown: MpregError): MpregError {
  if (cut === undefined || thrown.code !== "handler-error") return thrown;
  const message = `"${fun}" could not read a stream to its end: ${cut.message}`;
  return new MpregError("result-lost", message, { outcome: "unknown", step, node: cut.node });
}

export function readsStreams({ refs }: Task): boolean {
  return refs?.some(({ ref }) => ref.isStream) === true;
}

/** A run that may have read of a stream is lost: the step runs again with another stream only. */
export function rereadError({ step }: Task, { message, node }: MpregError): MpregError {
  const why = "the streams that it reads are read once, and are to be made again before it runs again";
  return new MpregError("result-lost", `${message}; ${why}`, { outcome: "unknown", step, node });
}

/** Nothing was begun: another node may be asked. */
export function leaving(node: string): MpregError {
  return new MpregError("closed", `Node "${node}" is about to leave and takes nothing new`, { node });
}
