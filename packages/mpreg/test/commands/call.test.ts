import { createNode, type MpregNode } from "@mpreg/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Finished, mpreg } from "../processes.js";

describe("mpreg call", () => {
  let node: MpregNode;
  let env: Record<string, string>;

  beforeAll(async () => {
    node = await createNode({ name: "calculator", log: "silent" });
    env = { MPREG_URL: node.url };
    node.register("show", (...args: unknown[]) => args);
    node.register("type", (...args: unknown[]) => args.map((arg) => typeof arg));
    node.register("add", (a: number, b: number) => a + b, { resources: ["math", "small"], version: "1.4.0" });
    node.register("fail", () => {
      throw new Error("not \u001b[31mtoday");
    });
    node.register("lines", async function* (count: number) {
      for (let i = 0; i < count; i++) yield await Promise.resolve(`line ${i}`);
    });
    node.register("never", () => new Promise(() => undefined));
    node.register("odd", () => ({
      big: 2n ** 70n,
      seen: new Map([["at", new Date(0)]]),
      bytes: new Uint8Array([1, 2]),
    }));
  });

  afterAll(() => node.close());

  const call = (...args: string[]): Promise<Finished> => mpreg(["call", ...args], { env });

  test("of a function that streams prints each item on a line, as it comes", async () => {
    expect(await call("lines", "3")).toEqual({ exitCode: 0, stdout: '"line 0"\n"line 1"\n"line 2"\n', stderr: "" });
  });

  test("arguments are JSON where they are JSON, else texts, and kwargs come last", async () => {
    const result = await call(
      "show",
      "1",
      "-2",
      "hi there!",
      '{"a":[true,null]}',
      '"3"',
      "--kwargs",
      '{"unit":"C"}',
      "--json",
    );
    expect(result).toEqual({
      exitCode: 0,
      stdout: '[1,-2,"hi there!",{"a":[true,null]},"3",{"unit":"C"}]\n',
      stderr: "",
    });
  });

  test("integers beyond 2^53 keep every digit there and back, and what no number holds is refused", async () => {
    const wide = ["9007199254740993", "-18446744073709551617", '{"id":9007199254740993}'];
    expect(await call("show", ...wide, "--json", "--kwargs", '{"id":9007199254740995}')).toEqual({
      exitCode: 0,
      stdout: `[${wide.join(",")},{"id":9007199254740995}]\n`,
      stderr: "",
    });
    expect(await call("type", "9007199254740993", "9007199254740991")).toMatchObject({
      stdout: '["bigint", "number"]\n',
    });
    expect(await call("show", "1", "1e400")).toEqual({
      exitCode: 2,
      stdout: "",
      stderr:
        "mpreg: Cannot use argument 2: it has a number beyond ±1.8e308, the largest that can be held: 1e400; " +
        "in double quotes it is a text\n  See mpreg call --help\n",
    });
  });

  test("what follows -- is an argument, whatever it looks like", async () => {
    expect(await call("show", "--json", "--", "--json", "-x")).toMatchObject({
      exitCode: 0,
      stdout: '["--json","-x"]\n',
    });
  });

  test("resources choose the provider, and a summary on stderr says where it ran", async () => {
    const { exitCode, stdout, stderr } = await call(
      "add",
      "1",
      "2",
      "--resources",
      "math",
      "--resources",
      "small",
      "--summary",
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "3\n" });
    expect(stderr).toMatch(/^STEP +FUNCTION +NODE +START/);
    expect(stderr).toMatch(/^add +add +calculator +/m);
  });

  test("the version, the node and what it prefers can be asked for", async () => {
    const asked = ["--fun-version", "^1", "--target", "calculator", "--prefer", "gpu,tpu"];
    expect(await call("add", "1", "2", ...asked)).toMatchObject({ exitCode: 0, stdout: "3\n" });
    const { stderr } = await call("add", "1", "2", "--fun-version", "^2", "--target", "nowhere");
    expect(stderr).toContain('no node of the name or id "nowhere"');
    expect((await call("add", "1", "2", "--fun-version", "^2")).stderr).toContain(
      'no node offers it with version "^2"; 1 node offers it in version 1.4.0',
    );
  });

  test("a result that JSON cannot hold is shown, not refused", async () => {
    const { stdout } = await call("odd", "--json");
    expect(stdout).toBe('{"big":1180591620717411303424,"seen":{"at":"1970-01-01T00:00:00.000Z"},"bytes":"AQI="}\n');
  });

  test("a failure says code, step, node and outcome on stderr, without control characters, and exits with 1", async () => {
    expect(await call("fail")).toEqual({
      exitCode: 1,
      stdout: "",
      stderr:
        'mpreg: "fail" threw: not \\u001b[31mtoday\n' +
        '  handler-error, step "fail", node "calculator", the function has run and its effects stand\n',
    });
  });

  test("with --json a failure is one line of JSON on stderr", async () => {
    const { exitCode, stdout, stderr } = await call("add", "1", "2", "--resources", "gpu", "--json");
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(JSON.parse(stderr)).toEqual({
      error: {
        code: "no-provider",
        message: expect.stringContaining("[gpu]"),
        step: "add",
        node: "calculator",
        outcome: "not-applied",
      },
    });
  });

  test("--timeout ends a call that takes too long", async () => {
    const { exitCode, stderr } = await call("never", "--timeout", "2s", "--json");
    expect(exitCode).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: "deadline", outcome: "unknown" } });
  });

  test("--url wins over MPREG_URL, and a node that is not there is said so", async () => {
    const { exitCode, stderr } = await call("echo", "1", "--url", "ws://127.0.0.1:1");
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^mpreg: Cannot connect to ws:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/);
    expect(stderr).toContain("Is a node running there?");
  });
});
