/**
 * Flow: in whose asynchronous flow the node works.
 *
 * Much happens because a program has asked for something: its call gives a turn back, and the call of somebody else begins; a timer
 * is set, a link is dialled. What a program keeps in an `AsyncLocalStorage` (a user, a transaction) must not go with that.
 *
 * (F1) What a program has caused runs with what was kept where the node was made, and with nothing of that program's.
 * (F2) What comes from sockets, timers and handlers that have ended is in a flow of the node's already, and pays nothing. There, a
 *      handler that sets something for the rest of its flow (`enterWith`) still sets it for what begins in the same turn, as Node.js has
 *      it of all events: a flow for each handler costs a small call a tenth of its time (docs/benchmarks/findings.md).
 */
import { AsyncResource } from "node:async_hooks";
import type { NodeInput } from "@mpreg/core/node";

const ofLoop: ReadonlySet<NodeInput["kind"]> = new Set([
  "link-bytes",
  "link-writable",
  "tick",
  "invoked",
  "opened",
  "made",
]);

export class Flow {
  readonly #origin = new AsyncResource("mpreg");

  /** Runs the turn that `input` has caused. */
  run({ kind }: { readonly kind: NodeInput["kind"] }, turn: () => void): void {
    if (ofLoop.has(kind)) return turn(); // (F2)
    // nothing runs in the first one itself: what is set there would be there for ever
    this.#origin.runInAsyncScope(() => new AsyncResource("mpreg")).runInAsyncScope(turn); // (F1)
  }
}
