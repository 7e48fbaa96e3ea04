/** What a program is told of its node's cluster by `node.status()`. */
import { setImmediate as turn } from "node:timers/promises";
import type { Policy } from "@mpreg/core";
import type { MpregNode, NodeStatus } from "@mpreg/node";
import { expect, test } from "vitest";
import { meshed, offered, startNode } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { failureOf, thrownBy } from "../support/failure.js";
import { freePort, startProxy } from "../support/proxy.js";

/** The events of `kinds`, from `status` as long as it goes on. */
async function told(
  status: AsyncIterable<NodeStatus>,
  ...kinds: readonly NodeStatus["kind"][]
): Promise<readonly NodeStatus[]> {
  const events: NodeStatus[] = [];
  for await (const event of status) if (kinds.includes(event.kind)) events.push(event);
  return events;
}

/** The first event of `kind`; leaves the loop with it. */
async function first<K extends NodeStatus["kind"]>(
  status: AsyncIterable<NodeStatus>,
  kind: K,
): Promise<Extract<NodeStatus, { readonly kind: K }>> {
  for await (const event of status) if (event.kind === kind) return event as Extract<NodeStatus, { readonly kind: K }>;
  throw new Error(`the status has ended without ${kind}`);
}

test("tells each listener that a node joins, its link opens, and that it leaves, and ends with the node", async () => {
  const entry = await startNode({ name: "entry" });
  const kinds = ["node-joined", "link-opened", "link-lost", "node-lost"] as const;
  const [one, other] = [told(entry.status(), ...kinds), told(entry.status(), "node-lost")];
  const worker = await startNode({ name: "worker", peers: [entry.url] });
  await meshed([entry, worker]);
  const lost = first(entry.status(), "node-lost");
  await worker.close();
  const { id: nodeId } = worker;
  expect(await lost).toMatchObject({ nodeId, name: "worker", reason: { code: "closing" } });
  await entry.close();
  const events = await one;
  expect(events.map(({ kind }) => kind).sort()).toEqual([...kinds].sort());
  expect(events).toContainEqual({ kind: "node-joined", nodeId, name: "worker", urls: [worker.url] });
  expect(await other).toEqual(events.filter(({ kind }) => kind === "node-lost"));
});

test("tells of a node that accepts only messages shorter than what it has to be told, once", async () => {
  const entry = await startNode({ name: "entry" });
  entry.register("large", () => 1, { tags: ["x".repeat(900), "y".repeat(900)] });
  const withheld = told(entry.status(), "news-withheld");
  const small = await startNode({ name: "small", peers: [entry.url], limits: { messageBytesMax: 1_500 } });
  await offered("echo", 2, entry);
  entry.register("more", () => 1);
  await eventually("it is linked", () => small.nodes().length === 2);
  await entry.close();
  expect(await withheld).toEqual([
    { kind: "news-withheld", nodeId: small.id, name: "small", bytes: expect.any(Number), bytesMax: 1_500 },
  ]);
});

test("tells of a node that breaks away that it is suspected, and recovers when it is back", async () => {
  const entry = await startNode({ name: "entry" });
  const proxy = await startProxy(entry);
  const limits = { redialMsMax: 20 };
  const worker = await startNode({ name: "worker", peers: [proxy.url], advertise: [], limits });
  await meshed([entry, worker]);
  const status = entry.status();
  proxy.cut();
  expect((await first(status, "node-suspected")).name).toBe("worker");
  expect((await first(entry.status(), "node-recovered")).name).toBe("worker");
});

test("tells of addresses that nobody answers at", async () => {
  const url = `ws://127.0.0.1:${await freePort()}`;
  const node = await startNode({ peers: [url] });
  expect(await first(node.status(), "dial-failed")).toMatchObject({ url, reason: expect.stringContaining("REFUSED") });
});

/** A node whose policy throws about calls of "secret". */
function startGuarded(): Promise<MpregNode> {
  const policy: Policy = (_subject, action) => {
    if (action.kind === "call" && action.fun === "secret") throw new Error("the password is 12345");
    return { allow: true };
  };
  return startNode({ name: "guarded", policy });
}

test("tells that the policy has failed and at what, not what it threw", async () => {
  const node = await startGuarded();
  const status = node.status();
  expect(await failureOf(node.call("secret"))).toMatchObject({ code: "denied" });
  await node.close();
  expect(await told(status, "policy-failed")).toEqual([{ kind: "policy-failed", action: "call" }]);
});

test("of what nobody takes the last 1,000 events are kept, and how many are missing is told in their place", async () => {
  const node = await startGuarded();
  const [idle, quick] = [node.status(), told(node.status(), "policy-failed", "missed")];
  for (let round = 0; round < 11; round++) {
    await Promise.allSettled(Array.from({ length: 100 }, () => node.call("secret")));
    await turn(); // in which whoever listens can take them
  }
  await node.close();
  const kinds = (await told(idle, "policy-failed", "missed")).map((event) => [
    event.kind,
    "count" in event && event.count,
  ]);
  expect(kinds[0]).toEqual(["missed", 100]);
  expect(kinds.slice(1)).toEqual(Array.from({ length: 1_000 }, () => ["policy-failed", false]));
  expect((await quick).map(({ kind }) => kind)).toEqual(Array.from({ length: 1_100 }, () => "policy-failed"));
});

test("ends when its signal aborts, and refuses what is no signal", async () => {
  const node = await startNode();
  const controller = new AbortController();
  const events = told(node.status({ signal: controller.signal }), "node-joined");
  controller.abort();
  expect(await events).toEqual([]);
  expect(await told(node.status({ signal: controller.signal }), "node-joined")).toEqual([]);
  expect(thrownBy(() => node.status({ signal: 1 as never })).message).toContain("signal must be an AbortSignal");
  expect(thrownBy(() => node.status({ singal: 1 } as never)).message).toContain('status has no option "singal"');
});
