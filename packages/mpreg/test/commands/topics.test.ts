import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Client, connect } from "@mpreg/client";
import { createNode, type MpregNode } from "@mpreg/node";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { BenchFigures } from "../../src/commands/bench.js";
import type { ClusterTopics } from "../../src/topics/rates.js";
import { type Finished, launchCommand, type Launched, mpreg, startNode, temporaryFolder } from "../processes.js";

let node: MpregNode;
let client: Client;
let env: Record<string, string>;

beforeAll(async () => {
  node = await createNode({ name: "board", log: "silent" });
  client = await connect(node.url);
  env = { MPREG_URL: node.url };
});

afterAll(async () => {
  await client.close();
  await node.close();
});

const pub = (...args: string[]): Promise<Finished> => mpreg(["pub", ...args], { env });

/** A subscriber that every node knows of. */
async function subscriber(args: readonly string[], url = node.url): Promise<Launched> {
  const launched = launchCommand(["sub", ...args, "--url", url]);
  await launched.told("every");
  return launched;
}

describe("mpreg pub", () => {
  test("publishes JSON where it is JSON, else a text, with its headers", async () => {
    await using got = await client.subscribe("pub.one.#");
    const messages = got[Symbol.asyncIterator]();
    const options = [
      "--header",
      "region=eu",
      "--header",
      "formula=a=b",
      "--ttl",
      "5m", // it waits for the second one
      "--priority",
      "9",
      "--reply-to",
      "r",
      "--id",
      "mine",
    ];
    expect(await pub("pub.one.json", '{"id":7}', ...options)).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    expect(await pub("pub.one.text", "hi there!")).toMatchObject({ exitCode: 0 });
    expect((await messages.next()).value).toMatchObject({
      topic: "pub.one.json",
      payload: { id: 7 },
      id: "mine",
      headers: { region: "eu", formula: "a=b" },
      ttlMs: 300_000,
      priority: 9,
      replyTo: "r",
    });
    expect((await messages.next()).value).toMatchObject({ topic: "pub.one.text", payload: "hi there!", headers: {} });
  });

  test("publishes each line of stdin in order, also an empty one, and tells what became of them (P1, P2)", async () => {
    await using got = await client.subscribe("pub.lines");
    const lines = Array.from({ length: 1_000 }, (_, index) => `{"line":${index}}`);
    const stdin = [...lines, "", "text"].join("\n");
    const { stdout, exitCode } = await mpreg(["pub", "pub.lines", "--lines", "--confirm", "local", "--json"], {
      env,
      stdin,
    });
    expect(exitCode).toBe(0);
    const { handed, waiting, ...total } = JSON.parse(stdout) as Record<string, number>;
    expect(total).toEqual({ messages: 1_002, lost: 0, nodes: 0 });
    expect((handed ?? 0) + (waiting ?? 0)).toBe(1_002);
    const payloads: unknown[] = [];
    for await (const { payload } of got) if (payloads.push(payload) === 1_002) break;
    expect(payloads).toEqual([...lines.map((line) => JSON.parse(line) as unknown), "", "text"]);
  });

  test("repeats a payload, and says of how many it knows what became", async () => {
    const { stdout } = await pub("pub.count", "1", "--count", "300", "--confirm", "local");
    expect(stdout).toBe("published 300: by subscriptions here handed to 0, waiting for 0, lost to 0\n");
  });

  test("--request prints the answer, and fails where nobody answers", async () => {
    await using _responder = await client.respond("pub.double", ({ payload }) => (payload as number) * 2);
    expect(await pub("pub.double", "21", "--request")).toEqual({ exitCode: 0, stdout: "42\n", stderr: "" });
    const nobody = await pub("pub.triple", "21", "--request");
    expect(nobody.exitCode).toBe(1);
    expect(nobody.stderr).toContain('Nobody answers requests of "pub.triple"');
  });

  test("a refused message is told, and what was published before it (P1)", async () => {
    const { exitCode, stderr } = await mpreg(["pub", "pub.big", "--lines", "--json"], {
      env,
      stdin: `1\n2\n1e400\n`,
    });
    expect(exitCode).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({
      error: { message: expect.stringMatching(/^Cannot use line 3: .*\(2 of 2 messages were published\)$/) },
    });
    expect(await pub("mpreg.rpc", "1")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('"mpreg.#" belongs'),
    });
  });

  test.each([
    [["a.*", "1"], "wildcard"],
    [["a"], "A payload is missing"],
    [["a", "--lines", "--count", "2"], "--count"],
    [["a", "1", "--id", "x", "--count", "2"], "--id is the id of one message"],
    [["a", "1", "--priority", "high"], "priority must be an integer from 0 to 9"],
    [["a", "1", "--request", "--confirm", "local"], "--request"],
  ])("what cannot be meant is said: pub %j", async (args, said) => {
    const { exitCode, stderr, stdout } = await mpreg(["pub", ...args], { env });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(said);
  });
});

