/** Functions that run in threads, over real threads: what they answer, and what they know of their call. */
import { describe, expect, test } from "vitest";
import { threadId } from "node:worker_threads";
import { z } from "zod";
import { clientOf, offered, startMesh, startNode, startPair } from "../support/cluster.js";
import { failureOf, told } from "../support/failure.js";
import { startLog } from "../support/log.js";
import { handlerModule, moduleUrl, startActors } from "../support/threads.js";
import * as handlers from "./modules/handlers.js";

test("a function runs in a thread of its own: the default export, or the one that is named", async () => {
  const { node, client } = await startPair();
  node.register("greet", handlerModule, { threads: 1 });
  node.register("where", handlerModule, { threads: 1, export: "where" });
  expect(await client.call("greet", ["x"])).toBe("default: x");
  expect(await client.call("where")).not.toBe(threadId);
});

test("a function in threads takes no streams, and says so; what it calls gives it arrays", async () => {
  const { node, client } = await startPair();
  node.register("takes", handlerModule, { threads: 1, export: "echo" });
  node.register("calls", handlerModule, { threads: 1, export: "calls" });
  node.register("three", async function* () {
    for (let i = 0; i < 3; i++) yield await Promise.resolve(i);
  });
  const graph = client.graph();
  const taken = graph.run(graph.call("takes", [graph.call("three")]));
  expect(await failureOf(taken)).toMatchObject({ code: "unsupported", step: "takes" });
  expect(await client.call("calls", ["three"])).toEqual([0, 1, 2]);
});

test("what it calls gives it arrays that are as long as the node allows (A1)", async () => {
  const { node, client } = await startPair({ limits: { streamArrayBytesMax: 10_000 } });
  node.register("calls", handlerModule, { threads: 1, export: "calls" });
  node.register("endless", async function* () {
    for (;;) yield await Promise.resolve("some text");
  });
  expect(await failureOf(client.call("calls", ["endless"]))).toMatchObject({
    code: "handler-error",
    message: expect.stringContaining(
      "more than 10000 bytes cannot be collected into an array (limits.streamArrayBytesMax)",
    ) as string,
  });
});

test("values of every kind make the way there and back, also results of other steps", async () => {
  const { node, client } = await startPair();
  node.register("back", handlerModule, { threads: 1, export: "echo" });
  const values = [
    new Map<unknown, unknown>([[1, "one"]]),
    new Set(["a"]),
    new Date(0),
    2n ** 70n,
    new Uint8Array(100_000).fill(5),
    new Float64Array([1.5, -0]),
    { deep: [{ er: undefined }] },
  ];
  expect(await client.call("back", values)).toEqual(values);
  const graph = client.graph();
  const first = graph.call("echo", [{ rows: [values] }]);
  const second = graph.call("back", [first, "beside"]);
  const third = graph.call("back", [second, second]);
  const [one, two] = (await graph.run(third)) as [unknown, unknown];
  expect(one).toEqual([[{ rows: [values] }], "beside"].map((each, at) => (at === 0 ? (each as unknown[])[0] : each)));
  expect(two).toEqual(one);
});

test("the context is that of the call, on the clock of the node, also after an await (W1)", async () => {
  const { node, client } = await startPair();
  node.register("about", handlerModule, { threads: 1, export: "about", idempotent: "with-key" });
  const before = performance.now();
  const about = await client.call<{ nowMs: number; request: string }>("about", [], {
    timeoutMs: 5_000,
    idempotencyKey: "order 7",
  });
  const { nowMs, request, ...rest } = about;
  expect(rest).toEqual({
    fun: "about",
    node: "solo",
    step: "about",
    depth: 0,
    hasTime: true,
    deadlineIsNear: true,
    idempotencyKey: "order 7",
    caller: "client",
    aborted: false,
  });
  expect(request).toContain(node.id.slice(0, 8));
  expect(nowMs).toBeGreaterThan(before);
  expect(nowMs).toBeLessThan(performance.now());
});

test("nested calls and graphs are the node's, and their failures arrive whole (M2)", async () => {
  const { node, client } = await startPair();
  node.register("double", (number: number) => 2 * number);
  node.register("bytes", (bytes: Uint8Array) => bytes.map((each) => each + 1));
  node.register("nested", handlerModule, { threads: 1, export: "nested" });
  node.register("nested failure", handlerModule, { threads: 1, export: "nestedFailure" });
  expect(await client.call("nested", ["n"])).toEqual({
    name: "n",
    first: 42,
    second: 84,
    bytes: new Uint8Array([2, 3, 4]),
  });
  const failure = await failureOf(node.call("nobody has this"));
  expect(await client.call("nested failure")).toEqual({
    code: failure.code,
    outcome: failure.outcome,
    message: failure.message,
    isMpregError: "MpregError",
  });
});

