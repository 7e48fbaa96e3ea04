/** How nodes find each other: peers that come late, nodes that others know, addresses that are not their own. */
import type { FunctionInfo } from "@mpreg/core/node";
import { describe, expect, test } from "vitest";
import { clientOf, meshed, offered, startMesh, startNode } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { startLog } from "../support/log.js";
import { freePort, startProxy } from "../support/proxy.js";

describe("peers", () => {
  test("that are down at start are dialled until they are there", async () => {
    const port = await freePort();
    const early = await startNode({ name: "early", peers: [`ws://127.0.0.1:${port}`], limits: { redialMsMax: 50 } });
    const proxy = await startProxy(); // and one that lets everybody in and drops them
    const waiting = await startNode({
      name: "waiting",
      peers: [proxy.url],
      limits: { redialMsMin: 5, redialMsMax: 20 },
    });
    await eventually("several dials have failed", () => proxy.accepted >= 3);
    const late = await startNode({ name: "late", port });
    proxy.relayTo(late);
    await meshed([early, waiting, late]);
  });

  test("do not keep a node from serving while they are away", async () => {
    const node = await startNode({
      name: "alone",
      peers: [`ws://127.0.0.1:${await freePort()}`, "ws://no-such-host.invalid:1"],
    });
    expect(await (await clientOf(node)).call("echo", ["alone"])).toBe("alone");
    expect(node.nodes().map(({ name }) => name)).toEqual(["alone"]);
  });

  test("may name the node itself: it stays alone and does not try for ever", async () => {
    const port = await freePort();
    const proxy = await startProxy();
    const limits = { redialMsMin: 5, redialMsMax: 10 };
    const self = await startNode({ name: "self", port, peers: [`ws://127.0.0.1:${port}`, proxy.url], limits });
    proxy.relayTo(self);
    await eventually("the proxy was tried and led back", () => proxy.accepted > 0 && proxy.open === 0);
    const { accepted } = proxy;
    for (let i = 0; i < 50; i++) await self.call("echo");
    const other = await startNode({ name: "other", peers: [proxy.url] });
    await meshed([self, other]);
    expect(proxy.accepted).toBe(accepted + 1); // only the other node came through it since
  });

  test("in a chain become a full mesh, in which every node calls every other directly", async () => {
    const first = await startNode({ name: "first" });
    const second = await startNode({ name: "second", peers: [first.url] });
    const third = await startNode({ name: "third", peers: [second.url] });
    const nodes = [first, second, third];
    await meshed(nodes);
    for (const node of nodes) node.register(`on ${node.name}`, () => node.name);
    for (const node of nodes) await offered(`on ${node.name}`, 1, ...nodes);
    for (const from of nodes) for (const to of nodes) expect(await from.call(`on ${to.name}`)).toBe(to.name);
    await second.close();
    await meshed([first, third]);
    expect(await first.call("on third")).toBe("third");
  });

  test("that name each other at the same time keep one link in the end, and no call is lost on the way", async () => {
    const [toA, toB] = [await startProxy(), await startProxy()];
    const [a, b] = await Promise.all([
      startNode({ name: "a", peers: [toB.url], advertise: [toA.url] }),
      startNode({ name: "b", peers: [toA.url], advertise: [toB.url] }),
    ]);
    toA.relayTo(a);
    toB.relayTo(b);
    await meshed([a, b]);
    b.register("on b", (value: number) => value);
    await offered("on b", 1, a);
    let calls = 0;
    await eventually("one link is left", async () => {
      expect(await a.call("on b", [++calls])).toBe(calls);
      return toA.open + toB.open === 1;
    });
    expect(await a.call("on b", [-1])).toBe(-1);
    expect([a.nodes().length, b.nodes().length]).toEqual([2, 2]);
  });
});

