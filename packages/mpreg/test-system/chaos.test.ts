/**
 * Five processes of `mpreg start` that are killed, frozen, asked to end and started again while two clients run random
 * graphs: what the simulator's chaotic worlds check, over real sockets. (One process is hit at a time: a provider of
 * every function lives.)
 */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, MpregError, connect } from "mpreg";
import { expect, onTestFinished, test } from "vitest";
import { Guardian } from "../src/lab/guardian.js";
import { freePort } from "../../node/test/support/proxy.js";
import { SeededRandom } from "../../sim/src/capabilities/random.js";
import { type StartedNode, startNode } from "../test/processes.js";
import { type PlannedGraph, planGraph, timeoutMs } from "./chaos/graphs.js";

const modulePath = join(import.meta.dirname, "chaos/functions.mjs");
const patience = { timeout: 120_000, interval: 50 };
const nodeCount = 5;
const hits = 9;
const requestsPerHit = 80;

interface Ended {
  readonly graph: PlannedGraph;
  readonly tookMs: number;
  readonly value?: unknown;
  readonly error?: unknown;
}

test("random graphs survive what befalls the nodes, and nothing runs twice that must not", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mpreg-test-"));
  const path = join(folder, "runs");
  writeFileSync(path, "");
  const guardian = new Guardian(folder);
  onTestFinished(() => guardian.close());
  const ports = await Promise.all(Array.from({ length: nodeCount }, () => freePort()));
  const urls = ports.map((port) => `ws://127.0.0.1:${port}`);
  let lives = 0;
  const start = async (index: number): Promise<StartedNode> => {
    const args = ["--name", `node-${index}`, "--port", String(ports[index]), "--no-mdns", "--module", modulePath];
    args.push("--data-dir", join(folder, `node-${index}`));
    for (const url of urls) if (url !== urls[index]) args.push("--peers", url);
    const node = await startNode(args, { stderrPath: join(folder, `node-${index}-${++lives}.log`) });
    guardian.watch(node.pid);
    return node;
  };
  const nodes = await Promise.all(urls.map((_, index) => start(index)));
  const clients = await Promise.all([connect(urls), connect(urls.toReversed())]);
  onTestFinished(async () => {
    for (const client of clients) await client.close();
  });
  const seesAll = async (client: Client): Promise<void> => {
    await expect
      .poll(async () => (await client.functions()).find(({ name }) => name === "once")?.offers.length, patience)
      .toBe(nodeCount);
  };
  await Promise.all(clients.map(seesAll));

  const random = new SeededRandom(1);
  const ended: Ended[] = [];
  let tokens = 0;
  let isOver = false;
  const worker = async (client: Client): Promise<void> => {
    while (!isOver) {
      const graph = planGraph(random, tokens, path);
      tokens += 100;
      const startedMs = performance.now();
      const end = await graph.run(client).then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      );
      ended.push({ graph, tookMs: performance.now() - startedMs, ...end });
    }
  };
  const workers = clients.flatMap((client) => Array.from({ length: 4 }, () => worker(client)));
  const during = async (count: number): Promise<void> => {
    const until = ended.length + count;
    await expect.poll(() => ended.length, patience).toBeGreaterThan(until);
  };
  await during(requestsPerHit);
  for (let hit = 0; hit < hits; hit++) {
    const index = random.integer(0, nodeCount - 1);
    const node = nodes[index] as StartedNode;
    const signal = (["SIGKILL", "SIGSTOP", "SIGTERM"] as const)[hit % 3] as NodeJS.Signals;
    node.kill(signal);
    if (signal !== "SIGSTOP") await node.exitCode;
    await during(requestsPerHit);
    if (signal === "SIGSTOP") node.kill("SIGCONT");
    else nodes[index] = await start(index);
    await during(requestsPerHit);
  }
  isOver = true;
  await Promise.all(workers);

  const runs = readFileSync(path, "utf8").trim().split("\n").map(Number);
  const counts = new Map<number, number>();
  for (const token of runs) counts.set(token, (counts.get(token) ?? 0) + 1);
  expect([...counts].filter(([, count]) => count > 1)).toEqual([]);
  expect(ended.filter(({ tookMs }) => tookMs > timeoutMs + 1_000)).toEqual([]);
  const codes: Record<string, number> = {};
  for (const { graph, value, error } of ended) {
    if (error === undefined) {
      expect(value).toEqual(graph.expected);
      expect(graph.once.map((token) => counts.get(token))).toEqual(graph.once.map(() => 1));
      continue;
    }
    const { code, outcome, message } = error as MpregError;
    codes[code] = (codes[code] ?? 0) + 1;
    expect(error).toBeInstanceOf(MpregError);
    if (graph.isIdempotent) expect(`${code}: ${message}`).toMatch(/^deadline: /);
    if (outcome === "not-applied") expect(graph.once.filter((token) => counts.has(token))).toEqual([]);
  }
  console.log(`${ended.length} graphs, ${hits} hits, failures ${JSON.stringify(codes)}`);
}, 600_000);
