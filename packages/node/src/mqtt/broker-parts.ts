/**
 * Broker parts: what the broker library wants to keep and to spread, which here the node does.
 *
 * The library would keep what is retained, and wills, without a bound, and hold up everybody while one of its clients does not
 * read. So it is given an emitter that spreads nothing and a persistence that keeps nothing: a message enters the node before the
 * library spreads it, and comes out of a subscription of the node for each client (`session.ts`).
 */
import { Readable } from "node:stream";

/** What the library calls of an emitter. */
export const silentEmitter = {
  on(_topic: string, _listener: unknown, done?: () => void): void {
    done?.();
  },
  removeListener(_topic: string, _listener: unknown, done?: () => void): void {
    done?.();
  },
  emit(_packet: unknown, done?: () => void): void {
    done?.();
  },
  close(done?: () => void): void {
    done?.();
  },
};

/** A client, as far as the persistence sees it. */
interface Known {
  readonly id: string;
}

/** A packet of which only the number counts. */
interface Numbered {
  readonly messageId?: number | undefined;
}

/** Where the numbers of a client's packets are known. */
export interface Numbers<C> {
  /** The client has got the message of QoS 1 with that number. */
  acknowledged(client: C, messageId: number): void;
  /** Numbers of messages of QoS 2 that have come, and were not released yet. */
  received(client: C): Set<number> | undefined;
}

const nothing = (): Promise<void> => Promise.resolve();
const none = (): Promise<never[]> => Promise.resolve([]);

/** What the library calls of a persistence. */
export function persistence<C extends Known>(numbers: Numbers<C>): object {
  return {
    // the library insists on an async function
    setup: async (): Promise<void> => {
      await nothing();
    },
    destroy: nothing,
    storeRetained: nothing,
    createRetainedStreamCombi: () => Readable.from([]),
    addSubscriptions: nothing,
    removeSubscriptions: nothing,
    cleanSubscriptions: nothing,
    subscriptionsByClient: none,
    subscriptionsByTopic: none,
    outgoingEnqueue: nothing,
    outgoingEnqueueCombi: nothing,
    outgoingUpdate: nothing,
    outgoingStream: () => Readable.from([]),
    outgoingClearMessageId: (client: C, { messageId }: Numbered) => {
      if (messageId !== undefined) numbers.acknowledged(client, messageId);
      return nothing();
    },
    incomingStorePacket: (client: C, { messageId }: Numbered) => {
      if (messageId !== undefined) numbers.received(client)?.add(messageId);
      return nothing();
    },
    incomingGetPacket: (client: C, packet: Numbered) => {
      const { messageId } = packet;
      if (messageId !== undefined && numbers.received(client)?.has(messageId) === true) return Promise.resolve(packet);
      return Promise.reject(new Error("no such packet"));
    },
    incomingDelPacket: (client: C, { messageId }: Numbered) => {
      if (messageId !== undefined) numbers.received(client)?.delete(messageId);
      return nothing();
    },
    cleanIncoming: nothing,
    putWill: nothing,
    delWill: nothing,
    streamWill: () => Readable.from([]),
  };
}
