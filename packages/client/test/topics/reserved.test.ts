/** Topics of the cluster: what its nodes publish under `mpreg`, over real sockets. `core/program/reserved-topics.ts`. */
import type { TopicMessage } from "@mpreg/client";
import { type MpregNode, createNode } from "@mpreg/node";
import { expect, test } from "vitest";
import { clientOf, offered, startMesh, startNode, startPair } from "../../../node/test/support/cluster.js";
import { eventually } from "../../../node/test/support/eventually.js";

/** What came to a subscription. */
function gathered(): { heard: [string, unknown][]; onMessage: (message: TopicMessage) => void } {
  const heard: [string, unknown][] = [];
  return { heard, onMessage: ({ topic, payload }) => void heard.push([topic, payload]) };
}

async function startThree(): Promise<[MpregNode, MpregNode, MpregNode]> {
  return (await startMesh({ name: "a" }, { name: "b" }, { name: "c" })) as [MpregNode, MpregNode, MpregNode];
}

test("of a member that comes and leaves each subscription hears once, from its own node, though three nodes see it (T1)", async () => {
  const [a, b] = await startThree();
  const told = [gathered(), gathered()];
  for (const [i, node] of [a, b].entries()) {
    const client = await clientOf(node);
    await client.subscribe("mpreg.cluster.member.*", { onMessage: told[i]!.onMessage }).then((s) => s.everywhere());
  }
  const late = await createNode({ name: "late", peers: [a.url], log: "silent", discovery: { mdns: false } });
  await eventually("both hear of it", () => told.every(({ heard }) => heard.length > 0));
  await late.drain();
  // where the link ends before the news is there, it is suspected meanwhile
  const [suspected, left] = ["mpreg.cluster.member.suspected", "mpreg.cluster.member.left"];
  await eventually("both hear the end", () => told.every(({ heard }) => heard.some(([topic]) => topic === left)));
  await offeredAgain(a, b);
  for (const [i, { heard }] of told.entries()) {
    const seenBy = ["a", "b"][i];
    const topics = heard.map(([topic]) => topic).filter((topic) => topic !== suspected);
    expect(topics).toEqual(["mpreg.cluster.member.joined", left]);
    expect(heard[0]![1]).toEqual({ nodeId: late.id, name: "late", seenBy, urls: late.urls });
    expect(heard.at(-1)![1]).toMatchObject({ nodeId: late.id, name: "late", seenBy });
  }
});

/** News have gone round: what would have come twice is here. */
async function offeredAgain(one: MpregNode, other: MpregNode): Promise<void> {
  one.register("marker", () => 1);
  await offered("marker", 1, one, other);
}

test("a function that a node offers, and then does not, is told once to subscriptions of every node; one for itself is not", async () => {
  const [a, b, c] = await startThree();
  const told = [gathered(), gathered()];
  for (const [i, node] of [b, c].entries()) {
    const subscription = await node.subscribe("mpreg.cluster.function.#", { onMessage: told[i]!.onMessage });
    await subscription.everywhere();
  }
  a.register("secret", () => 1, { scope: "node" });
  const { unregister } = a.register("double", (n: number) => n * 2, { version: "1.2.0", resources: ["gpu"] });
  unregister();
  await eventually("all is told", () => told.every(({ heard }) => heard.length >= 2));
  for (const { heard } of told) {
    const place = { nodeId: a.id, node: "a" };
    expect(heard).toEqual([
      ["mpreg.cluster.function.offered", { fun: "double", version: "1.2.0", resources: ["gpu"], ...place }],
      ["mpreg.cluster.function.withdrawn", expect.objectContaining({ fun: "double", ...place })],
    ]);
  }
});

test("what happens to requests of any node is told by topic, each event once; their callers need not watch", async () => {
  const [a, b] = await startThree();
  const { heard, onMessage } = gathered();
  await (await b.subscribe("mpreg.rpc.request.*.*", { onMessage })).everywhere();
  a.register("double", (n: number) => n * 2);
  const client = await clientOf(a);
  const graph = client.graph();
  expect(await graph.run(graph.call("double", [graph.call("double", [1])]))).toBe(4);
  await eventually("its end is told", () => heard.some(([, event]) => (event as { kind: string }).kind === "finished"));
  const kinds = heard.map(([, event]) => (event as { kind: string }).kind);
  expect(kinds.filter((kind) => kind === "received" || kind === "finished")).toEqual(["received", "finished"]);
  expect(kinds.filter((kind) => kind === "result-available")).toHaveLength(2);
  const ids = new Set(heard.map(([topic]) => topic.split(".")[3]));
  expect(ids.size).toBe(1);
  expect(heard.every(([topic, event]) => topic.endsWith(`.${(event as { kind: string }).kind}`))).toBe(true);
  const before = heard.length;
  await client.call("double", [1]);
  await eventually("a call is told of, too", () => heard.length > before && heard.at(-1)![0].endsWith(".finished"));
});

