/** Nodes in a mesh of which not every two reach each other. */
import { expect } from "vitest";
import type { Action, Policy, Subject } from "../../src/base/index.js";
import { Mesh } from "./mesh.js";
import { type MeshNode, type MeshNodeOptions, byHand } from "./mesh-node.js";

/** What each node was asked to decide about calls, and about looking at them. */
export type Decided = { readonly by: string; readonly subject: Subject; readonly onBehalfOf: Subject | undefined };

/** Nodes of which only those joined in `ways` ("ab bc") reach each other; each offers `on-<its name>`. */
export function network(
  names: string,
  ways: string,
  options: MeshNodeOptions = {},
  mesh: Mesh = new Mesh(),
  formMs = 20_000,
) {
  const open = new Set(ways.split(" "));
  const decided: Decided[] = [];
  const denying = new Set<string>();
  const isWay = (one: string, other: string): boolean =>
    other === "nowhere" || open.has(one + other) || open.has(other + one);
  const policyOf =
    (name: string): Policy =>
    (subject, action: Action) => {
      if (action.kind === "dial" && !isWay(name, action.url.slice("ws://".length))) {
        return { allow: false, reason: "there is no way" };
      }
      if (action.kind === "call" || action.kind === "watch") {
        decided.push({ by: name, subject, onBehalfOf: action.onBehalfOf });
        if (denying.has(name)) return { allow: false, reason: "it does not pass on" };
      }
      return { allow: true };
    };
  const nodes = new Map<string, MeshNode>();
  for (const name of names) {
    const peers = [...nodes.keys()].filter((each) => isWay(name, each));
    nodes.set(name, mesh.node(name, { ...options, peers, policy: policyOf(name) }));
    nodes.get(name)!.offer(`on-${name}`, byHand);
    nodes.get(name)!.offer("everywhere", byHand);
  }
  mesh.advance(formMs);
  for (const node of nodes.values()) expect(node.machine.size.peers).toBe(names.length - 1);
  return {
    mesh,
    decided,
    denying,
    node: (name: string) => nodes.get(name)!,
    open: (way: string) => open.add(way),
    isLinked: (way: string): boolean => {
      const [one, other] = Array.from(way, (name) => nodes.get(name)!) as [MeshNode, MeshNode];
      const theirs = new Set([...other.connections.values()].map(({ connection }) => connection));
      return [...one.connections.values()].some(({ connection }) => theirs.has(connection));
    },
    /** Breaks the link, too. */
    close: (way: string) => {
      open.delete(way);
      nodes.get(way[0]!)!.connectionTo(nodes.get(way[1]!)!).cut();
      mesh.settle();
    },
  };
}
