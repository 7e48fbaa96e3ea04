/** The JSON protocol on the node's port, spoken by a plain WebSocket client. */
import { describe, expect, onTestFinished, test } from "vitest";
import { type RawData, WebSocket } from "ws";
import { offered, startMesh, startPair } from "./support/cluster.js";
import { eventually } from "./support/eventually.js";
import { Latch } from "./support/latch.js";
import { context } from "@mpreg/node";

interface Reply {
  readonly r: unknown;
  readonly error: { readonly code: number; readonly message: string; readonly details: unknown } | null;
  readonly u: string;
  readonly intermediate_results: readonly {
    readonly level_results: unknown;
    readonly accumulated_results: unknown;
    readonly timestamp: number;
    readonly execution_time_ms: number;
  }[];
  readonly execution_summary: {
    readonly total_execution_time_ms: number;
    readonly level_execution_times: readonly number[];
    readonly bottleneck_level_index: number;
    readonly average_level_time_ms: number;
  } | null;
  readonly notices?: readonly string[];
}

/** A client that knows nothing of us: JSON in, JSON out. */
class JsonClient {
  readonly replies: Reply[] = [];
  /** Whether every frame that came was a binary one. */
  onlyBinary = true;
  closed: readonly [number, string] | undefined;
  readonly socket: WebSocket;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data: RawData, isBinary: boolean) => {
      this.onlyBinary &&= isBinary;
      this.replies.push(JSON.parse((data as Buffer).toString("utf8")) as Reply);
    });
    socket.on("close", (code, reason) => {
      this.closed = [code, reason.toString()];
    });
  }

  static async connect(url: string): Promise<JsonClient> {
    const socket = new WebSocket(url);
    onTestFinished(() => {
      socket.terminate();
    });
    const client = new JsonClient(socket);
    await new Promise((resolve) => socket.once("open", resolve));
    return client;
  }

  send(message: unknown, options: { readonly binary?: boolean } = {}): void {
    this.socket.send(Buffer.from(JSON.stringify(message)), { binary: options.binary ?? false });
  }

  /** The reply to `u`, once it is there. */
  reply(u: string): Promise<Reply> {
    return eventually(`there is a reply to ${u}`, () => this.replies.find((reply) => reply.u === u));
  }

  rpc(u: string, cmds: readonly object[], options?: { readonly binary?: boolean }): Promise<Reply> {
    this.send({ role: "rpc", u, cmds }, options);
    return this.reply(u);
  }
}

