/** A node that drains, and the clients and nodes that work with it: nothing is lost, and nothing is done twice. */
import type { MpregError } from "@mpreg/core/base";
import { describe, expect, test } from "vitest";
import { type MeshNode, byHand } from "../../core/test/support/mesh-node.js";
import { Mesh } from "../../core/test/support/mesh.js";
import { seeded } from "../../core/test/support/random.js";
import { type MeshSession, follow, sessionOf, settled } from "./support/mesh-session.js";

function cluster(...names: readonly string[]) {
  const mesh = new Mesh();
  const nodes = mesh.cluster(...names);
  for (const node of nodes) node.offer("echo", (value: unknown) => value);
  mesh.settle();
  return { mesh, nodes };
}

function drain(mesh: Mesh, node: MeshNode, graceMs = 30_000): void {
  node.enter({ kind: "drain", graceMs });
  mesh.settle();
}

function drainedOf({ events }: MeshNode): readonly number[] {
  return events.flatMap((event) => (event.kind === "drained" ? [event.left] : []));
}

async function ended(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: unknown) => {
    const { code, outcome, message } = error as MpregError;
    return `${code} ${outcome}: ${message}`;
  });
}

describe("a node that drains", () => {
  test("sends its clients elsewhere, which go at once and without a pause", async () => {
    const { mesh, nodes } = cluster("a", "b");
    const client = sessionOf(mesh, ["a"], { discover: false });
    const told = follow(client);
    drain(mesh, nodes[0]!);
    const call = client.caller.call("echo", [1]);
    mesh.settle();
    expect(await call).toBe(1);
    expect(client.session.nodeName).toBe("b");
    expect(nodes[1]!.invoked).toHaveLength(1);
    await settled(mesh);
    expect(told).toEqual(["connected ws://a", "connecting 1: ws://b ws://a", "reconnected ws://b"]);
    expect(drainedOf(nodes[0]!)).toEqual([0]);
    expect(nodes[0]!.machine.size.links).toBe(1); // to the other node
  });

  test("finishes what runs, over the connection over which it was asked; the client leaves then (N1, N2)", async () => {
    const { mesh, nodes } = cluster("a", "b");
    const [a] = nodes as [MeshNode, MeshNode];
    a.offer("hold", byHand);
    mesh.settle();
    const client = sessionOf(mesh, ["a"]);
    const call = client.caller.call("hold");
    mesh.settle();
    drain(mesh, a);
    mesh.advance(10_000);
    expect(drainedOf(a)).toEqual([]);
    expect(client.session.nodeName).toBe("b");
    expect(client.platform.sockets).toHaveLength(2);
    a.finish("hold", "done");
    mesh.settle();
    expect(await call).toBe("done");
    expect(drainedOf(a)).toEqual([0]);
    expect(a.machine.size).toMatchObject({ tasks: 0, asked: 0 });
  });

  test.each(["a", "b"])("keeps large results until its clients have got them, made by %s (C10)", async (maker) => {
    const { mesh, nodes } = cluster("a", "b");
    const [a] = nodes as [MeshNode, MeshNode];
    const node = nodes.find(({ name }) => name === maker)!;
    node.offer("make", byHand);
    mesh.settle();
    const client = sessionOf(mesh, ["a"]);
    const call = client.caller.call<Uint8Array>("make");
    mesh.settle();
    drain(mesh, a);
    expect(client.session.nodeName).toBe("b");
    node.finish("make", new Uint8Array(20_000_000).fill(7));
    mesh.settle();
    const result = await call;
    expect([result.length, result.at(-1)]).toEqual([20_000_000, 7]);
    expect(drainedOf(a)).toEqual([0]);
    expect(a.machine.size).toMatchObject({ asked: 0, kept: 0, fetches: 0 });
  });

  test("refuses what comes after the announcement as not applied, and the client asks another (N1, C6)", async () => {
    const { mesh, nodes } = cluster("a", "b");
    const client = sessionOf(mesh, ["a", "b"]);
    const [{ connection, end }] = client.platform.sockets as [(typeof client.platform.sockets)[0]];
    const other = connection.ends.find((each) => each !== end)!;
    connection.from(other).isHeld = true; // the announcement is on its way
    nodes[0]!.enter({ kind: "drain", graceMs: 30_000 });
    mesh.settle();
    const calls = [1, 2, 3].map((value) => client.caller.call("echo", [value]));
    mesh.settle();
    expect(nodes.flatMap(({ invoked }) => invoked)).toEqual([]);
    connection.from(other).release();
    mesh.settle();
    expect(await Promise.all(calls)).toEqual([1, 2, 3]);
    expect(nodes.map(({ invoked }) => invoked.length)).toEqual([0, 3]);
    expect(drainedOf(nodes[0]!)).toEqual([0]);
  });

  test("is sent no steps by nodes that have heard of it; one that was on its way goes elsewhere (N1)", () => {
    const { mesh, nodes } = cluster("a", "b", "c");
    const [a, b, c] = nodes as [MeshNode, MeshNode, MeshNode];
    for (const node of [a, c]) node.offer("work", (value: unknown) => value);
    a.offer("only here", byHand);
    mesh.settle();
    const connection = a.connectionTo(b);
    const fromA = connection.ends.find((end) => [...a.connections.values()].some((each) => each.end === end))!;
    connection.from(fromA).isHeld = true;
    a.enter({ kind: "drain", graceMs: 30_000 });
    mesh.settle();
    const before = Array.from({ length: 20 }, (_, value) => b.call("work", [value]));
    mesh.settle();
    expect(drainedOf(a)).toEqual([]); // b may send more yet
    connection.from(fromA).release();
    mesh.settle();
    expect(before.map(({ ends }) => ends)).toEqual(before.map((_, value) => [{ value }]));
    expect(a.invoked).toEqual([]);
    const after = Array.from({ length: 20 }, (_, value) => b.call("work", [value]));
    const sent = b.sent.length;
    mesh.settle();
    expect(after.map(({ ends }) => ends)).toEqual(after.map((_, value) => [{ value }]));
    expect(b.sent.length).toBeGreaterThan(sent);
    expect(a.invoked).toEqual([]);
    expect(drainedOf(a)).toEqual([0]);
    const gone = b.call("only here");
    mesh.settle();
    expect(gone.ends).toMatchObject([{ error: { code: "no-provider" } }]); // a was not even asked
    expect(b.inspect("nodes")).toMatchObject([{ name: "b" }, { name: "a", draining: true }, { name: "c" }]);
  });

  test("waits for nobody that has said nothing for long, and never longer than its grace (N2, N3)", () => {
    const { mesh, nodes } = cluster("a", "b", "c");
    const [a, b] = nodes as [MeshNode, MeshNode, MeshNode];
    const connection = a.connectionTo(b);
    for (const end of connection.ends) connection.from(end).isHeld = true;
    drain(mesh, a);
    expect(drainedOf(a)).toEqual([]);
    mesh.advance(9_000);
    expect(drainedOf(a)).toEqual([0]);
    const { mesh: other, nodes: two } = cluster("d", "e");
    two[0]!.offer("hold", byHand);
    two[0]!.call("hold");
    drain(other, two[0]!, 5_000);
    other.advance(4_999);
    expect(drainedOf(two[0]!)).toEqual([]);
    other.advance(60_000);
    expect(drainedOf(two[0]!)).toEqual([1]);
  });

  test("refuses new clients, which try their next address", () => {
    const { mesh, nodes } = cluster("a", "b");
    nodes[0]!.offer("hold", byHand);
    nodes[0]!.call("hold");
    drain(mesh, nodes[0]!);
    expect(sessionOf(mesh, ["a", "b"]).session.nodeName).toBe("b");
    expect(sessionOf(mesh, ["a"]).events).toEqual(['failed ws://a: node "a" is about to leave']);
  });

  test("does not wait for clients that do not know of draining, but for what they have asked", () => {
    const { mesh, nodes } = cluster("a");
    nodes[0]!.offer("hold", byHand);
    mesh.settle();
    const client = mesh.client(nodes[0]!);
    const id = client.call("hold");
    mesh.settle();
    drain(mesh, nodes[0]!);
    const late = client.call("echo");
    mesh.settle();
    expect(client.endsOf(late)).toMatchObject([{ error: { code: "closed", outcome: "not-applied" } }]);
    expect(drainedOf(nodes[0]!)).toEqual([]);
    nodes[0]!.finish("hold", 1);
    mesh.settle();
    expect(client.endsOf(id)).toEqual([{ value: 1 }]);
    expect(drainedOf(nodes[0]!)).toEqual([0]);
  });

  test("that is alone lets its clients finish and wait for another", async () => {
    const { mesh, nodes } = cluster("a");
    const client = sessionOf(mesh, ["a"]);
    drain(mesh, nodes[0]!);
    expect(drainedOf(nodes[0]!)).toEqual([0]);
    const call = client.caller.call("echo", [1]);
    mesh.crash(nodes[0]!);
    mesh.advance(5_000);
    mesh.node("a", { incarnation: 2 }).offer("echo", (value: unknown) => value);
    mesh.advance(2_001);
    expect(await call).toBe(1);
  });
});

