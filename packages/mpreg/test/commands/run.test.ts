import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { context, createNode, type MpregNode } from "@mpreg/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Finished, mpreg, temporaryFolder } from "../processes.js";

const chain = [
  { name: "last", fun: "double", args: [{ $ref: "first", path: ["rows", 1] }] },
  { name: "first", fun: "echo", args: [{ rows: [20, 21] }] },
];

describe("mpreg run", () => {
  let node: MpregNode;
  let onWatch = (): void => undefined;

  beforeAll(async () => {
    node = await createNode({
      name: "worker",
      log: "silent",
      policy: (_subject, { kind }) => {
        if (kind === "watch") onWatch();
        return { allow: true };
      },
    });
    node.register("double", (value: number) => value * 2);
    node.register("fail", () => {
      throw new Error("broken");
    });
  });

  afterAll(() => node.close());

  const run = (graph: unknown, ...options: string[]): Promise<Finished> =>
    mpreg(["run", "-", "--url", node.url, ...options], {
      stdin: typeof graph === "string" ? graph : JSON.stringify(graph),
    });

  test("a file of steps runs and the results nobody used are printed, for people", async () => {
    const path = join(temporaryFolder(), "graph.json");
    writeFileSync(path, JSON.stringify(chain));
    const result = await mpreg(["run", path, "--url", node.url]);
    expect(result).toEqual({ exitCode: 0, stdout: '{ "last": 42 }\n', stderr: "" });
  });

  test("nothing in a graph changes in silence: integers keep their digits, other numbers and bytes are refused (H1)", async () => {
    const exact = '[{"name":"a","fun":"echo","args":[{"id":9007199254740993}]}]';
    expect(await run(exact, "--json")).toMatchObject({ exitCode: 0, stdout: '{"a":{"id":9007199254740993}}\n' });
    expect(await run('[{"name":"a","fun":"echo","args":[-1e400]}]')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("Cannot read the graph on stdin: it has a number beyond ±1.8e308"),
    });
    const path = join(temporaryFolder(), "latin1.json");
    writeFileSync(path, '[{"name":"a","fun":"echo","args":["caf\u00e9"]}]', "latin1");
    expect(await mpreg(["run", path])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(`Cannot read ${path}: it is not UTF-8`),
    });
  });

  test("a graph comes from stdin, may name its outputs, and its summary goes to stderr as a line of JSON", async () => {
    const result = await run({ steps: chain, outputs: ["first", "last"] }, "--json", "--summary");
    expect(result).toMatchObject({ exitCode: 0, stdout: '{"first":{"rows":[20,21]},"last":42}\n' });
    const { summary } = JSON.parse(result.stderr);
    expect(summary.steps.map(({ name }: { name: string }) => name)).toEqual(["first", "last"]);
  });

  test("--trace tells on stderr what waited for what, as text and as a line of JSON", async () => {
    const text = await run(chain, "--trace");
    expect(text).toMatchObject({ exitCode: 0, stdout: '{ "last": 42 }\n' });
    expect(text.stderr).toMatch(/^request [0-9a-f]{8}-\w+ on worker: 2 steps in \d+\.\d ms\n/);
    expect(text.stderr).toContain("last (double) on worker, after first\n");
    expect(text.stderr).toContain("\ncritical path (*): first > last, ");
    const { summary, analysis } = JSON.parse((await run(chain, "--json", "--trace")).stderr);
    expect(summary.steps).toHaveLength(2);
    expect(analysis.criticalPath.steps).toEqual(["first", "last"]);
  });

  test("--watch tells on stderr what happens, as lines for people and as lines of JSON", async () => {
    const text = await run(chain, "--watch");
    expect(text).toMatchObject({ exitCode: 0, stdout: '{ "last": 42 }\n' });
    expect(text.stderr.replaceAll(/^ *\d+\.\d{3} s {2}/gm, "").split("\n")).toEqual([
      expect.stringMatching(/^request [0-9a-f]{8}-\w+ received by worker$/),
      "planned: last, first",
      "first: ready",
      "first: started on worker",
      "first: result of 9 B on worker",
      "last: ready",
      "last: started on worker",
      "last: result of 1 B on worker",
      "finished",
      "",
    ]);
    const lines = (await run(chain, "--json", "--watch")).stderr.trim().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { event: { kind: string } }).event.kind).at(-1)).toBe("finished");
  });

  test("--watch --intermediates tells small results, too", async () => {
    const { stderr } = await run(chain, "--watch", "--intermediates");
    expect(stderr).toContain('first: result of 9 B on worker: {"rows":[20,21]}\n');
  });

  test("trace shows a request that has ended, as text and as JSON; its id is in the error of one that failed", async () => {
    const { stderr } = await run([...chain, { name: "bad", fun: "fail" }], "--json");
    const { request } = (JSON.parse(stderr) as { error: { request: string } }).error;
    const text = await mpreg(["trace", request, "--url", node.url]);
    expect(text).toMatchObject({ exitCode: 0, stderr: "" });
    expect(text.stdout).toContain(`request ${request} on worker: `);
    expect(text.stdout).toContain('\nfailed: handler-error: "fail" threw: broken\n');
    const { trace } = JSON.parse((await mpreg(["trace", request, "--url", node.url, "--json"])).stdout);
    expect(trace).toMatchObject({ requestId: request, state: "failed", running: [] });
    const unknown = await mpreg(["trace", `${request.slice(0, 8)}-zzz`, "--url", node.url]);
    expect(unknown).toMatchObject({ exitCode: 1, stdout: "", stderr: expect.stringContaining("unknown-request") });
  });

  test("trace --watch follows a request that runs, and shows it when it has ended", async () => {
    let end = (): void => undefined;
    const began = new Promise<string>((resolve) => {
      node.register("held", () => {
        resolve(context().request);
        return new Promise<number>((done) => {
          end = () => {
            done(7);
          };
        });
      });
    });
    const running = run([{ name: "held", fun: "held" }], "--json");
    const request = await began;
    const sofar = await mpreg(["trace", request, "--url", node.url]);
    expect(sofar.stdout).toMatch(/\nnot ended: held on worker, since \d+\.\d ms\nit has not ended\n/);
    const isFollowed = new Promise<void>((resolve) => (onWatch = resolve));
    const followed = mpreg(["trace", request, "--url", node.url, "--watch", "--json"]);
    await isFollowed;
    end();
    const { stdout, stderr } = await followed;
    const kinds = stderr
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { event: { kind: string } }).event.kind);
    expect(kinds).toEqual(["received", "planned", "step-ready", "started", "result-available", "finished"]);
    expect(JSON.parse(stdout)).toMatchObject({ trace: { requestId: request, state: "finished" } });
    expect(await running).toMatchObject({ stdout: '{"held":7}\n' });
  });

  test("--on-error settle finishes independent branches, tells every step, and exits with the first failure", async () => {
    const steps = [...chain, { name: "bad", fun: "fail" }, { name: "after", fun: "echo", args: [{ $ref: "bad" }] }];
    const { exitCode, stdout, stderr } = await run(steps, "--on-error", "settle", "--json");
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      outputs: { last: 42 },
      steps: {
        last: { status: "done" },
        first: { status: "done" },
        bad: { status: "failed", error: expect.objectContaining({ code: "handler-error", outcome: "applied" }) },
        after: { status: "skipped", because: "bad" },
      },
    });
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: "handler-error", step: "bad", node: "worker" } });
  });

  test("a failing step ends the request with 1", async () => {
    const { exitCode, stdout, stderr } = await run([...chain, { name: "bad", fun: "fail" }]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toContain('handler-error, step "bad", node "worker"');
  });

  test("--wait-for-capacity waits for a node that offers the function", async () => {
    node.register("open", () => {
      setImmediate(() => node.register("later", (value: number) => value + 1));
    });
    const steps = [
      { name: "opened", fun: "open" },
      { name: "late", fun: "later", args: [1] },
    ];
    const { exitCode, stdout } = await run({ steps, outputs: ["late"] }, "--wait-for-capacity", "--json");
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '{"late":2}\n' });
  });

  test("what is wrong with the graph as it is written is wrong usage: 2", async () => {
    expect(await run("[{")).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("it is not JSON") });
    expect(await run({ step: [] })).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("an array of steps"),
    });
    expect(await run([{ name: "a", fun: "echo", args: [{ $ref: "b" }] }], "--json")).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('"code":"unknown-reference"'),
    });
    expect(await mpreg(["run", "/nonexistent.json"])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("Cannot read /nonexistent.json: there is no such file"),
    });
  });
});
