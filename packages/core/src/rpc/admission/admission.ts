/**
 * Admission: which steps run on this node now, which wait for their turn here, and which are refused.
 *
 * Owns the table of what runs here, one gate per function, and the bounds of the whole node. Where a refused step goes is
 * `dispatch.ts`.
 *
 * (A1) No more run than the node may run at a time, and no more of one registration of a function than its limit: calls of
 *      an earlier one are not counted. What nobody waits for any more counts until it has ended (`abandoned.ts`).
 * (A2) No more wait than may, of a function and altogether; who has more waiting than his share gives way to who has less.
 * (A3) What cannot be run before its deadline, as far as is known, is refused before it waits, or before it runs.
 * (A4) A handler that waits for nested calls gives its permit back. It goes on without asking for one, so calls that call
 *      each other cannot wait for each other's permits. What has begun and not ended is bounded at each depth of nesting.
 * (A5) Permits that come free are given, and those who have to give way are refused, at the end of the input in which
 *      that happened (`settle`): never while a step's owner is at work.
 */
import { Heap, type MpregError } from "../../base/index.js";
import type { Offer } from "../../catalog/index.js";
import { Chain, IdMap } from "../../structures/index.js";
import { type RpcLimits, queueMaxDefault } from "../limits.js";
import type { Peer, Permit, Place, Task } from "../task.js";
import { Abandoned, type AbandonedHost } from "./abandoned.js";
import { defaultPriority } from "./fair-queue.js";
import { type FunctionLoad, Gate } from "./gate.js";
import { noRoom, tooLate, tooManyNested, waitedTooLong } from "./refusals.js";

export interface AdmissionHost extends AbandonedHost {
  /** How many calls of this node's own function may wait; `undefined` = the default. */
  queueMaxOf(offer: Offer<Peer>): number | undefined;
  /** Runs a step whose turn has come; it does not wait any more. */
  begin(task: Task, place: QueuedPlace, nowMs: number): void;
  /** The step will not have its turn here; it does not wait any more. */
  refuse(task: Task, place: QueuedPlace, error: MpregError, nowMs: number): void;
}

export type QueuedPlace = Extract<Place, { kind: "queued" }>;

const depthMax = 63;

