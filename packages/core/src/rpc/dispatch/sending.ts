/**
 * Sending: a task as the message that asks another node to run it.
 *
 * (N1) Values above `inlineBytesMax` are lent to the node that runs it, which fetches them: a message of a link never
 *      takes long, whatever it is about.
 */
import type { Offer } from "../../catalog/index.js";
import {
  type BoundRef,
  type StepMessage,
  type StepRelay,
  type StepTerms,
  ownTerms,
  writeCancel,
  writeHeard,
  writeStep,
} from "../../wire/index.js";
import type { RpcHost } from "../host.js";
import type { Results } from "../results/index.js";
import { stepHopsMax } from "../limits.js";
import type { Channel, Peer, Task } from "../task.js";

/**
 * Queues the task, which has a number already, on the link to the node of the offer, or to `via`, which passes it on.
 *
 * Answers its size in bytes; 0 when there is no room for it now, and the negative size when the far side does not take
 * messages of that size.
 */
export function sendTask(
  task: Task,
  channel: Channel,
  offer: Offer<Peer>,
  via: Peer | undefined,
  results: Results,
  nowMs: number,
): number {
  const { outbox, remoteMessageBytesMax } = channel.link;
  const { inlineBytesMax, valueBytesMax } = results.limits;
  const allBytes = valueBytes(task) + (task.refs === undefined ? 0 : refBytes(task.refs));
  if (allBytes > valueBytesMax) return -allBytes;
  if (allBytes > inlineBytesMax) lendValues(task, results);
  const { bound, refs } = task.lent ?? task;
  // a few bytes of references can stand for any amount: what is too much is not even written
  const bytes = bound.reduce((sum, value) => sum + value.length, task.template.length);
  if (bytes > remoteMessageBytesMax) {
    takeBack(task, results);
    return -bytes;
  }
  const keepMs = task.keepUntilMs > task.deadlineMs ? Math.ceil(task.keepUntilMs - nowMs) : undefined;
  writeStep(outbox.writer, {
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
    bound,
    refs,
    keepMs,
    template: task.template,
  });
  const size = outbox.commit(remoteMessageBytesMax);
  if (size <= 0) takeBack(task, results);
  else if (task.isUnheard) sendHeard(channel, task.id, false);
  return size;
}

/** What was lent for the task is not needed there any more. */
export function takeBack(task: Task, { kept }: Results): void {
  const { lent } = task;
  if (lent === undefined) return;
  task.lent = undefined;
  for (const key of lent.keys) kept.release(key);
}

/** (N1) */
function lendValues(task: Task, { kept, limits }: Results): void {
  const { bound, step, coordinator } = task;
  const fields = { step, keptFor: { kind: "node", nodeId: coordinator }, untilMs: task.deadlineMs } as const;
  const keys: number[] = [];
  const refs: BoundRef[] = [...(task.refs ?? [])];
  const rest = bound.map((value, index) => {
    if (value.length <= limits.inlineBytesMax) return value;
    const ref = kept.lend(value, fields);
    keys.push(ref.key);
    refs.push({ index, ref });
    return noBytes;
  });
  if (keys.length > 0) task.lent = { bound: rest, refs, keys };
}

const noBytes = new Uint8Array(0);

/** Bytes of a task's arguments that are here: most of what it takes to send it. */
export function valueBytes({ template, bound }: Task): number {
  return bound.reduce((sum, value) => sum + value.length, template.length);
}

/** Bytes of a task's arguments that are kept by other nodes. */
export function refBytes(refs: readonly BoundRef[]): number {
  return refs.reduce((sum, { ref }) => sum + ref.bytes, 0);
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

/** Tells whoever runs the task whether its end is heard, now and where it is sent later. */
export function tellHeard(task: Task, isHeard: boolean, handlers: Pick<RpcHost, "heard">): void {
  const { place, id } = task;
  task.isUnheard = !isHeard;
  if (place.kind === "local") handlers.heard(id, isHeard);
  else if (place.kind === "remote") sendHeard(place.channel, id, isHeard);
}

function sendHeard({ link }: Channel, id: number, isHeard: boolean): void {
  writeHeard(link.outbox.writer, id, isHeard);
  link.outbox.commitCancel(); // a few bytes, whatever waits
}

/** What of the task's terms matters to the node that runs it, and the version that was chosen there. */
function termsThere({ terms }: Task, { traits: { version } }: Offer<Peer>): StepTerms | undefined {
  const idempotencyKey = terms?.idempotencyKey;
  const priority = terms?.priority;
  const trace = terms?.trace;
  const watched = terms?.watched;
  if ((idempotencyKey ?? version ?? priority ?? trace ?? watched) === undefined) return undefined;
  const there = ownTerms(undefined);
  there.idempotencyKey = idempotencyKey;
  there.version = version;
  there.priority = priority;
  there.trace = trace;
  there.watched = watched;
  return there;
}

/** The way of a step, no longer than it may be; `undefined` when the far side has chosen this node itself. (D7) */
export function relayHere({ relay }: Pick<StepMessage, "relay">): StepRelay | undefined {
  if (relay === undefined || relay.hopsLeft < stepHopsMax) return relay;
  return { ...relay, hopsLeft: stepHopsMax - 1 };
}
