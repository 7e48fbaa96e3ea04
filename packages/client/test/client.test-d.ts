/** What the compiler knows of a client: with a contract, without, and as something to be handed on. */
import { type Client, connect } from "@mpreg/client";
import type * as clientPackage from "@mpreg/client";
import { type Ref, contract, fn } from "@mpreg/core";
import type * as nodePackage from "@mpreg/node";
import type { MpregNode } from "@mpreg/node";
import { describe, expectTypeOf, test } from "vitest";
import { z } from "zod";

const shop = contract({
  price: fn({ input: z.string(), output: z.object({ cents: z.number() }), resources: ["price-list"] }),
  total: fn({ input: [z.array(z.number()), z.object({ unit: z.string() })], output: z.string() }),
  anything: fn(),
});

declare const client: Client;
declare const typed: Client<typeof shop>;
declare const node: MpregNode;

describe("a client with a contract", () => {
  test("is what connect gives for it", () => {
    expectTypeOf(connect("ws://127.0.0.1:9001", { contract: shop })).resolves.toEqualTypeOf<Client<typeof shop>>();
    expectTypeOf(connect("ws://127.0.0.1:9001")).resolves.toEqualTypeOf<Client>();
  });

  test("calls the functions of the contract, with their types", () => {
    expectTypeOf(typed.call("price", ["tea"])).resolves.toEqualTypeOf<{ cents: number }>();
    expectTypeOf(typed.call("anything", [1, "x"])).resolves.toEqualTypeOf<unknown>();
    expectTypeOf(typed.graph().call("price", ["tea"]).cents).toEqualTypeOf<Ref<number>>();
    // @ts-expect-error no such function
    typed.call("prize", ["tea"]);
    // @ts-expect-error a number for a string
    typed.call("price", [1]);
    // @ts-expect-error an argument is missing
    typed.call("price");
    // @ts-expect-error a reference where a value is needed: it belongs in the graph
    typed.call("price", [typed.graph().call("total", [[], { unit: "EUR" }])]);
    // @ts-expect-error no such option
    typed.call("price", ["tea"], { timeout: 5 });
    // @ts-expect-error no such function
    typed.graph().call("prize", ["tea"]);
  });

  test("has no kwargs: the contract describes all arguments", () => {
    // @ts-expect-error kwargs would not be checked
    typed.call("total", [[1], { unit: "EUR" }], { kwargs: { unit: "EUR" } });
    // @ts-expect-error kwargs would not be checked
    typed.graph().call("total", [[1], { unit: "EUR" }], { kwargs: { unit: "EUR" } });
  });

  test("reaches every other function through untyped, which is a client", () => {
    expectTypeOf(typed.untyped).toEqualTypeOf<Client>();
    expectTypeOf(typed.untyped.call("others", [1], { kwargs: { a: 1 } })).resolves.toEqualTypeOf<unknown>();
    expectTypeOf(typed.untyped.call<number>("others")).resolves.toEqualTypeOf<number>();
    expectTypeOf(typed.untyped.graph().call("others")).toEqualTypeOf<Ref<unknown>>();
    expectTypeOf(client.untyped).toEqualTypeOf<Client>();
    // it does not know other functions by itself, and so is not a client of any
    expectTypeOf(typed).not.toExtend<Client>();
  });
});

describe("a client without a contract", () => {
  test("calls any function, and knows of a result what one says", () => {
    expectTypeOf(client.call("f")).resolves.toEqualTypeOf<unknown>();
    expectTypeOf(
      client.call<string>("f", [1, {}], { kwargs: { a: 1 }, timeoutMs: 5 }),
    ).resolves.toEqualTypeOf<string>();
    // @ts-expect-error no such option
    client.call("f", [], { timeout: 5 });
    // @ts-expect-error not a duration
    client.call("f", [], { timeoutMs: "1s" });
    // @ts-expect-error not a list of names
    client.call("f", [], { resources: "gpu" });
    // @ts-expect-error no such option
    client.graph().call("f", [], { timeout: 5 });
    // @ts-expect-error no such option
    client.request([{ name: "a", fun: "f" }], { output: ["a"] });
    // @ts-expect-error no such option
    connect("ws://127.0.0.1:9001", { timeout: 5 });
  });
});

test("clients and nodes are made by connect and createNode only: there is no class to call", () => {
  expectTypeOf<"Client">().not.toExtend<keyof typeof clientPackage>();
  expectTypeOf<"MpregNode">().not.toExtend<keyof typeof nodePackage>();
  expectTypeOf<"connect">().toExtend<keyof typeof clientPackage>();
  expectTypeOf<"createNode">().toExtend<keyof typeof nodePackage>();
  // a test of a user's own may stand in for one
  const { url, call, graph, request, nodes, cluster, functions, watch, trace, requests, status, drain, close } = client;
  const {
    subscribe,
    publish,
    publishRequest,
    respond,
    topics,
    queue,
    queues,
    queueStats,
    spooled,
    retrySpooled,
    discardSpooled,
  } = client;
  const stand: Client = {
    url,
    call,
    graph,
    request,
    queue,
    queues,
    queueStats,
    spooled,
    retrySpooled,
    discardSpooled,
    nodes,
    cluster,
    functions,
    watch,
    trace,
    requests,
    status,
    subscribe,
    publish,
    publishRequest,
    respond,
    topics,
    drain,
    close,
    untyped: client,
    [Symbol.asyncDispose]: close,
  };
  expectTypeOf(stand).toExtend<Pick<MpregNode, "call" | "graph" | "request">>();
  expectTypeOf(node).toExtend<Pick<Client, "call" | "graph" | "request">>();
});
