/** Consumers of an empty queue, each with a long poll that it begins anew when it has ended: a child module. */
import { importMpreg } from "./build.mjs";

const name = "idle";

/** @param {{ address: string, consumers: number, connections: number, waitMs: number }} job */
export async function open({ address, consumers, connections, waitMs }) {
  const { connect } = await importMpreg();
  const clients = await Promise.all(Array.from({ length: connections }, () => connect(address)));
  const queues = clients.map((client) => client.queue(name, { durable: false }));
  await queues[0].create();
  for (let consumer = 0; consumer < consumers; consumer++) void poll(queues[consumer % connections], waitMs);
}

/**
 * @param {any} queue
 * @param {number} waitMs
 */
async function poll(queue, waitMs) {
  for (;;) {
    const { length } = await queue.receive({ waitMs });
    if (length > 0) throw new Error("A message came that nobody has sent");
  }
}
