/**
 * Empty tables: after quiet nothing is left of what has ended.
 *
 * (E1) Of everything that is under way in a node's tables: none.
 * (E2) No node believes that something still runs elsewhere.
 */
import type { World } from "../world.js";
import type { Checker } from "./types.js";

/** These hold what there is, not what is under way. */
const meshTables: ReadonlySet<string> = new Set([
  "links",
  "doors",
  "peers",
  "members",
  "announced",
  "interested",
  "wanted",
]);

export class EmptyTables implements Checker {
  readonly guarantee = "empty-tables";
  readonly #tables: ReadonlySet<string>;

  /** `areApart`: some nodes get no link to each other, and go on dialling. */
  constructor(areApart: boolean = false) {
    this.#tables = areApart ? new Set([...meshTables, "dialing"]) : meshTables;
  }

  pending(world: World): string[] {
    const problems: string[] = [];
    for (const node of world.nodes.values()) {
      if (node.state !== "up") continue;
      for (const [table, entries] of Object.entries(node.size)) {
        if (entries !== 0 && !this.#tables.has(table))
          problems.push(`${node.name} has ${entries} entries in its table "${table}"`); // (E1)
      }
      for (const { name, inFlight } of node.nodes()) {
        if (inFlight !== 0) problems.push(`${node.name} counts ${inFlight} steps in flight on ${name}`); // (E2)
      }
    }
    return problems;
  }
}
