/**
 * Handler topics: what handlers publish, each with the authority of whoever has called it.
 *
 * (A1) The policy is asked whether this node may publish on behalf of the caller; for what the node's own program calls, whether the
 *      node may.
 * (A2) What one handler publishes is published in that order, and waits for nobody but who keeps it waiting itself.
 * (A3) Who has published is forgotten when nothing of it waits any more.
 * (A4) At most `messagesMax` messages and `bytesMax` bytes of all handlers wait (`overloaded`).
 */
import { MpregError, type Policy, type Subject } from "../base/index.js";
import type { Codec } from "../values/index.js";
import type { Invocation } from "../rpc/index.js";
import { type MessageFields, type Participant, authorizePublish } from "../topics/index.js";
import type { ConfirmOptions, PublishConfirmation, PublishOptions } from "./api.js";
import { checkPublished, checkedPublish, requestMsOf } from "./options.js";
import { type RequestPublishOptions, timeoutMsDefault } from "./requests.js";
import { OwnMessages, OwnPublisher, type OwnPublisherHost } from "./own-publisher.js";

/** (A4) */
const messagesMax = 100_000;
const bytesMax = 256 * 1024 * 1024;

/** A message that a handler publishes, in a form that can go from one thread to another. */
export interface HandlerMessage {
  readonly topic: string;
  /** Encoded. */
  readonly payload: Uint8Array;
  readonly fields: Omit<MessageFields, "headers">;
  readonly headers: readonly (readonly [string, string])[] | undefined;
  readonly confirm: ConfirmOptions["confirm"] | undefined;
}

/** How long a handler waits for what becomes of its message. */
export type HandlerPatience = Pick<PublishOptions, "signal"> & { readonly timeoutMs: number };

/** Throws what is wrong with what a handler wants to publish. */
export function handlerMessage(
  codec: Codec,
  topic: string,
  payload: unknown,
  options: PublishOptions & Partial<ConfirmOptions>,
): { readonly message: HandlerMessage; readonly patience: HandlerPatience } {
  checkPublished(topic);
  const { fields, confirm, timeoutMs } = checkedPublish(options);
  const { headers, ...others } = fields;
  const bytes = codec.encode(payload, "payload").slice(); // the codec's memory is not for keeping
  const message = { topic, payload: bytes, fields: others, headers: headers && [...headers], confirm };
  return { message, patience: { signal: options.signal, timeoutMs } };
}

/** How long a handler waits for the answer to a question: at most as long as its call has, and 30 s unless told otherwise. */
export function questionMs(options: RequestPublishOptions, remainingMs: number): number {
  return Math.min(requestMsOf(options) || timeoutMsDefault, remainingMs);
}

export interface HandlerTopicsHost extends OwnPublisherHost {
  readonly policy: Policy;
  /** A number that no link and no other participant has. */
  participantId(): number;
}

const self: Subject = { kind: "self" };

/** One handler that publishes. */
class Publisher implements Participant {
  readonly id: number;
  readonly isCluster = false;
  readonly #policy: Policy;
  readonly #onBehalfOf: Subject | undefined;

  constructor(id: number, policy: Policy, caller: Subject) {
    this.id = id;
    this.#policy = policy;
    this.#onBehalfOf = caller.kind === "self" ? undefined : caller;
  }

  /** (A1) */
  authorize(topic: string): void {
    authorizePublish(this.#policy, self, topic, this.#onBehalfOf);
  }

  // it has no subscriptions, and is told what becomes of each message

  deliver(): boolean {
    return false;
  }

  missed(): void {
    // nothing is delivered
  }

  ended(): void {
    // nothing is subscribed to
  }

  refused(): void {
    // its promise says so
  }

  hold(): number {
    return 0;
  }

  admit(): void {
    // what waits is counted by its publisher
  }
}

export class HandlerTopics {
  readonly #host: HandlerTopicsHost;
  readonly #messages: OwnMessages;
  /** Those of whom something waits, by invocation. (A3) */
  readonly #publishers = new Map<number, OwnPublisher>();
  #waiting = 0;
  #waitingBytes = 0;

  constructor(host: HandlerTopicsHost) {
    this.#host = host;
    this.#messages = new OwnMessages(host);
  }

  /** How many handlers have published what waits. */
  get size(): number {
    return this.#publishers.size;
  }

  /** Publishes for the handler that serves `invocation`; resolves when the node has taken it, rejects where it refuses; `onSettled` is told at once. */
  publish(invocation: Invocation, message: HandlerMessage, onSettled?: () => void): Promise<PublishConfirmation> {
    return new Promise((resolve, reject) => {
      const { topic, fields, headers, payload, confirm } = message;
      if (this.#waiting >= messagesMax || this.#waitingBytes + payload.length > bytesMax) {
        const text = `Cannot publish: ${this.#waiting} messages of handlers wait already; at most ${messagesMax} messages and ${bytesMax} bytes may`;
        throw new MpregError("overloaded", text); // (A4)
      }
      const bytes = this.#messages.write(topic, { ...fields, headers: headers && new Map(headers) }, payload);
      const { id, caller } = invocation;
      let publisher = this.#publishers.get(id); // (A2)
      if (publisher === undefined) {
        const participant = new Publisher(this.#host.participantId(), this.#host.policy, caller);
        publisher = new OwnPublisher(this.#host, participant);
        this.#publishers.set(id, publisher);
      }
      this.#waiting += 1;
      this.#waitingBytes += payload.length;
      const settle = this.#settling(id, publisher, payload.length);
      try {
        const told = publisher.publish(bytes, confirm, onSettled);
        if (!(told instanceof Promise)) {
          settle();
          return resolve(told);
        }
        told.finally(settle).then(resolve, reject);
      } catch (error) {
        settle();
        throw error;
      }
    });
  }

  #settling(id: number, publisher: OwnPublisher, bytes: number): () => void {
    return () => {
      this.#waiting -= 1;
      this.#waitingBytes -= bytes;
      if (publisher.messages > 0) return;
      if (this.#publishers.get(id) === publisher) this.#publishers.delete(id);
      publisher.part(); // (A3)
    };
  }
}
