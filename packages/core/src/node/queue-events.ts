/**
 * Queue events: what a node publishes of its queues, under `mpreg.queue.NAME`.
 *
 * (E1) What happens to messages of a queue in one turn is one message for each kind, which names the first of them and counts all.
 */
import type { QueueEvent } from "../program/index.js";
import type { EndedMessage, MessageEnd, QueueListener } from "../queues/index.js";

export interface QueueEventsHost {
  readonly isHeard: boolean;
  readonly nodeId: string;
  readonly nodeName: string;
}

/** Messages that one event names. */
const namedMax = 100;

export class QueueEvents implements QueueListener {
  readonly #host: QueueEventsHost;
  #waiting = new Map<string, { count: number; readonly queue: string; readonly messages: EndedMessage[] }>();

  constructor(host: QueueEventsHost) {
    this.#host = host;
  }

  get isHeard(): boolean {
    return this.#host.isHeard;
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  created(queue: string): void {
    this.#add(queue, "created", 0);
  }

  /** With so many messages. */
  deleted(queue: string, count: number): void {
    this.#add(queue, "deleted", count);
  }

  ended(queue: string, how: MessageEnd, message: EndedMessage): void {
    this.#add(queue, how, 1, message);
  }

  /** What has happened since it was last taken, by topic. */
  take(): readonly { readonly topic: string; readonly event: QueueEvent }[] {
    const all = this.#waiting;
    this.#waiting = new Map();
    const { nodeId, nodeName: node } = this.#host;
    return [...all].map(([topic, { queue, count, messages }]) => ({
      topic,
      event: { queue, nodeId, node, count, messages },
    }));
  }

  /** (E1) */
  #add(queue: string, what: string, count: number, message?: EndedMessage): void {
    if (!this.isHeard) return;
    const topic = `mpreg.queue.${queue}.${what}`;
    let event = this.#waiting.get(topic);
    if (event === undefined) this.#waiting.set(topic, (event = { queue, count: 0, messages: [] }));
    event.count += count;
    if (message !== undefined && event.messages.length < namedMax) event.messages.push(message);
  }
}
