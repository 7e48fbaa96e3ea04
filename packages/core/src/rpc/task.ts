/**
 * Task: one step on its way to a result: where it runs, until when, and for whom; and the places it can be in.
 *
 * Owns the state of one piece of work, of the nodes that can run it (peers) and of the links it can travel (channels):
 * the three name each other, so they stand together. Which node runs a task is decided in `dispatch.ts`; what its
 * result is for is known to its owner.
 *
 * (T1) A task has one place at a time; it is started at most once per place.
 * (T2) Its owner hears of exactly one end, unless it dropped the task before.
 * (T3) Among the tasks of one place no two have the same number, however long they run: numbers have 32 bits, and a busy
 *      node uses them up within hours.
 * (T4) A handler that has its turn may still have to wait for its thread, for a module or for others of its batch: whether it
 *      has begun when its time is up is decided once, and one that had not never does.
 * (X1) An id that the far side asked with stays in `asked` until exactly one answer to it was queued, or the link is
 *      gone.
 * (X2) A task stays in `sent` until its answer came, it was cancelled, or the link is gone.
 */
import type { Deadline, MpregError, Random, Subject } from "../base/index.js";
import type { Offer } from "../catalog/index.js";
import type { Link } from "../link/index.js";
import { IdMap } from "../structures/index.js";
import type { BoundRef, StepRelay, StepTerms, Timings, Value } from "../wire/index.js";
import type { Gate } from "./admission/gate.js";
import type { Entry } from "./admission/priority-class.js";
import type { WorkCounter } from "./counters.js";
import type { Progress } from "./events.js";
import { type Left, LeftBehind } from "./left.js";
import type { Asked } from "./run.js";
import { StepsLeft } from "./steps-left.js";
import { ClientKept } from "./results/client-kept.js";

/** What a handler's driver needs to know of the work it is given. */
export interface Invocation {
  readonly id: number;
  readonly fun: string;
  /** Which of the function's versions; `undefined` = the one that was registered without. */
  readonly version: string | undefined;
  readonly template: Uint8Array;
  /** Encoded values for the holes of the template. */
  readonly bound: readonly Uint8Array[];
  /** Streams, for their holes. */
  readonly refs?: readonly BoundRef[] | undefined;
  /** Monotonic time at which it was given to the node that runs it: what it has waited since counts as waiting. */
  readonly startedMs: number;
  /** Monotonic time at which the result is of no use any more. */
  readonly deadlineMs: number;
  readonly depth: number;
  /** Number of the request at `coordinator`. */
  readonly request: number;
  readonly coordinator: string;
  readonly step: string;
  /** Who wants it; for relayed work the client behind the coordinator. */
  readonly caller: Subject;
  /** Number of the client's connection to the node that works for it; 0 where no client is behind it. */
  readonly connection: number;
  /** Somebody wants to know how long it waits and runs. */
  readonly timings: boolean;
  readonly terms: StepTerms | undefined;
}

/** Who the result is for. */
export interface TaskOwner {
  /** A node was given the task: this one or another. */
  started(task: Task): void;
  completed(task: Task, value: Value, timings: Timings | undefined, nowMs: number): void;
  failed(task: Task, error: MpregError, nowMs: number): void;
  /** The handler has reported something. */
  progress(task: Task, progress: Progress): void;
  /** The handler is about to end, and leaves this behind. */
  left(left: Left): void;
}

/** What calls need to know of one open link. */
export class Channel {
  readonly link: Link;
  readonly subject: Subject;
  /** What the far side asked for, by its id. */
  readonly asked: IdMap<Asked>;
  /** Steps this node has sent there, by task id. */
  readonly sent: IdMap<Task> = new IdMap();
  /** Steps that wait until the link has room, the oldest first. */
  readonly held: Set<Task> = new Set();
  /** What goes on for the far side though the calls have ended that have asked for it. */
  readonly left: LeftBehind = new LeftBehind();
  /** What steps have left behind, of either side, by their ids. Most links never have it. */
  #stepsLeft: StepsLeft | undefined = undefined;
  /** Values that are fetched over the link, by either side. */
  transfers = 0;
  /** What this node keeps for the client behind it: for all links of one that comes back. */
  kept: ClientKept = new ClientKept();
  /** When it was last used for a step or a fetch, of either side. */
  usedMs: number;
  /** Clients the far side works for, so that a subject is made once per client and not per step. */
  readonly behalf: Map<string, Subject> = new Map();
  readonly #seed: number;

