/** A client that stays connected: where it goes when its connection is lost, how soon, and what waits meanwhile. */
import type { MpregError } from "@mpreg/core/base";
import { describe, expect, test } from "vitest";
import { byHand } from "../../core/test/support/mesh-node.js";
import { Mesh } from "../../core/test/support/mesh.js";
import { follow, sessionOf, settled } from "./support/mesh-session.js";

function cluster(...names: readonly string[]) {
  const mesh = new Mesh();
  const nodes = mesh.cluster(...names);
  for (const node of nodes) node.offer("echo", (value: unknown) => value);
  mesh.settle();
  return { mesh, nodes };
}

async function ended(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: unknown) => {
    const { code, outcome, message } = error as MpregError;
    return `${code} ${outcome}: ${message}`;
  });
}

describe("of several addresses", () => {
  test("the first that answers is taken; one that refuses costs no time (H1)", () => {
    const { mesh } = cluster("a", "b");
    const { events, session, platform } = sessionOf(mesh, ["gone", "b", "a"]);
    expect(events).toEqual(["open"]);
    expect(session.url).toBe("ws://b");
    expect(platform.dials).toEqual([
      { url: "ws://gone", atMs: mesh.nowMs },
      { url: "ws://b", atMs: mesh.nowMs },
    ]);
  });

  test("one that swallows packets costs a moment, and is given up when another answers (H1, H2)", () => {
    const { mesh } = cluster("a", "b");
    const startMs = mesh.nowMs;
    const { platform, events } = sessionOf(mesh, ["hole", "b"]); // see `blackHole`
    mesh.advance(249);
    expect(events).toEqual([]);
    mesh.advance(1);
    expect(events).toEqual(["open"]);
    expect(platform.dials.map(({ atMs }) => atMs - startMs)).toEqual([0, 250]);
    expect(platform.closed).toEqual(["ws://hole"]);
    mesh.advance(60_000);
    expect(events).toEqual(["open"]);
  });

  test("all are named with what was wrong there when none answers", () => {
    const { mesh } = cluster("a");
    const { events } = sessionOf(mesh, ["x", "y"]);
    expect(events).toEqual(["failed ws://x: nobody listens, ws://y: nobody listens"]);
    const dials = sessionOf(mesh, ["x"]);
    mesh.advance(60_000);
    expect(dials.platform.dials).toHaveLength(1); // it was told, and does not go on
  });
});

describe("a client whose connection breaks", () => {
  test("goes back to the same node first; what is asked meanwhile waits, and is answered (C5)", async () => {
    const { mesh } = cluster("a", "b");
    const client = sessionOf(mesh, ["a", "b"]);
    const told = follow(client);
    client.platform.sockets[0]!.connection.cut();
    mesh.settle();
    const waiting = client.caller.call("echo", ["later"]);
    mesh.settle();
    expect(client.platform.sockets).toHaveLength(1);
    mesh.advance(25);
    expect(await waiting).toBe("later");
    expect(client.session.url).toBe("ws://a");
    await settled(mesh);
    expect(told).toEqual([
      "connected ws://a",
      "disconnected ws://a transport",
      "connecting 1: ws://a ws://b",
      "reconnected ws://a",
    ]);
    const late = follow(client); // whoever comes now is told how things are now
    await settled(mesh);
    expect(late).toEqual(["connected ws://a"]);
  });

  test("goes to another node when its own is gone, also to one that it has only learned of", async () => {
    const { mesh, nodes } = cluster("a", "b");
    const client = sessionOf(mesh, ["a"]);
    mesh.crash(nodes[0]!);
    const call = client.caller.call("echo", [1]);
    mesh.advance(25);
    expect(await call).toBe(1);
    expect(client.session.url).toBe("ws://b");
    expect(client.session.nodeName).toBe("b");
  });

  test("learns of no other nodes when it is told not to", () => {
    const { mesh, nodes } = cluster("a", "b");
    const { platform } = sessionOf(mesh, ["a"], { discover: false });
    mesh.crash(nodes[0]!);
    mesh.advance(10_000);
    expect(new Set(platform.dials.map(({ url }) => url))).toEqual(new Set(["ws://a"]));
  });

  test("learns within a minute of nodes that join later", () => {
    const { mesh, nodes } = cluster("a", "b");
    const { session } = sessionOf(mesh, ["a"]);
    const c = mesh.node("c", { peers: ["a"] });
    mesh.advance(61_000);
    mesh.crash(nodes[1]!);
    mesh.crash(nodes[0]!);
    mesh.advance(25);
    expect(session.url).toBe("ws://c");
    expect(c.machine.size.links).toBe(1);
  });

  test("tries for ever, with pauses that grow to two seconds and are drawn by lot (S1, S2)", () => {
    const { mesh, nodes } = cluster("a");
    const { platform, session } = sessionOf(mesh, ["a"]);
    mesh.crash(nodes[0]!);
    const lostMs = mesh.nowMs;
    mesh.advance(600_000);
    const times = platform.dials.slice(1).map(({ atMs }) => atMs);
    const pauses = times.map((atMs, index) => atMs - (times[index - 1] ?? lostMs));
    pauses.slice(0, 7).forEach((pauseMs, index) => expect(pauseMs).toBeLessThanOrEqual(25 * 2 ** index + 1));
    expect(Math.max(...pauses)).toBeLessThanOrEqual(2_001);
    expect(Math.max(...pauses)).toBeGreaterThan(1_900);
    expect(pauses.slice(7).filter((pauseMs) => pauseMs < 200).length).toBeGreaterThan(10);
    expect(times.length).toBeGreaterThan(400);
    const a = mesh.node("a");
    a.offer("echo", (value: unknown) => value);
    mesh.advance(2_001);
    expect(session.nodeName).toBe("a");
    expect(a.machine.size.links).toBe(1);
  });

  test("tells what was under way and cannot be asked again that nobody knows whether it took effect (C7)", async () => {
    const { mesh, nodes } = cluster("a");
    nodes[0]!.offer("hold", byHand);
    const client = sessionOf(mesh, ["a"], { resumeBytesMax: 100 });
    const first = client.caller.call("hold");
    const second = ended(client.caller.call("hold")); // there is no room to keep it
    mesh.settle();
    client.platform.sockets[0]!.connection.cut();
    mesh.advance(30);
    expect(await second).toMatch(/^node-lost unknown: The connection to ws:\/\/a ended before the answer came/);
    nodes[0]!.finish("hold", 1);
    mesh.settle();
    expect(await first).toBe(1);
  });
});

