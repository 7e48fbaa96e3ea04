/** What topics of a node come to, asked over real sockets. */
import type { MpregNode } from "@mpreg/node";
import { expect, test } from "vitest";
import { clientOf, startMesh } from "../../../node/test/support/cluster.js";
import { failureOf } from "../../../node/test/support/failure.js";

test("a client is told of any node, what has come and gone there", async () => {
  const [near, far] = (await startMesh({ name: "near" }, { name: "far" })) as [MpregNode, MpregNode];
  const [client, distant] = [await clientOf(near), await clientOf(far)];
  const subscription = await distant.subscribe("orders.#", { group: "workers" });
  await subscription.everywhere();
  for (const n of [1, 2, 3]) await client.publish("orders.new", n);
  let taken = 0;
  for await (const _message of subscription) if (++taken === 3) break;
  await distant.subscribe("orders.*");
  expect(await client.topics()).toMatchObject({
    node: "near",
    published: 3,
    forwarded: 3,
    handed: 0,
    subscriptions: 0,
  });
  const report = await client.topics({ node: "far", most: 1 });
  expect(report).toMatchObject({ node: "far", published: 0, received: 3, handed: 3, dropped: 0, missed: 0 });
  expect(report.wanted).toMatchObject([{ patterns: ["orders.*"], subscriptions: 1 }]);
  expect(await failureOf(client.topics({ node: "nowhere" }))).toMatchObject({ code: "invalid-argument" });
  expect(await failureOf(client.topics({ most: 0 }))).toMatchObject({ code: "invalid-argument" });
});

test("a node's program is told the same as its clients", async () => {
  const [near, far] = (await startMesh({ name: "near" }, { name: "far" })) as [MpregNode, MpregNode];
  const client = await clientOf(near);
  await (await client.subscribe("a.*")).everywhere();
  await far.publish("a.b", 1, { confirm: "subscribers" });
  expect(await near.topics()).toMatchObject({ node: "near", received: 1, handed: 1, wanted: [{ patterns: ["a.*"] }] });
  expect(await near.topics({ node: "far", most: 1, timeoutMs: 10_000 })).toMatchObject({
    node: "far",
    published: 1,
    forwarded: 1,
  });
  expect(await failureOf(near.topics({ node: "nowhere" }))).toMatchObject({ code: "invalid-argument" });
  expect(await failureOf(near.topics({ signal: AbortSignal.abort("no") }))).toMatchObject({ code: "cancelled" });
  await near.close();
  expect(await failureOf(near.topics())).toMatchObject({ code: "closed" });
});
