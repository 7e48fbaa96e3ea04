/** A node with queues on a disk, and an SQS door if it is asked for: a child module. */
import { anonymousBytes } from "../lib/memory.mjs";
import { importGroupCommit, importMpreg } from "./build.mjs";

/** The stores of this process. A node does not tell the figures of its store: they are heard where it is handed its batches. @type {Set<any>} */
const stores = new Set();

/** @param {{ dataDir?: string, sqs?: boolean }} wanted */
export async function open({ dataDir, sqs = false }) {
  const GroupCommit = await importGroupCommit();
  const { write } = GroupCommit.prototype;
  GroupCommit.prototype.write = function (/** @type {any} */ batch) {
    stores.add(this);
    return write.call(this, batch);
  };
  const { createNode } = await importMpreg();
  const node = await createNode({
    name: "queues",
    port: 0,
    log: "error",
    ...(dataDir !== undefined && { dataDir }),
    ...(sqs && { sqs: { port: 0 } }),
  });
  return { url: node.url, sqsUrl: node.sqsUrl };
}

/** @returns {{ syncs: number, commits: number, batches: number }} of the store since it was opened */
export function storeFigures() {
  const sum = { syncs: 0, commits: 0, batches: 0 };
  for (const store of stores) {
    const { syncs, commits, batches } = store.figures();
    sum.syncs += syncs;
    sum.commits += commits;
    sum.batches += batches;
  }
  return sum;
}

/** @returns {{ used: number, resident: number }} bytes after a full collection: of the heap and of what it has outside; and of the process, without the pages of files */
export function sampleMemory() {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return { used: heapUsed + external, resident: anonymousBytes(process.pid) };
}
