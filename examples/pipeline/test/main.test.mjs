/**
 * The whole example as `npm start` runs it: real processes, real sockets. It needs the build (`npm test` makes it).
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, openSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const RUN_MS_MAX = 120_000;

/** Everything the example puts into the system's folder for temporary files lands here. */
let temporary = "";
/** @type {ReturnType<typeof startExample>[]} */
let started = [];

beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), "mpreg-pipeline-test-"));
  started = [];
});
afterEach(async () => {
  for (const { child, exit } of started) {
    child.kill("SIGTERM"); // not SIGKILL: it has children of its own to end
    await exit;
  }
  await rm(temporary, { recursive: true });
});

/** Starts the example; `until` waits for a text on stdout or stderr. */
function startExample(args, env = {}, stdout = "pipe") {
  const child = spawn(process.execPath, ["examples/pipeline/main.mjs", ...args], {
    cwd: root,
    env: { ...process.env, TMPDIR: temporary, ...env },
    stdio: ["ignore", stdout, "pipe"],
  });
  const heard = { stdout: "", stderr: "" };
  const waiting = new Set();
  const listen = (name) =>
    child[name]?.setEncoding("utf8").on("data", (text) => {
      heard[name] += text;
      for (const look of waiting) look();
    });
  listen("stdout");
  listen("stderr");
  const exit = new Promise((resolve) => child.once("close", (code) => resolve(code)));
  const until = (text) =>
    new Promise((resolve, reject) => {
      const look = () => {
        if (!heard.stdout.includes(text) && !heard.stderr.includes(text)) return;
        waiting.delete(look);
        resolve(undefined);
      };
      waiting.add(look);
      look();
      void exit.then((code) =>
        reject(new Error(`ended with ${code} before "${text}"\n${heard.stdout}${heard.stderr}`)),
      );
    });
  const example = { child, heard, exit, until };
  started.push(example);
  return example;
}

/** The process ids that the table of nodes names. */
function pidsIn(stdout) {
  return [...stdout.matchAll(/^ {2}(\w+) .* (ws:\/\/\S+) +(\d+)$/gm)].map(([, name, url, pid]) => ({
    name,
    url,
    pid: Number(pid),
  }));
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Whether somebody takes connections at `url`; unlike a process id it says nothing of a process that only waits to be buried. */
function isListening(url) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.unref().end();
  });
}

function expectNothingRuns(stdout) {
  const nodes = pidsIn(stdout);
  expect(nodes.map(({ name }) => name)).toEqual(["router", "ingestion", "processing", "analytics", "storage"]);
  expect(nodes.filter(({ pid }) => isRunning(pid))).toEqual([]);
}

