/**
 * Unharmed: what members that lie must not be able to do to those that do not.
 *
 * (U1) No honest node takes another one for down, and none lets go of the link to another one for what it has said.
 * (U2) At the end each believes all of them alive, and to offer what they offer.
 * (U3) What each remembers stays within its bounds.
 */
import type { Observation } from "../observation.js";
import type { World } from "../world.js";
import type { Checker, Report } from "./types.js";

const faultCodes: readonly string[] = ["refused", "malformed"];

export class Unharmed implements Checker {
  readonly guarantee = "unharmed";
  readonly #honest: ReadonlyMap<string, string>;
  readonly #membersMax: number;

  /** `honest` are the ids of those that do not lie, by their names. */
  constructor(honest: ReadonlyMap<string, string>, membersMax: number) {
    this.#honest = honest;
    this.#membersMax = membersMax;
  }

  observe(observation: Observation, _nowMs: number, report: Report): void {
    if (observation.kind !== "reported" || !this.#honest.has(observation.node)) return;
    const { node, event } = observation;
    if (event.kind !== "node-lost" && event.kind !== "link-lost") return;
    if (this.#honest.get(event.name) !== event.nodeId) return;
    const { code, reason } = event.reason;
    if (event.kind === "node-lost")
      report(`${node} takes ${event.name} for down`); // (U1)
    else if (faultCodes.includes(code)) report(`${node} lets go of ${event.name}: ${reason}`);
  }

  pending(world: World): string[] {
    return [...this.#honest.keys()].flatMap((name) => this.#harmTo(world, name));
  }

  #harmTo(world: World, name: string): string[] {
    const node = world.node(name);
    const { members, announced } = node.size;
    const harm: string[] = [];
    if (Math.max(members, announced) > this.#membersMax) {
      harm.push(`${name} remembers ${members} members and the offers of ${announced}`); // (U3)
    }
    const states = new Map(node.nodes().map(({ id, state }) => [id, state]));
    const offers = node
      .functions()
      .flatMap(({ name: fun, offers: each }) => each.map(({ nodeId }) => ({ fun, nodeId })));
    for (const [other, id] of this.#honest) {
      const state = states.get(id) ?? "unknown";
      if (state !== (other === name ? "self" : "alive")) harm.push(`${other} is ${state} for ${name}`); // (U2)
      const known = offers.flatMap(({ fun, nodeId }) => (nodeId === id ? [fun] : [])).sort();
      const wanted = world
        .node(other)
        .registrations.map(({ fun }) => fun)
        .sort();
      if (known.join() !== wanted.join()) harm.push(`${other} offers [${known.join(", ")}] for ${name}`);
    }
    return harm;
  }
}