describe("mpreg sub", () => {
  test("prints topic, payload and headers of each message, of several patterns once, and ends at its count", async () => {
    const sub = await subscriber(["sub.one.*", "sub.#", "--count", "2"]);
    await client.publish("sub.one.a", { x: [1] }, { headers: { region: "eu" } });
    await client.publish("sub.two", "hi\u001b[31m");
    expect(await sub.exitCode).toBe(0);
    expect(sub.output).toEqual(['sub.one.a {"x":[1]} region=eu', 'sub.two "hi\\u001b[31m"']);
    expect(await sub.told("subscribed at board")).toBeDefined();
  });

  test("--json is a line with all that a message has", async () => {
    const sub = await subscriber(["sub.json", "--json", "--count", "1"]);
    await client.publish("sub.json", 2n ** 60n, { id: "m1", correlationId: "c", replyTo: "r", headers: { a: "b" } });
    expect(await sub.exitCode).toBe(0);
    expect(sub.output).toHaveLength(1);
    expect(sub.output[0]).toContain('"payload":1152921504606846976,');
    expect(JSON.parse(sub.output[0]!)).toMatchObject({
      topic: "sub.json",
      id: "m1",
      timestampMs: expect.any(Number),
      headers: { a: "b" },
      correlationId: "c",
      replyTo: "r",
      missedBefore: 0,
    });
    expect(JSON.parse(await sub.told("subscribed"))).toEqual({ event: { kind: "subscribed", node: "board" } });
  });

  test("begins with what was published before, where that is wanted", async () => {
    for (const n of [1, 2, 3]) await client.publish("sub.past", n);
    const { stdout, exitCode } = await mpreg(["sub", "sub.past", "--backlog", "2", "--count", "2"], { env });
    expect({ stdout, exitCode }).toEqual({ stdout: "sub.past 2\nsub.past 3\n", exitCode: 0 });
    const last = await mpreg(["sub", "sub.past", "--backlog", "last", "--count", "1"], { env });
    expect(last.stdout).toBe("sub.past 3\n");
    const aged = await mpreg(["sub", "sub.past", "--backlog", "1h", "--count", "3"], { env });
    expect(aged.stdout).toBe("sub.past 1\nsub.past 2\nsub.past 3\n");
  });

  test("--backlog says where what was wanted of the past is not all kept (S2)", async () => {
    const small = await createNode({ name: "small", limits: { backlogPerTopicMax: 2 }, log: "silent" });
    onTestFinished(() => small.close());
    for (const n of [1, 2, 3]) await small.publish("sub.cut", n);
    const sub = (...more: string[]): Promise<Finished> =>
      mpreg(["sub", "sub.cut", "--backlog", "10m", "--count", "2", "--url", small.url, ...more]);
    const { stdout, stderr } = await sub();
    expect(stdout).toBe("sub.cut 2\nsub.cut 3\n");
    expect(stderr).toContain("subscribed at small: messages of before may be missing");
    const json = await sub("--json");
    expect(JSON.parse(json.stderr.split("\n")[0]!)).toEqual({
      event: { kind: "subscribed", node: "small", gap: "unknown" },
    });
    expect(JSON.parse(json.stdout.split("\n")[0]!)).toMatchObject({ payload: 2, missedBefore: "Infinity" });
  });

  test("--buffer and --overflow say what waits at the node", async () => {
    const { exitCode, stderr } = await mpreg(["sub", "a", "--buffer", "70000"], { env });
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('"buffer.messages" must be')]);
    const sub = await subscriber(["sub.small", "--buffer", "7", "--overflow", "disconnect"]);
    const { wanted } = await client.topics();
    expect(wanted).toContainEqual(expect.objectContaining({ patterns: ["sub.small"], subscriptions: 1 }));
    sub.kill("SIGINT");
    expect(await sub.exitCode).toBe(0);
  });

  test("members of a group share the messages", async () => {
    const members = await Promise.all([1, 2].map(() => subscriber(["sub.jobs", "--group", "workers"])));
    const published = Array.from({ length: 20 }, (_, n) => n);
    for (const n of published) await client.publish("sub.jobs", n, { confirm: "local" });
    const got = (): number[] => members.flatMap(({ output }) => output).map((line) => Number(line.split(" ")[1]));
    await expect.poll(() => got().length, { timeout: 20_000 }).toBe(20);
    expect(got().sort((a, b) => a - b)).toEqual(published);
  });

  test("headers say which messages are wanted: all of them, or any", async () => {
    const all = await subscriber(["sub.filter", "--header", "region=eu", "--header", "urgent", "--count", "1"]);
    const any = await subscriber([
      "sub.filter",
      "--header",
      "region=eu",
      "--header",
      "urgent",
      "--match",
      "any",
      "--count",
      "2",
    ]);
    await client.publish("sub.filter", 1, { headers: { region: "eu" } });
    await client.publish("sub.filter", 2, { headers: { region: "us" } });
    await client.publish("sub.filter", 3, { headers: { region: "eu", urgent: "" } });
    expect([await all.exitCode, await any.exitCode]).toEqual([0, 0]);
    expect(all.output).toEqual(["sub.filter 3 region=eu urgent="]);
    expect(any.output).toHaveLength(2);
  });

  test("an interruption is its ordinary end; with a count that was not reached, a failure", async () => {
    const sub = await subscriber(["sub.interrupted"]);
    sub.kill("SIGINT");
    expect(await sub.exitCode).toBe(0);
    const counting = await subscriber(["sub.interrupted", "--count", "2"]);
    await client.publish("sub.interrupted", 1);
    await counting.said("sub.interrupted");
    counting.kill("SIGTERM");
    expect(await counting.exitCode).toBe(1);
    expect(await counting.told("mpreg:")).toBe("mpreg: 1 of 2 messages came until it was interrupted");
  });

  test("with --count and --timeout it fails when they take longer", async () => {
    const late = await mpreg(["sub", "sub.nothing", "--count", "1", "--timeout", "1s", "--json"], { env });
    expect(late.exitCode).toBe(1);
    expect(JSON.parse(late.stderr.trimEnd().split("\n").at(-1)!)).toEqual({
      error: { code: "deadline", message: "0 of 1 message came within 1 s" },
    });
  });

  test("a reader that is gone ends it", async () => {
    const sub = await subscriber(["sub.deaf"]);
    sub.deafen();
    const more = new AbortController();
    onTestFinished(() => more.abort());
    const publishing = (async () => {
      while (!more.signal.aborted) await client.publish("sub.deaf", "x", { confirm: "local" });
    })();
    expect(await sub.exitCode).toBe(1);
    more.abort();
    await publishing;
  });

  test("goes on at another node when its own is gone, and says so (S2, S4)", async () => {
    const other = await createNode({ name: "other", peers: [node.url], log: "silent" });
    onTestFinished(() => other.close());
    const gone = await startNode(["--port", "0", "--name", "gone", "--peers", node.url, "--log", "silent"]);
    await expect
      .poll(() => gone.url && node.nodes().some(({ name }) => name === "gone"), { timeout: 20_000 })
      .toBe(true);
    const sub = await subscriber(["sub.moving", "--json", "--url", `${gone.url},${other.url}`], gone.url);
    gone.kill("SIGKILL");
    expect(JSON.parse(await sub.told("resubscribed"))).toEqual({
      event: { kind: "resubscribed", node: expect.stringMatching(/^(board|other)$/), gap: "unknown" },
    });
    await client.publish("sub.moving", 0);
    const more = new AbortController();
    onTestFinished(() => more.abort());
    const publishing = (async () => {
      // until every node has heard where it is now
      while (!more.signal.aborted) await client.publish("sub.moving", 1, { confirm: "local" });
    })();
    await sub.said("sub.moving");
    more.abort();
    await publishing;
    sub.kill("SIGINT");
    expect(await sub.exitCode).toBe(0);
  });

  test.each([
    [[], "A pattern is missing"],
    [["a.b#"], "a.b#"],
  ])("what cannot be meant is said: sub %j", async (args, said) => {
    const { exitCode, stderr, stdout } = await mpreg(["sub", ...args], { env });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(said);
  });

  test("without a node it fails at once, and says what to do", async () => {
    const { exitCode, stderr } = await mpreg(["sub", "a", "--url", "ws://127.0.0.1:1"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("Is a node running there?");
  });
});

