/** Queues of mpreg, as its users take them: the same driver as those of the peers. */
import { importMpreg } from "./build.mjs";

const name = "bench";

/** @param {{ address: string, durable: boolean }} options */
async function open({ address, durable }) {
  const { connect } = await importMpreg();
  const client = await connect(address);
  const queue = client.queue(name, { durable });
  await queue.create();
  return queue;
}

/** @param {{ address: string, durable: boolean }} options */
export async function openSender(options) {
  const queue = await open(options);
  return (/** @type {object} */ order) => queue.send(order);
}

/** @param {{ address: string, durable: boolean, concurrency: number, onMessage: (order: any) => void }} options */
export async function openReceiver({ concurrency, onMessage, ...options }) {
  const queue = await open(options);
  const worker = queue.process((/** @type {{ value: any }} */ { value }) => onMessage(value), { concurrency });
  worker.closed.catch((/** @type {unknown} */ error) => {
    throw error;
  });
}