test("sleep passes, and what is logged is in the node's log: at its level, and what cannot be cloned as text (L1)", async () => {
  const { log, lines } = startLog("info");
  const { node, client } = await startPair({ log });
  node.register("sleep and log", handlerModule, { threads: 1, export: "sleepAndLog" });
  expect(await client.call("sleep and log")).toBe("slept");
  const said = lines.filter(({ step }) => step === "sleep and log");
  expect(said).toMatchObject([
    { level: 30, round: 1, msg: "before", node: "solo" },
    { level: 40, fields: "{ no: [Function: no] }", msg: "after" },
  ]);
  expect(said[0]!["request"]).toContain(node.id.slice(0, 8));
});

test.for(["throwText", "throwError", "notEncodable"] as const)(
  "what %s ends with is what it ends with outside of a thread (C1)",
  async (name) => {
    const { node, client } = await startPair();
    node.register("f", handlers[name]);
    const here = await failureOf(client.call("f"));
    node.unregister("f");
    node.register("f", handlerModule, { threads: 1, export: name });
    expect(told(await failureOf(client.call("f")))).toEqual(told(here));
  },
);

test("what a handler has thrown is in the node's log with its stack", async () => {
  const { log, lines } = startLog("debug");
  const { node, client } = await startPair({ log });
  node.register("f", handlerModule, { threads: 1, export: "throwError" });
  await failureOf(client.call("f"));
  const [thrown] = lines.filter(({ msg }) => msg === "handler threw");
  expect((thrown!["err"] as { stack: string }).stack).toContain("RangeError: an error");
});

test("schemas see arguments and result, and change them (H5)", async () => {
  const { node, client } = await startPair();
  const text = z.string().transform((given) => `${given}!`);
  node.register("strict", handlerModule, { threads: 1, input: text, output: z.string().toUpperCase() });
  expect(await client.call("strict", ["x"])).toBe("DEFAULT: X!");
  expect(await failureOf(client.call("strict", [1]))).toMatchObject({ code: "invalid-input", outcome: "not-applied" });
  node.register("wrong", handlerModule, { threads: 1, output: z.number() });
  expect(await failureOf(client.call("wrong", ["x"]))).toMatchObject({ code: "invalid-output", outcome: "applied" });
  node.register("throws", handlerModule, { threads: 1, export: "throwText", input: [] });
  expect(await failureOf(client.call("throws"))).toMatchObject({ code: "handler-error", outcome: "applied" });
});

test("a step tells how long it ran, by one clock", async () => {
  const { node, client } = await startPair();
  node.register("back", handlerModule, { threads: 1, export: "echo" });
  const summaries: { totalMs: number; steps: readonly { runMs: number; queueMs: number }[] }[] = [];
  await client.call("back", [1], { onSummary: (summary) => void summaries.push(summary) });
  const [{ totalMs, steps }] = summaries as [(typeof summaries)[number]];
  expect(steps[0]!.runMs).toBeGreaterThan(0);
  expect(steps[0]!.runMs + steps[0]!.queueMs).toBeLessThanOrEqual(totalMs);
  expect(steps[0]!.queueMs).toBeGreaterThan(0);
});

describe("as many calls run at a time as there are threads", () => {
  test("and further ones are refused as of a function that is full (P1)", async () => {
    const { client, hasBegun } = await startActors({ threads: 2, queueMax: 0 });
    const ending = new AbortController();
    const running = [1, 2].map(() => failureOf(client.call("act", ["never"], { signal: ending.signal })));
    await hasBegun("never", 2);
    expect(await failureOf(client.call("act", ["where"]))).toMatchObject({
      code: "overloaded",
      outcome: "not-applied",
    });
    ending.abort();
    await Promise.all(running);
  });

  test("unless more may wait: the next takes its turn, one that is cancelled leaves the queue (C3)", async () => {
    const { client, began, hasBegun } = await startActors({ threads: { max: 1, abortGraceMs: 0 }, concurrencyMax: 3 });
    const ending = new AbortController();
    const first = failureOf(client.call("act", ["never"], { signal: ending.signal }));
    await hasBegun("never");
    const leaving = new AbortController();
    const second = failureOf(client.call("act", ["loop"], { signal: leaving.signal }));
    const third = client.call("act", ["count"]);
    leaving.abort();
    expect(await second).toMatchObject({ code: "cancelled" });
    await client.call("echo"); // the node has heard of it
    ending.abort();
    await first;
    expect(await third).toBe(1);
    expect(began).toEqual(["never", "count"]);
  });
});