describe("the JSON protocol", () => {
  test("runs a graph with string references in args and kwargs over the whole cluster", async () => {
    const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker", resources: ["model-a"] });
    worker!.register("describe", (rows: number[], kwargs: object) => ({ count: rows.length, kwargs }));
    await offered("describe", 1, entry!);
    const client = await JsonClient.connect(entry!.url);
    const reply = await client.rpc("1", [
      { name: "data", fun: "echo", args: [{ rows: [1, 2, 3], unit: "C" }] },
      {
        name: "out",
        fun: "describe",
        args: ["data.rows"],
        kwargs: { unit: "data.unit", plain: "text" },
        locs: ["model-a"],
      },
      { name: "side", fun: "echos", args: ["data", "free text"] },
    ]);
    expect(reply).toEqual({
      r: {
        out: { count: 3, kwargs: { unit: "C", plain: "text" } },
        side: [{ rows: [1, 2, 3], unit: "C" }, "free text"],
      },
      error: null,
      u: "1",
      intermediate_results: [],
      execution_summary: null,
    });
  });

  test("answers a stream with an array of its items, and beyond the limit with an error", async () => {
    const [entry, worker] = await startMesh({ name: "entry", limits: { valueBytesMax: 1_000 } }, { name: "worker" });
    worker!.register("lines", async function* (count: number) {
      for (let i = 0; i < count; i++) yield await Promise.resolve(`line ${i}`);
    });
    await offered("lines", 1, entry!);
    const client = await JsonClient.connect(entry!.url);
    const few = await client.rpc("1", [{ name: "lines", fun: "lines", args: [3] }]);
    expect([few.r, few.error]).toEqual([{ lines: ["line 0", "line 1", "line 2"] }, null]);
    const many = await client.rpc("2", [{ name: "lines", fun: "lines", args: [1_000_000] }]);
    expect(many.error?.message).toContain("cannot be collected into an array");
  });

  test("leaves out of the intermediate results a stream that another command reads, and says so", async () => {
    const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker" });
    worker!.register("count", async function* (to: number) {
      for (let item = 1; item <= to; item++) yield await Promise.resolve(item);
    });
    entry!.register("sum", async (items: AsyncIterable<number>) => {
      let sum = 0;
      for await (const item of items) sum += item;
      return sum;
    });
    await offered("count", 1, entry!);
    const client = await JsonClient.connect(entry!.url);
    client.send({
      role: "rpc",
      u: "levels",
      cmds: [
        { name: "read", fun: "count", args: [5] },
        { name: "told", fun: "count", args: [2] },
        { name: "sum", fun: "sum", args: ["read"] },
      ],
      return_intermediate_results: true,
    });
    const { r, error, intermediate_results, notices } = await client.reply("levels");
    expect([error, r]).toEqual([null, { told: [1, 2], sum: 15 }]);
    expect(intermediate_results.map(({ level_results }) => level_results)).toEqual([{ told: [1, 2] }, { sum: 15 }]);
    expect(intermediate_results.at(-1)!.accumulated_results).toEqual({ told: [1, 2], sum: 15 });
    expect(notices).toEqual([
      'The result of "read" is not among the intermediate results: it is a stream, which is read once, and another command has read it',
    ]);
  });

  test("ends the handler of a stream that is longer than the reply may be, and says what would work (G5)", async () => {
    const [entry, worker] = await startMesh(
      { name: "entry", limits: { messageBytesMax: 100_000 } },
      { name: "worker" },
    );
    const over = new Latch();
    worker!.register("endless", async function* () {
      try {
        for (;;) yield await Promise.resolve("some text");
      } finally {
        over.open();
      }
    });
    await offered("endless", 1, entry!);
    const client = await JsonClient.connect(entry!.url);
    const { error } = await client.rpc("1", [{ name: "all", fun: "endless", args: [] }]);
    expect(error?.message).toBe(
      "A stream of more than 100000 bytes cannot be collected into an array (limits.messageBytesMax); clients of the native protocol take its items one by one",
    );
    expect(error?.details).toEqual({ code: "too-large", step: "all", node: "entry", outcome: "unknown" });
    await over.passed;
  });

  test("tells levels and their measured times when asked to, of steps that ran on several nodes", async () => {
    const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker", resources: ["model-a"] });
    worker!.register("double", (value: number) => value * 2);
    entry!.register("list", (...values: number[]) => values);
    await offered("double", 1, entry!);
    const client = await JsonClient.connect(entry!.url);
    const beforeS = Date.now() / 1_000;
    client.send({
      role: "rpc",
      u: "levels",
      cmds: [
        { name: "two", fun: "double", args: ["one.0"] },
        { name: "one", fun: "list", args: [1] },
        { name: "four", fun: "double", args: [2], kwargs: {}, locs: ["model-a"] },
        { name: "all", fun: "list", args: ["two", "four"] },
      ],
      return_intermediate_results: true,
      include_execution_summary: true,
    });
    const reply = await client.reply("levels");
    expect(reply.r).toEqual({ all: [2, 4] });
    const levels = reply.intermediate_results;
    expect(levels.map(({ level_results }) => level_results)).toEqual([
      { one: [1], four: 4 },
      { two: 2 },
      { all: [2, 4] },
    ]);
    expect(levels.at(-1)!.accumulated_results).toEqual({ one: [1], four: 4, two: 2, all: [2, 4] });
    const times = levels.map(({ execution_time_ms }) => execution_time_ms);
    const timestamps = levels.map(({ timestamp }) => timestamp);
    expect(times[0]).toBeGreaterThan(0); // it has been to another node
    expect(timestamps.every((at) => at > beforeS - 1 && at < Date.now() / 1_000 + 1)).toBe(true);
    expect(reply.execution_summary).toMatchObject({
      request_id: "levels",
      total_levels: 3,
      level_execution_times: times,
      bottleneck_level_index: times.indexOf(Math.max(...times)),
      parallel_commands_executed: 4,
      cross_cluster_hops: 2,
    });
    const { total_execution_time_ms: totalMs } = reply.execution_summary!;
    expect(Math.max(...times)).toBeLessThanOrEqual(totalMs);
  });

  test("takes text and binary frames, and answers in binary ones", async () => {
    const { node } = await startPair();
    const client = await JsonClient.connect(node.url);
    const cmds = [{ name: "x", fun: "echo", args: ["ünïcödé"] }];
    for (const binary of [true, false])
      expect((await client.rpc(`b${binary}`, cmds, { binary })).r).toEqual({ x: "ünïcödé" });
    expect(client.onlyBinary).toBe(true);
  });

  test("answers many requests of one connection as they end, not in their order", async () => {
    const { node } = await startPair();
    const gates = new Map<number, Latch>();
    node.register("hold", async (index: number) => {
      const gate = new Latch();
      gates.set(index, gate);
      await gate.passed;
      return index;
    });
    const client = await JsonClient.connect(node.url);
    for (let i = 0; i < 100; i++)
      client.send({ role: "rpc", u: `${i}`, cmds: [{ name: "h", fun: "hold", args: [i] }] });
    await eventually("all run", () => gates.size === 100);
    for (let i = 99; i >= 0; i--) {
      gates.get(i)!.open();
      expect((await client.reply(`${i}`)).r).toEqual({ h: i });
    }
    expect(client.replies.map(({ u }) => u)).toEqual(Array.from({ length: 100 }, (_, i) => `${99 - i}`));
  });

  test("tells errors with its codes: 1001 nobody offers it, 1003 whatever else is wrong, 1004 the role", async () => {
    const { node } = await startPair();
    node.register("fail", () => {
      throw new Error("out of paper");
    });
    const client = await JsonClient.connect(node.url);
    const errors = [
      await client.rpc("resources", [{ name: "a", fun: "echo", args: [], locs: ["gpu"] }]),
      await client.rpc("threw", [{ name: "a", fun: "fail", args: [] }]),
      await client.rpc("path", [
        { name: "a", fun: "echo", args: [{}] },
        { name: "b", fun: "echo", args: ["a.gone"] },
      ]),
    ].map(({ r, error }) => [r, error?.code, error?.message, error?.details]);
    expect(errors).toEqual([
      [
        null,
        1001,
        `Cannot call "echo": no node offers it with [gpu]; 1 node offers it with none of them`,
        { code: "no-provider", step: "a", node: "solo", outcome: "not-applied" },
      ],
      [
        null,
        1003,
        `"fail" threw: out of paper`,
        { code: "handler-error", step: "a", node: "solo", outcome: "applied" },
      ],
      [
        null,
        1003,
        `Cannot take a.gone: a has no "gone"`,
        { code: "path-missing", step: "b", node: "solo", outcome: "applied" },
      ],
    ]);
    client.send({ role: "bogus", u: "role" });
    expect((await client.reply("role")).error?.code).toBe(1004);
    expect((await client.rpc("after", [{ name: "a", fun: "echo", args: [1] }])).r).toEqual({ a: 1 });
  });

  test("cancels what runs when the client goes", async () => {
    const { node } = await startPair();
    const [running, aborted] = [new Latch(), new Latch()];
    node.register("hold", async () => {
      const { signal } = context();
      running.open();
      await new Promise((resolve) => {
        signal.addEventListener("abort", resolve);
      });
      aborted.open();
    });
    const client = await JsonClient.connect(node.url);
    client.send({ role: "rpc", u: "1", cmds: [{ name: "h", fun: "hold", args: [] }] });
    await running.passed;
    client.socket.terminate();
    await aborted.passed;
  });

  test("ends a connection that sends what is no JSON, with the reason, and no other", async () => {
    const { node, client: native } = await startPair();
    const [bad, good] = [await JsonClient.connect(node.url), await JsonClient.connect(node.url)];
    bad.socket.send("{ not json");
    const [code, reason] = await eventually("the connection is closed", () => bad.closed);
    expect(code).toBe(1002);
    expect(reason).toMatch(/^a frame that is not JSON/);
    expect((await good.rpc("1", [{ name: "a", fun: "echo", args: [1] }])).r).toEqual({ a: 1 });
    expect(await native.call("echo", [1])).toBe(1);
  });

  test("is told when the node closes", async () => {
    const { node } = await startPair();
    const client = await JsonClient.connect(node.url);
    await node.close();
    expect(await eventually("the connection is closed", () => client.closed)).toEqual([1001, `Node "solo" is closing`]);
  });

  test("does not let a client that reads nothing fill the node's memory", async () => {
    const { node } = await startPair({ limits: { queueBytesMax: 1_000_000 } });
    node.register("make", (length: number) => "x".repeat(length));
    const client = await JsonClient.connect(node.url);
    client.socket.pause();
    let asked = 0;
    await eventually("the node lets it go", async () => {
      for (let i = 0; i < 20; i++)
        client.send({ role: "rpc", u: `${asked++}`, cmds: [{ name: "m", fun: "make", args: [500_000] }] });
      await node.call("echo");
      return asked > 60;
    });
    client.socket.resume();
    const [code, reason] = await eventually("the connection is closed", () => client.closed);
    expect([code, reason]).toEqual([1013, expect.stringMatching(/^\d+ bytes wait to be read$/)]);
  });
});
