/**
 * Same catalog: after healing every node's view of who offers what is the same, and complete.
 *
 * (C1) It is what the nodes that are up have registered, no more and no less. (Beside queues, which nodes have by themselves.)
 */
import { queuePrefix, queuesFunction } from "@mpreg/core/program";
import type { World } from "../world.js";
import type { Checker } from "./types.js";

export class SameCatalog implements Checker {
  readonly guarantee = "same-catalog";

  pending(world: World): string[] {
    const up = [...world.nodes.values()].filter(({ state }) => state === "up");
    const wanted = new Set<string>();
    for (const { name, registrations } of up) {
      for (const { fun, resources } of registrations) wanted.add(lineOf(fun, name, resources));
    }
    return up.flatMap((node) => {
      const seen = new Set<string>();
      for (const { name: fun, offers } of node.functions()) {
        if (fun === queuesFunction || fun.startsWith(queuePrefix)) continue;
        for (const offer of offers) seen.add(lineOf(fun, offer.node, offer.resources));
      }
      const missing = [...wanted].filter((line) => !seen.has(line));
      const extra = [...seen].filter((line) => !wanted.has(line));
      return [
        ...missing.map((line) => `${node.name} does not know of ${line}`),
        ...extra.map((line) => `${node.name} believes in ${line}`), // (C1)
      ];
    });
  }
}

function lineOf(fun: string, node: string, resources: readonly string[]): string {
  return `"${fun}" on ${node} with [${resources.join(", ")}]`;
}
