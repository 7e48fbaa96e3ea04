/**
 * Downloads: what a client fetches of its answers, over the link that it has.
 *
 * (L1) An answer is told when all of it is here, or fails; what was told already is not told again.
 * (L2) The node is told when it need not keep a value for the client any more.
 *      What was said over a link that has ended, and may be lost with it, is said again over the next.
 * (L3) When a link breaks, the rest is fetched over the next one: an answer that has come is never asked for again.
 * (L4) A stream is told as a reference, and read as its reader goes on; what ends the client ends it.
 * (L5) What is lost when a part of it has come is asked for once more from its beginning: the node may have it made again.
 * (L6) A stream ends when the time of its call is over, whatever is heard of the node. (A large value does with its call.)
 * (L7) What names no time is given up when there was no link for `patienceMs`.
 */
import { Deadlines, MpregError, Timer } from "../../base/index.js";
import { Fifo } from "../../structures/index.js";
import type { Codec } from "../../values/index.js";
import type { AnswerMessage, Message, ResultRef, ResultsMessage, Value } from "../../wire/index.js";
import { type Channel, Peer } from "../task.js";
import type { Settled } from "../caller/ask.js";
import { ItemReader } from "./item-reader.js";
import { type Fetch, Fetches, directWay } from "./fetches.js";
import type { LostOutput, OutputReader } from "./outputs.js";
import { Gathering, isFetchable, isRef } from "./gather.js";

/** The end of an ask, all of whose values are here; what is no bytes is a stream. */
export type CompleteAnswer =
  (AnswerMessage & { readonly value: Value }) | (ResultsMessage & { readonly outputs: readonly (Value | undefined)[] });

/** Whether nothing of the answer is to be fetched before it is told. */
export function isComplete(message: AnswerMessage | ResultsMessage): boolean {
  return message.kind === "answer" ? !isFetchable(message.value) : !message.outputs.some(isFetchable);
}

interface Download {
  readonly refs: readonly ResultRef[];
  readonly gathering: Gathering;
  readonly hasTime: boolean;
}

export interface DownloadsOptions {
  /** Bytes of the largest value that is fetched. */
  readonly valueBytesMax: number;
  /** How long what names no time is kept without a link. (L7) Default: for ever. */
  readonly patienceMs?: number;
}

/** Who lets a program read a stream. */
export interface ReadingHost {
  /** The program waits for what others bring about, until the function that comes back is called. */
  readonly hold?: (() => () => void) | undefined;
  /** The program needs nothing more of it, whatever it has read. Called once. */
  readonly left?: (() => void) | undefined;
  /** Whether whoever asked has named the time that it has. (L7) Default: where it has one. */
  readonly hasTime?: boolean | undefined;
}

/** (L5) */
function fromBeginning({ ref, error }: LostOutput, receivedBytes: number, reader: OutputReader, nowMs: number): void {
  if (receivedBytes > 0) reader.made(ref, nowMs);
  else reader.failed(error, nowMs);
}

/** So many of what a node is told to let go of are remembered until it has heard that. (L2) */
const releasesMax = 1_000;

interface Release {
  readonly ref: ResultRef;
  readonly channel: Channel | undefined;
  /** Where it ends in what is sent over that. */
  readonly endBytes: number;
}

