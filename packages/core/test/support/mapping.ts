/** What the tests of maps have in common. */
import { Mesh } from "./mesh.js";
import { type MeshNode, type MeshNodeOptions, byHand } from "./mesh-node.js";
import { codec, use } from "./requests.js";

/** A node with a few functions. */
export function single(options: MeshNodeOptions = {}): { readonly mesh: Mesh; readonly node: MeshNode } {
  const mesh = new Mesh();
  const node = mesh.node("n", options);
  node.offer("double", (value: number) => value * 2);
  node.offer("add", (one: number, other: number) => one + other);
  node.offer("wait", byHand);
  node.offer("list", byHand);
  mesh.settle();
  return { mesh, node };
}

export const double = { fun: "double", args: [use("item")] };
export const wait = { fun: "wait", args: [use("item")] };

/** The items whose `wait` runs. */
export function waited(node: MeshNode): unknown[] {
  return node.waiting("wait").map(({ template, bound }) => (codec.decodeTemplate(template, bound) as unknown[])[0]);
}

export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
