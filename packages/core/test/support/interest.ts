/** Nodes of a mesh that want topics: who wants what, as a node sees it. */
import { parsePattern } from "../../src/base/index.js";
import type { Mesh } from "./mesh.js";
import type { MeshNode } from "./mesh-node.js";

/** A subscription of `node` begins, in a turn of its own. */
export function subscribe(mesh: Mesh, node: MeshNode, pattern: string, group?: string): void {
  change(mesh, node, () => {
    node.machine.interests.subscribed([parsePattern(pattern)], group);
  });
}

export function unsubscribe(mesh: Mesh, node: MeshNode, pattern: string, group?: string): void {
  change(mesh, node, () => {
    node.machine.interests.unsubscribed([parsePattern(pattern)], group);
  });
}

/** Lets `happen` be a turn of the node. */
export function change(mesh: Mesh, node: MeshNode, happen: () => void): void {
  mesh.post(() => {
    happen();
    node.machine.flush(mesh.nowMs);
  });
  mesh.settle();
}

/** Who wants `topic`, as `node` sees it: `b`, `group: b c`. */
export function interestedIn(node: MeshNode, topic: string): string[] {
  const { owners, groups } = node.machine.interests.interested(topic);
  const names = (all: readonly { readonly name: string }[]): string =>
    all
      .map(({ name }) => name)
      .toSorted()
      .join(" ");
  const shared = groups.map(({ name, owners: members }) => `${name}: ${names(members)}`);
  return [...owners.map(({ name }) => name).toSorted(), ...shared.toSorted()];
}

/** Someone who waits until all know. */
export class Waiter {
  readonly toldAtMs: number[] = [];

  everywhere(nowMs: number): void {
    this.toldAtMs.push(nowMs);
  }
}

/** Waits until everybody knows what `node` wants. */
export function awaitEverywhere(mesh: Mesh, node: MeshNode): Waiter {
  const waiter = new Waiter();
  change(mesh, node, () => {
    node.machine.interests.everywhere(waiter, mesh.nowMs);
  });
  return waiter;
}
