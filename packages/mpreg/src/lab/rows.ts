/**
 * Rows: what a lab's nodes believe of each other, put together.
 *
 * (R1) A figure is what some node has answered; where none has, there is `-`.
 */
import type { NodeInfo } from "@mpreg/core";
import type { LabNode } from "./lab-node.js";
import type { LabRow } from "./screen.js";

const unknown = "-";
const states = ["alive", "suspect", "down", "left"] as const;

export function rowsOf(
  nodes: readonly Pick<LabNode, "name" | "process" | "view">[],
  selected: number,
  sideOf: (name: string) => number,
): readonly LabRow[] {
  return nodes.map(({ name, process, view }, index) => {
    const believed = nodes.flatMap((other) => (other.name === name ? [] : [...beliefs(other, name)]));
    const self = view?.nodes.find(({ state }) => state === "self");
    const own = self ?? believed[0];
    const running = self?.running === undefined ? believed.flatMap((each) => each.running ?? []) : [self.running];
    const side = sideOf(name);
    return {
      name,
      isSelected: index === selected,
      process: process.kind === "ended" ? `ended ${process.how}` : process.kind,
      side: side === 0 ? "" : String(side),
      sees: view === undefined ? unknown : String(view.nodes.filter(({ state }) => isPresent(state)).length),
      seenAs: seenAs(believed),
      incarnation: own === undefined ? unknown : String(own.incarnation),
      running: running.length === 0 ? unknown : String(Math.max(...running)),
      url: process.kind === "running" || process.kind === "frozen" ? process.url : unknown,
    };
  });
}

/** What `node` believes of the one with the name. */
function beliefs({ view }: Pick<LabNode, "view">, name: string): readonly NodeInfo[] {
  return view?.nodes.filter((each) => each.name === name) ?? [];
}

function isPresent(state: NodeInfo["state"]): boolean {
  return state !== "down" && state !== "left";
}

/** `alive 3, suspect 1` */
function seenAs(believed: readonly NodeInfo[]): string {
  const counts = states.map((state) => [state, believed.filter((each) => each.state === state).length] as const);
  const seen = counts.filter(([, count]) => count > 0).map(([state, count]) => `${state} ${count}`);
  return seen.join(", ") || unknown;
}
