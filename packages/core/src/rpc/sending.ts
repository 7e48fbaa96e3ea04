/** Sending: what a task is on a link. */
import type { Offer } from "../catalog/index.js";
import { type StepRelay, type StepTerms, type Writer, writeCancel, writeStep } from "../wire/index.js";
import { stepHopsMax } from "./limits.js";
import type { Channel, Peer, Task } from "./task.js";

/** Writes the step, for the node of the offer; it goes there through `via`, where that is one. */
export function writeTask(writer: Writer, task: Task, offer: Offer<Peer>, via: Peer | undefined, nowMs: number): void {
  writeStep(writer, {
    id: task.id,
    timeoutMs: Math.max(1, Math.ceil(task.deadlineMs - nowMs)),
    request: task.request,
    depth: task.depth,
    fun: task.fun,
    step: task.step,
    resources: task.resources,
    behalf: task.caller.kind === "client" ? task.caller.address : undefined,
    connection: task.connection,
    timings: task.timings,
    terms: termsThere(task, offer),
    relay: via === undefined && task.relay === undefined ? undefined : relayOf(task, offer.owner),
    bound: task.bound,
    template: task.template,
  });
}

/** Bytes of a task's arguments: most of what it takes to send it. */
export function valueBytes({ template, bound }: Task): number {
  return bound.reduce((sum, value) => sum + value.length, template.length);
}

/** How the task travels to `peer` through others. (D7) */
function relayOf({ coordinator, relay }: Task, peer: Peer): StepRelay {
  return { target: peer.nodeId, origin: coordinator, hopsLeft: (relay?.hopsLeft ?? stepHopsMax) - 1 };
}

/** Takes back the step of that number. */
export function cancel({ link }: Channel, id: number): void {
  writeCancel(link.outbox.writer, id);
  link.outbox.commitCancel();
}

/** What of the task's terms matters to the node that runs it, and the version that was chosen there. */
function termsThere({ terms }: Task, { traits: { version } }: Offer<Peer>): StepTerms | undefined {
  const idempotencyKey = terms?.idempotencyKey;
  const priority = terms?.priority;
  const trace = terms?.trace;
  if ((idempotencyKey ?? version ?? priority ?? trace) === undefined) return undefined;
  return { idempotencyKey, version, priority, trace };
}
