/** A partner that cannot be dialled is passed over for a while, and then looked at again. */
import { expect, test } from "vitest";
import { profiles } from "../../src/membership/index.js";
import type { NodeInfo } from "../../src/node/index.js";
import { Mesh } from "../support/mesh.js";
import type { MeshNode } from "../support/mesh-node.js";

const { reconcileIntervalMs, linkIdleMs } = profiles.lan;
const membership = { fullMeshMax: 2 };

function linkedTo(node: MeshNode): string[] {
  return (node.inspect("nodes") as NodeInfo[]).filter(({ linked }) => linked).map(({ name }) => name);
}

test("a partner that was passed over is wanted again after a while, once it can be dialled", () => {
  const mesh = new Mesh();
  const names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
  const nodes = names.map((name) => mesh.node(name, { membership, peers: name === "a" ? [] : ["a"] }));
  mesh.advance(20 * linkIdleMs); // what nobody wants is closed
  const [a] = nodes as [MeshNode];
  const before = linkedTo(a);
  expect(before.length).toBeLessThan(nodes.length - 1);
  const partner = nodes.find(({ name }) => name === before[0])!;
  for (const node of [a, partner]) node.isListening = false;
  a.connectionTo(partner).cut();
  mesh.advance(reconcileIntervalMs / 2);
  const meanwhile = linkedTo(a);
  expect(meanwhile).not.toContain(partner.name);
  expect(meanwhile).not.toEqual(before.slice(1)); // the next best is there
  const dials = (): number => a.dials.filter((url) => url === `ws://${partner.name}`).length;
  const dialsBefore = dials();
  const periods = 40;
  mesh.advance(periods * reconcileIntervalMs);
  // each second period at the latest; chance alone would look at it once in five
  expect(dials() - dialsBefore).toBeGreaterThanOrEqual(periods / 2);
  expect(dials() - dialsBefore).toBeLessThan(periods * 2);
  for (const node of [a, partner]) node.isListening = true;
  mesh.advance(3 * reconcileIntervalMs + 20 * linkIdleMs);
  expect(linkedTo(a)).toEqual(expect.arrayContaining(before));
});
