/** One process per data directory. */
import { spawn } from "node:child_process";
import { cp, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createNode } from "@mpreg/node";
import { expect, onTestFinished, test, vi } from "vitest";
import { startNode } from "../support/cluster.js";
import { failureOf, told } from "../support/failure.js";
import { temporaryFolder } from "../support/folders.js";
import { startProcess } from "../support/processes.js";

const inUse = (dataDir: string, pid: number): string =>
  `The data directory ${dataDir} is in use by process ${pid}: give this node another one, or another name`;

test("a second process with the data directory of a running one is refused, and told which it is (K2)", async () => {
  const dataDir = await temporaryFolder();
  const first = await startProcess({ dataDir });
  expect(told(await failureOf(createNode({ dataDir })))).toMatchObject({
    code: "invalid-argument",
    message: inUse(dataDir, first.pid),
  });
  first.kill("SIGTERM");
  expect(await first.exit).toBe(0);
  expect((await startNode({ dataDir })).id).toBe(first.id);
});

test("a second node of the same process is refused as well", async () => {
  const dataDir = await temporaryFolder();
  await startNode({ dataDir });
  expect((await failureOf(createNode({ dataDir }))).message).toBe(inUse(dataDir, process.pid));
});

test("of two nodes of one process that start at once exactly one gets the directory", async () => {
  const dataDir = await temporaryFolder();
  const starts = await Promise.allSettled([startNode({ dataDir }), startNode({ dataDir })]);
  expect(starts.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
});

test("the lock of a process that was killed is taken over", async () => {
  const dataDir = await temporaryFolder();
  const killed = await startProcess({ dataDir });
  killed.kill("SIGKILL");
  await killed.exit;
  expect(await readdir(dataDir)).toContain("node.lock");
  expect((await startNode({ dataDir })).id).toBe(killed.id);
});

test("a lock left by an earlier process that had this one's id is taken over, as in a container where all are process 1", async () => {
  const dataDir = await temporaryFolder();
  await writeFile(join(dataDir, "node.lock"), String(process.pid));
  const node = await startNode({ dataDir });
  await node.close();
  expect(await readdir(dataDir)).toEqual(["incarnation", "node-key.pem", "store"]);
});

test("a lock that was copied with its directory locks nothing (F3)", async () => {
  const dataDir = await temporaryFolder();
  const original = await startProcess({ dataDir });
  const copy = join(await temporaryFolder(), "copy");
  // the node may just be writing a file of its own, under a name that is soon gone
  await cp(dataDir, copy, { recursive: true, filter: (source) => !source.endsWith(".new") });
  expect(await readdir(copy)).toContain("node.lock");
  expect((await startNode({ dataDir: copy })).id).toBe(original.id);
});

test("an empty lock, which a crash can leave, is taken over", async () => {
  const dataDir = await temporaryFolder();
  await writeFile(join(dataDir, "node.lock"), "");
  await startNode({ dataDir });
});

test("of many processes that start at once over a stale lock exactly one gets the directory", async () => {
  const dataDir = await temporaryFolder();
  await writeFile(join(dataDir, "node.lock"), "999999999");
  const starts = await Promise.allSettled(Array.from({ length: 4 }, () => startProcess({ dataDir })));
  expect(starts.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  for (const start of starts) {
    if (start.status === "rejected") expect(String(start.reason)).toContain("is in use by process");
  }
});

test.runIf(process.platform === "linux")(
  "the lock of a process that has ended, and that its parent has not waited for yet, is taken over (F4)",
  async () => {
    const dataDir = await temporaryFolder();
    const dead = await zombie();
    await writeFile(join(dataDir, "node.lock"), String(dead.pid));
    await startNode({ dataDir });
    expect(await stateOf(dead.pid)).toBe("Z");
  },
);

/** A process that has ended, of a parent that never waits for its children. */
async function zombie(): Promise<{ readonly pid: number }> {
  const parent = spawn("/bin/sh", ["-c", "sleep 0 & echo $!; exec sleep 600"], { stdio: ["ignore", "pipe", "ignore"] });
  onTestFinished(() => void parent.kill("SIGKILL"));
  const pid = await new Promise<number>((resolve) => {
    parent.stdout.once("data", (line: Buffer) => {
      resolve(Number(line.toString()));
    });
  });
  await vi.waitUntil(async () => (await stateOf(pid)) === "Z");
  return { pid };
}

async function stateOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  return /\) (\w)/.exec(text)?.[1];
}
