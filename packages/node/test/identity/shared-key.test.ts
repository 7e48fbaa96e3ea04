/** A data directory that was copied: two live nodes with one key. */
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { MpregNode, NodeStatus } from "@mpreg/node";
import { expect, test } from "vitest";
import { meshed, offered, startNode } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { temporaryFolder } from "../support/folders.js";
import { startLog } from "../support/log.js";

async function nextKeyShared(status: AsyncIterable<NodeStatus>): Promise<NodeStatus | undefined> {
  for await (const event of status) if (event.kind === "key-shared") return event;
  return undefined;
}

/** A copy of the node's data directory, once its incarnation is in it. */
async function copyOf(node: MpregNode, dataDir: string): Promise<string> {
  const { incarnation } = node.nodes()[0]!;
  await eventually("its incarnation is on disk", async () => {
    return Number(await readFile(join(dataDir, "incarnation"), "utf8")) === incarnation;
  });
  const copy = `${dataDir} copy`;
  await mkdir(copy, { mode: 0o700 });
  for (const file of ["node-key.pem", "incarnation"]) await copyFile(join(dataDir, file), join(copy, file));
  return copy;
}

test("the node that was started first leaves the cluster to the copy; both are told, and say so", async () => {
  const dataDir = join(await temporaryFolder(), "worker");
  const { log, lines } = startLog("error");
  const entry = await startNode({ name: "entry" });
  const original = await startNode({ name: "worker", dataDir, peers: [entry.url], log });
  await meshed([entry, original]);
  const toldOriginal = nextKeyShared(original.status());
  const second = await startNode({ name: "worker", dataDir: await copyOf(original, dataDir), peers: [entry.url] });
  const toldSecond = nextKeyShared(second.status());
  second.register("from the copy", () => 2);
  const { id: nodeId } = original;
  expect(second.id).toBe(nodeId);
  const common = { kind: "key-shared", nodeId, name: "worker" };
  expect(await toldOriginal).toEqual({ ...common, urls: [second.url], yielded: true });
  expect(await toldSecond).toEqual({ ...common, urls: [original.url], yielded: false });
  expect(original.nodes()[0]).toMatchObject({ state: "self", sharedWith: [second.url] });
  await meshed([entry, second]);
  await offered("from the copy", 1, entry);
  expect(entry.nodes()).toContainEqual(expect.objectContaining({ id: nodeId, urls: [second.url] }));
  expect(lines).toEqual([
    {
      level: 50,
      node: "worker",
      id: nodeId,
      name: "worker",
      urls: [second.url],
      yielded: true,
      msg: "another process uses this node's key and was started later: this node has left the cluster to it",
    },
  ]);
  // it has not ended: its own functions can be called on it, and nobody else's
  expect(await original.call("echo", [1])).toBe(1);
  await eventually("it knows of nobody else", () => original.functions().every(({ name }) => name.startsWith("echo")));
});

test("two nodes with one key that know nobody else are told of each other when they meet", async () => {
  const dataDir = join(await temporaryFolder(), "worker");
  const original = await startNode({ name: "worker", dataDir });
  const toldOriginal = nextKeyShared(original.status());
  const second = await startNode({ name: "worker", dataDir: await copyOf(original, dataDir), peers: [original.url] });
  expect(await toldOriginal).toMatchObject({ urls: [second.url], yielded: false });
  await eventually("both say so", () => second.nodes()[0]?.sharedWith?.[0] === original.url);
});
