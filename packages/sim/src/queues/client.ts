/** The client of a world of queues, as its participants see it. */
import type { Queue, QueueCalls } from "@mpreg/core/program";
import type { World } from "../world.js";

/** The number of a message, and bytes. */
export type QueuesValue = readonly [number, Uint8Array];

/** A client that stays connected whatever happens to its links: the real one, over simulated sockets. */
export interface QueuesClient {
  readonly queue: QueueCalls["queue"];
  /** Publishes; answers how many subscribers, queues among them, have the message. */
  publish(topic: string, payload: QueuesValue): Promise<number>;
  close(): void;
}

/** Makes a client of the world that knows the nodes of these names; `stirred`: promises may have been settled. */
export type ConnectQueuesClient = (
  world: World,
  name: string,
  nodes: readonly string[],
  stirred: () => void,
) => QueuesClient;

export type Handle = Queue<QueuesValue>;
