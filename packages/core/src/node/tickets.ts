/**
 * Tickets: what this node's own program and its handlers have asked for, by the number that each ask was given, until its end.
 *
 * (K1) Each is settled once; also where the end of one ends another, as that of a request ends who watches it.
 * (K2) What a handler has asked for ends when its own call is aborted, and an ended call asks for nothing more. What it
 *      has not waited for when it ends goes on for whoever it has worked for.
 * (K3) What only looks ends when the time that it was given is over; what runs ends by its own deadline.
 */
import { MpregError, type Subject, Timer, type Timers } from "../base/index.js";
import { type AskOrigin, type Left, type Look, type Rpc, type Run, type Settled, clientOrigin } from "../rpc/index.js";
import { NestedRuns, orphaned } from "./nested-runs.js";
import { TicketAsker } from "./ticket-asker.js";
import type { NodeEffects, NodeInput } from "./types.js";

type AskInput = Extract<NodeInput, { readonly kind: "ask" }>;

const self: Subject = { kind: "self" };

export interface TicketsHost extends Timers {
  readonly rpc: Rpc;
  readonly effects: Pick<NodeEffects, "settle" | "told">;
  /** When the input that is being taken came. */
  nowMs(): number;
}

export class Tickets {
  readonly #host: TicketsHost;
  readonly #runs = new Map<number, Run>();
  readonly #nested: NestedRuns;
  /** Of what looks, and was given a time. */
  readonly #timers = new Map<number, Timer>();

  constructor(host: TicketsHost) {
    this.#host = host;
    this.#nested = new NestedRuns({
      pending: (invocation) => {
        host.rpc.here.suspend(invocation, host.nowMs());
      },
      ended: (invocation) => {
        host.rpc.here.resume(invocation, host.nowMs());
      },
    });
  }

  /** All of them, and those of running handlers. */
  get size(): { readonly tickets: number; readonly nested: number } {
    return { tickets: this.#runs.size, nested: this.#nested.size };
  }

  /** Begins what is asked for; where there is a `refusal`, that is its end. */
  ask(
    { ticket, ask, parent, caller = self, takesStreams }: AskInput,
    refusal: MpregError | undefined,
    nowMs: number,
  ): void {
    const { rpc, effects } = this.#host;
    const isDetached = "fields" in ask && ask.fields.detached === true;
    const settle = (ended: number, settled: Settled): void => {
      this.#runs.delete(ended);
      if (this.#timers.size > 0) this.#stopTimer(ended);
      if (parent !== undefined) this.#nested.remove(parent.id, ended);
      effects.settle(ended, settled);
    };
    const begun = (run: Run): void => {
      this.#runs.set(ticket, run);
      if (parent !== undefined) this.#nested.add(parent.id, ticket, { run, isDetached }); // (K2)
    };
    const left = (behind: Left): void => {
      if (parent !== undefined) this.#nested.addLeft(parent.id, behind); // else the node itself is who it goes on for
    };
    const told: NodeEffects["told"] = (watched, event, value) => {
      effects.told(watched, event, value);
    };
    const asker = new TicketAsker(ticket, takesStreams, { settle, told, begun, left });
    if (refusal !== undefined) return asker.failed(refusal);
    if (parent !== undefined && !rpc.isRunning(parent.id)) return asker.failed(orphaned(parent)); // (K2)
    if (ask.kind !== "call" && ask.kind !== "request") {
      rpc.watches.asked({ watcher: asker, onBehalfOf: undefined }, ask, nowMs);
      return this.#startTimer(ticket, ask, nowMs);
    }
    const origin: AskOrigin =
      parent === undefined
        ? clientOrigin(caller, 0)
        : {
            caller: parent.caller,
            depth: parent.depth + 1,
            deadlineMs: parent.deadlineMs,
            connection: parent.connection,
            priority: parent.terms?.priority,
          };
    if (ask.kind === "call") rpc.call(ask.fields, origin, asker, nowMs, begun);
    else rpc.request(ask.fields, origin, asker, nowMs, begun);
  }

  /** (K3) */
  #startTimer(ticket: number, { timeoutMs }: Look, nowMs: number): void {
    const run = this.#runs.get(ticket);
    if (run === undefined || timeoutMs === 0) return; // it is over already, or takes as long as it takes
    const timer = new Timer(() => {
      run.fail(new MpregError("deadline", `The time allowed (${timeoutMs} ms) ran out before an answer came`));
    });
    this.#timers.set(ticket, timer);
    this.#host.schedule(timer, nowMs + timeoutMs);
  }

  #stopTimer(ticket: number): void {
    const timer = this.#timers.get(ticket);
    if (timer === undefined) return;
    this.#timers.delete(ticket);
    this.#host.unschedule(timer);
  }

  /** Whoever has asked does not want it any more. */
  withdraw(ticket: number): void {
    this.#runs.get(ticket)?.fail(new MpregError("cancelled", "The caller cancelled"));
  }

  /** A handler ends. (K2) */
  ending(invocation: number): void {
    const left = this.#nested.of(invocation);
    if (left !== undefined) this.#host.rpc.here.get(invocation)?.owner.left(left);
  }

  /** The call of a handler was aborted. (K2) */
  abort(invocation: number): void {
    this.#nested.abort(invocation);
  }

  /** Ends all of them with `error`. */
  close(error: MpregError): void {
    for (const [ticket, run] of [...this.#runs]) if (this.#runs.has(ticket)) run.fail(error); // (K1)
  }
}
