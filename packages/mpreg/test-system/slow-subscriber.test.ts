/** A subscriber that stands still for a minute while its node is under load: nobody else notices, and it is told. */
import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connect } from "mpreg";
import { expect, onTestFinished, test } from "vitest";
import { startNode } from "../test/processes.js";

const frozenMs = 60_000;
/** What a node may take for one that does not read: its buffer, what is on its way, and what the system holds of both. */
const frozenBytesMax = 128 * 1024 * 1024;
const batch = 500;

interface Counted {
  readonly received: number;
  readonly disordered: number;
  readonly missed: number;
  readonly last: number;
  readonly isMissedUnknown: boolean;
}

async function startSubscriber(url: string, pattern: string): Promise<ChildProcess> {
  const path = fileURLToPath(new URL("slow-subscriber/subscriber.mjs", import.meta.url));
  const child = fork(path, [url, pattern], { execArgv: ["--conditions=mpreg-source", "--import", "tsx"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  await messageOf(child);
  return child;
}

async function countedBy(child: ChildProcess): Promise<Counted> {
  const told = messageOf(child);
  child.send("tell");
  return (await told) as Counted;
}

function messageOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("exit", (code) => {
      reject(new Error(`The subscriber has ended with ${code}`));
    });
  });
}

function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
}

test("a subscriber frozen for a minute under load costs its node a bounded amount of memory and the others nothing", async () => {
  const node = await startNode(["--name", "a", "--port", "0", "--no-mdns", "--log", "fatal"]);
  const slow = await startSubscriber(node.url, "load.#");
  await using publisher = await connect(node.url);
  await using reader = await connect(node.url);
  let [received, missed, published] = [0, 0, 0];
  const others = await reader.subscribe("load.#", {
    overflow: "block-publisher",
    onMessage: ({ payload: number, missedBefore }) => {
      received += 1;
      if (number !== received) missed += 1;
      missed += missedBefore;
    },
  });
  const publishFor = async (ms: number): Promise<void> => {
    const untilMs = performance.now() + ms;
    while (performance.now() < untilMs) {
      for (let left = batch; left > 0; left--) {
        published += 1;
        await publisher.publish(`load.${published % 100}`, published);
      }
      await setImmediate();
    }
  };
  const allReceived = async (): Promise<void> => {
    await expect.poll(() => received, { timeout: 30_000 }).toBe(published);
  };

  await publishFor(10_000);
  await allReceived();
  const [before, bytesBefore] = [published, residentBytes(node.pid)];
  slow.kill("SIGSTOP");
  await publishFor(frozenMs);
  await allReceived();
  const bytesMore = residentBytes(node.pid) - bytesBefore;
  console.log(
    `${before} messages in 10 s before, ${published - before} in the ${frozenMs / 1000} s in which one of two subscribers was frozen; ` +
      `${Math.round(bytesMore / 1024 / 1024)} MiB more at the node`,
  );
  expect(bytesMore).toBeLessThan(frozenBytesMax);
  expect([received, missed, others.missed]).toEqual([published, 0, 0]);

  slow.kill("SIGCONT");
  await expect
    .poll(
      async () => {
        await publishFor(1);
        return published - (await countedBy(slow)).last <= 10 * batch; // it has caught up
      },
      { timeout: 60_000 },
    )
    .toBe(true);
  const counted = await countedBy(slow);
  expect(counted.disordered).toBe(0);
  expect(counted.received).toBeLessThan(counted.last); // it has lost some
  if (!counted.isMissedUnknown) expect(counted.received + counted.missed).toBe(counted.last);
}, 300_000);