describe("npm start", { timeout: RUN_MS_MAX }, () => {
  it("prints the report and the timeline, and leaves no process and no file behind", async () => {
    const { heard, exit } = startExample([]);
    expect([await exit, heard.stderr]).toEqual([0, ""]);
    const lines = heard.stdout.split("\n").map((line) => line.trim().replaceAll(/ {2,}/g, " | "));

    for (const line of [
      "1 ingest | 211,681 | 211,681 | weather.csv: 2,922",
      "seattle-weather-hourly-normals.csv: 8,759",
      "flights-200k.json: 200,000",
      "2 validate | 211,681 | 211,681 | no row refused",
      "3 clean | 211,681 | 211,682 | no day twice, none missing",
      "4 enrich | 211,682 | 202,922 | 1,461 days given their normal",
      "5 detect anomalies | 202,922 | 4,009 | 27 in weather",
      "6 insights | 206,931 | 12 | 2 cities",
      "8 report | 206,943 | 1 | all 7 files read back and verified",
      "New York | 37.8 °C 2013-07-18 | -16.0 °C 2014-01-04, 2015-02-20 | 118.9 mm 2014-04-30",
      "Seattle | 35.6 °C 2014-08-11 | -7.1 °C 2013-12-07 | 55.9 mm 2015-03-15",
      "2014-02-06 | Seattle | -1.6 | 9.86 | 3.30 | -3.47",
      "2012-10-29 | New York | 16.2 | 5.04 | 2.11 | +5.29",
      "under 500 | 90,828 | 7.53 min | 20.3 % | 1,875",
      "2,500 and more | 2,492 | 5.02 min | 22.6 % | 44",
    ]) {
      expect(lines).toContain(line);
    }

    // Each step once, on the node of its role.
    const placed = lines.flatMap((line) => {
      const [step, node, start] = line.split(" | ");
      return /^[\d.,]+$/.test(start ?? "") && /^[a-z ]+$/.test(node ?? "") && /^[a-z]/.test(step) ? [[step, node]] : [];
    });
    expect(placed).toHaveLength(18);
    expect(Object.fromEntries(placed)).toMatchObject({
      "ingest flights": "ingestion",
      "enrich weather": "processing",
      "detect weather": "analytics",
      "insights flights": "analytics",
      "store weather": "storage",
      report: "storage",
    });
    expect(heard.stdout).toMatch(/^Timeline: 18 steps in .*, by "router"$/m);
    expect(heard.stdout).toMatch(
      /^ {2}critical path +[\d.,]+ m?s +[\d.,]+ ms \d+ % +[\d.,]+ ms \d+ % +[\d.,]+ ms \d+ %$/m,
    );
    expect(Math.max(...heard.stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(heard.stdout).not.toContain("\u001B["); // no colours where nobody looks

    expectNothingRuns(heard.stdout);
    expect(await readdir(temporary)).toEqual([]);
  });

  it("prints commands that find the same figures in the files", { skip: process.platform === "win32" }, async () => {
    const { reportText } = await import("../report.mjs");
    const text = reportText({
      stages: [],
      cities: [],
      weatherAnomalies: [],
      flightAnomalies: [],
      bands: [],
      parts: [],
    });
    const script = text.slice(text.indexOf("Check it yourself") + "Check it yourself".length);
    const answer = execFileSync("sh", ["-c", `set -e; ${script}`], {
      cwd: root,
      encoding: "utf8",
      env: { ...process.env, LC_ALL: "C" },
    });
    expect(answer.trim().split("\n")).toEqual([
      "Seattle,2014-08-11,0.5,35.6,17.8,2.6,rain",
      "New York,2014-04-30,118.9,13.3,5.6,8.5,rain",
      "15.02 3.57203", // the mean and sd that the report gives for Seattle, 2014-04-30
      "[ 90828, 7.5315651561192585 ]",
    ]);
  });

  it("ends with 1 when its report cannot be written: quietly for a reader that is gone", async () => {
    const gone = startExample([]);
    gone.child.stdout.destroy();
    expect([await gone.exit, gone.heard.stderr]).toEqual([1, ""]);
    expect(await readdir(temporary)).toEqual([]);
    if (!existsSync("/dev/full")) return;
    const full = startExample([], {}, openSync("/dev/full", "w"));
    expect([await full.exit, full.heard.stderr]).toEqual([
      1,
      "Cannot write to stdout: ENOSPC: no space left on device, write\n",
    ]);
    expect(await readdir(temporary)).toEqual([]);
  });

  it("takes nothing but --keep, and says so", async () => {
    const { heard, exit } = startExample(["--kept"]);
    expect([await exit, heard]).toEqual([
      2,
      { stdout: "", stderr: "Unknown option '--kept'\nUsage: npm start [-- --keep]\n" },
    ]);
    const help = startExample(["--help"]);
    expect(await help.exit).toBe(0);
    expect(help.heard.stdout).toMatch(/^Usage: npm start \[-- --keep\]\n/);
    expect(help.heard.stderr).toBe("");
  });

  it("says that it was stopped when it is asked to end, and leaves nothing behind", async () => {
    const { child, heard, exit, until } = startExample([]);
    await until("Five nodes, five processes");
    child.kill("SIGINT");
    expect([await exit, heard.stderr]).toEqual([1, "Stopped by SIGINT before the end; nothing is left running\n"]);
    expectNothingRuns(heard.stdout);
    expect(await readdir(temporary)).toEqual([]);
  });

  it("ends with 1 and says which step failed, and leaves nothing behind", async () => {
    const { heard, exit } = startExample([], { PIPELINE_DATA: join(temporary, "nowhere") });
    expect(await exit).toBe(1);
    expect(heard.stderr).toMatch(/^The pipeline failed: .*(ENOENT|no such file)/);
    expect(heard.stderr).toMatch(/^ {2}step: ingest (weather|normals|flights)$/m);
    expectNothingRuns(heard.stdout);
    expect(await readdir(temporary)).toEqual([]);
  });
});

describe("npm start -- --keep", { timeout: RUN_MS_MAX }, () => {
  it("keeps cluster and files, prints commands that work, and at Ctrl-C ends all and removes the files", async () => {
    const { child, heard, exit, until } = startExample(["--keep"]);
    await until("To stop: Ctrl-C here");
    const nodes = pidsIn(heard.stdout);
    expect(nodes.filter(({ pid }) => isRunning(pid))).toHaveLength(5);

    const commands = [...heard.stdout.matchAll(/^ {2}npx (mpreg .*)$/gm)].map(([, command]) => command);
    expect(commands).toHaveLength(4);
    const run = (command) =>
      execFileSync("sh", ["-c", `npx --no-install ${command}`], { cwd: root, encoding: "utf8", stdio: "pipe" });
    const answers = commands.map(run);
    expect(answers[0]).toContain("analytics");
    expect(answers[1]).toContain("insights");
    expect(answers[2]).toContain("hi");
    expect(answers[3]).toContain("2922");

    const store = heard.stdout.match(/Stored files, until then: (.*)$/m)?.[1] ?? "";
    expect(JSON.parse(await readFile(join(store, "weather/cities.json"), "utf8"))).toHaveLength(2);

    child.kill("SIGINT");
    expect([await exit, heard.stderr]).toEqual([0, ""]);
    expectNothingRuns(heard.stdout);
    expect(await readdir(temporary)).toEqual([]);
  });

  it("ends all nodes when it is killed itself and can end nobody", async () => {
    const { child, heard, until } = startExample(["--keep"]);
    await until("To stop: Ctrl-C here");
    const nodes = pidsIn(heard.stdout);
    expect(nodes).toHaveLength(5);
    child.kill("SIGKILL");
    try {
      const listening = () => Promise.all(nodes.map(({ url }) => isListening(url)));
      await expect.poll(listening, { timeout: RUN_MS_MAX / 4 }).not.toContain(true);
    } finally {
      for (const { pid } of nodes) if (isRunning(pid)) process.kill(pid, "SIGKILL");
    }
  });

  it("tells in a line when a node ends that nobody asked to end", async () => {
    const { child, heard, exit, until } = startExample(["--keep"]);
    await until("To stop: Ctrl-C here");
    const analytics = pidsIn(heard.stdout).find(({ name }) => name === "analytics");
    process.kill(analytics?.pid ?? 0, "SIGKILL");
    await until('The node "analytics" ended with SIGKILL');
    child.kill("SIGTERM");
    expect(await exit).toBe(0);
    expect(heard.stderr).toBe('The node "analytics" ended with SIGKILL; the cluster goes on with the others\n');
    expectNothingRuns(heard.stdout);
  });
});
