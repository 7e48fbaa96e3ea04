/**
 * Questions: what nodes ask each other for clients, and for their own programs: what has become of an ask that lost its
 * link, and what becomes of a request that somebody watches.
 *
 * (Q1) A question ends once: by its answer, or as failed: its node says so, or cannot be asked: no member any more, not to
 *      be reached, or lost `triesMax` times while it was asked.
 * (Q2) The numbers of questions have bit 31, those of steps have not: both stand on one link.
 */
import { type MpregError, Timer, areSameBytes, hexOf } from "../../base/index.js";
import { IdMap } from "../../structures/index.js";
import {
  type EventMessage,
  type ResumeMessage,
  type ResumeVerdict,
  type Writer,
  encodeVerdict,
  writeAnswer,
  writeCancel,
} from "../../wire/index.js";
import type { Clients } from "./clients.js";
import type { RpcHost } from "../host.js";
import { questionIdMin } from "../dispatch/task-numbers.js";
import type { Channel, Peer } from "../task.js";

/** How long a link to the node may take. */
const patienceMs = 5_000;

/** What is asked, and who hears what comes of it. */
export interface Inquiry {
  readonly triesMax: number;
  write(writer: Writer, id: number): void;
  answered(value: Uint8Array, nowMs: number): void;
  /** Without an error when the node could not be asked. */
  failed(error: MpregError | undefined, nowMs: number): void;
  /** Something has happened to what was asked about. */
  event?(message: EventMessage): void;
}

interface Question {
  readonly peer: Peer;
  readonly inquiry: Inquiry;
  readonly timer: Timer;
  id: number;
  /** Where it was asked; `undefined` while it waits for a link. */
  channel: Channel | undefined;
  tries: number;
}

export class Questions {
  readonly #host: RpcHost;
  readonly #clients: Clients;
  readonly #overflowed: (channel: Channel) => void;
  readonly #asked = new Map<Channel, IdMap<Question>>();
  readonly #reaching = new Set<Question>();
  /** What other nodes wait to hear from here: how to stop. */
  readonly #watching = new Map<
    Channel,
    Map<number, { readonly cancel: (error: MpregError) => void; readonly stop: () => void }>
  >();
  #lastId = 0;

  constructor(host: RpcHost, clients: Clients, overflowed: (channel: Channel) => void) {
    this.#host = host;
    this.#clients = clients;
    this.#overflowed = overflowed;
  }

