/**
 * Circuits: what the ends of steps say of the offers that ran them, and which offers are not asked for it.
 *
 * Owns the verdicts. When a circuit opens and closes is `structures/breaker.ts`, that open ones are not chosen `routing`.
 *
 * (C1) Only what says that a node or its handler does not get on counts as a failure: the node was lost, or the time of the
 *      step ran out while it ran there. Errors of handlers and refusals say that the node works, or nothing.
 * (C2) A step that was given less time there than such a step usually takes says nothing: callers in a hurry open nobody's
 *      circuit, nor do those that have waited for their turn on this node. Where too little was measured, what such steps take
 *      on the other nodes is usual; where that is not known either, a second. (Breakers that count every timeout know of one
 *      timeout only; here callers choose, and those in a hurry would shut out those that are not.)
 *      Who may call with arguments that take longer than those of others can open it for all.
 * (C3) Only steps that this node coordinates count: others choose for themselves.
 */
import { MpregError } from "../../base/index.js";
import type { Offer } from "../../catalog/index.js";
import type { RpcHost } from "../host.js";
import { candidatesOf } from "./providers.js";
import type { Peer, Task } from "../task.js";

const usualMs = 1_000;
/** Not `closed`, which is tried again as well: a node that leaves has no fault. */
const lostThereCodes: ReadonlySet<string> = new Set(["node-lost", "thread-lost"]);

/** Why no offer is left to choose. */
export interface OpenCircuits {
  readonly error: MpregError;
  /** One of the offers. */
  readonly offer: Offer<Peer>;
  /** When the first of them may be tried again. */
  readonly untilMs: number;
}

export class Circuits {
  readonly #host: RpcHost;
  readonly #changed: (fun: string, nowMs: number) => void;

  /** `changed`: a circuit of a function has closed. */
  constructor(host: RpcHost, changed: (fun: string, nowMs: number) => void) {
    this.#host = host;
    this.#changed = changed;
  }

  /** The task was given to the node of the offer. */
  began(task: Task, { breaker }: Offer<Peer>): void {
    if (breaker.isTripped && this.#isOwn(task)) breaker.began(task);
  }

  /** The task's run has ended, with `error` or well. Call it before its place is forgotten. */
  ended(task: Task, error: MpregError | undefined, nowMs: number): void {
    const { place } = task;
    if ((place.kind !== "local" && place.kind !== "remote") || task.isStreaming) return; // that is its reader's time
    const { offer } = place;
    const ranMs = nowMs - task.startedMs;
    if (error === undefined || error.outcome === "applied") {
      offer.latency.measured(ranMs, nowMs);
      if (this.#isOwn(task) && offer.breaker.succeeded(task)) this.#turned(offer, nowMs); // (C3)
      return;
    }
    const isVia = place.kind === "remote" && place.via !== undefined;
    if (error.outcome !== "unknown" || !this.#isOwn(task)) return; // (C3)
    const isLost = lostThereCodes.has(error.code) && !isVia; // else the way there was lost
    const givenMs = place.kind === "local" ? nowMs - place.beganMs : ranMs;
    const isLate = error.code === "deadline" && givenMs >= this.#usualMs(offer); // (C2)
    if (!isLost && !isLate) return; // (C1)
    if (offer.breaker.failed(task, nowMs, this.#host.random.next())) this.#turned(offer, nowMs);
  }

  /** How long such a step usually takes there. (C2) */
  #usualMs({ fun, latency }: Offer<Peer>): number {
    if (latency.p95Ms !== undefined) return latency.p95Ms;
    const elsewhere = this.#host.catalog.offersOf(fun).map((offer) => offer.latency.p95Ms ?? 0);
    const longestMs = Math.max(0, ...elsewhere);
    return longestMs > 0 ? longestMs : usualMs;
  }

  /** Why none of the task's candidates can be taken, when that is because their circuits are open. */
  openFor(task: Task, nowMs: number): OpenCircuits | undefined {
    const { all, broken } = candidatesOf(this.#host, task);
    if (broken.size === 0) return undefined;
    const open = all.filter((offer) => broken.has(offer) && task.excluded?.has(offer) !== true);
    const [first] = open.sort((a, b) => a.breaker.openUntilMs - b.breaker.openUntilMs);
    if (first === undefined) return undefined;
    const { breaker, owner } = first;
    const leftMs = Math.ceil(breaker.openUntilMs - nowMs);
    const when = leftMs > 0 ? `is tried again in ${leftMs} ms` : "is being tried";
    const others = open.length === 1 ? "" : `, and so is that to ${open.length - 1} more`;
    const message = `Cannot call "${task.fun}": the circuit to node "${owner.name}" is open because ${breaker.reason}; it ${when}${others}`;
    // a probe may take its time: it is looked at again
    const untilMs = leftMs > 0 ? breaker.openUntilMs : nowMs + usualMs;
    return { error: new MpregError("circuit-open", message, { node: owner.name }), offer: first, untilMs };
  }

  #turned(offer: Offer<Peer>, nowMs: number): void {
    if (!this.#host.catalog.tripped(offer)) return; // it is not offered any more
    this.#host.circuit(offer);
    if (!offer.breaker.isTripped) this.#changed(offer.fun, nowMs);
  }

  #isOwn({ coordinator }: Task): boolean {
    return coordinator === this.#host.self.nodeId;
  }
}
