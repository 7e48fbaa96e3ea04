import { mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, relative } from "node:path";
import { connect } from "@mpreg/client";
import { createNode } from "@mpreg/node";
import { pino } from "pino";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { mpreg, startNode, temporaryFolder } from "../processes.js";

/** A module that registers what `body` says; answers its path. */
function writeModule(folder: string, name: string, body: string): string {
  const path = join(folder, name);
  writeFileSync(path, `export async function register(node) {\n${body}\n}\n`);
  return path;
}

describe("mpreg start", () => {
  test("it is ready once every module has registered (A1), and SIGTERM ends it with a goodbye (A2), whatever else still runs (O2)", async () => {
    const folder = temporaryFolder();
    const slow = writeModule(
      folder,
      "slow.mjs",
      `const timers = await import("node:timers/promises");
       await timers.setTimeout(100);
       node.register("greet", (name) => "hello " + name);`,
    );
    const lingering = writeModule(
      folder,
      "lingering.mjs",
      'setInterval(() => {}, 1000); node.register("tick", () => 1);',
    );
    const log: string[] = [];
    const peer = await createNode({
      name: "peer",
      log: pino({ level: "info" }, { write: (line: string) => log.push(line) }),
    });
    onTestFinished(() => peer.close());
    const node = await startNode(
      "--port 0 --name alpha --resources a,b"
        .split(" ")
        .concat("--peers", peer.url, "--module", slow, "--module", lingering),
    );

    expect(node).toMatchObject({ name: "alpha", url: expect.stringMatching(/^ws:\/\/127\.0\.0\.1:\d+$/) });
    expect(node.id).toMatch(/^[0-9a-f]{32}$/);
    expect((await fetch(node.health)).status).toBe(200);
    await using client = await connect(node.url);
    expect(await client.call("greet", ["Ada"], { resources: ["a", "b"] })).toBe("hello Ada");
    await node.told("node joined");
    await expect.poll(() => peer.nodes().map(({ name }) => name)).toContain("alpha");

    node.kill("SIGTERM");
    expect(await node.exitCode).toBe(0);
    expect(node.output).toHaveLength(1);
    const lost = await vi.waitUntil(() => log.find((line) => line.includes("node lost")));
    expect(JSON.parse(lost)).toMatchObject({ name: "alpha", reason: { code: "closing" } });
  });

  test("nodes that join, are suspected and are lost are lines of the log, soon with the profile of one machine", async () => {
    const node = await startNode(["--port", "0", "--profile", "local", "--no-mdns"]);
    const other = await startNode(["--port", "0", "--name", "other", "--peers", node.url, "--profile", "local"]);
    expect(JSON.parse(await node.told("node joined"))).toMatchObject({ level: 30, name: "other", id: other.id });
    other.kill("SIGKILL");
    expect(JSON.parse(await node.told("node suspected"))).toMatchObject({ level: 30, name: "other", id: other.id });
    expect(JSON.parse(await node.told("node lost"))).toMatchObject({ name: "other", reason: { code: "silent" } });
  });

  test("a profile that there is not is refused by the option's name, and names those there are", async () => {
    const { exitCode, stderr } = await mpreg(["start", "--profile", "moon"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("Allowed choices are local, lan, wan");
  });

  test("it finds its first peer in a watched file, relative to where it was typed", async () => {
    const folder = temporaryFolder();
    const peer = await createNode({ name: "peer", log: "silent" });
    onTestFinished(() => peer.close());
    const file = join(folder, "peers.txt");
    const node = await startNode(["--port", "0", "--no-mdns", "--peers-file", relative(process.cwd(), file)]);
    writeFileSync(file, `# the first of us\n${peer.url}\n`);
    expect(JSON.parse(await node.told("node joined"))).toMatchObject({ name: "peer" });
  });

  test("what discovery cannot mean is refused before anything starts, by the option's name", async () => {
    const { exitCode, stderr } = await mpreg(["start", "--port", "0", "--dns-srv", "example.com"]);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('discovery.dns must hold names like _mpreg._tcp.example.com, got "example.com"');
  });

  test("a stray rejection is logged with the function that left it, and the node goes on; an uncaught exception ends it", async () => {
    const stray = writeModule(
      temporaryFolder(),
      "stray.mjs",
      `node.register("stray", () => { void Promise.reject(new Error("left behind")); return "answered"; });
       node.register("thrower", () => { setImmediate(() => { throw new Error("thrown late"); }); return "answered"; });`,
    );
    const node = await startNode(["--port", "0", "--module", stray]);
    await using client = await connect(node.url);

    expect(await client.call("stray")).toBe("answered");
    expect(JSON.parse(await node.told("left behind"))).toMatchObject({ level: 50, fun: "stray" });
    expect(await client.call("echo", ["still here"])).toBe("still here");

    expect(await client.call("thrower")).toBe("answered");
    expect(JSON.parse(await node.told("thrown late"))).toMatchObject({ level: 60, fun: "thrower" });
    expect(await node.exitCode).toBe(1);
  });

  test("a stray rejection of any value is logged and never ends the node (Y1)", async () => {
    const stray = writeModule(
      temporaryFolder(),
      "odd.mjs",
      `const throwing = (name) => Object.defineProperty(new Error("odd " + name), name, {
         enumerable: true, get() { throw new Error("no " + name); } });
       const revoked = Proxy.revocable({}, {}); revoked.revoke();
       const values = [Object.create(null), throwing("stack"), throwing("message"), throwing("own"), revoked.proxy,
         { toString() { throw 1; }, [Symbol.for("nodejs.util.inspect.custom")]() { throw 1; } }, Symbol("s"), undefined];
       node.register("stray", () => { for (const value of values) void Promise.reject(value); });
       node.register("last", () => void Promise.reject(new Error("the last", { cause: new Error("the first") })));`,
    );
    const node = await startNode(["--port", "0", "--module", stray]);
    await using client = await connect(node.url);
    await client.call("stray");
    await client.call("last");
    const last = JSON.parse(await node.told("the last")) as { err: { stack: string } };
    expect(last).toMatchObject({ level: 50, fun: "last", err: { type: "Error", message: "the last" } });
    expect(last.err.stack).toContain("caused by: Error: the first");
    expect(JSON.parse(await node.told("cannot be made text"))).toMatchObject({ level: 50, fun: "stray" });
    expect(JSON.parse(await node.told("odd own"))).toMatchObject({ err: { message: "odd own" } });
    expect(await client.call("echo", ["still here"])).toBe("still here");
    node.kill("SIGTERM");
    expect(await node.exitCode).toBe(0);
  });

  test.each([
    ["an error with the code invalid-argument", "refusal"],
    ["a value that cannot be made text", "revoked.proxy"],
  ])("an uncaught exception ends a running node with 1, not 2, also if it is %s (Y2)", async (_, thrown) => {
    const module = writeModule(
      temporaryFolder(),
      "thrower.mjs",
      `let refusal; // an MpregError of the same build as the command's
       try { node.register("", () => 0); } catch (error) { refusal = error; }
       const revoked = Proxy.revocable({}, {}); revoked.revoke();
       node.register("thrower", () => { setImmediate(() => { throw ${thrown}; }); return "answered"; });`,
    );
    const node = await startNode(["--port", "0", "--module", module]);
    await using client = await connect(node.url);
    expect(await client.call("thrower")).toBe("answered");
    expect(JSON.parse(await node.told("nobody caught it"))).toMatchObject({ level: 60, fun: "thrower" });
    expect(JSON.parse(await node.told('{"error"'))).toMatchObject({ error: { code: "internal" } });
    expect(await node.exitCode).toBe(1);
  });

  test("a handler that loops ends the process, and is named on stderr", async () => {
    const looping = writeModule(temporaryFolder(), "looping.mjs", 'node.register("loop", () => { for (;;); });');
    const node = await startNode(["--port", "0", "--loop-blocked-max", "1s", "--module", looping]);
    await using client = await connect(node.url, { reconnect: false });
    await expect(client.call("loop")).rejects.toMatchObject({ outcome: "unknown" });
    expect(await node.exitCode).toBeNull();
    expect(await node.told("mpreg: ")).toContain('blocked for longer than 1000 ms, in the handler of "loop"');
    expect(await node.told("    at ")).toContain("looping.mjs:2");
  });

  test("a module that closes the node ends the process, which nobody asked to end, with 1 (A3)", async () => {
    const closing = writeModule(temporaryFolder(), "closing.mjs", 'node.register("leave", () => void node.close());');
    const node = await startNode(["--port", "0", "--module", closing]);
    await using client = await connect(node.url);
    await client.call("leave").catch(() => undefined);
    expect(JSON.parse(await node.told('"error"'))).toMatchObject({
      error: { message: "The node was closed, but not by a signal to this process: a module did it" },
    });
    expect(await node.exitCode).toBe(1);
  });

  test("options come from a config file, and the command line wins", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "functions"));
    writeModule(join(folder, "functions"), "one.mjs", 'node.register("one", () => 1);');
    const config = {
      name: "file",
      port: 0,
      resources: ["x"],
      modules: ["functions/one.mjs"],
      log: "silent",
      dataDir: "data",
    };
    const path = join(folder, "node.mjs");
    writeFileSync(path, `export default ${JSON.stringify(config)};`);
    const node = await startNode(["--config", path, "--name", "line"]);
    expect(node.name).toBe("line");
    await using client = await connect(node.url);
    expect(await client.call("one", [], { resources: ["x"] })).toBe(1);
    expect(readdirSync(join(folder, "data"))).toContain("node-key.pem");
  });

  test("a node with a data directory is the same node when it starts again, and nobody else can use the directory", async () => {
    const folder = temporaryFolder();
    const args = ["--port", "0", "--data-dir", folder];
    const before = await startNode(args);
    expect(await mpreg(["start", ...args])).toMatchObject({
      stdout: "",
      stderr: expect.stringContaining(`data directory ${folder} is in use by process ${before.pid}`),
    });
    before.kill("SIGINT");
    expect(await before.exitCode).toBe(0);
    const after = await startNode(args);
    expect(after.id).toBe(before.id);
  });

  test("a node whose store was cut off, or emptied, says so, and begins none anew", async () => {
    const folder = temporaryFolder();
    const args = ["--port", "0", "--data-dir", folder];
    const before = await startNode(args);
    before.kill("SIGKILL");
    await before.exitCode;
    const file = join(folder, "store", "data.mdb");
    for (const [bytes, what] of [
      [12_288, "was cut off: it has 12288 bytes"],
      [0, "is empty"],
    ] as const) {
      truncateSync(file, bytes);
      expect(await mpreg(["start", ...args])).toMatchObject({
        exitCode: 1,
        stdout: "",
        stderr: expect.stringContaining(`mpreg: Cannot open the store in ${folder}/store: ${file} ${what}`),
      });
    }
    rmSync(join(folder, "store"), { recursive: true });
    await startNode(args);
  });

  test("what keeps it from starting is told, with exit code 1", async () => {
    expect(await mpreg(["start", "--port", "0", "--data-dir", "/proc/mpreg"])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("Cannot use the data directory /proc/mpreg"),
    });
    const folder = temporaryFolder();
    const missing = join(folder, "missing.mjs");
    expect(await mpreg(["start", "--port", "0", "--module", missing])).toEqual({
      exitCode: 1,
      stdout: "",
      stderr: `mpreg: Cannot load the module ${missing}: there is no such file\n`,
    });
    expect(await mpreg(["start", "--port", "0", "--module", folder])).toMatchObject({
      exitCode: 1,
      stderr: `mpreg: Cannot load the module ${folder}: it is a directory\n`,
    });
    const empty = join(folder, "empty.mjs");
    writeFileSync(empty, "export const registered = false;");
    const { exitCode, stderr } = await mpreg(["start", "--json", "--port", "0", "--module", empty]);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stderr)).toEqual({
      error: {
        code: "invalid-argument",
        message: `Cannot load the module ${empty}: it must export a function register(node)`,
      },
    });
    const throwing = writeModule(folder, "throwing.mjs", 'throw { reason: "no database" };');
    expect(await mpreg(["start", "--port", "0", "--module", throwing])).toMatchObject({
      exitCode: 1,
      stderr: `mpreg: register() of the module ${throwing} failed: { reason: 'no database' }\n`,
    });
    const failing = writeModule(folder, "failing.mjs", 'setInterval(() => {}, 1000); throw new Error("no database");');
    const failed = await mpreg(["start", "--port", "0", "--module", failing]);
    expect(failed).toMatchObject({ exitCode: 1, stdout: "" });
    expect(failed.stderr).toMatch(
      /^mpreg: register\(\) of the module .*failing\.mjs failed: no database\n +at register .*failing\.mjs:2:/,
    );
  });

  test("a port in use is told, and what to do about it", async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
    });
    onTestFinished(() => void server.close());
    const { exitCode, stderr } = await mpreg(["start", "--port", String(port)]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`Cannot listen on 127.0.0.1:${port}: the port is in use`);
    expect(stderr).toContain("`--port 0` takes any free one");
  });
});
