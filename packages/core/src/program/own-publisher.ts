/**
 * Own publisher: messages that a program publishes at the node which it runs in, on their way into that.
 *
 * (P1) What the node refuses fails its own publish, at once or, where the node is busy or a subscription keeps publishers
 *      waiting, when it is its turn.
 * (P2) At most `messagesMax` messages and `bytesMax` bytes are on their way, and so many enter in one turn of the event loop; there is room
 *      for more once they have been taken.
 */
import { MpregError, type Random, type Utf8 } from "../base/index.js";
import { type MessageFields, MessageWriter, type Participant, type TopicInput } from "../topics/index.js";
import { Writer } from "../wire/index.js";
import type { ConfirmOptions, PublishConfirmation } from "./api.js";
import type { Clock } from "./clock.js";

/** (P2) */
const messagesMax = 1_000;
const bytesMax = 2 * 1024 * 1024;

export interface OwnPublisherHost {
  readonly nodeName: string;
  readonly clock: Clock;
  readonly utf8: Utf8;
  readonly random: Random;
  /** Hands something to the node, now or as soon as it can take it. */
  enter(input: TopicInput): void;
}

/** Writes the messages of a node's program and handlers. */
export class OwnMessages {
  readonly #host: OwnPublisherHost;
  readonly #messages: MessageWriter;
  readonly #writer: Writer;

  constructor(host: OwnPublisherHost) {
    this.#host = host;
    this.#messages = new MessageWriter(host.random, host.utf8);
    this.#writer = new Writer(host.utf8);
  }

  /** A text that no other program has. */
  get prefix(): string {
    return this.#messages.prefix;
  }

  write(topic: string, fields: MessageFields | undefined, payload: Uint8Array): Uint8Array {
    const writer = this.#writer;
    const timestampMs = this.#host.clock.wallMs();
    if (fields === undefined) this.#messages.writePlain(writer, topic, timestampMs, payload);
    else this.#messages.write(writer, topic, timestampMs, fields, payload);
    return writer.take();
  }
}

interface Outcome {
  result: PublishConfirmation | MpregError | undefined;
  tell: ((result: PublishConfirmation | MpregError) => void) | undefined;
}

export class OwnPublisher {
  readonly #host: OwnPublisherHost;
  readonly #participant: Participant;
  readonly #onRoom: () => void;
  /** On their way. */
  messages = 0;
  #bytes = 0;
  /** Entered in this turn of the event loop. */
  #turnMessages = 0;
  #turnBytes = 0;

  /** `onRoom` is called when there may be room again. */
  constructor(host: OwnPublisherHost, participant: Participant, onRoom: () => void) {
    this.#host = host;
    this.#participant = participant;
    this.#onRoom = onRoom;
  }

  /** (P2) */
  get hasRoom(): boolean {
    return (
      this.messages < messagesMax &&
      this.#bytes < bytesMax &&
      this.#turnMessages < messagesMax &&
      this.#turnBytes < bytesMax
    );
  }

  /** Publishes what {@link OwnMessages} has written. Answers what it has come to, or a promise of that; throws why it was refused. (P1) */
  publish(
    message: Uint8Array,
    confirm?: ConfirmOptions["confirm"],
  ): PublishConfirmation | Promise<PublishConfirmation> {
    const { length } = message;
    const outcome: Outcome = { result: undefined, tell: undefined };
    this.#entered(length);
    this.#host.enter({
      kind: "publish",
      participant: this.#participant,
      message,
      isConfirmedByAll: confirm === "subscribers",
      settled: (told) => {
        this.messages -= 1;
        this.#bytes -= length;
        const { nodeName: node } = this.#host;
        const result = told instanceof MpregError ? told.at({ node }) : confirmationOf(told);
        outcome.result = result;
        outcome.tell?.(result);
        if (outcome.tell !== undefined) this.#onRoom();
      },
    });
    const { result } = outcome;
    if (result instanceof MpregError) throw result;
    if (result !== undefined) return result;
    return new Promise((resolve, reject) => {
      outcome.tell = (late) => {
        if (late instanceof MpregError) reject(late);
        else resolve(late);
      };
    });
  }

  #entered(length: number): void {
    this.messages += 1;
    this.#bytes += length;
    if (this.#turnMessages === 0) {
      this.#host.clock.endOfTurn(() => {
        this.#turnMessages = 0;
        this.#turnBytes = 0;
        this.#onRoom();
      });
    }
    this.#turnMessages += 1;
    this.#turnBytes += length;
  }
}

function confirmationOf({ handed, waiting, lost, nodes }: PublishConfirmation): PublishConfirmation {
  return { handed, waiting, lost, nodes };
}