  constructor(link: Link, subject: Subject, random: Random, nowMs: number) {
    this.link = link;
    this.subject = subject;
    this.usedMs = nowMs;
    this.#seed = Math.floor(random.next() * 2 ** 32);
    this.asked = new IdMap(this.#seed);
  }

  /** What steps have left behind, where any has. */
  get stepsLeft(): StepsLeft | undefined {
    return this.#stepsLeft;
  }

  /** As {@link stepsLeft}, for what one is about to leave. */
  leaving(): StepsLeft {
    return (this.#stepsLeft ??= new StepsLeft(this.link.outbox, this.left, this.#seed));
  }

  /** The step `id` is about to end and leaves something behind at the far side. One that was given up was cancelled there. */
  leavesThere(id: number, idsMax: number): void {
    const task = this.sent.get(id);
    const left = task === undefined ? undefined : this.leaving().told(id, idsMax);
    if (left !== undefined) task?.owner.left(left);
  }

  /** How much goes on, on either side, though the calls have ended that have asked for it. */
  get leftSize(): number {
    return this.left.size + (this.#stepsLeft?.size ?? 0);
  }

  /** Whether a step that was sent has that id, or has left something behind under it. */
  has(id: number): boolean {
    return this.sent.has(id) || this.#stepsLeft?.isThere(id) === true;
  }

  /** The far side is gone: what goes on for it ends. */
  abandonLeft(): void {
    this.left.abandon();
    this.#stepsLeft?.lost();
  }

  /** Bytes that wait for the far side: to be sent, or to be fetched. */
  get backlogBytes(): number {
    return this.link.backlogBytes + this.kept.bytes;
  }

  /** Nothing is asked or awaited over the link. */
  get isIdle(): boolean {
    const steps = this.asked.size + this.sent.size + this.held.size;
    return steps + this.transfers + this.leftSize === 0;
  }
}

/** A node as a place where steps can run: this one, or a member of the cluster. */
export class Peer {
  readonly nodeId: string;
  /** What it has said of itself last: a node that comes back may have moved. */
  name: string;
  urls: readonly string[];
  /** Steps that this node has running there. */
  inFlight = 0;
  /** The link that new steps take; `undefined` for this node itself, and without an open link. */
  channel: Channel | undefined = undefined;
  /** The process at its far side, by the number that this has drawn; of the last link that there was. */
  run: string | undefined = undefined;
  /** Steps that wait for a link to it. */
  readonly reaching: Set<Task> = new Set();
  /** No link to it could be opened: until one is, steps travel through a neighbour of both. */
  isUnreachable = false;
  readonly #distanceMs: (() => number | undefined) | undefined;

  /** `distanceMs` estimates the round trip to it. */
  constructor(nodeId: string, name: string, urls: readonly string[], distanceMs?: () => number | undefined) {
    this.nodeId = nodeId;
    this.name = name;
    this.urls = urls;
    this.#distanceMs = distanceMs;
  }

  /** Whether a step can be sent there without opening a link first. */
  get linked(): boolean {
    return this.channel !== undefined;
  }

  /** The estimated round trip in ms, where it is known. */
  get distanceMs(): number | undefined {
    return this.#distanceMs?.();
  }
}

/** Finds places for tasks. */
export interface Placing {
  /** Finds a place for the task, as for one that has just begun. */
  place(task: Task, nowMs: number): void;
  /** The offer cannot be taken up: another is taken, or the task ends with `error`. */
  placeElsewhere(task: Task, offer: Offer<Peer>, error: MpregError, nowMs: number): void;
  /** There is no place for the task. */
  fail(task: Task, error: MpregError, nowMs: number): void;
}

/** Where handlers run. */
export interface Revoking {
  /** Keeps a handler from beginning; answers whether that was in time. */
  revoke(invocationId: number): boolean;
}

/** The right of a step to run on this node; what it is counted by belongs to `admission/admission.ts`. */
export class Permit {
  readonly kind = "local";
  readonly offer: Offer<Peer>;
  readonly gate: Gate<Task>;
  readonly #handlers: Revoking;
  /** When it was first given. */
  beganMs = 0;
  /** When it was last given, and for how long it was held before. */
  sinceMs = 0;
  heldMs = 0;
  /** How many calls of the function ran, this one included, when it began. */
  crowd = 0;
  /** It was given back, because the handler waits for nested calls. */
  isSuspended = false;
  /** The handler has come to its end. */
  hasEnded = false;
  /** The handler has not begun, and will not. */
  isRevoked = false;

  constructor(offer: Offer<Peer>, gate: Gate<Task>, handlers: Revoking) {
    this.offer = offer;
    this.gate = gate;
    this.#handlers = handlers;
  }

  /** Keeps the handler, which runs under that number, from beginning, if there is time for that. */
  revoke(id: number): void {
    this.isRevoked ||= this.#handlers.revoke(id);
  }
}

/** Something under way that can be given up. */
export interface Stoppable {
  stop(): void;
}

export type Place =
  /** Waits for a node that offers the function; with an error for one whose circuit is not open. */
  | { readonly kind: "waiting"; readonly error?: MpregError }
  /** Waits until the link to the only nodes that offer it has room. */
  | { readonly kind: "held"; readonly channel: Channel }
  /** Waits for a link to the node that is to run it. */
  | { readonly kind: "reaching"; readonly offer: Offer<Peer> }
  /** Waits for values that are fetched. */
  | { readonly kind: "fetching"; readonly offer: Offer<Peer>; readonly gathering: Stoppable | undefined }
  /** Waits on this node for its turn to run. */
  | {
      readonly kind: "queued";
      readonly offer: Offer<Peer>;
      readonly gate: Gate<Task>;
      readonly entry: Entry<Task>;
    }
  | Permit
  /** Was sent to the node that runs it, or to `via`, which passes it on. */
  | {
      readonly kind: "remote";
      readonly offer: Offer<Peer>;
      readonly channel: Channel;
      readonly via: Peer | undefined;
    }
  /** Waits to be run again, after `error`. */
  | { readonly kind: "retrying"; readonly error: MpregError }
  | { readonly kind: "ended" };

export const waiting: Place = { kind: "waiting" };
export const ended: Place = { kind: "ended" };

export interface TaskFields {
  readonly owner: TaskOwner;
  readonly index: number;
  readonly fun: string;
  readonly step: string;
  readonly resources: readonly string[];
  readonly template: Uint8Array;
  readonly bound: readonly Uint8Array[];
  /** Bound values that are kept elsewhere, for their places in `bound`. */
  readonly refs: readonly BoundRef[] | undefined;
  readonly deadlineMs: number;
  /** Until when others may need its result. */
  readonly keepUntilMs: number;
  readonly waitUntilMs: number;
  readonly depth: number;
  readonly request: number;
  readonly coordinator: string;
  readonly caller: Subject;
  readonly connection: number;
  readonly timings: boolean;
  /** Where it was sent here only to be passed on to another node. */
  readonly relay: StepRelay | undefined;
  readonly terms: StepTerms | undefined;
  /** Bytes of arguments that are kept for it alone; 0 where its request keeps them. */
  readonly heldBytes: number;
}

/** What a task looks like on the way to a node that fetches its large values here. */
export interface Lent {
  readonly bound: readonly Uint8Array[];
  readonly refs: readonly BoundRef[];
  readonly keys: readonly number[];
}

export class Task implements Invocation, Deadline {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;

  /** Its number where it runs. (T3) */
  id = 0;
  /** Who hears of its end: who asked for it, and once its result is a stream, the stream. */
  owner: TaskOwner;
  /** Its handler makes the items of a stream; its first owner has heard of that as its end. */
  isStreaming = false;
  /** Nobody hears its end just now: its client has no connection. */
  isUnheard = false;
  /** Why a stream that its handler reads was cut. */
  cut: MpregError | undefined = undefined;
  /** Position of the step in its request. */
  readonly index: number;
  readonly fun: string;
  readonly step: string;
  readonly resources: readonly string[];
  readonly template: Uint8Array;
  bound: readonly Uint8Array[];
  refs: readonly BoundRef[] | undefined;
  readonly deadlineMs: number;
  readonly keepUntilMs: number;
  /** Until when it may wait for a node that offers the function. */
  readonly waitUntilMs: number;
  readonly depth: number;
  readonly request: number;
  readonly coordinator: string;
  readonly caller: Subject;
  readonly connection: number;
  /** The node that runs it should tell how long it took. */
  readonly timings: boolean;
  readonly relay: StepRelay | undefined;
  readonly terms: StepTerms | undefined;
  heldBytes: number;

  place: Place = waiting;
  /** Runs of it of which nobody knows whether they took effect. */
  attempts = 0;
  /** Why the last of them is no more. */
  lost: MpregError | undefined = undefined;
  /** When its inputs were there. */
  readonly readyMs: number;
  /** When it was last given to a node. */
  startedMs = 0;
  /** What it was last given to be run by. */
  ranAt: Offer<Peer> | undefined = undefined;
  ranRemotely = false;
  /** Where its end is counted; `undefined` for what another node coordinates. */
  counter: WorkCounter | undefined = undefined;
  /** The version that was chosen last. */
  version: string | undefined = undefined;
  /** Offers that were refused without having begun; one that is made anew counts again. */
  excluded: Set<Offer<Peer>> | undefined = undefined;
  /** Offers that stay excluded: those of the node where its first run is. */
  barred: ReadonlySet<Offer<Peer>> | undefined = undefined;
  /** What was lent to the node it was given to. */
  lent: Lent | undefined = undefined;
  /** Ids of nodes that cannot pass it on. */
  avoided: Set<string> | undefined = undefined;
  readonly #due: (task: Task, nowMs: number) => void;

  constructor(fields: TaskFields, due: (task: Task, nowMs: number) => void, nowMs: number) {
    this.readyMs = nowMs;
    this.owner = fields.owner;
    this.index = fields.index;
    this.fun = fields.fun;
    this.step = fields.step;
    this.resources = fields.resources;
    this.template = fields.template;
    this.bound = fields.bound;
    this.refs = fields.refs;
    this.deadlineMs = fields.deadlineMs;
    this.keepUntilMs = fields.keepUntilMs;
    this.waitUntilMs = fields.waitUntilMs;
    this.depth = fields.depth;
    this.request = fields.request;
    this.coordinator = fields.coordinator;
    this.caller = fields.caller;
    this.connection = fields.connection;
    this.timings = fields.timings;
    this.relay = fields.relay;
    this.terms = fields.terms;
    this.heldBytes = fields.heldBytes;
    this.#due = due;
  }

  /** Its owner has heard of its end, or wants it no longer. */
  get isOver(): boolean {
    return this.place.kind === "ended";
  }

  /** Some node may have begun to run it. */
  get begun(): boolean {
    const { place, attempts } = this;
    return attempts > 0 || place.kind === "remote" || (place.kind === "local" && !place.isRevoked);
  }

  /** Keeps it from beginning, where it has not: its time is up, or it is about to be dropped. (T4) */
  revoke(): void {
    if (this.place.kind === "local") this.place.revoke(this.id);
  }

  /** Name of the node it was last given to. */
  get ranOn(): string {
    return this.ranAt?.owner.name ?? "";
  }

  onDue(nowMs: number): void {
    this.#due(this, nowMs);
  }
}