describe("while there is no connection", () => {
  test("calls wait within their own time limit, then say that nothing was done", async () => {
    const { mesh, nodes } = cluster("a");
    const { caller } = sessionOf(mesh, ["a"]);
    mesh.crash(nodes[0]!);
    const call = ended(caller.call("echo", [1], { timeoutMs: 1_000 }));
    mesh.advance(1_501);
    expect(await call).toBe(
      "deadline not-applied: The time allowed ran out while it waited to be sent (there was no connection to any node)",
    );
  });

  test("calls without a time limit wait for 30 s, and not for ever (C5)", async () => {
    const { mesh, nodes } = cluster("a");
    const { caller } = sessionOf(mesh, ["a"]);
    mesh.crash(nodes[0]!);
    let end: unknown = "none yet";
    void ended(caller.call("echo", [1])).then((told) => (end = told));
    mesh.advance(29_999);
    await settled(mesh);
    expect(end).toBe("none yet");
    mesh.advance(2);
    await settled(mesh);
    expect(end).toBe("not-connected not-applied: There was no connection to any node for 30000 ms");
  });

  test("a call that was sent in the end has its own time, not that of the wait (C5)", async () => {
    const { mesh, nodes } = cluster("a", "b");
    nodes[1]!.offer("hold", byHand);
    mesh.settle();
    const client = sessionOf(mesh, ["a"]);
    nodes[1]!.isListening = false;
    mesh.crash(nodes[0]!);
    let end: unknown = "none yet";
    void ended(client.caller.call("hold")).then((told) => (end = told));
    mesh.advance(20_000);
    nodes[1]!.isListening = true;
    mesh.advance(20_000);
    nodes[1]!.finish("hold", "done");
    await settled(mesh);
    expect(end).toBe("done");
  });

  test("calls leave in the order in which they were made, as many at a time as may be (Q1, C4)", async () => {
    const { mesh, nodes } = cluster("a");
    const seen: number[] = [];
    nodes[0]!.offer("note", (number: number) => seen.push(number));
    const { caller, platform } = sessionOf(mesh, ["a"], { inFlightMax: 3 });
    platform.sockets[0]!.connection.cut();
    mesh.settle();
    const calls = Array.from({ length: 10 }, (_, number) => caller.call("note", [number]));
    mesh.advance(25);
    await Promise.all(calls);
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("no more wait than may, and what is withdrawn makes room", async () => {
    const { mesh, nodes } = cluster("a");
    const { caller } = sessionOf(mesh, ["a"], { line: { asksMax: 2, bytesMax: 1_000 } });
    mesh.crash(nodes[0]!);
    const controller = new AbortController();
    const first = ended(caller.call("echo", [1], { signal: controller.signal }));
    const second = ended(caller.call("echo", [2]));
    expect(await ended(caller.call("echo", [3]))).toContain("overloaded not-applied");
    controller.abort();
    expect(await first).toContain("cancelled");
    const third = ended(caller.call("echo", [4]));
    const a = mesh.node("a");
    a.offer("echo", (value: unknown) => value);
    mesh.advance(2_000);
    expect(await Promise.all([second, third])).toEqual([2, 4]);
  });

  test("close() ends what waits, and nothing is tried any more (S3)", async () => {
    const { mesh, nodes } = cluster("a");
    const client = sessionOf(mesh, ["a"]);
    const told = follow(client);
    mesh.crash(nodes[0]!);
    const call = ended(client.caller.call("echo", [1]));
    mesh.advance(500);
    client.session.close("the client has closed");
    expect(await call).toMatch(/^closed not-applied/);
    const { length } = client.platform.dials;
    mesh.advance(60_000);
    expect(client.platform.dials).toHaveLength(length);
    expect(client.platform.nextDueMs).toBe(Infinity);
    await settled(mesh);
    expect(told.slice(-2)).toEqual(["disconnected ws://a closing", "end"]);
  });
});

test("with `reconnect: false` nothing is tried again, and what waits ends", async () => {
  const { mesh } = cluster("a");
  const client = sessionOf(mesh, ["a"], { reconnect: false, discover: false });
  const told = follow(client);
  client.platform.sockets[0]!.connection.cut();
  mesh.advance(60_000);
  expect(client.platform.dials).toHaveLength(1);
  expect(await ended(client.caller.call("echo"))).toMatch(/^not-connected not-applied: .*connect again to go on$/);
  expect(client.platform.nextDueMs).toBe(Infinity);
  await settled(mesh);
  expect(told).toEqual(["connected ws://a", "disconnected ws://a transport", "end"]);
});
