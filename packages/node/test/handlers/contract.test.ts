/** Contracts on nodes: `implement`, and what schemas refuse there. */
import { contract, fn } from "@mpreg/core";
import { connect } from "@mpreg/client";
import { describe, expect, onTestFinished, test } from "vitest";
import { threadId } from "node:worker_threads";
import { z } from "zod";
import { clientOf, offered, startMesh, startNode, startPair } from "../support/cluster.js";
import { failureOf, thrownBy, told } from "../support/failure.js";
import { Latch } from "../support/latch.js";
import { handlerModule } from "../support/threads.js";

const weather = contract({
  ingest: fn({
    input: z.string().min(3),
    output: z.object({ rows: z.array(z.number()), unit: z.enum(["C", "F"]) }),
    resources: ["readings"],
  }),
  mean: fn({ input: [z.array(z.number()), z.number().default(2)], output: z.number() }),
  now: fn({ input: [], output: z.date().transform((date) => date.getTime()) }),
});

async function startWeather() {
  const [entry, station] = await startMesh({ name: "entry" }, { name: "station", resources: ["roof"] });
  const registrations = station!.implement(weather, {
    ingest: (sensor) => ({ rows: [18.5, sensor.length], unit: "C" as const }),
    mean: (rows, digits) => Number((rows.reduce((sum, row) => sum + row, 0) / rows.length).toFixed(digits)),
    now: () => new Date(1_000),
  });
  await offered("now", 1, entry!);
  const client = await connect(entry!.url, { contract: weather });
  onTestFinished(() => client.close());
  return { entry: entry!, station: station!, client, registrations };
}

describe("implement", () => {
  test("registers every function of the contract with its resources and the node's", async () => {
    const { entry, client, registrations } = await startWeather();
    expect(registrations.map(({ name, resources }) => [name, resources])).toEqual([
      ["ingest", ["readings"]],
      ["mean", []],
      ["now", []],
    ]);
    const ingest = entry.functions().find(({ name }) => name === "ingest");
    expect(ingest?.offers.map(({ node, resources }) => [node, resources])).toEqual([["station", ["readings", "roof"]]]);
    const graph = client.graph();
    const readings = graph.call("ingest", ["sensor-7"]);
    expect(await graph.run({ mean: graph.call("mean", [readings.rows]), unit: readings.unit })).toEqual({
      mean: 13.25,
      unit: "C",
    });
  });

  test("applies defaults to arguments and transformations to results", async () => {
    const { client } = await startWeather();
    expect(await client.call("mean", [[1, 2, 2]])).toBe(1.67);
    expect(await client.call("now", [])).toBe(1_000);
  });

  test("takes beside a handler how it is to be run: in batches, in a version, in threads", async () => {
    const api = contract({
      double: fn({ input: z.number(), output: z.number() }),
      half: fn({ input: z.coerce.number(), output: z.number() }),
      where: fn({ output: z.number() }),
    });
    const { node, client } = await startPair();
    const sizes: number[] = [];
    node.implement(api, {
      double: {
        batchHandler: (calls) => {
          sizes.push(calls.length);
          return calls.map(([value]) => value * 2);
        },
        batch: { itemsMax: 3, waitMs: 60_000 },
      },
      half: { handler: (value) => value / 2, version: "1.2.0" },
      where: { handler: handlerModule, threads: 1, export: "where" },
    });
    expect(await Promise.all([1, 2, 3].map((value) => client.call("double", [value])))).toEqual([2, 4, 6]);
    expect(sizes).toEqual([3]);
    expect(await client.call("half", ["7"], { version: "^1.1" })).toBe(3.5);
    expect(await client.call("where")).not.toBe(threadId);
  });

  test("registers nothing, and starts no thread, when one of several is refused (F2)", async () => {
    const api = contract({ where: fn({}), other: fn({}) });
    const { node, client } = await startPair();
    const where = { handler: handlerModule, threads: 1, export: "where" };
    const attempt = (other: unknown): string => thrownBy(() => node.implement(api, { where, other } as never)).message;
    const form =
      "a function, or an object with a handler (or a batchHandler) and how it is to be run: { handler, version, … }";
    expect(attempt("nothing")).toBe(`implement("other"): must be ${form}; got string`);
    expect(attempt({ handler: () => 1, resources: ["gpu"] })).toContain(`implement("other") has no option "resources"`);
    expect(attempt({})).toBe(`implement("other"): must be ${form}, and one of the two`);
    expect(attempt({ handler: () => 1, batch: {} })).toContain("batch is for a batchHandler");
    expect(attempt({ handler: () => 1, threads: 2 })).toContain(`implement("other") has no option "threads"`);
    expect((await failureOf(client.call("where"))).code).toBe("no-provider");
    node.implement(api, { where, other: () => 1 });
    expect(await client.call("where")).not.toBe(threadId);
  });

  test("refuses a contract of which a function has no handler", async () => {
    const node = await startNode();
    const attempt = (): unknown => node.implement(weather, { ingest: () => ({}) } as never);
    expect(told(thrownBy(attempt))).toMatchObject({
      code: "invalid-argument",
      message: `implement: the contract's function "mean" has no handler`,
    });
    expect(node.functions().map(({ name }) => name)).toEqual(["echo", "echos"]); // all or nothing
  });

  test("takes methods of a class for handlers, but not those that every object has", async () => {
    const { node, client } = await startPair();
    const strings = contract({ upper: fn({ input: z.string(), output: z.string() }), toString: fn({ input: [] }) });
    class Strings {
      upper(text: string): string {
        return text.toUpperCase();
      }
    }
    const attempt = (): unknown => node.implement(strings, new Strings());
    expect(thrownBy(attempt).message).toBe(`implement: the contract's function "toString" has no handler`);
    node.implement(contract({ upper: strings.upper }), new Strings());
    expect(await client.call("upper", ["up"])).toBe("UP");
  });

  test("refuses a handler for a function that the contract does not have", async () => {
    const node = await startNode();
    const handlers = { ping: () => 1, pong: () => 2 };
    const attempt = (): unknown => node.implement(contract({ ping: fn({ input: [], output: z.number() }) }), handlers);
    expect(told(thrownBy(attempt))).toMatchObject({
      code: "invalid-argument",
      message: `implement: the contract has no function "pong"`,
    });
  });

  test("registers nothing when one of the names is taken", async () => {
    const node = await startNode();
    node.register("mean", () => 1);
    const handlers = { ingest: () => ({ rows: [], unit: "C" as const }), mean: () => 1, now: () => new Date() };
    expect(thrownBy(() => node.implement(weather, handlers)).code).toBe("already-registered");
    expect(node.functions().map(({ name }) => name)).toEqual(["echo", "echos", "mean"]);
  });
});

