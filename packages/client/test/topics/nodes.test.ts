/** Topics of clients at different nodes, over real sockets. */
import type { MpregNode } from "@mpreg/node";
import { expect, test } from "vitest";
import { clientOf, startMesh } from "../../../node/test/support/cluster.js";

async function twoNodes() {
  const [node, far] = (await startMesh({}, {})) as [MpregNode, MpregNode];
  return { near: await clientOf(node), distant: await clientOf(far) };
}

test("what is published at one node reaches a subscription at another one in order, and in no group twice", async () => {
  const { near, distant } = await twoNodes();
  const subscription = await distant.subscribe("numbers.*", { overflow: "block-publisher" });
  const shares = [0, 0];
  for (const [at, client] of [near, distant].entries()) {
    const member = await client.subscribe("numbers.#", { group: "g", onMessage: () => void (shares[at]! += 1) });
    await member.everywhere();
  }
  await subscription.everywhere();
  for (let i = 0; i < 1_000; i++) await near.publish("numbers.odd", i);
  const heard: unknown[] = [];
  for await (const { payload } of subscription) {
    heard.push(payload);
    if (heard.length === 1_000) break;
  }
  expect(heard).toEqual(Array.from({ length: 1_000 }, (_, i) => i));
  expect(subscription.missed).toBe(0);
  await expect.poll(() => shares[0]! + shares[1]!).toBe(1_000);
  expect(Math.min(...shares)).toBeGreaterThan(0);
});

test("requests find who responds at another node, and answers find their way back", async () => {
  const { near, distant } = await twoNodes();
  const service = await distant.respond("double", ({ payload }) => (payload as number) * 2);
  await service.everywhere();
  expect(await Promise.all([1, 2, 3].map((n) => near.publishRequest("double", n)))).toEqual([2, 4, 6]);
});

test("a publish is confirmed by the subscriptions of all nodes", async () => {
  const { near, distant } = await twoNodes();
  await (await near.subscribe("confirmed", { onMessage: () => undefined })).everywhere();
  const heard: unknown[] = [];
  for (const pattern of ["confirmed", "#"]) {
    const subscription = await distant.subscribe(pattern, { onMessage: ({ payload }) => void heard.push(payload) });
    await subscription.everywhere();
  }
  const confirmation = await near.publish("confirmed", 1, { confirm: "subscribers" });
  expect(confirmation).toEqual({ handed: 3, waiting: 0, lost: 0, nodes: 1 });
  await expect.poll(() => heard).toEqual([1, 1]);
});

test("a group loses nothing because its member at another node does not want a message", async () => {
  const { near, distant } = await twoNodes();
  const filter = { match: "all", headers: { colour: "red" } } as const;
  const red = await distant.subscribe("work", { group: "g", filter, onMessage: () => undefined });
  await red.everywhere();
  const heard: unknown[] = [];
  await near.subscribe("work", { group: "g", onMessage: ({ payload }) => void heard.push(payload) });
  for (let i = 0; i < 50; i++) await near.publish("work", i);
  await expect.poll(() => heard.length).toBe(50);
  expect(new Set(heard).size).toBe(50);
});