test("a rolling restart of all nodes under load loses no call, does none twice and lets none wait", async () => {
  const { mesh, nodes } = cluster("a", "b", "c");
  const random = seeded(17);
  const runs = new Map<number, number>();
  const work = (call: number): number => {
    runs.set(call, (runs.get(call) ?? 0) + 1);
    return call;
  };
  for (const node of nodes) node.offer("work", work);
  mesh.settle();
  const clients = ["a", "b", "c", "a"].map((name): MeshSession => sessionOf(mesh, [name]));
  const stepMs = 5;
  const ends: unknown[] = [];
  let calls = 0;
  let slowestMs = 0;
  const load = (): void => {
    for (const { caller } of clients) {
      for (let count = Math.floor(random.next() * 4); count > 0; count--) {
        const call = calls++;
        const sinceMs = mesh.nowMs;
        void ended(caller.call("work", [call])).then((end) => {
          ends.push(end === call ? "right" : end);
          slowestMs = Math.max(slowestMs, mesh.nowMs - sinceMs);
        });
      }
    }
  };
  const during = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += stepMs) {
      load();
      await settled(mesh);
      mesh.advance(stepMs);
    }
  };
  await during(200);
  for (const [index, name] of ["a", "b", "c"].entries()) {
    const node = mesh.nodes.find((each) => each.name === name)!;
    load();
    node.enter({ kind: "drain", graceMs: 30_000 });
    load();
    while (drainedOf(node).length === 0) await during(stepMs);
    node.enter({ kind: "close" });
    mesh.settle();
    mesh.crash(node);
    await during(500);
    const again = mesh.node(name, { incarnation: 10 + index, peers: ["a", "b", "c"].filter((each) => each !== name) });
    again.offer("work", work);
    await during(3_000);
  }
  mesh.advance(60_000);
  await settled(mesh);
  expect(ends.filter((end) => end !== "right")).toEqual([]);
  expect(ends).toHaveLength(calls);
  expect(calls).toBeGreaterThan(3_000);
  expect([...runs.values()].filter((count) => count !== 1)).toEqual([]);
  expect(slowestMs).toBeLessThanOrEqual(stepMs);
  mesh.expectQuiet();
});
