/**
 * Same interest: after healing, what every node knows of what others want is what their subscriptions want.
 *
 * (I1) Each node has the subscriptions of the clients that are connected to it, and no others.
 * (I2) Each node knows the patterns and groups of all others, and nothing else.
 */
import type { Checker } from "../check/types.js";
import type { World } from "../world.js";
import type { Participants } from "./participants.js";

export class SameInterest implements Checker {
  readonly guarantee = "same-interest";
  readonly #participants: Participants;

  constructor(participants: Participants) {
    this.#participants = participants;
  }

  pending(world: World): string[] {
    const { subscribers, clients } = this.#participants;
    const counts = new Map<string, number>();
    const patterns = new Map<string, Set<string>>();
    const groups = new Map<string, Set<string>>();
    for (const { plan, isOver } of subscribers) {
      const node = clients[plan.client]?.node;
      if (isOver || node === undefined) continue;
      counts.set(node, (counts.get(node) ?? 0) + 1);
      for (const pattern of plan.patterns) entry(patterns, node).add(pattern);
      if (plan.group !== undefined) entry(groups, node).add(plan.group);
    }
    return [...world.nodes.values()].flatMap((node) => {
      const { name } = node;
      if (node.state !== "up") return [`${name} is ${node.state}`];
      const { size } = node;
      const others = [...world.nodes.keys()].filter((other) => other !== name);
      const wanted = others.reduce((sum, other) => sum + (patterns.get(other)?.size ?? 0), 0);
      const named = new Set(others.flatMap((other) => [...(groups.get(other) ?? [])])).size;
      const checks = [
        ["subscriptions", counts.get(name) ?? 0],
        ["subscribed", patterns.get(name)?.size ?? 0], // (I1)
        ["interest", wanted + named], // (I2)
        ["everywhere", 0],
        ["blockedPublishes", 0],
      ] as const;
      return checks
        .filter(([table, entries]) => size[table] !== entries)
        .map(
          ([table, entries]) => `${name} has ${String(size[table])} entries in its table "${table}", not ${entries}`,
        );
    });
  }
}

function entry(sets: Map<string, Set<string>>, node: string): Set<string> {
  let set = sets.get(node);
  if (set === undefined) sets.set(node, (set = new Set()));
  return set;
}