describe("a module that does not load", () => {
  test.for([
    ["throws.mjs", {}, "it does not load"],
    ["exits.mjs", {}, "worker exited with code: 9"],
    ["hangs.mjs", { loadMsMax: 500 }, "its module did not load within 500 ms (threads.loadMsMax)"],
    ["handlers.ts", { export: "nowhere" }, 'it has no function as its export "nowhere"; it exports '],
    ["handlers.ts", { export: "notAFunction" }, 'its export "notAFunction" is no function, but a number'],
  ] as const)("is told to callers: %s (W3) (W4) (C2) (C4)", async ([name, { ...options }, reason]) => {
    const { node, client } = await startPair();
    const { export: exportName, ...threads } = options as { readonly export?: string };
    const exported = exportName === undefined ? {} : { export: exportName };
    node.register("f", moduleUrl(name), { threads: { max: 1, ...threads }, ...exported });
    const failure = await failureOf(client.call("f"));
    expect(failure).toMatchObject({ code: "no-provider", outcome: "not-applied", node: "solo" });
    expect(failure.message).toContain(reason);
  });

  test.for([
    ["throws.mjs", {}, "it does not load"],
    ["hangs.mjs", { loadMsMax: 500 }, "its module did not load within 500 ms (threads.loadMsMax)"],
  ] as const)("is logged with its reason when the function is registered: %s (P2)", async ([name, threads, reason]) => {
    const { log, lines } = startLog("error");
    const { node, client } = await startPair({ log });
    node.register("f", moduleUrl(name), { threads: { max: 1, ...threads } });
    await failureOf(client.call("f"));
    const [said] = lines.filter(({ msg }) => msg === "the module of a function did not load");
    expect(said).toMatchObject({ fun: "f", module: moduleUrl(name).href, reason });
  });

  test("leaves the call to another node that has the function", async () => {
    const [a, b] = await startMesh({ name: "a" }, { name: "b" });
    a!.register("f", moduleUrl("throws.mjs"), { threads: 1 });
    b!.register("f", () => "from b");
    await offered("f", 2, a!, b!);
    const client = await clientOf(a!);
    for (let call = 0; call < 5; call++) expect(await client.call("f")).toBe("from b");
  });
});

test("options that make no sense are refused by name", async () => {
  const node = await startNode();
  const refusalOf = (options: object, url = handlerModule): string => {
    try {
      node.register("f", url, options);
    } catch (error) {
      return (error as Error).message;
    }
    return "none";
  };
  expect(refusalOf({ threads: 0 })).toBe('register("f"): threads must be a whole number from 1 to 1024, got 0');
  expect(refusalOf({ threads: { min: 3, max: 2 } })).toContain("threads.min must be a whole number from 1 to 2, got 3");
  expect(refusalOf({ threads: { memoryMiBMax: 1 } })).toContain("threads.memoryMiBMax must be a whole number from 16");
  expect(refusalOf({ threads: { abortGraceMs: -1 } })).toContain("threads.abortGraceMs must be a whole number from 0");
  expect(refusalOf({ threads: { loadMsMax: 0 } })).toContain("threads.loadMsMax must be a whole number from 1");
  expect(refusalOf({ threads: { maximum: 1 } })).toContain('has no option "maximum"');
  expect(refusalOf({ thread: 1 })).toContain('register("f") has no option "thread"');
  expect(refusalOf({ export: "" })).toContain("export must be the name of an export");
  expect(refusalOf({}, moduleUrl("not there.mjs"))).toContain("there is no module file://");
  expect(refusalOf({}, new URL("https://example.org/model.js"))).toContain("must be the URL of a file");
  expect(refusalOf({ threads: { min: 2 } })).toBe("none");
  node.unregister("f");
  expect(() => node.register("f", () => 1, { threads: 1 } as object)).toThrow("threads are for the URL of a module");
});
