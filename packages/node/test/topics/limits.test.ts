/** The bounds of topics that a user sets in `limits`: that each reaches what it bounds, and that docs/protocol.md states the code's. */
import type { NodeLimits } from "@mpreg/node";
import { defaultTopicsLimits } from "@mpreg/core/topics";
import { expect, test } from "vitest";
import { readMarkdown } from "../../../core/test/docs/markdown.js";
import { defaultLimits } from "../../src/options.js";
import { defaultTopicOptions, topicsLimitsOf } from "../../src/topic-limits.js";
import { clientOf, startPair } from "../support/cluster.js";

/** What the backlog of a node with `limits` has, once 1 to 5 were published to `a` and 6 to `b`. */
async function kept(limits: Partial<NodeLimits>): Promise<unknown[]> {
  const { client } = await startPair({ limits });
  for (let n = 1; n <= 5; n++) await client.publish("a", n);
  await client.publish("b", 6, { confirm: "local" });
  const payloads: unknown[] = [];
  const onMessage = ({ payload }: { readonly payload: unknown }): void => void payloads.push(payload);
  const subscription = await client.subscribe("#", { backlog: 100, onMessage });
  await subscription.drain();
  return payloads;
}

test("the limits of topics in docs/protocol.md are the code's", () => {
  const { tables } = readMarkdown(new URL("../../../../docs/protocol.md", import.meta.url));
  const stated = tables.find(({ head }) => head[0] === "option of topics")!.rows;
  const defaults = stated.map(([option, , value]) => [option, Number(value!.replaceAll(",", ""))]);
  expect(Object.fromEntries(defaults)).toEqual(defaultTopicOptions);
});

test("without options the bounds of topics are the core's", () => {
  expect(topicsLimitsOf(defaultLimits)).toEqual(defaultTopicsLimits);
});

test("what a node keeps for those who come late is as bounded as its limits say", async () => {
  expect(await kept({})).toEqual([1, 2, 3, 4, 5, 6]);
  expect(await kept({ backlogPerTopicMax: 2 })).toEqual([4, 5, 6]);
  expect(await kept({ backlogTopicsMax: 1 })).toEqual([6]);
  expect(await kept({ backlogPerTopicMax: 0 })).toEqual([]);
  expect(await kept({ backlogMs: 0 })).toEqual([]);
  expect(await kept({ backlogBytesMax: 1 })).toEqual([]);
  expect(await kept({ backlogPerTopicBytesMax: 1 })).toEqual([]);
});

test("a subscription that keeps its publishers waiting ends after topicBlockedMsMax", async () => {
  const { node, client } = await startPair({ limits: { topicBlockedMsMax: 1 } });
  const publisher = await clientOf(node);
  const slow = await client.subscribe("a", {
    overflow: "block-publisher",
    buffer: { messages: 1 },
    windowBytes: 1,
  }); // and nobody reads it
  const events = slow.status();
  for (let n = 0; n < 10; n++) void publisher.publish("a", n);
  let error: unknown;
  for await (const event of events) if (event.kind === "ended") error = event.error;
  expect(error).toMatchObject({ code: "overloaded" });
});

test("one subscription more than subscriptionsMax is refused", async () => {
  const { client } = await startPair({ limits: { subscriptionsMax: 1 } });
  await client.subscribe("a");
  await expect(client.subscribe("b")).rejects.toMatchObject({ code: "overloaded" });
});

test("what waits for all slow consumers of a node is bounded by topicWaitingBytesMax", async () => {
  const { node, client } = await startPair({ limits: { topicWaitingBytesMax: 2_000 } });
  const publisher = await clientOf(node);
  const slow = await client.subscribe("a", { windowBytes: 1 }); // and nobody reads it
  for (let n = 0; n < 9; n++) await publisher.publish("a", new Uint8Array(900));
  await publisher.publish("a", 9, { confirm: "local" });
  expect((await publisher.topics()).dropped).toBeGreaterThan(0);
  await slow.unsubscribe();
});
