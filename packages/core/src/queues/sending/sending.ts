/**
 * Sending: from an operation to messages that are in the queue.
 *
 * (N1) A message that was sent already, as `dedup` sees it, is answered as the first one was, and is not taken again.
 * (N2) What is on its way to the disk counts: room, ids and dedup ids are reserved, and given back if it does not get there.
 * (N3) What has to be remembered for longer than it is here is bounded, too: it is refused, since to forget would be to take it twice.
 */
import { MpregError, hexOf, quoted } from "../../base/index.js";
import type { Operation } from "../../journal/index.js";
import { droppingOf } from "./dropping.js";
import type { Transfer } from "../host.js";
import { type Prepared, type Taker, checkBytes, checkMessage, checkScheduled } from "./intake.js";
import { Message } from "../message/message.js";
import { priorityDefault } from "../message/sealed.js";
import type { Queue } from "../queue.js";
import { checkSubscriptions } from "../settings/subscribing.js";
import type { DeadLetter, OutgoingMessage, QueueEnd, SendEnd } from "../types.js";
import { Remembered, type Window } from "./window.js";

/** What has become of a message before its batch is written. */
export type Preparation =
  | { readonly kind: "refused"; readonly error: MpregError }
  | { readonly kind: "duplicate"; readonly of: Remembered }
  | { readonly kind: "prepared"; readonly prepared: Prepared; readonly operations: readonly Operation[] };

/** `also`: what is written in the same batch, where the disk takes the messages that are `isTaken`. */
export function send(
  queue: Queue,
  messages: readonly OutgoingMessage[],
  end: (end: QueueEnd<"send">) => void,
  nowMs: number,
  also?: (isTaken: (index: number) => boolean) => readonly Operation[],
): void {
  const operations: Operation[] = [];
  const preparations: Preparation[] = [];
  let duplicates = 0;
  let bytes = 0;
  for (const message of messages) {
    const made = prepare(queue, message, undefined, nowMs);
    preparations.push(made);
    if (made.kind === "prepared") {
      operations.push(...made.operations);
      bytes += made.prepared.message.bytes;
    } else if (made.kind === "duplicate") duplicates += 1;
  }
  const { sendBytesMax } = queue.host.limits;
  if (bytes > sendBytesMax) {
    giveAllBack(queue, preparations, nowMs);
    const message = `A send to queue ${quoted(queue.name)} has ${bytes} bytes; the limit is ${sendBytesMax}: send less at once`;
    end({ kind: "failed", error: new MpregError("too-large", message) });
    return;
  }
  if (also !== undefined) operations.push(...also((index) => preparations[index]?.kind !== "refused"));
  const done = (at: number): void => {
    const ends = preparations.map((made) => endOf(queue, made));
    for (const made of preparations) if (made.kind === "prepared") admit(queue, made.prepared, at);
    queue.expiry.advance(at);
    end({ kind: "done", value: ends });
    queue.serve(at);
  };
  const failed = (error: MpregError, at: number): void => {
    if (error.outcome !== "unknown") giveAllBack(queue, preparations, at);
    const refused: SendEnd = { kind: "refused", error };
    end({ kind: "done", value: preparations.map((made) => (made.kind === "refused" ? made : refused)) });
    queue.serve(at);
  };
  // an empty batch ends when those before it have: when what the duplicates repeat is on the disk, or refused
  if (queue.durable && duplicates > 0 && operations.length === 0) queue.host.writes.write([], { done, failed });
  else queue.commit(operations, { done, failed }, nowMs);
}

function giveAllBack(queue: Queue, preparations: readonly Preparation[], nowMs: number): void {
  for (const made of preparations.toReversed()) if (made.kind === "prepared") giveBack(queue, made.prepared, nowMs);
}

function endOf(queue: Queue, made: Preparation): SendEnd {
  if (made.kind === "refused") {
    queue.figures.refused += 1;
    return made;
  }
  if (made.kind === "prepared") {
    queue.figures.sent += 1;
    return { kind: "done", id: made.prepared.id, sequence: BigInt(made.prepared.message.sequence), duplicate: false };
  }
  const { id, messageSequence, refused } = made.of;
  if (!refused) {
    queue.figures.duplicates += 1;
    return { kind: "done", id, sequence: BigInt(messageSequence), duplicate: true };
  }
  const error = new MpregError(
    "overloaded",
    `The message ${quoted(id)} that this one repeats was refused: send it again`,
  );
  return { kind: "refused", error };
}

