/** Faults that are planted into the real clients and nodes of worlds of queues. */
import type { Store } from "@mpreg/core/journal";
import { NodeMachine } from "@mpreg/core/node";
import type { Queue, QueueMessage, QueueOptions } from "@mpreg/core/program";
import {
  type ConnectQueuesClient,
  type CreateMachine,
  type QueuesClient,
  type QueuesRunOptions,
  type QueuesValue,
  planQueues,
  runQueues,
} from "../../src/index.js";
import { connectQueues } from "./queues-client.js";

/** Without faults of their own, but for the last ones. */
const seeds = Array.from({ length: 16 }, (_, index) => 4 * (index + 1));

type Options = Partial<QueuesRunOptions>;

/** The first message of the guarantee that one of the worlds violates; else what they violate. */
export async function violated(
  guarantee: string,
  options: Options,
  {
    worlds = seeds,
    plan = planQueues,
  }: { readonly worlds?: readonly number[]; readonly plan?: typeof planQueues } = {},
): Promise<string> {
  const others: string[] = [];
  for (const seed of worlds) {
    const { violations } = await runQueues(plan(seed), { connect: connectQueues, ...options });
    const found = violations.find((each) => each.guarantee === guarantee);
    if (found !== undefined) return found.message;
    others.push(...violations.map((each) => `${each.guarantee}: ${each.message}`));
  }
  return `nothing of "${guarantee}", but ${JSON.stringify(others.slice(0, 3))}`;
}

type Harmed = Partial<Queue<QueuesValue>>;

/** `whole`, but for what `own` has. */
function replaced<T extends object>(whole: T, own: Partial<T>): T {
  return new Proxy(whole, {
    get: (_target, key) => {
      const found = own[key as keyof T] ?? whole[key as keyof T];
      return typeof found === "function" && !(key in own) ? (found.bind(whole) as unknown) : found;
    },
  });
}

/** The real client, of whose queues `harm` replaces methods, and which creates queues with other settings. */
export function clientWith(
  harm: (queue: Queue<QueuesValue>) => Harmed,
  settings: (options: QueueOptions) => QueueOptions = (options) => options,
  publish: (client: QueuesClient, topic: string, payload: QueuesValue) => Promise<number> = (client, topic, payload) =>
    client.publish(topic, payload),
): ConnectQueuesClient {
  return (...args) => {
    const client = connectQueues(...args);
    return {
      queue: <T>(name: string, options?: QueueOptions) => {
        const queue = client.queue(name, options && settings(options)) as unknown as Queue<QueuesValue>;
        return replaced(queue, harm(queue)) as unknown as Queue<T>;
      },
      publish: (topic, payload) => publish(client, topic, payload),
      close: () => {
        client.close();
      },
    };
  };
}

/** Messages go through `harm` before their receiver gets them. */
export function receivedWith(
  harm: (message: QueueMessage<QueuesValue>) => Partial<QueueMessage<QueuesValue>>,
): ConnectQueuesClient {
  return clientWith((queue) => ({
    receive: async (options) => (await queue.receive(options)).map((message) => replaced(message, harm(message))),
  }));
}

/** Queues are created with other settings than they are to have. */
export function settingsWith(change: (options: QueueOptions) => QueueOptions): ConnectQueuesClient {
  return clientWith(() => ({}), change);
}

/** Stores of nodes go through `harm`. */
export function storeWith(harm: (store: Store) => Partial<Store>): CreateMachine {
  return (options, capabilities, effects) => {
    const { store } = capabilities;
    if (store === undefined) return new NodeMachine(options, capabilities, effects);
    const harmed: Store = {
      write: (batch) => store.write(batch),
      get: (table, key) => store.get(table, key),
      range: (table, query) => store.range(table, query),
      figures: () => store.figures(),
      close: (closed) => {
        store.close(closed);
      },
      ...harm(store),
    };
    return new NodeMachine(options, { ...capabilities, store: harmed }, effects);
  };
}