describe("mpreg respond", () => {
  /** One that every node knows of. */
  async function responder(...args: string[]): Promise<Launched> {
    const launched = launchCommand(["respond", ...args, "--url", node.url]);
    await launched.told("every");
    return launched;
  }

  test("answers requests with a value, shows them, and ends after so many with what has come answered (R1, R3)", async () => {
    const respond = await responder("ask.value.*", "--value", '{"ok":true}', "--count", "2");
    expect(await client.publishRequest("ask.value.a", 1)).toEqual({ ok: true });
    await client.publish("ask.value.b", "asks for nothing");
    expect(await client.publishRequest("ask.value.c", [2], { headers: { region: "eu" } })).toEqual({ ok: true });
    expect(await respond.exitCode).toBe(0);
    expect(respond.output).toEqual(["ask.value.a 1", "ask.value.c [2] region=eu"]);
    await expect(client.publishRequest("ask.value.a", 1)).rejects.toMatchObject({ code: "no-provider" });
  });

  test("answers by a function, whose errors reach who asks and are told; an interruption is its ordinary end (R2, R3)", async () => {
    const file = join(temporaryFolder(), "answers.mjs");
    writeFileSync(
      file,
      "export async function respond({ payload }) { if (payload < 0) throw new Error('too small'); return payload * 2; }",
    );
    const respond = await responder("ask.double", "--module", file, "--json");
    expect(await client.publishRequest("ask.double", 21)).toBe(42);
    const failing = client.publishRequest("ask.double", -1);
    await expect(failing).rejects.toMatchObject({ code: "handler-error", message: "too small" });
    const told = { event: { kind: "threw", topic: "ask.double", error: "too small" } };
    expect(JSON.parse(await respond.told("threw"))).toEqual(told);
    respond.kill("SIGTERM");
    expect(await respond.exitCode).toBe(0);
    expect(respond.output.map((line) => (JSON.parse(line) as { payload: unknown }).payload)).toEqual([21, -1]);
  });

  test.each([
    [["a"], "one of --value JSON and --module FILE"],
    [["a", "--value", "1", "--module", "x.mjs"], "one of --value JSON and --module FILE"],
    [["--value", "1"], "patterns"],
  ])("what cannot be meant is said: respond %j", async (args, said) => {
    const { exitCode, stderr, stdout } = await mpreg(["respond", ...args], { env });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(said);
  });

  test("a module that cannot be used is told before anything is connected", async () => {
    const file = join(temporaryFolder(), "empty.mjs");
    writeFileSync(file, "");
    for (const [path, why] of [
      [file, "it must export a function respond(message)"],
      [`${file}.gone`, "no such file"],
    ] as const) {
      const { exitCode, stderr } = await mpreg(["respond", "a", "--module", path], { env });
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining(why)]);
    }
  });
});

