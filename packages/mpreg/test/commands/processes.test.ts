/** `mpreg start --processes`: several nodes behind one port, as real processes. */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect } from "@mpreg/client";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type Launched, launchNode, mpreg, temporaryFolder } from "../processes.js";

interface Process {
  readonly url: string;
  readonly id: string;
  readonly name: string;
  readonly health: string;
}

interface Started extends Launched {
  readonly url: string;
  readonly health: string;
  readonly processes: readonly Process[];
  /** The process id of each, as its data directory says. */
  readonly pidOf: (number: number) => number;
  readonly dataDir: string;
}

async function startProcesses(count: number, args: readonly string[] = []): Promise<Started> {
  const dataDir = join(temporaryFolder(), "data");
  const own = ["--port", "0", "--processes", String(count), "--name", "p", "--data-dir", dataDir, "--no-mdns"];
  const launched = launchNode([...own, ...args]);
  const ready = JSON.parse(await launched.said('"event":"ready"')) as Pick<Started, "url" | "health" | "processes">;
  const pidOf = (number: number): number => {
    return Number(readFileSync(join(dataDir, String(number), "node.lock"), "utf8").split(" ")[0]);
  };
  return { ...launched, ...ready, pidOf, dataDir };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("mpreg start --processes", () => {
  test("nodes of their own stand behind one port, and have found each other (W1)", async () => {
    const { url, health, processes, dataDir, kill, exitCode, output } = await startProcesses(3);
    expect(processes.map(({ name }) => name)).toEqual(["p-1", "p-2", "p-3"]);
    expect(new Set([url, ...processes.map((each) => each.url)]).size).toBe(4);
    expect(new Set(processes.map(({ id }) => id)).size).toBe(3);
    expect(readdirSync(dataDir).sort()).toEqual(["1", "2", "3"]);
    await vi.waitUntil(async () => {
      const { stdout } = await mpreg(["nodes", "--json", "--url", url]);
      return processes.every(({ id }) => stdout.includes(id));
    }, 20_000);
    // each connection comes to the next one; the port tells the health of whoever answers
    const answering = new Set<string>();
    await vi.waitUntil(async () => {
      const response = await fetch(health, { headers: { connection: "close" } });
      answering.add(((await response.json()) as { readonly name: string }).name);
      return answering.size === 3;
    }, 20_000);
    await using client = await connect(url);
    expect(await client.call("echo", ["hi"])).toBe("hi");
    kill("SIGTERM");
    expect(await exitCode).toBe(0);
    expect(output).toHaveLength(1);
  });

  test("one that is killed is started again as the same node, and the others go on (W2)", async () => {
    const { processes, pidOf, told } = await startProcesses(2);
    await using client = await connect(processes[1]!.url);
    const [killed, other] = [pidOf(1), pidOf(2)];
    process.kill(killed, "SIGKILL");
    expect(JSON.parse(await told("a process has ended"))).toMatchObject({ process: 1, ended: "SIGKILL", delayMs: 500 });
    expect(await client.call("echo", ["still here"])).toBe("still here");
    const { id, url } = processes[0]!;
    expect(JSON.parse(await told("a process runs again"))).toMatchObject({ process: 1, id, url });
    await using again = await connect(url);
    expect(await again.call("echo", ["back"])).toBe("back");
    expect([pidOf(1) === killed, pidOf(2) === other]).toEqual([false, true]);
  });

  test("asked to end, all finish what runs and end, also where each is asked (W3, E1)", async () => {
    const folder = temporaryFolder();
    const module = join(folder, "slow.mjs");
    const goOn = join(folder, "go-on");
    writeFileSync(
      module,
      `import { existsSync, watch } from "node:fs";
       export function register(node) {
         node.register("slow", () => new Promise((resolve) => {
           const watcher = watch(${JSON.stringify(folder)}, () => {
             if (!existsSync(${JSON.stringify(goOn)})) return;
             watcher.close();
             resolve("finished");
           });
           console.error("slow runs");
         }));
       }`,
    );
    const { processes, pidOf, kill, told, exitCode } = await startProcesses(2, ["--module", module]);
    const pids = [pidOf(1), pidOf(2)];
    await using client = await connect(processes[0]!.url);
    const slow = client.call("slow", []);
    await told("slow runs");
    for (const pid of pids) process.kill(pid, "SIGINT"); // a terminal asks all of them; one of them knows what to do
    kill("SIGTERM");
    for (const pid of pids) process.kill(pid, "SIGTERM"); // as supervisors do
    writeFileSync(goOn, "");
    expect(await slow).toBe("finished");
    expect(await exitCode).toBe(0);
    expect(pids.map(isRunning)).toEqual([false, false]);
  });

  test("none outlives the process that watches over them (W3)", async () => {
    const { pidOf, kill } = await startProcesses(2);
    const pids = [pidOf(1), pidOf(2)];
    kill("SIGKILL");
    await vi.waitUntil(() => pids.every((pid) => !isRunning(pid)), 20_000);
  });

  test("one that cannot start ends them all, with what it says itself (W1)", async () => {
    const folder = temporaryFolder();
    const module = join(folder, "broken.mjs");
    writeFileSync(module, "export const nothing = 1;\n");
    const { exitCode, stderr } = await mpreg(["start", "--port", "0", "--processes", "2", "--module", module]);
    expect(exitCode).toBe(1);
    expect(stderr.match(/it must export a function register\(node\)/g)).toHaveLength(1);
    expect(stderr).toContain("Process 1 of 2 could not start: it ended with exit code 1; what it said is above");
  });

  test("what each of them would refuse is said once, and the exit code is theirs (W1)", async () => {
    const wrong = [
      ["--host", "0.0.0.0"],
      ["--limit", "nonsense=1"],
      ["--advertise", "nonsense"],
    ];
    for (const args of wrong) {
      const { exitCode, stderr } = await mpreg(["start", "--json", "--port", "0", "--processes", "3", ...args]);
      const errors = stderr.trim().split("\n");
      expect([exitCode, errors.length]).toEqual([2, 2]);
      expect(errors[1]).toContain("Process 1 of 3 could not start: it ended with exit code 2");
    }
  });

  test("nodes behind one port that speaks TLS link over TLS, and a policy holds on each", async () => {
    const folder = temporaryFolder();
    const config = join(folder, "config.mjs");
    writeFileSync(
      config,
      `export default {
         policy: (subject, action) =>
           subject.kind === "client" && action.kind === "publish" ? { allow: false, reason: "read only" } : { allow: true },
       };`,
    );
    const pem = (file: string): string =>
      fileURLToPath(new URL(`../../../node/test/support/tls/${file}`, import.meta.url));
    const certificate = ["--tls-cert", pem("cert.pem"), "--tls-key", pem("key.pem"), "--tls-ca", pem("cert.pem")];
    const { url, processes } = await startProcesses(2, [...certificate, "--config", config]);
    expect(url).toMatch(/^wss:/);
    const ca = readFileSync(pem("cert.pem"));
    for (const each of processes) {
      await using client = await connect(each.url, { ca });
      await vi.waitUntil(async () => (await client.nodes()).some(({ linked }) => linked), 20_000);
      await expect(client.publish("a", 1, { confirm: "local" })).rejects.toThrow(/read only/);
      const { node } = await client.topics();
      expect(node).toBe(each.name);
    }
  });

  test("each looks for nodes on the local network with a socket of its own", async () => {
    const { kill, told, exitCode } = await startProcesses(2, ["--mdns"]);
    kill("SIGTERM");
    expect(await exitCode).toBe(0);
    await expect(told("no multicast DNS")).rejects.toThrow("There is no line");
  });

  test("a second SIGINT ends all at once, whatever runs (W3)", async () => {
    const module = join(temporaryFolder(), "never.mjs");
    writeFileSync(
      module,
      `export function register(node) {
         node.register("never", () => new Promise(() => console.error("never ends")));
       }`,
    );
    const { processes, pidOf, kill, told, exitCode } = await startProcesses(2, ["--module", module]);
    const pids = [pidOf(1), pidOf(2)];
    await using client = await connect(processes[0]!.url);
    const never = client.call("never", []).catch((error: unknown) => error);
    await told("never ends");
    kill("SIGINT");
    await told("draining");
    kill("SIGINT");
    expect(await exitCode).not.toBe(0);
    await vi.waitUntil(() => pids.every((pid) => !isRunning(pid)), 20_000);
    await client.close();
    await never;
  });

  test("MQTT is refused beside it, with why", async () => {
    const { exitCode, stderr } = await mpreg(["start", "--port", "0", "--processes", "2", "--mqtt-port", "0"]);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("MQTT cannot be served with --processes")]);
  });

  test("what cannot work is refused before anything is started", async () => {
    const taken = createServer();
    onTestFinished(() => void taken.close());
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as AddressInfo;
    const start = async (...args: readonly string[]) => {
      const { exitCode, stderr } = await mpreg(["start", ...args]);
      return [exitCode, stderr];
    };
    expect(await start("--processes", "0")).toEqual([2, expect.stringContaining("a whole number, at least 1")]);
    expect(await start("--processes", "65")).toEqual([
      2,
      expect.stringContaining("processes must be a whole number from 1 to 64, got 65"),
    ]);
    expect(await start("--processes", "2", "--port", "65534")).toEqual([
      2,
      expect.stringContaining("2 processes take the ports from 65534 to 65536, and the highest port is 65535"),
    ]);
    expect(await start("--processes", "2", "--port", String(port))).toEqual([
      1,
      expect.stringContaining(`Cannot listen on 127.0.0.1:${port}: the port is in use`),
    ]);
  });
});
