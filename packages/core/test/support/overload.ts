/** Nodes with more calls than they can run. */
import { expect } from "vitest";
import type { FunctionInfo } from "../../src/node/index.js";
import type { FunctionLoad, Invocation } from "../../src/rpc/index.js";
import type { OfferRecord } from "../../src/wire/index.js";
import { Mesh } from "./mesh.js";
import { type MeshHandler, type MeshNode, byHand } from "./mesh-node.js";

export interface Ended {
  readonly code: string;
  readonly outcome: string;
  readonly message: string;
  readonly node?: string;
  readonly retryAfterMs?: number;
}

export function errorOf({ ends }: { readonly ends: readonly unknown[] }): Ended {
  expect(ends).toHaveLength(1);
  return (ends[0] as { readonly error: Ended }).error;
}

export type Limits = Partial<OfferRecord> & { readonly queueMax?: number };

/** A node on which `work` is ended by hand. */
export function alone(
  limits: Limits = { concurrencyMax: 1 },
  handler: MeshHandler = byHand,
): { readonly mesh: Mesh; readonly node: MeshNode } {
  const mesh = new Mesh();
  const node = mesh.node("n");
  node.offerAs("work", handler, limits);
  mesh.settle();
  return { mesh, node };
}

/** Two nodes; on `b`, `work` is ended by hand. */
export function behind(limits: Limits = { concurrencyMax: 1 }): {
  readonly mesh: Mesh;
  readonly a: MeshNode;
  readonly b: MeshNode;
} {
  const mesh = new Mesh();
  const [a, b] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
  b.offerAs("work", byHand, limits);
  mesh.settle();
  return { mesh, a, b };
}

/** A call of `work` that takes so long, from which the node learns how long they take. */
export function runOnce(mesh: Mesh, node: MeshNode, durationMs: number): void {
  node.call("work");
  mesh.advance(durationMs);
  node.finish("work", 1);
  mesh.settle();
}

/** Ends `count` calls of `work` one after the other, the oldest first, each with its number. */
export function finishEach(mesh: Mesh, node: MeshNode, count: number): void {
  for (let n = 0; n < count; n++) {
    node.finish("work", n);
    mesh.settle();
  }
}

export function loadOf(node: MeshNode, fun = "work"): FunctionLoad | undefined {
  const infos = node.inspect("functions") as FunctionInfo[];
  return infos.find(({ name }) => name === fun)?.offers.find((offer) => offer.nodeId === node.id)?.load;
}

/** The first arguments of what was started, in its order. */
export function started(node: MeshNode): unknown[] {
  return node.invoked.map(({ template }) => template[template.length - 1]);
}

/** Ends what has run for as long as `runMsOf` its number, every millisecond, while `arrive` adds what comes; for `forMs`. */
export function drive(
  mesh: Mesh,
  nodes: readonly MeshNode[],
  runMsOf: (number: number) => number,
  forMs: number,
  arrive: (ms: number) => void,
): void {
  const endsMs = new Map<Invocation, number>();
  const seen = nodes.map(() => 0);
  const note = (node: MeshNode, index: number): void => {
    for (; seen[index]! < node.invoked.length; seen[index]! += 1) {
      endsMs.set(node.invoked[seen[index]!]!, mesh.nowMs + runMsOf(seen[index]!));
    }
  };
  for (let ms = 0; ms < forMs; ms++) {
    arrive(ms);
    mesh.settle();
    for (const [index, node] of nodes.entries()) note(node, index);
    mesh.advance(1);
    for (const node of nodes) {
      for (const each of node.waiting("work")) if (endsMs.get(each)! <= mesh.nowMs) node.finishThis(each, 1);
    }
    mesh.settle();
    for (const [index, node] of nodes.entries()) note(node, index);
  }
}
