/**
 * 24 processes of `mpreg start`, under load, and what the others make of it when eight of them are killed at once.
 *
 * For how long the losses could be noticed is printed; no bound is asserted: that is the simulator's and the benchmark's.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, connect } from "mpreg";
import { expect, onTestFinished, test, vi } from "vitest";
import { Guardian } from "../src/lab/guardian.js";
import { type StartedNode, startNode } from "../test/processes.js";
import { Load } from "./many-killed/load.js";
import { readLog, visibilityText } from "./many-killed/visibility.js";

const survivors = Array.from({ length: 16 }, (_, index) => `survivor-${index + 1}`);
const doomed = Array.from({ length: 8 }, (_, index) => `doomed-${index + 1}`);
const everybody = [...survivors, ...doomed];
const patience = { timeout: 60_000, interval: 50 };
const modulePath = join(import.meta.dirname, "many-killed/functions.mjs");

const pathOfLog = (folder: string, name: string): string => join(folder, `${name}.log`);

/** All nodes, each with a log of its own in the folder; they end with this process, however that ends. */
async function startAll(folder: string): Promise<ReadonlyMap<string, StartedNode>> {
  const guardian = new Guardian(folder);
  onTestFinished(() => guardian.close());
  const start = async (name: string, ...peers: readonly string[]): Promise<readonly [string, StartedNode]> => {
    const args = ["--name", name, "--port", "0", "--no-mdns", "--module", modulePath, "--log", "debug"];
    for (const peer of peers) args.push("--peers", peer);
    const node = await startNode(args, { stderrPath: pathOfLog(folder, name) });
    guardian.watch(node.pid);
    return [name, node];
  };
  const [seed, ...others] = everybody;
  const first = await start(seed!);
  return new Map([first, ...(await Promise.all(others.map((name) => start(name, first[1].url))))]);
}

/** Waits until each of `clients` is told that exactly the nodes `names` are there. */
async function allSee(clients: Iterable<Client>, names: readonly string[]): Promise<void> {
  const wanted = [...names].sort();
  for (const client of clients) {
    await expect.poll(async () => (await client.nodes()).map(({ name }) => name).sort(), patience).toEqual(wanted);
  }
}

test("sixteen of 24 nodes go on answering while eight are killed at once, and lose those eight and nobody else", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mpreg-test-"));
  const nodes = await startAll(folder);
  const clients = new Map<string, Client>();
  for (const name of survivors) clients.set(name, await connect(nodes.get(name)!.url));
  onTestFinished(async () => {
    for (const client of clients.values()) await client.close();
  });
  await allSee(clients.values(), everybody);

  const load = new Load();
  onTestFinished(() => load.stop());
  for (const [name, client] of clients) {
    load.start(client, name, "anywhere", 8);
    load.start(client, name, "steady", 1);
  }
  await vi.waitUntil(() => doomed.every((name) => load.answeredBy("anywhere").has(name)), patience);
  const logs = () => survivors.map((name) => readLog(pathOfLog(folder, name)));
  const lostIn = (log: ReturnType<typeof readLog>) =>
    log.flatMap(({ msg, name }) => (msg === "node lost" ? [name] : [])).sort();
  expect(load.failures).toEqual([]);

  const killedMs = Date.now();
  for (const name of doomed) nodes.get(name)!.kill("SIGKILL");
  await vi.waitUntil(() => logs().every((log) => lostIn(log).length >= doomed.length), patience);
  await allSee(clients.values(), survivors);
  const knownAfter = load.ended.length;
  const isServed = (name: string) => ["anywhere", "steady"].every((fun) => load.isServed(name, fun, knownAfter));
  await vi.waitUntil(() => survivors.every(isServed), patience);
  await load.stop();

  for (const log of logs()) expect(lostIn(log)).toEqual(doomed);
  expect(load.ended.filter((each) => each.kind === "answered" && !each.isRight)).toEqual([]);
  const answering = load.answeredBy("anywhere", knownAfter);
  expect(doomed.filter((name) => answering.has(name))).toEqual([]);
  for (const { fun, error, begunAfter } of load.failures) {
    expect(error).toMatchObject({ code: "node-lost", step: "anywhere", outcome: "unknown" });
    expect(doomed).toContain((error as { readonly node?: string }).node);
    expect([fun, begunAfter < knownAfter]).toEqual(["anywhere", true]);
  }
  const losses = doomed.map((name) => ({
    name,
    killedMs,
    failedMs: load.failures
      .filter(({ error }) => (error as { readonly node?: string }).node === name)
      .map(({ atMs }) => atMs),
  }));
  console.log(`${load.ended.length} calls\n${visibilityText(losses, logs())}`);
});