/** A message of another queue comes in, with what has become of it there. */
export function prepareTransfer(
  queue: Queue,
  message: OutgoingMessage,
  deadLetter: DeadLetter | undefined,
  nowMs: number,
): Transfer {
  const { ttlMs: _ttlMs, delayMs: _delayMs, ...rest } = message; // what it waits for may come, or have come, the same way
  const come = deadLetter === undefined ? withOwnIds(queue, rest) : rest;
  // several lanes may give up the same message: the first one's dead letter keeps the id
  const { id, ...unnamed } = come;
  const isTaken = id !== undefined && queue.byId(id) !== undefined;
  const made = prepare(queue, isTaken ? unnamed : come, { deadLetter }, nowMs);
  return transferOf(queue, made);
}

/** Ids that this node has made are here what they were before they went to another one. */
function withOwnIds({ host }: Queue, message: OutgoingMessage): OutgoingMessage {
  const { id, after } = message;
  return {
    ...message,
    ...(id === undefined ? {} : { id: host.madeHere(id) }),
    ...(after === undefined ? {} : { after: after.map((each) => host.madeHere(each)) }),
  };
}

/** A message that a schedule makes: none before it is the same, and it is not delayed beyond what it says itself. */
export function prepareScheduled(queue: Queue, message: OutgoingMessage, nowMs: number): Transfer {
  try {
    checkScheduled(queue, message); // its settings may be others by now
  } catch (error) {
    if (error instanceof MpregError) return { kind: "refused", error };
    throw error;
  }
  return transferOf(queue, prepare(queue, message, { deadLetter: undefined }, nowMs));
}

function transferOf(queue: Queue, made: Preparation): Transfer {
  if (made.kind === "duplicate") throw new Error("the dedup id of what is transferred is compared with none");
  if (made.kind === "refused") return made;
  const { prepared, operations } = made;
  return {
    kind: "prepared",
    operations,
    admit: (at) => {
      admit(queue, prepared, at);
      queue.expiry.advance(at);
      queue.serve(at);
    },
    giveBack: (at) => {
      giveBack(queue, prepared, at);
    },
  };
}

/** Checks a message, and reserves what it needs. */
function prepare(
  queue: Queue,
  message: OutgoingMessage,
  transfer: { readonly deadLetter: DeadLetter | undefined } | undefined,
  nowMs: number,
): Preparation {
  try {
    if (transfer === undefined) checkMessage(queue.name, message, queue.settings, queue.host.limits);
    else checkBytes(queue.name, message.body, queue.settings); // what else it is was checked where it was sent
    return reserve(queue, message, transfer, nowMs);
  } catch (error) {
    if (error instanceof MpregError) return { kind: "refused", error };
    throw error;
  }
}

/** Reserves what a message needs. Throws why it cannot be taken. (N2) */
export function reserve(
  queue: Queue,
  message: OutgoingMessage,
  transfer: { readonly deadLetter: DeadLetter | undefined } | undefined,
  nowMs: number,
): Preparation {
  // whoever has sent what comes from another queue may send the same here: its dedup id is told to receivers, and compared with none
  const key = transfer === undefined ? dedupKey(queue, message) : undefined;
  const repeated = key === undefined ? undefined : queue.dedup.get(key, nowMs);
  if (repeated !== undefined) return { kind: "duplicate", of: repeated }; // (N1)
  checkSubscriptions(queue);
  if (message.id !== undefined && queue.byId(message.id) !== undefined) {
    throw new MpregError(
      "invalid-argument",
      `Queue ${quoted(queue.name)} has a message of the id ${quoted(message.id)} already`,
    );
  }
  if (transfer === undefined) checkRemembered(queue, key, message.idempotencyKey);
  const { settings, host } = queue;
  const delayMs = message.delayMs ?? (transfer === undefined ? settings.delayMs : 0);
  const sentWallMs = host.wallMs();
  const content = host.sealer.seal(message, { sentWallMs, delayMs, deadLetter: transfer?.deadLetter });
  const taker = makeRoom(queue, content.length, nowMs);
  const sequence = queue.nextSequence++;
  const promise = queue.promiseFor(sequence);
  const held = new Message(sequence, content, {
    bytes: content.length,
    sentMs: Math.ceil(nowMs),
    group: message.group,
    priority: message.priority ?? priorityDefault,
    marks: marksOf(message, transfer?.deadLetter),
    wanted: settings.guarantee.kind === "quorum" ? settings.guarantee.needed : 1,
  });
  queue.room.take(held.bytes);
  if (settings.overflow === "drop-oldest") droppingOf(queue).comes(held);
  if (message.id !== undefined) queue.ids.set(message.id, held);
  const isInVain = queue.dependents.comes(held, delayMs, transfer !== undefined);
  const id = queue.idOf(held);
  const remembered = key === undefined ? undefined : new Remembered(key, id, sequence);
  const windowMs = settings.dedup?.windowMs ?? 0;
  if (remembered !== undefined) {
    remembered.isPending = true;
    queue.dedup.put(remembered, nowMs + windowMs);
    queue.expiry.remembered();
  }
  const operations: Operation[] = [];
  if (queue.durable) {
    for (const victim of taker?.victims ?? []) operations.push(...queue.undoneOf(victim));
    if (promise !== undefined) operations.push(host.tables.putSequences(queue.id, promise));
    operations.push(host.tables.putMessage(queue.id, sequence, content));
    if (isInVain) operations.push(host.tables.putFailed(queue.id, sequence));
    if (remembered !== undefined) {
      const row = { untilWallMs: sentWallMs + windowMs, sequence, id };
      operations.push(host.tables.putWindow("dedup", queue.id, remembered.key, row));
    }
  }
  return { kind: "prepared", prepared: { message: held, id, delayMs, remembered, taker, promise }, operations };
}

