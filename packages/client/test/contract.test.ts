/** A client with a contract, against a node that implements it. */
import { connect } from "@mpreg/client";
import { contract, fn } from "@mpreg/core";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { startNode } from "../../node/test/support/cluster.js";
import { failureOf, told } from "../../node/test/support/failure.js";

const shop = contract({
  price: fn({
    input: z.string(),
    output: z.object({ cents: z.number(), currency: z.string() }),
    resources: ["price-list"],
  }),
  total: fn({ input: [z.array(z.number()), z.string().optional()], output: z.string() }),
});

async function startShop(resources: readonly string[] = ["price-list"]) {
  const node = await startNode({ name: "shop" });
  node.register("price", (item: string) => ({ cents: item.length * 100, currency: "EUR" }), { resources });
  node.register(
    "total",
    (cents: readonly number[], currency = "?") => `${cents.reduce((a, b) => a + b, 0)} ${currency}`,
  );
  const client = await connect(node.url, { contract: shop });
  onTestFinished(() => client.close());
  return { node, client };
}

test("calls and graphs have its types and ask for its resources", async () => {
  const { client } = await startShop();
  const { cents } = await client.call("price", ["tea"]);
  expect(cents + 1).toBe(301);
  const graph = client.graph();
  const [tea, coffee] = [graph.call("price", ["tea"]), graph.call("price", ["coffee"])];
  const total: string = await graph.run(graph.call("total", [[tea.cents, coffee.cents], tea.currency]));
  expect(total).toBe("900 EUR");
});

test("a function that the node offers without the contract's resources is not called", async () => {
  const { client } = await startShop(["another list"]);
  const message = `Cannot call "price": no node offers it with [price-list]; 1 node offers it with none of them`;
  expect((await failureOf(client.call("price", ["tea"]))).message).toBe(message);
  const graph = client.graph();
  expect((await failureOf(graph.run(graph.call("price", ["tea"])))).message).toBe(message);
});

test("resources of the call come on top of the contract's", async () => {
  const { client } = await startShop(["price-list", "eu"]);
  expect((await client.call("price", ["tea"], { resources: ["eu"] })).cents).toBe(300);
  expect((await failureOf(client.call("price", ["tea"], { resources: ["us"] }))).message).toBe(
    `Cannot call "price": no node offers it with [price-list, us]; 1 node offers it with [price-list]`,
  );
});

test("what it does not describe is reached through untyped, over the same connection", async () => {
  const { node, client } = await startShop();
  node.register("restock", (items: string[], options?: { readonly by: string }) => `${items.join()} ${options?.by}`);
  expect(await client.untyped.call("restock", [["tea"]], { kwargs: { by: "night" } })).toBe("tea night");
  const graph = client.untyped.graph();
  expect(await graph.run(graph.call("restock", [["tea"], graph.call("echo", [{ by: "day" }])]))).toBe("tea day");
  expect(await client.untyped.request([{ name: "r", fun: "restock", args: [["tea"], { by: "x" }] }])).toEqual({
    r: "tea x",
  });
  // what the contract says of resources is not asked for
  expect(await client.untyped.call("price", ["tea"])).toEqual({ cents: 300, currency: "EUR" });
  expect(client.untyped).toBe(client.untyped);
  await client.untyped.close();
  expect((await failureOf(client.call("price", ["tea"]))).code).toBe("closed");
});

test("kwargs, which it does not describe, are refused before anything is sent", async () => {
  const { client } = await startShop();
  const options = { kwargs: { currency: "EUR" } };
  expect(told(await failureOf(client.call("total", [[1]], options as never)))).toEqual({
    code: "invalid-argument",
    message: `call("total"): a function of a contract has no kwargs; give them as its last argument`,
    step: "total",
    node: "shop",
    outcome: "not-applied",
  });
});

test("a name that it does not have is refused before anything is sent, with the nearest", async () => {
  const { client } = await startShop();
  const message = `Cannot call "prize": the contract does not have it; did you mean "price"?`;
  expect(told(await failureOf(client.call("prize" as "price", ["tea"])))).toMatchObject({
    code: "invalid-argument",
    message,
  });
  expect(() => client.graph().call("prize" as "price", ["tea"])).toThrow(message);
});
