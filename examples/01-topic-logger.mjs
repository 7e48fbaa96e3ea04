/**
 * A topic logger: writes each message of some patterns on a line of a file, and says where lines are missing.
 *
 * Waiting for the disk is waiting for the consumer: while it lasts, messages wait at the node, and what it cannot keep is told by
 * `missedBefore`. `block-publisher` would make publishers wait instead.
 */
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createNode } from "mpreg";

/** Writes messages until the subscription ends. */
async function log(subscription, file) {
  for await (const { topic, payload, missedBefore } of subscription) {
    if (missedBefore > 0) await file.write(`… ${missedBefore} messages are missing here\n`);
    await file.write(`${topic} ${JSON.stringify(payload)}\n`);
  }
}

const folder = await mkdtemp(join(tmpdir(), "topic-logger-"));
const path = join(folder, "topics.log");
const node = await createNode({ log: "warn" });
const client = await connect(node.url);

const file = await open(path, "a");
const subscription = await client.subscribe(["orders.#", "users.*.login"], { backlog: { ageMs: 60_000 } });
const logging = log(subscription, file);

await client.publish("orders.eu.new", { id: 7 });
await client.publish("users.7.login", { ip: "::1" });
await client.publish("users.7.logout", null); // nobody wants it
await client.publish("orders.eu.paid", { id: 7 });

await subscription.drain(); // what has come is still written
await logging;
await file.close();
console.log((await readFile(path, "utf8")).trimEnd());

await client.close();
await node.close();
await rm(folder, { recursive: true });
