/** How silent clients are asked for a sign of life: many in one turn, and each in time. */
import { describe, expect, test } from "vitest";
import { earlyMsOf } from "../../src/node/keep-alive.js";
import { Mesh } from "../support/mesh.js";
import type { MeshClient } from "../support/mesh-client.js";

const stepMs = 10;

/** When each of the clients was asked, until `forMs` from now. */
function pingsOf(mesh: Mesh, clients: readonly MeshClient[], forMs: number): number[][] {
  const asked = clients.map((): number[] => []);
  const heard = clients.map(({ heardBytes }) => heardBytes.length);
  for (let goneMs = 0; goneMs < forMs; goneMs += stepMs) {
    mesh.advance(stepMs);
    for (const [at, { heardBytes }] of clients.entries()) {
      if (heardBytes.length === heard[at]) continue;
      heard[at] = heardBytes.length;
      asked[at]?.push(mesh.nowMs);
    }
  }
  return asked;
}

describe("clients that do nothing", () => {
  test("are asked together, after 4 to 5 s of silence each, whenever they have come (K1)", () => {
    const mesh = new Mesh();
    const node = mesh.node("n");
    const clients = Array.from({ length: 50 }, () => {
      mesh.advance(93);
      return mesh.client(node, { link: { pingIntervalMs: 0 } });
    });
    mesh.settle();
    mesh.advance(20_000); // what was set for the handshake is over
    const asked = pingsOf(mesh, clients, 10_000);
    for (const times of asked) {
      expect(times.length).toBeGreaterThanOrEqual(2);
      const [first = 0, second = 0] = times;
      expect(second - first).toBeGreaterThanOrEqual(4_000);
      expect(second - first).toBeLessThan(5_000 - stepMs); // before it would ask itself
    }
    expect(new Set(asked.flat()).size).toBeLessThanOrEqual(12);
    expect(clients.flatMap(({ ends }) => ends)).toEqual([]);
  });

  test("are asked in as many turns as keep each short, where they are many (K2)", () => {
    expect([1, 2, 320, 640, 6_400].map((links) => earlyMsOf(5_000, links))).toEqual([0, 900, 900, 500, 50]);
    expect(earlyMsOf(0, 10)).toBe(0);
  });

  test("are given up after as long a silence as without, although they were asked earlier", () => {
    const mesh = new Mesh();
    const node = mesh.node("n");
    const client = mesh.client(node, { link: { pingIntervalMs: 0 } });
    mesh.settle();
    const openedMs = mesh.nowMs;
    const { connection } = client;
    if (connection === undefined) throw new Error("The client has no connection");
    for (const end of connection.ends) connection.from(end).isHeld = true;
    mesh.advance(14_990);
    expect(node.machine.size.links).toBe(1);
    mesh.advance(openedMs + 15_001 - mesh.nowMs);
    expect(node.machine.size.links).toBe(0);
  });
});
