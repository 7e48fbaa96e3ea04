import { execFile } from "node:child_process";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect } from "@mpreg/client";
import { createNode, type MpregNode } from "@mpreg/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mpreg, startNode, temporaryFolder } from "./processes.js";

const full = "/dev/full";
/** Runs a program on a terminal of its own; part of every Debian. */
const script = "/usr/bin/script";
const command = fileURLToPath(new URL("../bin/mpreg.mjs", import.meta.url));
const noSpace = "mpreg: Cannot write to stdout: there is no space left on the device\n";

/** Runs `mpreg ARGS…` on a terminal with that many columns, 0 being one that does not know; answers what it shows. */
function onTerminal(columns: number, args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const line = ["stty", "cols", columns, ";", process.execPath, command, ...args].join(" ");
  const { NO_COLOR: _, FORCE_COLOR: __, ...others } = process.env;
  return new Promise((resolve) => {
    const options = { env: { ...others, TERM: "xterm", ...env } };
    execFile(script, ["-qec", line, "/dev/null"], options, (_error, stdout) => resolve(stdout));
  });
}

describe.runIf(existsSync(script))("on a terminal", () => {
  let node: MpregNode;

  beforeAll(async () => {
    node = await createNode({ name: "a node with a name of several words", log: "silent" });
  });

  afterAll(() => node.close());

  const rowOf = (text: string): string | undefined => text.split("\r\n").find((line) => line.includes("several words"));

  test("a table is as wide as the terminal, where that is known", async () => {
    const args = ["nodes", "--url", node.url];
    expect(rowOf(await onTerminal(0, args))).toContain(node.url);
    expect(rowOf(await onTerminal(200, args))).toContain(node.url);
    expect(rowOf(await onTerminal(60, args))).toBeUndefined();
  });

  test("there are colours, unless they are refused (T2)", async () => {
    const args = ["nodes", "--url", node.url];
    expect(await onTerminal(200, args)).toContain("\u001b[2mNAME");
    for (const env of [{ NO_COLOR: "1" }, { TERM: "dumb" }]) {
      expect(await onTerminal(200, args, env)).not.toContain("\u001b");
    }
  });
});

describe("output that gets nowhere", () => {
  let node: MpregNode;

  beforeAll(async () => {
    node = await createNode({ name: "writer", log: "silent" });
    node.register("long", () => "x".repeat(100_000));
  });

  afterAll(() => node.close());

  const graph = JSON.stringify([{ name: "a", fun: "echo", args: [1] }]);
  const commands: [string, string[]][] = [
    ["--version"],
    ["--help"],
    ["call", "--help"],
    ["nodes"],
    ["functions"],
    ["call", "echo", "1"],
    ["run", "-"],
    ["start", "--port", "0", "--log", "silent"],
  ].map((args) => [args.join(" "), args]);

  test.each(commands)("a reader that is gone ends mpreg %s quietly, with 1 (T1)", async (_command, args) => {
    const surroundings = { deafened: true, stdin: graph, env: { MPREG_URL: node.url } };
    expect(await mpreg(args, surroundings)).toEqual({ exitCode: 1, stdout: "", stderr: "" });
  });

  describe.runIf(existsSync(full))("on a full device", () => {
    test.each(commands)("mpreg %s says so in a line, with 1 (T1)", async (_command, args) => {
      const surroundings = { stdoutPath: full, stdin: graph, env: { MPREG_URL: node.url } };
      const { exitCode, stderr } = await mpreg(args, surroundings);
      expect(exitCode).toBe(1);
      const isResult = (args[0] === "call" && args.length === 3) || args[0] === "run";
      expect(stderr).toBe(isResult ? `${noSpace}  output, the function has run and its effects stand\n` : noSpace);
    });

    test("with --json it is a line of JSON that says whether the work was done", async () => {
      const { exitCode, stderr } = await mpreg(["call", "echo", "1", "--json", "--url", node.url], {
        stdoutPath: full,
      });
      expect(exitCode).toBe(1);
      expect(JSON.parse(stderr)).toEqual({
        error: {
          code: "output",
          message: "Cannot write to stdout: there is no space left on the device",
          outcome: "applied",
        },
      });
    });
  });

  test.runIf(existsSync(full))("a node goes on when nobody reads its output and its log any more (T1)", async () => {
    const path = join(temporaryFolder(), "talking.mjs");
    const talk = `() => {
      console.log("to stdout");
      process.stdout.write("to stdout");
      process.stderr.write("to stderr");
      void Promise.reject(new Error("to the log"));
    }`;
    writeFileSync(path, `export function register(node) { node.register("talk", ${talk}); }`);
    for (const stderrPath of [undefined, full]) {
      const talking = await startNode(["--port", "0", "--module", path], { stderrPath });
      talking.deafen();
      await using client = await connect(talking.url);
      await client.call("talk");
      await client.call("talk");
      expect(await client.call("echo", ["still here"])).toBe("still here");
      talking.kill("SIGTERM");
      expect(await talking.exitCode).toBe(0);
    }
  });

  test.runIf(process.platform === "linux")("a file that can take only a part is said so, too (T1)", async () => {
    const path = join(temporaryFolder(), "result.json");
    const call = [process.execPath, command, "call", "long", "--url", node.url];
    const limited = `ulimit -f 8; exec "$@" > ${path}`;
    const [exitCode, stderr] = await new Promise<[unknown, string]>((resolve) => {
      execFile("bash", ["-c", limited, "bash", ...call], (error, _stdout, stderr) => resolve([error?.code, stderr]));
    });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^mpreg: Cannot write to stdout: the file would be too large\n/);
    expect(statSync(path).size).toBeGreaterThan(0);
  });
});
