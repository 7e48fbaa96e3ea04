/**
 * Here: steps that this node runs itself, from the moment it is chosen for them.
 *
 * Which of them run, wait and are refused is `admission/admission.ts`; where the refused go is `dispatch.ts`.
 */
import { MpregError } from "../../base/index.js";
import type { Offer } from "../../catalog/index.js";
import { Admission } from "../admission/admission.js";
import type { FunctionLoad, Gate } from "../admission/gate.js";
import type { Waiting } from "../../routing/index.js";
import type { RpcHost } from "../host.js";
import { type Inputs, fetchInputs, hasToFetch } from "./inputs.js";
import type { RpcLimits } from "../limits.js";
import { type Peer, Permit, type Placing, type Task, waiting } from "../task.js";
import type { TaskNumbers } from "./task-numbers.js";

export class Here {
  readonly #host: RpcHost;
  readonly #placing: Placing;
  readonly #numbers: TaskNumbers;
  readonly #taken: (task: Task, offer: Offer<Peer>) => void;
  readonly #inputs: Inputs;
  readonly #admission: Admission;
  /** How long a step would wait for its turn, as {@link Waiting} says. */
  readonly waitMs: Waiting<Peer> = (offer) => this.#admission.waitMs(offer);

  /** `inputs` fetches values; `taken`: the task was taken up, to run or to wait. */
  constructor(
    host: RpcHost,
    limits: RpcLimits,
    placing: Placing,
    numbers: TaskNumbers,
    inputs: Inputs,
    taken: (task: Task, offer: Offer<Peer>) => void,
  ) {
    this.#host = host;
    this.#placing = placing;
    this.#numbers = numbers;
    this.#inputs = inputs;
    this.#taken = taken;
    this.#admission = new Admission(limits, {
      nowMs: () => host.nowMs(),
      runsOn: (handler) => {
        host.runsOn(handler);
      },
      schedule: host.schedule,
      unschedule: host.unschedule,
      queueMaxOf: (offer) => host.queueMaxOf(offer),
      begin: (task, { offer, gate }, nowMs) => {
        this.#begin(task, offer, gate, nowMs);
      },
      refuse: (task, { offer }, error, nowMs) => {
        offer.breaker.released(task);
        offer.owner.inFlight -= 1;
        this.#refused(task, offer, error, nowMs);
      },
    });
  }

  /** How many handlers run, those included that wait for nested calls. */
  get running(): number {
    return this.#admission.size;
  }

  /** How many handlers run on that nobody waits for. */
  get abandoned(): number {
    return this.#admission.abandoned;
  }

  /** How many steps wait for their turn. */
  get queued(): number {
    return this.#admission.queued;
  }

  /** The task whose handler runs under that number. */
  get(id: number): Task | undefined {
    return this.#admission.get(id);
  }

  /** How busy a function of this node is. */
  loadOf(offer: Offer<Peer>): FunctionLoad {
    return this.#admission.loadOf(offer);
  }

  /** Runs the task, as soon as its values are here and its turn comes; or it is refused. (D10) */
  takeUp(task: Task, offer: Offer<Peer>, nowMs: number): void {
    if (task.refs !== undefined && hasToFetch(task)) {
      const noRoom = fetchInputs(task, task.refs, offer, this.#inputs, nowMs);
      return noRoom === undefined ? undefined : this.#refused(task, offer, noRoom, nowMs);
    }
    const gate = this.#admission.gateOf(offer);
    const mayBegin = this.#admission.mayBegin(task, gate);
    const refusal = mayBegin ? undefined : this.#admission.enqueue(task, gate, offer, nowMs);
    if (refusal !== undefined) return this.#refused(task, offer, refusal, nowMs);
    task.startedMs = nowMs;
    task.version = offer.traits.version;
    task.ranAt = offer;
    task.ranRemotely = false;
    offer.owner.inFlight += 1;
    this.#taken(task, offer);
    task.owner.started(task);
    if (mayBegin) this.#begin(task, offer, gate, nowMs);
  }

  /** The handler under that number has come to its end; answers its task, if somebody waits for that. */
  ended(id: number): Task | undefined {
    const task = this.#admission.get(id);
    if (task?.place.kind === "local") task.place.hasEnded = true;
    else this.#admission.settled(id);
    return task;
  }

  /** The task's handler has come to its end, or to its deadline. */
  measured({ place, isStreaming }: Task, nowMs: number): void {
    if (place.kind === "local" && !isStreaming && !place.isRevoked) this.#admission.measured(place, nowMs);
  }

  /** The task neither runs nor waits here any more. */
  remove(task: Task, place: Extract<Task["place"], { kind: "local" | "queued" }>): void {
    if (place.kind === "local") this.#admission.end(task, place);
    else this.#admission.dequeue(place);
  }

  /** The handler of the task `id` waits for nested calls: others may run meanwhile. */
  suspend(id: number, nowMs: number): void {
    this.#admission.suspend(id, nowMs);
  }

  /** The handler of the task `id` goes on. */
  resume(id: number, nowMs: number): void {
    this.#admission.resume(id, nowMs);
  }

  /** This node does not make the offer any more: who waits for its turn goes elsewhere. */
  withdrawn(offer: Offer<Peer>, nowMs: number): void {
    const message = `Cannot call "${offer.fun}": it was unregistered while the call waited for its turn`;
    this.#admission.withdrawn(offer, new MpregError("no-provider", message), nowMs);
  }

  /** Starts what waits for its turn and may run now. Call it at the end of each input. */
  settle(nowMs: number): void {
    this.#admission.settle(nowMs);
  }

  #begin(task: Task, offer: Offer<Peer>, gate: Gate<Task>, nowMs: number): void {
    const permit = new Permit(offer, gate, this.#host);
    task.place = permit;
    task.id = this.#numbers.free(this.#admission);
    this.#admission.begin(task, permit, nowMs);
    this.#host.invoke(task); // (T1)
    if (task.isUnheard) this.#host.heard(task.id, false);
  }

  /** What another node has sent here is that node's to place elsewhere. */
  #refused(task: Task, offer: Offer<Peer>, error: MpregError, nowMs: number): void {
    task.place = waiting;
    const isOwn = task.coordinator === this.#host.self.nodeId;
    if (isOwn) this.#placing.placeElsewhere(task, offer, error, nowMs);
    else this.#placing.fail(task, error, nowMs);
  }
}