export class Admission {
  readonly #limits: RpcLimits;
  readonly #host: AdmissionHost;
  /** What has begun and not ended. */
  readonly #begun = new IdMap<Task>();
  /** Of what has begun, and is not waited for. */
  readonly #abandoned: Abandoned;
  readonly #begunAt = new Uint32Array(depthMax + 1);
  /** How many hold a permit. */
  #running = 0;
  #queued = 0;
  /** Of what this node offers. */
  readonly #gates = new Map<Offer<Peer>, Gate<Task>>();
  /** Gates at which something waits that may run, as far as the gate goes. */
  readonly #ready = new Chain<Gate<Task>>();
  /** Gates at which more wait than may. */
  readonly #overfull = new Set<Gate<Task>>();
  readonly #onStall = (gate: Gate<Task>, nowMs: number): void => {
    gate.raiseIfStalled(nowMs);
    this.#freed(gate);
    this.#host.schedule(gate.stall, nowMs + gate.stallMs);
  };
  readonly #longest = new Heap<Gate<Task>>((a, b) => a.queue.size > b.queue.size);

  constructor(limits: RpcLimits, host: AdmissionHost) {
    this.#limits = limits;
    this.#host = host;
    this.#abandoned = new Abandoned(host);
  }

  /** How many steps have begun here and not ended. */
  get size(): number {
    return this.#begun.size;
  }

  /** How many handlers run on besides. */
  get abandoned(): number {
    return this.#abandoned.size;
  }

  get queued(): number {
    return this.#queued;
  }

  get(id: number): Task | undefined {
    return this.#begun.get(id);
  }

  /** Whether a handler runs under that number. */
  has(id: number): boolean {
    return this.#begun.has(id) || this.#abandoned.has(id);
  }

  gateOf(offer: Offer<Peer>): Gate<Task> {
    let gate = this.#gates.get(offer);
    if (gate === undefined) {
      const { concurrencyMax } = offer.traits;
      const queueMax = this.#host.queueMaxOf(offer) ?? queueMaxDefault;
      gate = new Gate(offer.fun, { concurrencyMax, queueMax }, this.#limits.executionsMax, this.#onStall);
      this.#gates.set(offer, gate);
    }
    return gate;
  }

  loadOf(offer: Offer<Peer>): FunctionLoad {
    return this.gateOf(offer).load;
  }

  /** Whether a step may begin at once. (A1) */
  mayBegin({ depth }: Task, gate: Gate<Task>): boolean {
    const { executionsMax } = this.#limits;
    return gate.queue.size === 0 && gate.hasPermit && this.#running < executionsMax && !this.#isFullAt(depth);
  }

  /** How long a step would wait for its turn: 0 = it would begin at once, `Infinity` = nobody knows. */
  waitMs(offer: Offer<Peer>): number {
    const gate = this.gateOf(offer);
    if (gate.queue.size === 0 && gate.hasPermit && this.#running < this.#limits.executionsMax) return 0;
    return gate.usualMs === 0 ? Infinity : gate.turnsMs(gate.queue.size + 1);
  }

  /** The step begins to run under `task.id`. */
  begin(task: Task, permit: Permit, nowMs: number): void {
    this.#take(permit, nowMs);
    permit.beganMs = nowMs;
    permit.crowd = permit.gate.running;
    this.#begun.set(task.id, task);
    this.#countAt(task.depth, 1);
  }

  /** The step has ended, or nobody wants it any more: then its handler may run on. */
  end(task: Task, permit: Permit): void {
    this.#begun.take(task.id);
    if (permit.hasEnded) return this.#ended(permit, task.depth);
    this.#abandoned.add(task, permit); // (A1); its nested calls were given up with it, so it has gone on (A4)
  }

  /** A handler that nobody has waited for has ended. */
  settled(id: number): void {
    const entry = this.#abandoned.take(id);
    if (entry !== undefined) this.#ended(entry.permit, entry.depth);
  }

  /** The step has run for as long as it takes: call it before `end`. */
  measured(permit: Permit, nowMs: number): void {
    const { gate, beganMs, heldMs, sinceMs, crowd, isSuspended } = permit;
    gate.measured(beganMs, heldMs + (isSuspended ? 0 : nowMs - sinceMs), crowd, nowMs);
    this.#freed(gate);
  }

  /** The handler of `id` waits for nested calls. (A4) */
  suspend(id: number, nowMs: number): void {
    const permit = this.#permitOf(id);
    if (permit === undefined || permit.isSuspended) return;
    permit.heldMs += nowMs - permit.sinceMs;
    permit.isSuspended = true;
    this.#giveBack(permit);
  }

  /** The handler of `id` goes on. (A4) */
  resume(id: number, nowMs: number): void {
    const permit = this.#permitOf(id);
    if (permit === undefined || !permit.isSuspended) return;
    permit.isSuspended = false;
    this.#take(permit, nowMs);
  }

  /** Lets the step wait for its turn; answers why it may not. */
  enqueue(task: Task, gate: Gate<Task>, offer: QueuedPlace["offer"], nowMs: number): MpregError | undefined {
    const caller = callerKeyOf(task);
    const priority = task.terms?.priority ?? defaultPriority;
    const refusal = this.#refusal(task, gate, caller, priority, nowMs);
    if (refusal !== undefined) {
      gate.refused += 1;
      return refusal;
    }
    this.#longest.remove(gate);
    const entry = gate.queue.push(task, caller, priority);
    this.#longest.push(gate);
    this.#queued += 1;
    if (gate.queue.size > gate.queueMax) this.#overfull.add(gate);
    task.place = { kind: "queued", offer, gate, entry };
    if (gate.queue.size === 1 && gate.stallMs < Infinity) this.#host.schedule(gate.stall, nowMs + gate.stallMs);
    this.#freed(gate);
    return undefined;
  }

  /** The step does not wait any more. */
  dequeue({ gate, entry }: QueuedPlace): void {
    this.#longest.remove(gate);
    gate.queue.remove(entry);
    this.#left(gate);
  }

  /** This node does not make the offer any more: `why` is told to those who wait for it. */
  withdrawn(offer: Offer<Peer>, why: MpregError, nowMs: number): void {
    const gate = this.#gates.get(offer);
    if (gate === undefined) return;
    this.#gates.delete(offer);
    for (let task = this.#shift(gate); task !== undefined; task = this.#shift(gate)) {
      this.#turnAway(task, why, nowMs);
    }
  }

  /** Gives the permits that have come free, and refuses those who have to give way. (A5) */
  settle(nowMs: number): void {
    if (this.#overfull.size > 0 || this.#queued > this.#limits.queuedMax) this.#trim(nowMs);
    while (this.#ready.first !== undefined && this.#running < this.#limits.executionsMax) {
      const gate = this.#ready.first;
      const task = gate.hasPermit ? this.#shift(gate) : undefined;
      if (task === undefined) {
        gate.isReady = false;
        this.#ready.remove(gate);
        continue;
      }
      this.#ready.moveToEnd(gate);
      this.#giveTurn(task, gate, nowMs);
    }
  }

  #giveTurn(task: Task, gate: Gate<Task>, nowMs: number): void {
    const leftMs = task.deadlineMs - nowMs;
    if (leftMs < gate.enoughMs) return this.#turnAway(task, waitedTooLong(gate, leftMs), nowMs); // (A3)
    // it cannot wait on: those it waits for may wait for one that is behind it (A4)
    if (this.#isFullAt(task.depth)) return this.#turnAway(task, this.#tooMany(task), nowMs);
    if (task.place.kind === "queued") this.#host.begin(task, task.place, nowMs);
  }

  #refusal(task: Task, gate: Gate<Task>, caller: string, priority: number, nowMs: number): MpregError | undefined {
    const { queue } = gate;
    const { queuedMax } = this.#limits;
    const longest = this.#longest.peek();
    const isOthersTurn = longest !== undefined && longest !== gate && longest.queue.size >= queue.size + 2;
    const isFull = queue.size >= gate.queueMax || (this.#queued >= queuedMax && !isOthersTurn);
    if (isFull && !queue.isEntitled(caller, priority)) return noRoom(gate, this.#running, this.#queued); // (A2)
    if (gate.usualMs === 0) return undefined;
    const ahead = queue.aheadOf(caller, priority);
    const waitMs = gate.turnsMs(ahead + 1);
    const leftMs = task.deadlineMs - nowMs;
    return waitMs + gate.enoughMs > leftMs ? tooLate(gate, ahead, waitMs, leftMs) : undefined; // (A3)
  }

  /** (A2) */
  #trim(nowMs: number): void {
    for (const gate of [...this.#overfull]) {
      while (gate.queue.size > gate.queueMax) this.#evict(gate, nowMs);
    }
    this.#overfull.clear();
    for (let gate = this.#longest.peek(); gate !== undefined; gate = this.#longest.peek()) {
      if (this.#queued <= this.#limits.queuedMax) break;
      this.#evict(gate, nowMs);
    }
  }

  #evict(gate: Gate<Task>, nowMs: number): void {
    this.#longest.remove(gate);
    const entry = gate.queue.evict();
    if (entry === undefined) return;
    this.#left(gate);
    this.#turnAway(entry.item, noRoom(gate, this.#running, this.#queued), nowMs);
  }

  #shift(gate: Gate<Task>): Task | undefined {
    this.#longest.remove(gate);
    const entry = gate.queue.shift();
    if (entry === undefined) return undefined;
    this.#left(gate);
    return entry.item;
  }

  /** One has left the gate's queue, which is not among the longest meanwhile. */
  #left(gate: Gate<Task>): void {
    this.#queued -= 1;
    if (gate.queue.size > 0) this.#longest.push(gate);
    else this.#host.unschedule(gate.stall);
  }

  #turnAway(task: Task, error: MpregError, nowMs: number): void {
    const { place } = task;
    if (place.kind !== "queued") return;
    place.gate.refused += 1;
    this.#host.refuse(task, place, error, nowMs);
  }

  #take(permit: Permit, nowMs: number): void {
    permit.sinceMs = nowMs;
    permit.gate.running += 1;
    this.#running += 1;
  }

  #ended(permit: Permit, depth: number): void {
    this.#countAt(depth, -1);
    if (!permit.isSuspended) this.#giveBack(permit);
  }

  #giveBack({ gate }: Permit): void {
    gate.running -= 1;
    this.#running -= 1;
    this.#freed(gate);
  }

  /** Something may run at the gate now. */
  #freed(gate: Gate<Task>): void {
    if (gate.isReady || gate.queue.size === 0 || !gate.hasPermit) return;
    gate.isReady = true;
    this.#ready.push(gate);
  }

  #permitOf(id: number): Permit | undefined {
    const place = this.#begun.get(id)?.place;
    return place?.kind === "local" ? place : undefined;
  }

  #tooMany({ fun, depth }: Task): MpregError {
    return tooManyNested(fun, this.#begunAt[Math.min(depthMax, depth)] ?? 0, depth);
  }

  #isFullAt(depth: number): boolean {
    return (this.#begunAt[Math.min(depthMax, depth)] ?? 0) >= this.#limits.executionsMax;
  }

  #countAt(depth: number, change: 1 | -1): void {
    const at = Math.min(depthMax, depth);
    this.#begunAt[at] = (this.#begunAt[at] ?? 0) + change;
  }
}

/** Whose turns a step takes: those of the client it is for, of the node whose program asks, or of this node's own program. */
function callerKeyOf({ caller, connection }: Task): string {
  if (caller.kind === "client") return `${caller.address} ${connection} ${caller.via ?? ""}`;
  return caller.kind === "node" ? caller.nodeId : "";
}