export class Downloads {
  /** Of which the node may not have heard. The oldest first. */
  readonly #releases = new Fifo<Release>();
  readonly #fetches: Fetches;
  /** Whatever node the client is linked with. */
  readonly #node = new Peer("", "", []);
  readonly #valueBytesMax: number;
  readonly #patienceMs: number;
  readonly #deadlines = new Deadlines<Timer>();
  readonly #patience = new Timer((nowMs) => {
    this.#giveUp(nowMs);
  });
  /** By the id of the ask. */
  readonly #running = new Map<number, Download>();
  /** Each with whether it names a time. */
  readonly #readers = new Map<ItemReader, boolean>();

  constructor({ valueBytesMax, patienceMs = Infinity }: DownloadsOptions) {
    this.#valueBytesMax = valueBytesMax;
    this.#patienceMs = patienceMs;
    this.#fetches = new Fetches({
      namesHolders: true,
      self: new Peer("", "", []),
      here: () => undefined,
      readBefore: () => undefined,
      release: () => undefined,
      peer: () => this.#node,
      nameOf: () => undefined,
      reach: () => true, // there will be a link, or the client gives up
      neighbourOf: () => undefined,
    });
  }

  /** What is fetched is asked for over `channel` from now on. (L3) */
  opened(channel: Channel, nowMs: number): void {
    this.#node.channel = channel;
    this.#deadlines.remove(this.#patience);
    this.#fetches.reached(this.#node, nowMs);
    const unheard: ResultRef[] = [];
    for (let told = this.#releases.shift(); told !== undefined; told = this.#releases.shift()) unheard.push(told.ref);
    this.#release(unheard);
  }

  /** The link is gone. */
  lost(channel: Channel, nowMs: number): void {
    if (this.#node.channel === channel) {
      this.#node.channel = undefined;
      this.#deadlines.set(this.#patience, nowMs + this.#patienceMs); // (L7)
    }
    this.#fetches.lost(channel, nowMs);
  }

  /** When {@link onDue} is wanted. */
  get nextDueMs(): number {
    return this.#deadlines.nextDueMs;
  }

  onDue(nowMs: number): void {
    for (let due = this.#deadlines.takeDue(nowMs); due !== undefined; due = this.#deadlines.takeDue(nowMs)) {
      due.onDue(nowMs);
    }
  }

  /** (L7) */
  #giveUp(nowMs: number): void {
    const why = `There was no connection to any node for ${this.#patienceMs} ms`;
    const error = new MpregError("node-lost", `${why} before all of the answer had come`);
    for (const { gathering, hasTime } of [...this.#running.values()]) if (!hasTime) gathering.failed(error, nowMs);
    for (const [reader, hasTime] of [...this.#readers]) if (!hasTime) reader.giveUp("node-lost", why);
  }

  /** Whether values of that answer are being fetched. */
  has(id: number): boolean {
    return this.#running.has(id);
  }

  /** Bytes that have come of the values of that answer. */
  receivedBytes(id: number): number {
    return this.#running.get(id)?.gathering.receivedBytes ?? 0;
  }

  /**
   * Takes an answer; `done` or `failed` is called when all of it is here, possibly at once. `hasTime`: whoever asked stops
   * it when its time is over. (L6)
   */
  complete(
    message: AnswerMessage | ResultsMessage,
    nowMs: number,
    done: (complete: CompleteAnswer) => void,
    failed: (error: MpregError) => void,
    hasTime = false,
  ): void {
    if (isComplete(message)) return done(message);
    const { id } = message;
    const values: readonly (Value | undefined)[] = message.kind === "results" ? message.outputs : [message.value];
    const gathering = new Gathering(
      { fetches: this.#fetches, valueBytesMax: this.#valueBytesMax, way: directWay, remake: fromBeginning },
      values,
      (fetched) => {
        this.#running.delete(id);
        this.#release(values.filter(isFetchable));
        if (message.kind === "results") done({ ...message, outputs: fetched });
        else done({ ...message, value: fetched[0] as Value });
      },
      (error) => {
        this.stop(id);
        failed(error.withOutcome("applied"));
      },
    );
    this.#running.set(id, { refs: values.filter(isRef), gathering, hasTime });
    gathering.start(nowMs);
  }

  /** The values of that answer are not needed any more. (L2) */
  stop(id: number): void {
    const download = this.#running.get(id);
    if (download === undefined) return;
    this.#running.delete(id);
    download.gathering.stop();
    this.#release(download.refs);
  }

  /** Nobody waits for an answer that has come: nothing of it is needed. (L2) */
  unwanted(answer: AnswerMessage | ResultsMessage | Settled): void {
    if (answer.kind === "failed") return;
    const values = answer.kind === "results" ? answer.outputs : [answer.value];
    this.#release(values.filter(isRef));
  }

  /** Lets the program read a stream of an answer. (L4) */
  open(ref: ResultRef, codec: Codec, now: () => number, { hold, left, hasTime }: ReadingHost = {}): ItemReader {
    let fetch: Fetch | undefined;
    const { untilMs } = ref;
    const end = new Timer(() => {
      reader.giveUp("deadline", "The time allowed ran out");
    });
    const reader: ItemReader = new ItemReader(codec, this.#valueBytesMax, {
      allow: (receivedBytes, allowedBytes) => {
        if (fetch === undefined) fetch = this.#fetches.start(ref, reader, allowedBytes, directWay, now());
        else this.#fetches.allow(fetch, allowedBytes, now(), receivedBytes);
      },
      leave: () => {
        this.#readers.delete(reader);
        this.#deadlines.remove(end);
        if (fetch !== undefined) this.#fetches.stop(fetch);
        this.#release([ref]);
        left?.();
      },
      hold,
    });
    this.#readers.set(reader, hasTime ?? untilMs !== undefined);
    if (untilMs !== undefined) this.#deadlines.set(end, untilMs); // (L6)
    return reader;
  }

  #release(refs: readonly ResultRef[]): void {
    const { channel } = this.#node;
    for (const ref of refs) {
      this.#fetches.release(ref, directWay);
      this.#releases.push({ ref, channel, endBytes: channel?.link.outbox.endBytes ?? 0 });
      const { first } = this.#releases;
      const isHeard = first?.channel !== undefined && first.channel.link.outbox.admittedBytes >= first.endBytes;
      if (isHeard || this.#releases.size > releasesMax) this.#releases.shift();
    }
  }

  /** No values are needed any more. */
  stopAll(): void {
    for (const id of [...this.#running.keys()]) this.stop(id);
  }

  /** Takes what a node sends of what is kept; answers whether the message was about that. */
  receive(channel: Channel, message: Message, nowMs: number): boolean {
    if (message.kind === "chunk") this.#fetches.onChunk(channel, message, nowMs);
    else if (message.kind === "fetch-failed") this.#fetches.onFailed(channel, message, nowMs);
    else return false;
    return true;
  }

  /** There will be no link any more. */
  end(error: MpregError, nowMs: number): void {
    for (const { gathering } of [...this.#running.values()]) gathering.failed(error, nowMs);
    for (const reader of [...this.#readers.keys()]) reader.failed(error.withOutcome("unknown"));
  }
}
