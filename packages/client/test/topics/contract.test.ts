/** Schemas of topics: what is refused when it is published, and that order is kept where a schema takes its time. */
import { connect } from "@mpreg/client";
import { type StandardSchema, topics } from "@mpreg/core";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { startNode } from "../../../node/test/support/cluster.js";

const events = topics({
  "user.*.login": z.object({ ip: z.string() }).loose(),
  "user.#": z.object({ at: z.number().default(7) }).loose(),
});

async function typedClient() {
  const node = await startNode();
  const client = await connect(node.url, { topics: events });
  onTestFinished(() => client.close());
  return client;
}

test("a payload is what every pattern says that matches, as their schemas give it back (P1)", async () => {
  const client = await typedClient();
  const all = await client.subscribe("#");
  await client.publish("user.1.login", { ip: "::1" });
  await client.publish("other", "anything");
  const messages = all[Symbol.asyncIterator]();
  expect((await messages.next()).value!.payload).toEqual({ ip: "::1", at: 7 });
  expect((await messages.next()).value!.payload).toBe("anything");
});

test("what is not is refused with where it is wrong, also where the topic is not known to the compiler (P2)", async () => {
  const client = await typedClient();
  const topic: string = "user.1.login";
  await expect(client.publish(topic, { ip: 7 })).rejects.toMatchObject({
    code: "invalid-input",
    outcome: "not-applied",
    message: expect.stringMatching(/^Cannot publish to "user\.1\.login": payload, at ip: /) as string,
  });
  await expect(client.publishRequest(topic, { ip: 7 })).rejects.toMatchObject({ code: "invalid-input" });
  await client.untyped.publish(topic, { ip: 7 }); // nobody asks there
});

test("where a schema answers later, what is published behind it waits its turn (H2)", async () => {
  const node = await startNode();
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const slow: StandardSchema = {
    "~standard": { version: 1, vendor: "test", validate: (value) => held.then(() => ({ value: [value] })) },
  };
  const client = await connect(node.url, { topics: topics({ slow }) });
  onTestFinished(() => client.close());
  const all = await client.subscribe("#");
  const published = [client.publish("slow", 1), client.publish("fast", 2), client.publish("slow", 3)];
  release();
  await Promise.all(published);
  const payloads: unknown[] = [];
  for await (const { payload } of all) if (payloads.push(payload) === 3) break;
  expect(payloads).toEqual([[1], 2, [3]]);
});

test("patterns and schemas are checked when they are given", () => {
  expect(() => topics({ "a*": z.number() })).toThrow('"*" would work');
  expect(() => topics({ a: {} as never })).toThrow('"a" must have a schema');
});
