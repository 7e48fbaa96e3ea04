/** BullMQ on Redis. */
import { Queue, Worker } from "bullmq";

const name = "bench";

/** @param {{ address: { host: string, port: number } }} options */
export async function openSender({ address }) {
  const queue = new Queue(name, { connection: address, defaultJobOptions: { removeOnComplete: true } });
  await queue.waitUntilReady();
  return (/** @type {object} */ order) => queue.add("order", order);
}

/** @param {{ address: { host: string, port: number }, concurrency: number, onMessage: (order: any) => void }} options */
export async function openReceiver({ address, concurrency, onMessage }) {
  const worker = new Worker(name, async ({ data }) => onMessage(data), {
    connection: { ...address, maxRetriesPerRequest: null },
    concurrency,
  });
  worker.on("error", (error) => {
    throw error;
  });
  await worker.waitUntilReady();
}
