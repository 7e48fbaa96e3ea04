/**
 * Connection way: a connection, as the way that what a client publishes takes to its node.
 *
 * (H1) How many messages may not have arrived when it is lost is told.
 * (H2) Those are few: while it is published, the node is asked now and then what it has, before the first message of a turn.
 */
import type { CancelSignal } from "@mpreg/core/rpc";
import { type CheckedPublish, type PublishWay, type Told } from "@mpreg/core/program";
import { type MessageFields, type MessageWriter, PublishLedger } from "@mpreg/core/topics";
import { beginPublish, beginPublishConfirmed } from "@mpreg/core/wire";
import type { Connection } from "../connection.js";
import { tooLarge } from "../failures.js";
import type { TopicAsk } from "../pending.js";
import type { Platform } from "../platform.js";

/** What may wait in the link, and be published nevertheless: enough to keep the node busy meanwhile. */
const linkBytesMax = 2 * 1024 * 1024;

/** What a message costs besides its payload while it is kept. */
const keptBytes = 128;

export interface ConnectionWayHost {
  readonly platform: Platform;
  readonly writer: MessageWriter;
  ask(ask: TopicAsk, signal: CancelSignal | undefined): Promise<unknown>;
}

export class ConnectionWay implements PublishWay {
  readonly #connection: Connection;
  readonly #host: ConnectionWayHost;
  readonly #ledger = new PublishLedger();
  #wallMs = 0;
  /** Whether it is the time of this turn. */
  #isTimeOfTurn = false;

  constructor(connection: Connection, host: ConnectionWayHost) {
    this.#connection = connection;
    this.#host = host;
  }

  get hasRoom(): boolean {
    return this.#connection.outbox.hasCredit && this.#connection.backlogBytes < linkBytesMax;
  }

  send(topic: string, fields: MessageFields | undefined, payload: Uint8Array): boolean {
    const connection = this.#connection;
    const { outbox } = connection;
    const { writer } = this.#host;
    if (!this.#isTimeOfTurn || outbox.writer.length === 0) this.#askForTime();
    const message = beginPublish(outbox.writer);
    if (fields === undefined) writer.writePlain(message, topic, this.#wallMs, payload);
    else writer.write(message, topic, this.#wallMs, fields, payload);
    const bytes = outbox.commit(connection.remoteMessageBytesMax);
    if (bytes < 0) throw tooLarge(-bytes, connection);
    if (bytes > 0) this.#ledger.published(outbox.endBytes, outbox.admittedBytes);
    return bytes > 0;
  }

  confirm(
    topic: string,
    { fields: given, confirm = "local", timeoutMs }: CheckedPublish,
    payload: Uint8Array,
    signal: CancelSignal | undefined,
  ): Promise<Told> {
    const { platform, writer: messages } = this.#host;
    const fields = { ...given, id: given.id ?? messages.takeId() };
    const timestampMs = platform.wallMs();
    const write: TopicAsk["write"] = (writer, id) => {
      messages.write(beginPublishConfirmed(writer, id, confirm), topic, timestampMs, fields, payload);
    };
    const bytes = payload.length + keptBytes;
    return this.#host.ask({ kind: "topic", isOnce: true, timeoutMs, bytes, write }, signal) as Promise<Told>;
  }

  /**
   * Once in a turn and for each batch: asking for the time costs as much as writing a small message. Neither of them is enough: what
   * else is sent begins batches, too, and one waits for many turns while the transport is full; a turn may be as long as a program likes.
   */
  #askForTime(): void {
    const { platform } = this.#host;
    this.#wallMs = platform.wallMs();
    const { outbox } = this.#connection;
    if (this.#ledger.asks(outbox.endBytes, outbox.admittedBytes, this.#wallMs)) this.#connection.ask(); // (H2)
    if (this.#isTimeOfTurn) return;
    this.#isTimeOfTurn = true;
    platform.endOfTurn(this.#endTurn);
  }

  readonly #endTurn = (): void => {
    this.#isTimeOfTurn = false;
  };

  /** How many of its messages may not have arrived, now that it is gone. (H1) */
  get unknown(): number {
    const { outbox, isLeft } = this.#connection;
    // one that was left has sent all before its goodbye, unless the node did not let it
    return isLeft && outbox.queuedBytes === 0 ? 0 : this.#ledger.unknown(outbox.admittedBytes);
  }

  /** Whether all that it was given goes out with the goodbye: nothing waits for the node to admit more. */
  get isFlushed(): boolean {
    const { open, outbox } = this.#connection;
    return open && outbox.queuedBytes === outbox.writer.length;
  }
}
