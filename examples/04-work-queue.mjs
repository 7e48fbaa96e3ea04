/**
 * A work queue: jobs on disk, two workers, what happens to a job that nobody can do, and to those whose node was restarted.
 *
 * The workers do not know of each other: each message is leased to one of them. Handlers may see a message twice (when a worker dies
 * after the work and before the acknowledgement), so what they do should stand being done again.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { connect, createNode } from "mpreg";

const dataDir = await mkdtemp(join(tmpdir(), "work-queue-"));
const settings = { maxReceives: 3, deadLetter: "thumbnails-dead" };

/** A node with its queues, and a client of it. */
async function start() {
  const node = await createNode({ name: "keeper", dataDir, log: "warn" });
  const client = await connect(node.url);
  const dead = client.queue("thumbnails-dead", {});
  await dead.create();
  return { node, client, dead, thumbnails: client.queue("thumbnails", settings) };
}

async function stop({ node, client }) {
  await client.close();
  await node.close();
}

const before = await start();
for (const picture of ["ann.png", "bob.png", "notes.txt", "eve.png"]) await before.thumbnails.send({ picture });
await stop(before);

const { node, client, dead, thumbnails } = await start();
console.log("after a restart:", (await thumbnails.stats()).available, "jobs");

const done = [];
function makeThumbnail({ value: { picture } }) {
  if (!picture.endsWith(".png")) throw new Error(`${picture} is no picture`);
  done.push(picture);
}
const workers = [thumbnails.process(makeThumbnail), thumbnails.process(makeThumbnail, { concurrency: 4 })];
while ((await thumbnails.stats()).messages > 0) await setTimeout(50);
await Promise.all(workers.map((worker) => worker.drain()));

console.log("done:", done.sort().join(", "));
for (const { deadLetter } of await dead.browse()) console.log("given up:", deadLetter.error);
await stop({ node, client });
await rm(dataDir, { recursive: true });
