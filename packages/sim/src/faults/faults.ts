/**
 * Faults: what can be done to the network of a world, and undone.
 *
 * What can be done to a node (pause, crash, restart) is a matter of the node.
 *
 * (F1) Each answers how to undo it; `heal` undoes whatever is left. What was lost stays lost.
 */
import type { Network } from "../network/index.js";

/** Which ends of a cut connection hear of it. An end that does not is half-open until it notices the silence. */
export type Told = "both" | "one" | "neither";

export class Faults {
  readonly #network: Network;
  readonly #disturbed: (what: string) => void;
  readonly #active = new Set<() => void>();

  constructor(network: Network, disturbed: (what: string) => void) {
    this.#network = network;
    this.#disturbed = disturbed;
  }

  /** Nothing passes between the groups, in neither direction, for hosts that are open and for dials. */
  partition(...groups: readonly (readonly string[])[]): () => void {
    this.#disturbed(`partition ${groups.map((group) => group.join("+")).join(" | ")}`);
    const undo: (() => void)[] = [];
    groups.forEach((group, index) => {
      const others = groups.filter((_, other) => other !== index).flat();
      for (const from of group) for (const to of others) undo.push(this.#network.path(from, to).block());
    });
    return this.#activate(undo);
  }

  /** Nothing arrives at `to` from `from`; the other direction works. */
  block(from: string, to: string): () => void {
    this.#disturbed(`nothing gets from ${from} to ${to}`);
    return this.#activate([this.#network.path(from, to).block()]);
  }

  /** Nothing passes between two hosts, in neither direction. */
  stall(a: string, b: string): () => void {
    this.#disturbed(`${a} and ${b} stall`);
    return this.#activate([this.#network.path(a, b).block(), this.#network.path(b, a).block()]);
  }

  /** What `from` sends to `to` takes `factor` times as long. */
  slow(from: string, to: string, factor: number): () => void {
    this.#disturbed(`${from} to ${to} is ${factor} times slower`);
    return this.#activate([this.#network.path(from, to).slow(factor)]);
  }

  /** `to` reads at most so much of what `from` sends. */
  throttle(from: string, to: string, bytesPerMs: number): () => void {
    this.#disturbed(`${to} reads ${bytesPerMs} bytes per ms from ${from}`);
    return this.#activate([this.#network.path(from, to).throttle(bytesPerMs)]);
  }

  /** Breaks every connection between two hosts; each loses an unknown part of what was on its way. */
  cut(a: string, b: string, told: Told = "both"): void {
    this.#disturbed(`connections between ${a} and ${b} break, ${told} told`);
    for (const connection of [...this.#network.connections]) {
      if (!connection.joins(a, b)) continue;
      const one = connection.dialer.host === a ? "dialer" : "acceptor";
      this.#network.cut(connection, told === "one" ? one : told);
    }
  }

  /** Ends all faults that are active. */
  heal(): void {
    for (const undo of [...this.#active]) undo();
  }

  /** (F1) */
  #activate(undos: readonly (() => void)[]): () => void {
    const undo = (): void => {
      if (!this.#active.delete(undo)) return;
      for (const each of undos) each();
    };
    this.#active.add(undo);
    return undo;
  }
}