test("a subscription that is ended for its slow consumer, one that begins to lose messages (V5), and messages that are missing, are told to all nodes", async () => {
  const [a, b] = await startThree();
  const { heard, onMessage } = gathered();
  await (await b.subscribe("mpreg.topics.subscription.*", { onMessage })).everywhere();
  const ended = await a.subscribe("x", { windowBytes: 1, buffer: { messages: 1 }, overflow: "disconnect" });
  for (let i = 0; i < 3; i++) await a.publish("x", i);
  await eventually("it is told", () => heard.length > 0);
  expect(heard).toEqual([
    [
      "mpreg.topics.subscription.ended",
      { nodeId: a.id, node: "a", why: "overflow", lost: expect.any(Number) as number },
    ],
  ]);
  await expect(
    ended[Symbol.asyncIterator]()
      .next()
      .then(() => ended.closed),
  ).rejects.toMatchObject({ code: "overloaded" });
  const slow = await a.subscribe("y", { windowBytes: 1, buffer: { messages: 1 } });
  for (let i = 0; i < 10; i++) await a.publish("y", i);
  await eventually("it is told while the consumer stands still", () => heard.length > 1);
  expect(heard[1]).toEqual(["mpreg.topics.subscription.slow", { nodeId: a.id, node: "a", count: 1 }]);
  for await (const { payload } of slow) if (payload === 9) break;
  await eventually("missing ones are told", () => heard.length > 2);
  expect(heard[2]).toEqual(["mpreg.topics.subscription.missed", { nodeId: a.id, node: "a", count: 8 }]);
});

test("that a subscription loses messages is told once, until it has caught up (V5); also of one that is told exactly that", async () => {
  const [a, b] = await startThree();
  const { heard, onMessage } = gathered();
  await (await b.subscribe("mpreg.topics.subscription.slow", { onMessage })).everywhere();
  await a.subscribe("mpreg.topics.subscription.slow", { windowBytes: 1, buffer: { messages: 1 } }); // and nobody takes any
  const slow = await a.subscribe("y", { windowBytes: 1, buffer: { messages: 1 } });
  const messages = slow[Symbol.asyncIterator]();
  for (let round = 1; round <= 3; round++) {
    for (let i = 0; i < 10; i++) await a.publish("y", i, { confirm: "local" });
    await eventually("it is told", () => heard.length >= round);
    while ((await messages.next()).value?.payload !== 9);
    await eventually("it has caught up", async () => (await a.topics()).wanted.every((each) => each.waiting < 2));
  }
  await a.publish("y", 10, { confirm: "local" }); // behind all that was told
  await eventually("all is told", () => heard.length >= 4);
  const told = ["mpreg.topics.subscription.slow", { nodeId: a.id, node: "a", count: 1 }];
  expect(heard).toEqual([told, told, told, told]); // the fourth is of the one that takes none: it loses the third
});

test("a pattern that begins with a wildcard hears nothing of it (X10), live or kept; users publish nothing there", async () => {
  const { node, client } = await startPair();
  const all = gathered();
  await client.subscribe("#", { onMessage: all.onMessage });
  const named = gathered();
  await client.subscribe("mpreg.#", { onMessage: named.onMessage });
  node.register("f", () => 1);
  await eventually("it is told", () => named.heard.length > 0);
  const kept = gathered();
  await client.subscribe("*.cluster.#", { backlog: 10, onMessage: kept.onMessage });
  const also = gathered();
  await client.subscribe("mpreg.cluster.#", { backlog: 10, onMessage: also.onMessage });
  await client.publish("mark", 1);
  await eventually("all has come", () => all.heard.length > 0 && also.heard.length > 0);
  expect(all.heard).toEqual([["mark", 1]]);
  expect(kept.heard).toEqual([]);
  await expect(client.publish("mpreg.cluster.member.joined", 1)).rejects.toMatchObject({ code: "denied" });
});

test("a policy that does not let a client subscribe keeps them from it", async () => {
  const node = await startNode({
    policy: (subject, action) =>
      subject.kind === "client" && action.kind === "subscribe" && action.pattern.startsWith("mpreg")
        ? { allow: false, reason: "not for clients" }
        : { allow: true },
  });
  const client = await clientOf(node);
  await expect(client.subscribe("mpreg.#")).rejects.toMatchObject({ code: "denied" });
});
