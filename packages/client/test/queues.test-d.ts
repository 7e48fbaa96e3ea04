/** The types of queues: what may be sent to which, what receivers get, and what is answered. */
import { type BrowsedQueueMessage, type Queue, type QueueMessage, connect } from "@mpreg/client";
import { contract, fn, queues } from "@mpreg/core";
import { createNode } from "@mpreg/node";
import { expectTypeOf, test } from "vitest";
import { z } from "zod";

const functions = contract({
  ship: fn({ input: z.object({ id: z.number() }) }),
  square: fn({ input: z.number(), output: z.number() }),
  text: fn({ input: z.string(), output: z.string() }),
  told: fn({ input: [z.number(), z.object({ id: z.string() })], output: z.number() }),
  two: fn({ input: [z.number(), z.number()], output: z.number() }),
  loose: fn(),
});
const shop = queues({
  orders: z.object({ id: z.number(), at: z.number().default(0) }),
  squares: { value: z.number(), result: z.number() },
  counted: { value: z.string(), result: z.string().transform(Number) },
  results: { result: z.boolean() },
});
const client = await connect("ws://127.0.0.1:9001", { queues: shop, contract: functions });
const plain = await connect("ws://127.0.0.1:9001", { queues: shop });
const free = await connect("ws://127.0.0.1:9001");
const node = await createNode({ queues: shop });

type Order = { id: number; at: number };

test("what is sent to a queue has to be what its schema takes", () => {
  () => {
    const orders = client.queue("orders");
    void orders.send({ id: 7 });
    void orders.send({ id: 7, at: 1 }, { delayMs: 1 });
    void orders.sendBatch([{ value: { id: 7 } }, { value: { id: 8, at: 1 } }]);
    void orders.schedule("nightly", { cron: "@daily", value: { id: 7 } });
    void node.queue("orders").send({ id: 7 });
    // @ts-expect-error the id is a number
    void orders.send({ id: "7" });
    // @ts-expect-error it has none
    void orders.send({});
    // @ts-expect-error the same holds of each of several
    void orders.sendBatch([{ value: { id: 7 } }, { value: { id: "8" } }]);
    // @ts-expect-error of what is sent at times
    void orders.schedule("nightly", { cron: "@daily", value: {} });
    // @ts-expect-error of what is waited for
    void client.queue("squares").sendAndWait("7");
    // @ts-expect-error and of nodes
    void node.queue("orders").send({ id: "7" });
    // @ts-expect-error no such option
    void client.queue("orders", { visibilty: 1 });
    void client.queue("elsewhere").send("what ever");
    void free.queue("orders").send("what ever");
  };
});

test("receivers get what the schema gives back, however they receive", () => {
  async () => {
    const orders = client.queue("orders", { durable: false });
    expectTypeOf(await orders.receive()).toEqualTypeOf<readonly QueueMessage<Order>[]>();
    expectTypeOf(await orders.browse()).toEqualTypeOf<readonly BrowsedQueueMessage<Order>[]>();
    for await (const { value } of orders) expectTypeOf(value).toEqualTypeOf<Order>();
    for await (const { value } of orders.messages()) expectTypeOf(value).toEqualTypeOf<Order>();
    orders.process(
      ({ value }) => {
        expectTypeOf(value).toEqualTypeOf<Order>();
      },
      { onError: (_, message) => expectTypeOf(message).toEqualTypeOf<QueueMessage<Order> | undefined>() },
    );
    expectTypeOf(await node.queue("orders").receive()).toEqualTypeOf<readonly QueueMessage<Order>[]>();
    expectTypeOf(await client.queue("results").receive()).toEqualTypeOf<readonly QueueMessage<unknown, boolean>[]>();
  };
});

test("a result is what its schema gives back, and whoever has done the work gives what it takes", () => {
  async () => {
    expectTypeOf(await client.queue("squares").sendAndWait(7)).toEqualTypeOf<number>();
    expectTypeOf(await client.queue("counted").sendAndWait("7")).toEqualTypeOf<number>();
    expectTypeOf(await client.queue("counted").result("id")).toEqualTypeOf<number>();
    expectTypeOf(await client.queue("orders").sendAndWait({ id: 7 })).toEqualTypeOf<unknown>();
    client.queue("counted").process(({ value }) => value);
    client.queue("counted").process(async ({ value }) => Promise.resolve(value));
    // @ts-expect-error the schema makes it a number
    client.queue("counted").process(({ value }) => value.length);
    // @ts-expect-error it answers nothing
    client.queue("squares").process(() => undefined);
    for await (const message of client.queue("squares")) {
      await message.ack({ result: message.value * message.value });
      // @ts-expect-error it is a number
      await message.ack({ result: "49" });
    }
  };
});

test("a function of the contract that works off a queue takes its messages and answers its results", () => {
  () => {
    client.queue("squares", { consumer: { function: "square", concurrency: 4 } });
    client.queue("squares", { consumer: { function: "told", withMessage: true } });
    client.queue("orders", { consumer: { function: "ship" } });
    client.queue("orders", { consumer: { function: "loose" } });
    client.queue("squares", { consumer: { function: "text", argument: "text" } });
    // @ts-expect-error it takes a text
    client.queue("squares", { consumer: { function: "text" } });
    // @ts-expect-error it takes two numbers
    client.queue("squares", { consumer: { function: "two" } });
    // @ts-expect-error nobody knows what it answers
    client.queue("squares", { consumer: { function: "loose" } });
    // @ts-expect-error no such function in the contract
    client.queue("orders", { consumer: { function: "shop" } });
    client.queue("elsewhere", { consumer: { function: "other" } });
    plain.queue("squares", { consumer: { function: "other" } });
    node.queue("squares", { consumer: { function: "other" } });
  };
});

test("a type that is given goes before that of the contract, and stands alone without one", () => {
  () => {
    expectTypeOf(free.queue<Order>("orders")).toEqualTypeOf<Queue<Order>>();
    expectTypeOf(client.queue<Order>("elsewhere")).toEqualTypeOf<Queue<Order>>();
    expectTypeOf(client.queue("elsewhere")).toEqualTypeOf<Queue>();
    const name: string = "orders";
    expectTypeOf(client.queue(name)).toEqualTypeOf<Queue>();
    expectTypeOf(client.untyped.queue("orders")).toEqualTypeOf<Queue>();
    expectTypeOf(free.queue<number>("squares").sendAndWait<string>(7)).toEqualTypeOf<Promise<string>>();
    // @ts-expect-error a result has the type of the contract
    void client.queue("squares").sendAndWait<string>(7);
  };
});