  /** How many have not been answered. */
  get size(): number {
    let size = this.#reaching.size;
    for (const questions of this.#asked.values()) size += questions.size;
    return size;
  }

  /** Asks `peer`; answers how to give it up. */
  ask(peer: Peer, inquiry: Inquiry, nowMs: number): () => void {
    const question: Question = {
      peer,
      inquiry,
      timer: new Timer((atMs) => {
        this.#failed(question, undefined, atMs);
      }),
      id: 0,
      channel: undefined,
      tries: 0,
    };
    this.#send(question, nowMs);
    return () => {
      const { channel, id } = question;
      this.#remove(question);
      if (channel === undefined || channel.link.closed) return;
      writeCancel(channel.link.outbox.writer, id);
      channel.link.outbox.commitCancel();
    };
  }

  /** The answer to a question. */
  answered(channel: Channel, id: number, value: Uint8Array, nowMs: number): void {
    const question = this.#asked.get(channel)?.get(id);
    if (question === undefined) return;
    this.#remove(question);
    question.inquiry.answered(value, nowMs);
  }

  /** The node does not know such questions, or cannot answer. */
  failed(channel: Channel, id: number, error: MpregError | undefined, nowMs: number): void {
    const question = this.#asked.get(channel)?.get(id);
    if (question !== undefined) this.#failed(question, error, nowMs);
  }

  /** Something has happened to what was asked about. */
  event(channel: Channel, message: EventMessage): void {
    this.#asked.get(channel)?.get(message.id)?.inquiry.event?.(message);
  }

  /** Another node asks. */
  onResume(channel: Channel, { id, session: key, run, ask }: ResumeMessage, nowMs: number): void {
    const own = this.#host.run();
    const session = areSameBytes(run, own) ? this.#clients.find(hexOf(key), nowMs) : undefined;
    const asker = session?.asker(ask);
    if (session === undefined || asker === undefined) {
      const message = session?.endOf(ask);
      if (message !== undefined) return this.#answer(channel, id, { kind: "ended", message });
      return this.#answer(channel, id, { kind: session?.wouldKnow(ask) === true ? "not-received" : "forgotten" });
    }
    const watching = this.#watching.get(channel) ?? new Map<number, never>();
    this.#watching.set(channel, watching);
    const stop = (): void => {
      watching.delete(id);
      if (watching.size === 0) this.#watching.delete(channel);
    };
    const watcher = (message: Uint8Array | undefined): void => {
      stop();
      this.#answer(channel, id, message === undefined ? { kind: "forgotten" } : { kind: "ended", message });
    };
    watching.set(id, {
      cancel: (error) => {
        // else its client is back here, or waits at a third node
        if (session.asker(ask) === asker && session.isWatchedBy(ask, watcher)) asker.run.fail(error);
        session.unwatch(ask, watcher);
        stop();
      },
      stop: () => {
        session.unwatch(ask, watcher);
      },
    });
    session.watch(ask, watcher);
  }

  /** The far side does not want to know any more; answers whether it had asked. */
  cancelled(channel: Channel, id: number, error: MpregError): boolean {
    const watched = this.#watching.get(channel)?.get(id);
    watched?.cancel(error);
    return watched !== undefined;
  }

  linkLost(channel: Channel, nowMs: number): void {
    const watching = this.#watching.get(channel);
    this.#watching.delete(channel);
    for (const { stop } of watching?.values() ?? []) stop();
    const questions = this.#asked.get(channel);
    this.#asked.delete(channel);
    for (const question of questions?.takeAll() ?? []) {
      question.channel = undefined;
      this.#send(question, nowMs);
    }
  }

  reached(peer: Peer, nowMs: number): void {
    for (const question of [...this.#reaching]) if (question.peer === peer) this.#send(question, nowMs);
  }

  /** There is no way to `peer`, or it is down. */
  unreachable(peer: Peer, nowMs: number): void {
    for (const question of [...this.#reaching]) if (question.peer === peer) this.#failed(question, undefined, nowMs);
    for (const questions of [...this.#asked.values()]) {
      for (const question of questions.values()) {
        if (question.peer === peer) this.#failed(question, undefined, nowMs);
      }
    }
  }

  #send(question: Question, nowMs: number): void {
    const { peer, inquiry } = question;
    const { channel } = peer;
    this.#reaching.delete(question);
    this.#host.unschedule(question.timer);
    if (question.tries >= inquiry.triesMax) return this.#failed(question, undefined, nowMs); // (Q1)
    if (channel === undefined) {
      this.#reaching.add(question);
      this.#host.schedule(question.timer, nowMs + patienceMs);
      if (this.#host.peer(peer.nodeId) !== peer || !this.#host.reach(peer, nowMs)) {
        this.#failed(question, undefined, nowMs); // (Q1)
      }
      return;
    }
    question.tries += 1;
    const questions = this.#asked.get(channel) ?? new IdMap<Question>();
    this.#asked.set(channel, questions);
    do this.#lastId = (this.#lastId + 1) % questionIdMin;
    while (questions.has(questionIdMin + this.#lastId));
    question.id = questionIdMin + this.#lastId; // (Q2)
    question.channel = channel;
    questions.set(question.id, question);
    inquiry.write(channel.link.outbox.writer, question.id);
    channel.link.outbox.commitCancel(); // a few bytes, whatever waits
  }

  #failed(question: Question, error: MpregError | undefined, nowMs: number): void {
    this.#remove(question);
    question.inquiry.failed(error, nowMs);
  }

  #remove(question: Question): void {
    this.#reaching.delete(question);
    this.#host.unschedule(question.timer);
    const { channel, id } = question;
    if (channel === undefined) return;
    const questions = this.#asked.get(channel);
    questions?.take(id);
    if (questions?.size === 0) this.#asked.delete(channel);
  }

  #answer(channel: Channel, id: number, verdict: ResumeVerdict): void {
    const { outbox, remoteMessageBytesMax } = channel.link;
    writeAnswer(outbox.writer, id, encodeVerdict(verdict));
    const bytes = outbox.commitAnswer(remoteMessageBytesMax);
    // an end that does not fit in a message of the node that asks is as good as forgotten
    if (bytes < 0) return this.#answer(channel, id, { kind: "forgotten" });
    if (bytes === 0) this.#overflowed(channel);
  }
}