describe("advertise", () => {
  test("is how other nodes reach one: the address it listens on is not dialled", async () => {
    const proxy = await startProxy();
    const hub = await startNode({ name: "hub" });
    const hidden = await startNode({ name: "hidden", peers: [hub.url], advertise: [proxy.url] });
    proxy.relayTo(hidden);
    expect(hidden.urls).toEqual([proxy.url]);
    await meshed([hub, hidden]);
    const reader = await startNode({ name: "reader", peers: [hub.url] });
    await meshed([hub, hidden, reader]);
    expect(reader.nodes().find(({ name }) => name === "hidden")?.urls).toEqual([proxy.url]);
  });

  test("may name several addresses, which are tried in turn", async () => {
    const hub = await startNode({ name: "hub" });
    const dead = await startProxy();
    const alive = await startProxy();
    // the hidden node dials nobody but the hub, so that the other has to come to it
    const policy = (_subject: unknown, action: { kind: string; url?: string }) =>
      action.kind === "dial" && action.url !== hub.url
        ? { allow: false as const, reason: "I wait" }
        : { allow: true as const };
    const hidden = await startNode({ name: "hidden", peers: [hub.url], advertise: [dead.url, alive.url], policy });
    alive.relayTo(hidden);
    await meshed([hub, hidden]);
    const reader = await startNode({ name: "reader", peers: [hub.url], limits: { redialMsMin: 5, redialMsMax: 20 } });
    await meshed([hub, hidden, reader]);
    expect(dead.accepted).toBeGreaterThan(0);
    expect(alive.open).toBe(1);
  });
});

describe("a node of another cluster", () => {
  test("is refused, and both sides are told why", async () => {
    const { log, lines } = startLog("warn");
    const { log: foreignLog, lines: foreignLines } = startLog("warn");
    const home = await startNode({ name: "home", cluster: "red", log });
    const foreign = await startNode({ name: "foreign", cluster: "blue", peers: [home.url], log: foreignLog });
    const reason = { code: "refused", reason: `the node belongs to cluster "blue", this one to "red"` };
    await eventually("the refusal is logged at home", () => lines.length > 0);
    expect(lines[0]).toMatchObject({ level: 40, node: "home", msg: "link refused", address: "127.0.0.1", reason });
    const told = await eventually("and by the node that was refused", () =>
      foreignLines.find(({ msg }) => msg === "link refused"),
    );
    expect(told).toMatchObject({ node: "foreign", reason });
    expect([home.nodes().length, foreign.nodes().length]).toEqual([1, 1]);
  });

  test("may still be used by a client", async () => {
    const node = await startNode({ name: "home", cluster: "red" });
    expect(await (await clientOf(node)).call("echo", [1])).toBe(1);
  });
});

function withoutLoads(functions: readonly FunctionInfo[]): unknown {
  return functions.map((each) => ({ ...each, offers: each.offers.map((offer) => ({ ...offer, load: undefined })) }));
}

test("what a node offers is seen the same way from every node", async () => {
  const nodes = await startMesh({ name: "a", resources: ["x"] }, { name: "b" }, { name: "c", resources: ["z", "y"] });
  nodes[0]!.register("f", () => 1, { resources: ["p"] });
  nodes[2]!.register("f", () => 2);
  await offered("f", 2, ...nodes);
  // how busy its own functions are a node tells of itself only
  const views = nodes.map((node) => withoutLoads(node.functions()));
  expect(views[1]).toEqual(views[0]);
  expect(views[2]).toEqual(views[0]);
  const f = nodes[0]!.functions().find(({ name }) => name === "f")!;
  expect(Object.fromEntries(f.offers.map(({ node, resources }) => [node, resources]))).toEqual({
    a: ["p", "x"],
    c: ["y", "z"],
  });
  const client = await clientOf(nodes[1]!);
  expect(withoutLoads(await client.functions())).toEqual(views[0]);
  expect((await client.nodes()).map(({ name, state }) => [name, state])).toEqual([
    ["b", "self"],
    ["a", "alive"],
    ["c", "alive"],
  ]);
});

test("a peer that cannot be reached is told once as a warning, with address and reason", async () => {
  const { log, lines } = startLog("debug");
  const peer = `ws://127.0.0.1:${await freePort()}`;
  await startNode({ name: "alone", peers: [peer], log });
  await eventually("a dial has failed", () => lines.length > 0);
  const { port } = new URL(peer);
  expect(lines[0]).toMatchObject({
    level: 40,
    msg: "peer not reached; trying on",
    url: peer,
    reason: `connect ECONNREFUSED 127.0.0.1:${port}`,
  });
});