describe("mpreg topics", () => {
  test("shows the nodes and what is subscribed to, with rates of a second; as JSON, again and again", async () => {
    const other = await createNode({ name: "annex", peers: [node.url], log: "silent" });
    onTestFinished(() => other.close());
    await expect.poll(() => node.nodes().length, { timeout: 20_000 }).toBe(2);
    await using shown = await client.subscribe("shown.#", { group: "g", onMessage: () => undefined });
    await shown.everywhere();
    const watching = launchCommand(["topics", "--json", "--watch", "--url", other.url]);
    const more = new AbortController();
    onTestFinished(() => more.abort());
    const publishing = (async () => {
      while (!more.signal.aborted) await client.publish("shown.now", 1, { confirm: "local" });
    })();
    const busy = (line: string): boolean => /"handedPerSecond":[1-9]/.test(line);
    await expect.poll(() => watching.output.some(busy), { timeout: 30_000 }).toBe(true);
    more.abort();
    await publishing;
    const told = JSON.parse(watching.output.find(busy)!) as ClusterTopics;
    expect(told.nodes.map(({ node: name }) => name)).toEqual(["annex", "board"]);
    expect(told.nodes[1]!.perSecond.published).toBeGreaterThan(0);
    expect(told.wanted).toContainEqual(
      expect.objectContaining({ patterns: ["shown.#"], group: "g", nodes: ["board"], subscriptions: 1 }),
    );
    watching.kill("SIGINT");
    const { stdout, stderr } = await mpreg(["topics", "--node", "board"], { env });
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^NODE +SUBSCRIPTIONS +PUBLISHED\/S/);
    expect(stdout).toMatch(/^shown\.# +g +board +1 +\d/m);
    const nobody = await mpreg(["topics", "--node", "boards"], { env });
    expect(nobody.exitCode).toBe(2);
    expect(nobody.stderr).toContain('did you mean "board"?');
  });
});