/**
 * What is remembered of a message beside its bytes. A dead letter waits for nothing. Its key is not remembered: to have looked at one is not to have done what it asks for, and several
 * subscriptions may have given up the same message.
 */
export function marksOf(
  { id, idempotencyKey, after, ttlMs, keepResult = false }: OutgoingMessage,
  deadLetter: DeadLetter | undefined,
): Message["marks"] {
  const isLetter = deadLetter !== undefined;
  const key = isLetter ? undefined : idempotencyKey;
  const awaited = isLetter ? undefined : after;
  const isPlain = id === undefined && key === undefined && awaited === undefined && ttlMs === undefined && !keepResult;
  return isPlain ? undefined : { id, key, after: awaited, ttlMs, keepResult };
}

/** Throws `overloaded`. What a queue has with a key, and has not done yet, is bounded by `messagesMax`. (N3) */
function checkRemembered(queue: Queue, dedup: string | undefined, key: string | undefined): void {
  const { rememberedMax } = queue.host.limits;
  const isFull = (ids: Window): boolean => ids.size >= rememberedMax;
  const [what, helps] =
    dedup !== undefined && isFull(queue.dedup)
      ? ["dedup ids", `"windowMs" of "dedup"`]
      : key !== undefined && isFull(queue.keys) && queue.keys.peek(key) === undefined
        ? ["idempotency keys", `"keyWindowMs"`]
        : [];
  if (what === undefined) return;
  const message = `Queue ${quoted(queue.name)} remembers ${rememberedMax} ${what}, the most there may be: send fewer within ${helps}, or make that shorter for what comes then`;
  throw new MpregError("overloaded", message);
}

function dedupKey(queue: Queue, message: OutgoingMessage): string | undefined {
  const { dedup } = queue.settings;
  if (dedup === undefined) return undefined;
  const id = message.dedup ?? (dedup.byContent ? hexOf(queue.host.sha256(message.body)) : undefined);
  if (id === undefined) return undefined;
  const kind = message.dedup === undefined ? "c" : "i";
  return dedup.scope === "group" ? `${kind}${id}\u0000${message.group ?? ""}` : `${kind}${id}`;
}

/** What makes room for `bytes`, where something has to. Throws where there can be none; nothing has happened then. */
function makeRoom(queue: Queue, bytes: number, nowMs: number): Taker | undefined {
  const { settings, room, name } = queue;
  if (room.has(settings, bytes)) return undefined;
  if (settings.overflow === "reject") throw room.full(name, settings, bytes);
  return droppingOf(queue).makeRoom(bytes, nowMs);
}

/** It is on the disk. */
export function admit(queue: Queue, prepared: Prepared, nowMs: number): void {
  if (prepared.remembered !== undefined) prepared.remembered.isPending = false;
  queue.dropping?.taken(prepared.message, prepared.taker, nowMs);
  if (prepared.promise !== undefined) queue.promised(prepared.promise);
  queue.admit(prepared, nowMs);
}

/** It did not get there. Of several the last one comes first: it may have taken the room of one before it. */
export function giveBack(queue: Queue, { message, remembered, taker }: Prepared, nowMs: number): void {
  const id = message.marks?.id;
  if (id !== undefined && queue.ids.get(id) === message) queue.ids.delete(id);
  if (remembered !== undefined) {
    remembered.refused = true;
    queue.dedup.forget(remembered);
  }
  queue.dependents.refused(message, nowMs);
  if (queue.dropping === undefined) queue.room.giveBack(message.bytes);
  else queue.dropping.refused(message, taker, nowMs);
}
