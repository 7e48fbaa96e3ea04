/**
 * Reachable: nobody is taken for down whom somebody reaches.
 *
 * (R1) Of the nodes that have a way to each other, if only over others, none takes another one for down.
 * (R2) At the end all are alive for all.
 */
import type { Observation } from "../observation.js";
import type { World } from "../world.js";
import type { Checker, Report } from "./types.js";

export class Reachable implements Checker {
  readonly guarantee = "reachable";
  readonly #cutOff: ReadonlySet<string>;

  /** `cutOff` are those that may take each other, and be taken, for down. */
  constructor(cutOff: ReadonlySet<string>) {
    this.#cutOff = cutOff;
  }

  observe(observation: Observation, _nowMs: number, report: Report): void {
    if (observation.kind !== "reported" || observation.event.kind !== "node-lost") return;
    const { node, event } = observation;
    if (this.#cutOff.has(node) || this.#cutOff.has(event.name)) return;
    report(`${node} takes ${event.name} for down`); // (R1)
  }

  pending(world: World): string[] {
    return [...world.nodes.values()].flatMap((node) => {
      const states = new Map(node.nodes().map(({ name, state }) => [name, state]));
      return [...world.nodes.keys()]
        .filter((other) => states.get(other) !== (other === node.name ? "self" : "alive"))
        .map((other) => `${other} is ${states.get(other) ?? "down"} for ${node.name}`); // (R2)
    });
  }
}
