/**
 * Questions: what nodes ask each other for clients, and for their own programs: what has become of an ask that lost its
 * link, and what becomes of a request that somebody watches.
 *
 * (Q1) A question ends once: by its answer, or as failed: its node says so, or cannot be asked: no member any more, not to
 *      be reached, or lost `triesMax` times while it was asked.
 * (Q2) The numbers of questions have bit 31, those of steps have not: both stand on one link.
 * (Q3) A node to which there is no way is asked through a neighbour, as steps are sent (`dispatch/reaching.ts`): through
 *      at most `stepWaysMax` that have none either. Who passes a question on asks the node itself, or refuses: no
 *      question travels in circles.
 */
import { type MpregError, Timer, areSameBytes, hexOf } from "../../base/index.js";
import { IdMap } from "../../structures/index.js";
import {
  type EventMessage,
  type QuestionRelay,
  type ResumeMessage,
  type ResumeVerdict,
  type Writer,
  encodeVerdict,
  writeAnswer,
  writeCancel,
} from "../../wire/index.js";
import type { Clients } from "./clients.js";
import type { RpcHost } from "../host.js";
import { stepWaysMax } from "../limits.js";
import { questionIdMin } from "../dispatch/task-numbers.js";
import type { Channel, Peer } from "../task.js";

/** How long a link to the node may take before a neighbour is asked, and where there is none to ask. (Q3) */
const patienceMs = 1_000;
const patienceMsMax = 5_000;

/** What is asked, and who hears what comes of it. */
export interface Inquiry {
  readonly triesMax: number;
  /** The node that asks, where this one passes its question on. (Q3) */
  readonly origin?: string | undefined;
  write(writer: Writer, id: number, relay: QuestionRelay | undefined): void;
  answered(value: Uint8Array, nowMs: number): void;
  /** Without an error when there is no way to the node; it may have been asked before there was none. */
  failed(error: MpregError | undefined, nowMs: number, wasAsked: boolean): void;
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
  /** The neighbour that passes it on. */
  via: Peer | undefined;
  /** Neighbours that have no way either. */
  avoided: Set<string> | undefined;
  /** How often it was lost on its way. */
  losses: number;
  /** Until when it waits for a link. */
  waitUntilMs: number;
}

export class Questions {
  readonly #host: RpcHost;
  readonly #clients: Clients;
  readonly #overflowed: (channel: Channel) => void;
  readonly #asked = new Map<Channel, IdMap<Question>>();
  readonly #reaching = new Set<Question>();
  /** What other nodes wait to hear from here: how to stop. */
  readonly #listening = new Map<
    Channel,
    Map<number, { readonly cancel: (error: MpregError) => void; readonly stop: () => void }>
  >();
  #lastId = 0;

  constructor(host: RpcHost, clients: Clients, overflowed: (channel: Channel) => void) {
    this.#host = host;
    this.#clients = clients;
    this.#overflowed = overflowed;
  }

