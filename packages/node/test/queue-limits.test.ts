/** The bounds of queues that a user sets in `limits`: that they reach what they bound, and that docs/queues.md states the code's. */
import { defaultQueuesLimits } from "@mpreg/core/queues";
import { expect, test } from "vitest";
import { readMarkdown } from "../../core/test/docs/markdown.js";
import { defaultLimits } from "../src/options.js";
import { defaultQueueOptions, queuesLimitsOf } from "../src/queue-limits.js";
import { clientOf, startNode } from "./support/cluster.js";

test("the limits of queues in docs/queues.md are the code's", () => {
  const { tables } = readMarkdown(new URL("../../../docs/queues.md", import.meta.url));
  const stated = tables.find(({ head }) => head[0] === "option of queues")!.rows;
  const defaults = stated.map(([option, , value]) => [option, Number(value!.replaceAll(",", ""))]);
  expect(Object.fromEntries(defaults)).toEqual(defaultQueueOptions);
});

test("without options the bounds of queues are the core's, and each option is one of them", () => {
  expect(queuesLimitsOf(defaultLimits)).toEqual(defaultQueuesLimits);
  const doubled = Object.fromEntries(
    Object.entries(defaultQueueOptions).map(([name, value]) => [name, (value as number) * 2]),
  );
  const changed = queuesLimitsOf({ ...defaultLimits, ...doubled });
  const differing = Object.entries(changed).filter(([name, value]) => value !== Reflect.get(defaultQueuesLimits, name));
  expect(differing).toHaveLength(Object.keys(defaultQueueOptions).length);
  expect(differing.every(([name, value]) => value === Reflect.get(defaultQueuesLimits, name) * 2)).toBe(true);
});

test("a queue more than queuesMax is refused, and a key more than queueRememberedMax", async () => {
  const node = await startNode({ limits: { queuesMax: 2, queueRememberedMax: 1 } });
  const client = await clientOf(node);
  const queue = client.queue<number>("a", { durable: false });
  await queue.send(1, { idempotencyKey: "first" });
  const [message] = await queue.receive();
  await message!.ack();
  await expect(queue.send(2, { idempotencyKey: "second" })).rejects.toMatchObject({ code: "overloaded" });
  await queue.send(3, { idempotencyKey: "first" });
  await client.queue("b", { durable: false }).create();
  await expect(client.queue("c", { durable: false }).create()).rejects.toMatchObject({ code: "overloaded" });
});
