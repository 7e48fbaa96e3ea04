/**
 * Three processes of `mpreg start`, each asked to end by SIGTERM and started again, one after the other, under load: no
 * request is lost, and no function runs twice for one call.
 */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, connect } from "mpreg";
import { expect, onTestFinished, test } from "vitest";
import { Guardian } from "../src/lab/guardian.js";
import { freePort } from "../../node/test/support/proxy.js";
import { type StartedNode, startNode } from "../test/processes.js";

const modulePath = join(import.meta.dirname, "rolling-restart/functions.mjs");
const patience = { timeout: 60_000, interval: 50 };

test("a rolling restart of all nodes under load loses no request, and runs none twice", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mpreg-test-"));
  const path = join(folder, "runs");
  const guardian = new Guardian(folder);
  onTestFinished(() => guardian.close());
  const ports = [await freePort(), await freePort(), await freePort()];
  const urls = ports.map((port) => `ws://127.0.0.1:${port}`);
  const start = async (index: number, life: number): Promise<StartedNode> => {
    const args = ["--name", `node-${index}`, "--port", String(ports[index]), "--no-mdns", "--module", modulePath];
    args.push("--data-dir", join(folder, `node-${index}`));
    for (const url of urls) if (url !== urls[index]) args.push("--peers", url);
    const node = await startNode(args, { stderrPath: join(folder, `node-${index}-${life}.log`) });
    guardian.watch(node.pid);
    return node;
  };
  const nodes = await Promise.all(urls.map((_, index) => start(index, 1)));
  const clients = await Promise.all(urls.map((url) => connect(url)));
  onTestFinished(async () => {
    for (const client of clients) await client.close();
  });
  const seesAll = async (client: Client): Promise<void> => {
    await expect
      .poll(async () => (await client.functions()).find(({ name }) => name === "work")?.offers.length, patience)
      .toBe(3);
  };
  await Promise.all(clients.map(seesAll));

  let isOver = false;
  let asked = 0;
  const failures: unknown[] = [];
  const wrong: unknown[] = [];
  const worker = async (client: Client): Promise<void> => {
    while (!isOver) {
      const number = asked++;
      const graph = client.graph();
      const first = graph.call("work", [path, number]);
      const second = graph.call("double", [first]);
      const isGraph = number % 2 === 0;
      const answer = isGraph ? graph.run(second) : client.call("work", [path, number]);
      await answer.then(
        (value) => value === (isGraph ? 2 * number : number) || wrong.push({ number, value }),
        (error: unknown) => failures.push({ number, error }),
      );
    }
  };
  const workers = clients.flatMap((client) => Array.from({ length: 8 }, () => worker(client)));
  const during = async (count: number): Promise<void> => {
    const until = asked + count;
    await expect.poll(() => asked, patience).toBeGreaterThan(until);
  };
  await during(300);
  for (const [index, node] of nodes.entries()) {
    node.kill("SIGTERM");
    expect(await node.exitCode).toBe(0);
    await during(200);
    await start(index, 2);
    await Promise.all(clients.map(seesAll));
    await during(300);
  }
  isOver = true;
  await Promise.all(workers);

  expect(failures).toEqual([]);
  expect(wrong).toEqual([]);
  const runs = readFileSync(path, "utf8").trim().split("\n").map(Number);
  expect(runs.toSorted((a, b) => a - b)).toEqual(Array.from({ length: asked }, (_, number) => number));
  console.log(`${asked} requests`);
}, 180_000);