  /** How many questions of other nodes have not been answered. */
  get listening(): number {
    let size = 0;
    for (const listening of this.#listening.values()) size += listening.size;
    return size;
  }

  /** Asks `peer`; answers how to give it up: with what was asked about, or only the asking. */
  ask(peer: Peer, inquiry: Inquiry, nowMs: number): (how: "cancelled" | "forgotten") => void {
    const question: Question = {
      peer,
      inquiry,
      timer: new Timer((atMs) => {
        this.#detour(question, atMs);
      }),
      id: 0,
      channel: undefined,
      via: undefined,
      avoided: undefined,
      losses: 0,
      waitUntilMs: 0,
    };
    this.#send(question, nowMs);
    return (how) => {
      const { channel, id } = question;
      this.#remove(question);
      if (how === "forgotten" || channel === undefined || channel.link.closed) return;
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
    if (question === undefined) return;
    const { via } = question;
    const isOfWay = error !== undefined && (error.code === "node-lost" || error.node === via?.name);
    if (via === undefined || !isOfWay || error.outcome === "applied") return this.#failed(question, error, nowMs);
    this.#remove(question);
    if (error.outcome === "unknown") return this.#lost(question, error, nowMs);
    (question.avoided ??= new Set()).add(via.nodeId);
    if (question.avoided.size < stepWaysMax) return this.#send(question, nowMs); // (Q3)
    this.#failed(question, error, nowMs);
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
    const listening = this.#listening.get(channel) ?? new Map<number, never>();
    this.#listening.set(channel, listening);
    const stop = (): void => {
      listening.delete(id);
      if (listening.size === 0) this.#listening.delete(channel);
    };
    const listener = (message: Uint8Array | "replaced" | undefined): void => {
      stop();
      if (message === "replaced") return; // whoever has asked did so again, over another link
      this.#answer(channel, id, message === undefined ? { kind: "forgotten" } : { kind: "ended", message });
    };
    listening.set(id, {
      cancel: (error) => {
        // else its client is back here, or waits at a third node
        if (session.asker(ask) === asker && session.isListenedToBy(ask, listener)) asker.run.fail(error);
        session.unlisten(ask, listener);
        stop();
      },
      stop: () => {
        session.unlisten(ask, listener);
      },
    });
    session.listen(ask, listener);
  }

  /** The far side does not want to know any more; answers whether it had asked. */
  cancelled(channel: Channel, id: number, error: MpregError): boolean {
    const listened = this.#listening.get(channel)?.get(id);
    listened?.cancel(error);
    return listened !== undefined;
  }

  linkLost(channel: Channel, nowMs: number): void {
    const listening = this.#listening.get(channel);
    this.#listening.delete(channel);
    for (const { stop } of listening?.values() ?? []) stop();
    const questions = this.#asked.get(channel);
    this.#asked.delete(channel);
    for (const question of questions?.takeAll() ?? []) {
      question.channel = undefined;
      this.#lost(question, undefined, nowMs);
    }
  }

  reached(peer: Peer, nowMs: number): void {
    for (const question of [...this.#reaching]) {
      if (question.peer === peer) this.#send(question, nowMs);
      else if (question.peer.isUnreachable) this.#detour(question, nowMs); // it may know a way
    }
  }

  /** No link to `peer` can be opened. */
  unreachable(peer: Peer, nowMs: number): void {
    if (this.#host.peer(peer.nodeId) !== peer) return this.down(peer, nowMs);
    for (const question of [...this.#reaching]) {
      if (question.peer === peer) this.#unreached(question, nowMs);
    }
  }

  /** `peer` is down, or no member any more. */
  down(peer: Peer, nowMs: number): void {
    for (const question of [...this.#reaching]) if (question.peer === peer) this.#failed(question, undefined, nowMs);
    for (const questions of [...this.#asked.values()]) {
      for (const question of questions.values()) {
        if (question.peer === peer) this.#failed(question, undefined, nowMs);
      }
    }
  }

  #send(question: Question, nowMs: number): void {
    const { peer } = question;
    if (this.#host.peer(peer.nodeId) !== peer) return this.#failed(question, undefined, nowMs); // (Q1)
    if (peer.channel !== undefined) return this.#sendOver(peer.channel, undefined, question);
    const via = peer.isUnreachable ? this.#neighbourOf(question) : undefined;
    if (via?.channel !== undefined) return this.#sendOver(via.channel, via, question);
    this.#reaching.add(question);
    question.waitUntilMs = nowMs + patienceMsMax;
    this.#host.schedule(question.timer, nowMs + patienceMs);
    if (!this.#host.reach(peer, nowMs) && this.#reaching.has(question)) this.#unreached(question, nowMs);
  }

  /** No link to its node can be opened. One that was asked waits all the same: what was its way may be there again soon. */
  #unreached(question: Question, nowMs: number): void {
    if (question.losses === 0) question.waitUntilMs = nowMs;
    this.#detour(question, nowMs);
  }

  /** There is no link to its node yet: a neighbour passes it on, or it waits on while it may. (Q3) */
  #detour(question: Question, nowMs: number): void {
    const via = this.#neighbourOf(question);
    if (via?.channel !== undefined) return this.#sendOver(via.channel, via, question);
    if (nowMs >= question.waitUntilMs) return this.#failed(question, undefined, nowMs); // (Q1)
    this.#host.schedule(question.timer, question.waitUntilMs);
  }

  /** (Q3) */
  #neighbourOf({ peer, inquiry, avoided }: Question): Peer | undefined {
    return inquiry.origin === undefined ? this.#host.neighbourOf(peer, avoided) : undefined;
  }

  #sendOver(channel: Channel, via: Peer | undefined, question: Question): void {
    const { peer, inquiry, timer } = question;
    this.#reaching.delete(question);
    this.#host.unschedule(timer);
    const questions = this.#asked.get(channel) ?? new IdMap<Question>();
    this.#asked.set(channel, questions);
    do this.#lastId = (this.#lastId + 1) % questionIdMin;
    while (questions.has(questionIdMin + this.#lastId));
    question.id = questionIdMin + this.#lastId; // (Q2)
    question.channel = channel;
    question.via = via;
    questions.set(question.id, question);
    const { nodeId: own } = this.#host.self;
    const isRelayed = via !== undefined || inquiry.origin !== undefined;
    const relay = isRelayed ? { target: peer.nodeId, origin: inquiry.origin ?? own } : undefined;
    inquiry.write(channel.link.outbox.writer, question.id, relay);
    channel.link.outbox.commitCancel(); // a few bytes, whatever waits
  }

  /** It was asked, and its way has broken: it is asked again, unless that was too often. (Q1) */
  #lost(question: Question, error: MpregError | undefined, nowMs: number): void {
    question.losses += 1;
    if (question.losses >= question.inquiry.triesMax) return this.#failed(question, error, nowMs);
    this.#send(question, nowMs);
  }

  #failed(question: Question, error: MpregError | undefined, nowMs: number): void {
    const wasAsked = question.losses > 0 || question.channel !== undefined;
    this.#remove(question);
    question.inquiry.failed(error, nowMs, wasAsked);
  }

  #remove(question: Question): void {
    this.#reaching.delete(question);
    this.#host.unschedule(question.timer);
    const { channel, id } = question;
    if (channel === undefined) return;
    const questions = this.#asked.get(channel);
    questions?.take(id);
    if (questions?.size === 0) this.#asked.delete(channel);
    question.channel = undefined;
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
