/** Schemas of queues: what is refused when it is sent, order where a schema takes its time, and results. */
import { type ConnectOptions, connect } from "@mpreg/client";
import { createNode } from "@mpreg/node";
import { type MpregError, type QueueContract, type StandardSchema, queues } from "@mpreg/core";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { startNode } from "../../../node/test/support/cluster.js";

const shop = queues({
  orders: z.object({ id: z.number(), at: z.number().default(7) }),
  squares: { value: z.number(), result: z.number().max(50) },
});

async function typedClient<Q extends QueueContract>(contract: Q) {
  const node = await startNode();
  const options: ConnectOptions<undefined, undefined, Q> = { queues: contract };
  const client = await connect<undefined, undefined, Q>(node.url, options);
  onTestFinished(() => client.close());
  return client;
}

/** A schema that answers when it is told to: what was given, in an array, or that it refuses. */
function slowSchema() {
  const asked: { readonly accept: () => void; readonly refuse: () => void }[] = [];
  const schema: StandardSchema = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) =>
        new Promise((resolve) => {
          asked.push({
            accept: () => {
              resolve({ value: [value] });
            },
            refuse: () => {
              resolve({ issues: [{ message: "not this one" }] });
            },
          });
        }),
    },
  };
  return { schema, asked };
}

test("what is in a queue is what the schema gives back; what it refuses is not sent, with where it is wrong", async () => {
  const client = await typedClient(shop);
  const orders = client.queue("orders", { durable: false });
  await orders.send({ id: 1 });
  const wrong = { id: "2" } as unknown as { id: number };
  await expect(orders.send(wrong)).rejects.toMatchObject({
    code: "invalid-input",
    outcome: "not-applied",
    message: expect.stringMatching(/^Cannot send to queue "orders": value, at id: /) as string,
  });
  await expect(orders.sendAndWait(wrong)).rejects.toMatchObject({ code: "invalid-input" });
  await expect(orders.schedule("nightly", { cron: "@daily", value: wrong })).rejects.toMatchObject({
    code: "invalid-input",
  });
  expect((await orders.browse()).map(({ value }) => value)).toEqual([{ id: 1, at: 7 }]);
  await client.untyped.queue("orders").send("anything"); // nobody asks there
  await client.queue("toString", { durable: false }).send("no schema of that name");
});

test("of a batch, each message has its own end: what the schema or the codec refuses is not sent, the others are", async () => {
  const client = await typedClient(shop);
  const orders = client.queue("orders", { durable: false });
  const wrong = {} as { id: number };
  const ends = await orders.sendBatch([{ value: { id: 1 } }, { value: wrong }, { value: { id: 3 } }]);
  expect(ends.map(({ sent, error }) => sent?.sequence ?? error?.code)).toEqual([1n, "invalid-input", 2n]);
  expect(await orders.sendBatch([{ value: wrong }])).toMatchObject([{ error: { code: "invalid-input" } }]);
  const free = client.queue("free", { durable: false });
  const codes = (await free.sendBatch([{ value: () => 1 }, { value: 2 }])).map(({ error }) => error?.code);
  expect(codes).toEqual(["not-encodable", undefined]);
  expect((await orders.stats()).sent).toBe(2);
});

test("where a schema takes its time, what is sent behind it waits its turn, unless it is given up or refused (L5)", async () => {
  const { schema, asked } = slowSchema();
  const client = await typedClient(queues({ slow: schema }));
  const slow = client.queue("slow", { durable: false });
  await slow.create();
  const abort = new AbortController();
  const sent = [slow.send(1), slow.send(2, { signal: abort.signal }), slow.send(3), slow.send(4)];
  const why = (error: unknown): unknown => [(error as MpregError).code, (error as MpregError).outcome];
  const ends = sent.map((one) => one.catch(why));
  asked[3]!.accept();
  abort.abort();
  expect(await ends[1]).toEqual(["cancelled", "not-applied"]);
  expect((await slow.stats()).sent).toBe(0); // all wait for the first
  asked[2]!.refuse();
  expect(await ends[2]).toEqual(["invalid-input", "not-applied"]);
  asked[0]!.accept();
  await Promise.all(ends);
  asked[1]!.accept(); // too late
  const last = slow.send(5);
  asked[4]!.accept();
  await last;
  expect((await slow.browse()).map(({ value }) => value)).toEqual([[1], [4], [5]]);
});

test("a batch whose schema takes its time goes before those that were given after it (B2)", async () => {
  const { schema, asked } = slowSchema();
  const client = await typedClient(queues({ slow: schema }));
  const slow = client.queue("slow", { durable: false });
  await slow.create();
  const first = slow.sendBatch([{ value: 1 }, { value: 2 }]);
  const second = slow.sendBatch([{ value: 3 }]);
  const late = slow.sendBatch([{ value: 4 }], { timeoutMs: 50 });
  await expect(late).rejects.toMatchObject({ code: "deadline", outcome: "not-applied" });
  asked[2]!.accept();
  asked[1]!.refuse();
  asked[0]!.accept();
  asked[3]!.accept(); // too late
  expect((await first).map(({ error }) => error?.code)).toEqual([undefined, "invalid-input"]);
  await second;
  expect((await slow.browse()).map(({ value }) => value)).toEqual([[1], [3]]);
});

test("a result is checked by whoever has done the work: by hand the message is still leased, a processor tells both sides", async () => {
  const client = await typedClient(shop);
  const squares = client.queue("squares", { durable: false });
  await squares.create();
  const awaited = squares.sendAndWait(7);
  const [message] = await squares.receive();
  await expect(message!.ack({ result: 51 })).rejects.toMatchObject({ code: "invalid-output" });
  await message!.ack({ result: 49 });
  expect(await awaited).toBe(49);

  const errors: unknown[] = [];
  const processor = squares.process(({ value }) => value * value, { onError: (error) => void errors.push(error) });
  await expect(squares.sendAndWait(8)).rejects.toMatchObject({ code: "invalid-output", outcome: "applied" });
  expect(await squares.sendAndWait(5)).toBe(25);
  await squares.send(8); // nobody waits for it
  await expect.poll(async () => (await squares.stats()).messages).toBe(0);
  await processor.drain();
  expect(errors).toMatchObject([{ code: "invalid-output" }]);
});

test("the program of a node has schemas of queues, too", async () => {
  const node = await createNode({ log: "silent", queues: shop });
  onTestFinished(() => node.close());
  const orders = node.queue("orders", { durable: false });
  await orders.send({ id: 1 });
  await expect(orders.send({ id: "1" } as unknown as { id: number })).rejects.toMatchObject({ code: "invalid-input" });
  expect((await orders.receive()).map(({ value }) => value)).toEqual([{ id: 1, at: 7 }]);
});

test("what is said of queues is checked when it is given", async () => {
  const given = (declared: unknown) => () => queues(declared as QueueContract);
  expect(given([])).toThrow(/queues must be an object of schemas by name, got array/);
  expect(given({ a: 7 })).toThrow(/queues: "a" must have a schema .*, or \{ value, result \}, got number/);
  expect(given({ a: { body: z.string() } })).toThrow(/queues: "a".*body/);
  expect(given({ a: { value: 7 } })).toThrow(/queues: "a": value must be a schema/);
  expect(given({ "": z.string() })).toThrow(/not empty/);
  const { url } = await startNode();
  await expect(connect(url, { queues: { a: 7 } as unknown as QueueContract })).rejects.toMatchObject({
    code: "invalid-argument",
  });
});
