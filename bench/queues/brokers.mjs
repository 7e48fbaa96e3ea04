/**
 * The brokers of durable queues: how each is started for one measurement, alone, on the loopback interface, in a folder of its own on the same
 * disk as those of the others, and how it is ended.
 *
 * Each is told to have on its disk what it confirms, as far as it can be told so.
 */
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withChildren } from "../lib/child.mjs";
import { freePort } from "../lib/free-port.mjs";
import { findProgram, withFolder } from "../lib/server.mjs";
import { brokerOf, withServers } from "../pubsub/brokers.mjs";

export { withRabbitmq } from "../pubsub/brokers.mjs";

const nodeModule = new URL("../mpreg/queue-node.mjs", import.meta.url);

/** The first version that can be told to sync what it confirms. */
const natsThatSyncs = [2, 10];

export const withJetstream = withServers(async (folder, run) => {
  const port = await freePort();
  const file = join(folder, "nats.conf");
  const sync = natsCanSync() ? "  sync_interval: always\n" : "";
  await writeFile(file, `jetstream {\n  store_dir: "${join(folder, "jetstream")}"\n${sync}}\n`);
  await run("nats-server", ["-a", "127.0.0.1", "-p", String(port), "-c", file], { port });
  return (servers) => brokerOf(servers, `127.0.0.1:${port}`);
});

/** @returns {boolean} whether what is confirmed is on the disk; else it is within two minutes */
export function natsCanSync() {
  const command = findProgram("nats-server");
  if (command === undefined) return false;
  const version = /v(\d+)\.(\d+)/.exec(execFileSync(command, ["--version"], { encoding: "utf8" }));
  const [major, minor] = (version ?? []).slice(1).map(Number);
  return major > natsThatSyncs[0] || (major === natsThatSyncs[0] && minor >= natsThatSyncs[1]);
}

/** Syncs its log before it answers. */
export const withDurableRedis = withServers(async (folder, run) => {
  const port = await freePort();
  const args = ["--bind", "127.0.0.1", "--port", String(port), "--dir", folder, "--save", ""];
  args.push("--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction");
  await run("redis-server", args, { port });
  return (servers) => brokerOf(servers, { host: "127.0.0.1", port });
});

/**
 * @typedef {object} QueueNode
 * @property {string} url
 * @property {string} sqsUrl where it has a door
 * @property {import("../lib/child.mjs").Child} child
 *
 * @param {{ onDisk?: boolean, sqs?: boolean }} how
 */
export function withQueueNode({ onDisk = true, sqs = false }) {
  return (/** @type {(node: QueueNode, folder: string) => Promise<any>} */ work) =>
    withFolder((folder) =>
      withChildren(async (open) =>
        work(await openQueueNode(open, { sqs, dataDir: onDisk ? folder : undefined }), folder),
      ),
    );
}

/**
 * @param {typeof import("../lib/child.mjs").openChild} open
 * @param {{ dataDir: string | undefined, sqs?: boolean }} wanted
 * @returns {Promise<QueueNode>}
 */
export async function openQueueNode(open, wanted) {
  const child = open(nodeModule, { nodeFlags: ["--expose-gc"] });
  return { ...(await child.call("open", wanted)), child };
}

/**
 * @param {boolean} onDisk
 * @returns {import("../pubsub/brokers.mjs").WithBroker}
 */
export const withNodeAsBroker = (onDisk) => (work) =>
  withQueueNode({ onDisk })(({ url, child: { pid } }) => work(brokerOf([{ pid, stop: async () => {} }], url)));