describe("a schema", () => {
  test("refuses arguments on the node, naming each and the place in it; the handler does not start", async () => {
    const { entry } = await startWeather();
    const untyped = await clientOf(entry);
    expect(told(await failureOf(untyped.call("ingest", ["s"])))).toEqual({
      code: "invalid-input",
      message: `Cannot call "ingest": argument 1: Too small: expected string to have >=3 characters`,
      step: "ingest",
      node: "station",
      outcome: "not-applied",
    });
    const error = await failureOf(untyped.call("mean", [[1, "two"], "three"]));
    expect(error.message).toBe(
      `Cannot call "mean": argument 1, at [1]: Invalid input: expected number, received string; ` +
        "argument 2: Invalid input: expected number, received string",
    );
    expect((await failureOf(untyped.call("now", [1]))).message).toBe(`Cannot call "now": it takes 0 arguments, got 1`);
  });

  test("refuses arguments that come from another step, naming the step", async () => {
    const { entry } = await startWeather();
    const graph = (await clientOf(entry)).graph();
    const bad = graph.call("echo", [7]);
    const error = await failureOf(graph.run(graph.call("ingest", [bad], { name: "from echo" })));
    expect(told(error)).toMatchObject({
      code: "invalid-input",
      step: "from echo",
      node: "station",
      outcome: "applied",
    });
  });

  test("refuses a result, and says that the handler has run", async () => {
    const { node, client } = await startPair();
    const output = z.object({ rows: z.array(z.number()) });
    node.register("broken", () => ({ rows: [1, "2"] }), { output });
    node.register("broken later", () => Promise.resolve({ rows: "none" }), { output });
    expect(told(await failureOf(client.call("broken")))).toEqual({
      code: "invalid-output",
      message: `The result of "broken" is not what its contract says: result, at rows[1]: Invalid input: expected number, received string`,
      step: "broken",
      node: "solo",
      outcome: "applied",
    });
    expect((await failureOf(client.call("broken later"))).message).toBe(
      `The result of "broken later" is not what its contract says: result, at rows: Invalid input: expected array, received string`,
    );
  });

  test("may be asynchronous, and the handler keeps its context behind it", async () => {
    const { node, client } = await startPair();
    const input = z.string().refine((text) => Promise.resolve(text !== "no"));
    node.register("slow check", (text: string) => text, { input });
    expect(await client.call("slow check", ["yes"])).toBe("yes");
    expect((await failureOf(client.call("slow check", ["no"]))).code).toBe("invalid-input");
  });

  test("that ends when nobody waits any more keeps the call from its handler (H6)", async () => {
    const { node, client } = await startPair();
    const [checks, decide] = [new Latch(), new Latch()];
    const ran: string[] = [];
    const input = z.string().refine(async () => {
      checks.open();
      await decide.passed;
      return true;
    });
    node.register("slow check", (text: string) => void ran.push(text), { input });
    const ending = new AbortController();
    const call = failureOf(client.call("slow check", ["late"], { signal: ending.signal }));
    await checks.passed;
    ending.abort();
    expect((await call).code).toBe("cancelled");
    await client.call("echo"); // the node has heard of it
    decide.open();
    expect(await client.call("slow check", ["in time"])).toBeUndefined();
    expect(ran).toEqual(["in time"]);
  });

  test("that throws is an error of the call, not of the node", async () => {
    const { node, client } = await startPair();
    const throws = z.string().transform(() => {
      throw new Error("broken schema");
    });
    node.register("in", () => 1, { input: throws });
    node.register("out", () => "1", { output: throws });
    expect(told(await failureOf(client.call("in", ["x"])))).toMatchObject({
      code: "invalid-input",
      message: `Cannot call "in": its schema threw: broken schema`,
      outcome: "not-applied",
    });
    expect((await failureOf(client.call("out"))).message).toBe(
      `The result of "out" is not what its contract says: its schema threw: broken schema`,
    );
    expect(await client.call("echo", ["goes on"])).toBe("goes on");
  });
});
