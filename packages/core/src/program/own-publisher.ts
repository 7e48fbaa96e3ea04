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
  readonly utf8: Utf8;
  readonly random: Random;
  /** The wall clock, in ms since 1970. */
  wallMs(): number;
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
    const timestampMs = this.#host.wallMs();
    if (fields === undefined) this.#messages.writePlain(writer, topic, timestampMs, payload);
    else this.#messages.write(writer, topic, timestampMs, fields, payload);
    return writer.take();
  }
}

/** Who waits for room. */
interface Room {
  readonly clock: Pick<Clock, "endOfTurn">;
  /** There may be room again. */
  onRoom(): void;
}

interface Outcome {
  result: PublishConfirmation | MpregError | undefined;
  tell: ((result: PublishConfirmation | MpregError) => void) | undefined;
}

export class OwnPublisher {
  readonly #host: OwnPublisherHost;
  readonly #participant: Participant;
  readonly #room: Room | undefined;
  /** On their way. */
  messages = 0;
  #bytes = 0;
  /** Entered in this turn of the event loop. */
  #turnMessages = 0;
  #turnBytes = 0;

  /** Without `room` nobody asks whether there is any. */
  constructor(host: OwnPublisherHost, participant: Participant, room?: Room) {
    this.#host = host;
    this.#participant = participant;
    this.#room = room;
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

  /**
   * Publishes what {@link OwnMessages} has written. Answers what it has come to, or a promise of that, and calls `onSettled` as soon as
   * it is known; throws why it was refused. (P1)
   */
  publish(
    message: Uint8Array,
    confirm?: ConfirmOptions["confirm"],
    onSettled?: () => void,
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
        onSettled?.();
        outcome.tell?.(result);
        if (outcome.tell !== undefined) this.#room?.onRoom();
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

  /** Nothing more is published. */
  part(): void {
    this.#host.enter({ kind: "part", participant: this.#participant });
  }

  #entered(length: number): void {
    this.messages += 1;
    this.#bytes += length;
    const room = this.#room;
    if (room === undefined) return;
    if (this.#turnMessages === 0) {
      room.clock.endOfTurn(() => {
        this.#turnMessages = 0;
        this.#turnBytes = 0;
        room.onRoom();
      });
    }
    this.#turnMessages += 1;
    this.#turnBytes += length;
  }
}

function confirmationOf({ handed, waiting, lost, nodes }: PublishConfirmation): PublishConfirmation {
  return { handed, waiting, lost, nodes };
}