describe("mpreg bench topics", () => {
  test("tells what was published, delivered and lost, and how long it took (B1, B2)", async () => {
    const args = ["--size", "64", "--subscribers", "2", "--publishers", "2", "--seconds", "500ms"];
    const { stdout, stderr, exitCode } = await mpreg(["bench", "topics", ...args, "--json"], { env });
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    const figures = JSON.parse(stdout) as BenchFigures;
    expect(figures).toMatchObject({ publishers: 2, subscribers: 2, size: 64, lost: 0 });
    expect(figures.published).toBeGreaterThan(0);
    expect(figures.delivered).toBe(2 * figures.published);
    expect(figures.deliveredPerSecond).toBeCloseTo(figures.delivered / figures.seconds);
    const { p50, p99, max } = figures.latencyMs!;
    expect([p50, p99, max].toSorted((a, b) => a - b)).toEqual([p50, p99, max]);
    const people = await mpreg(["bench", "topics", "--seconds", "100ms"], { env });
    expect(people.stdout).toMatch(
      /^1 publisher, 1 subscriber, payloads of 128 B, .*\npublished .*\ndelivered .*\nlost       0\nlatency /,
    );
    const small = await mpreg(["bench", "topics", "--size", "7"], { env });
    expect(small).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("See mpreg bench topics --help") });
    const unknown = await mpreg(["bench", "topic"], { env });
    expect(unknown).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("See mpreg bench --help") });
  });
});
