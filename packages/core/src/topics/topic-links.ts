/**
 * Topic links: topics as native links speak of them.
 *
 * Owns the messages of the wire, and the far side of a link as a participant. What they lead to is `topics.ts`.
 *
 * (K1) The first that is heard of a subscription is the answer to its `subscribe`.
 * (K2) No credit returns for publishes that wait, so that at most the window of their link does.
 * (K3) A far side that does not read what it has to hear loses its link.
 * (K4) What is confirmed is known; what one of the nodes has not told is an error of outcome `unknown`.
 * (K6) What is asked of a subscription that drains is answered behind all that it is told.
 * (K7) What a node asks one to which it has no link is asked there for it, in its words; what is answered is passed on as it came. Nothing
 *      is passed on to a third node, nor what comes from one.
 * (K5) A link to a node that ends with something unsent ends with the number that was used last, so that the node counts what it does not get.
 */
import { MpregError, type Policy, type Subject } from "../base/index.js";
import {
  type BacklogAskMessage,
  type ConfirmLevel,
  type NodeTopicsMessage,
  type QuestionRelay,
  type SubscribeMessage,
  type TopicsMessage,
  type Writer,
  writeAnswer,
  writeBacklogAsk,
  writeDeliver,
  writeFailure,
  writeForwardedUntil,
  writeMissed,
  writePublishRefused,
  writeSubscriptionEnded,
} from "../wire/index.js";
import type { EverywhereWaiter } from "./interest/index.js";
import type { Completeness } from "./late/late-joiners.js";
import { type Participant, addressOf, authorizePublish, authorizeSubscribe } from "./participant.js";
import { type PublishSettled, figuresOf } from "./published.js";
import type { SubscriptionEnd } from "./sink.js";
import type { NodeProcess } from "./host.js";
import type { TopicChannel } from "./topic-channel.js";
import { type OverHost, OverNeighbours } from "./forwarding/over-neighbours.js";
import type { Topics } from "./topics.js";
import { type WayBack, backOver } from "./forwarding/way-back.js";
import { wishOf } from "./wish.js";

export interface TopicLinksHost<C extends TopicChannel> extends OverHost {
  readonly nodeName: string;
  readonly policy: Policy;
  encode(answer: object): Uint8Array;
  /** For whom the far side asks, where that is not for itself. */
  behalfOf(channel: C, ask: BacklogAskMessage): Subject | undefined;
  /** Asks `relay.target` for `relay.origin`. */
  askFor(
    relay: QuestionRelay,
    write: (writer: Writer, id: number) => void,
    answered: (value: Uint8Array) => void,
    failed: (error: MpregError) => void,
    nowMs: number,
  ): void;
  /**
   * Tells `waiter`, once and not at once, when all that is wanted here at present is known to the whole cluster. Throws
   * `overloaded`.
   */
  everywhere(waiter: EverywhereWaiter, nowMs: number): void;
  /** It does not wait any more. */
  leave(waiter: EverywhereWaiter): void;
  /** Whether there are no other nodes. */
  isAlone(): boolean;
  /** The far side does not read. */
  overflowed(channel: C): void;
  /** Much waits for the far side to read it. */
  backlogged(channel: C): void;
}

/** What may wait for a far side before it counts. */
const backlogBytesMin = 64 * 1024;

class LinkParticipant<C extends TopicChannel> implements Participant {
  readonly id: number;
  readonly isCluster = false;
  readonly address: string | undefined;
  readonly channel: C;
  /** Its subscriptions that drain, with the `everywhere` that is answered when they are over. */
  readonly draining: Map<number, number> = new Map();
  /** What it waits for to be known everywhere. */
  readonly waiters: Set<EverywhereWaiter> = new Set();
  readonly #host: TopicLinksHost<C>;

  constructor(channel: C, host: TopicLinksHost<C>) {
    this.id = channel.link.id;
    this.address = addressOf(channel.subject);
    this.channel = channel;
    this.#host = host;
  }

  authorize(topic: string): void {
    authorizePublish(this.#host.policy, this.channel.subject, topic);
  }

  deliver(numbers: readonly number[], count: number, message: Uint8Array): boolean {
    const { outbox, remoteMessageBytesMax } = this.channel.link;
    writeDeliver(outbox.writer, numbers, count, message);
    if (outbox.commitDelivery(remoteMessageBytesMax) <= 0) return false;
    if (this.channel.backlogBytes >= backlogBytesMin) this.#host.backlogged(this.channel);
    return true;
  }

  missed(number: number, count: number): void {
    writeMissed(this.channel.link.outbox.writer, number, count);
    this.#commit();
  }

  ended(number: number, why: SubscriptionEnd, lost: number): void {
    writeSubscriptionEnded(this.channel.link.outbox.writer, number, why, lost);
    this.#commit();
  }

  drained(number: number): void {
    const id = this.draining.get(number);
    this.draining.delete(number);
    if (id !== undefined) this.answer(id, {}); // (K6)
  }

  refused(messageId: string, error: MpregError): void {
    writePublishRefused(this.channel.link.outbox.writer, messageId, this.#at(error));
    this.#commit();
  }

  answer(id: number, answer: Readonly<Record<string, number>>): void {
    writeAnswer(this.channel.link.outbox.writer, id, this.#host.encode(answer));
    this.#commit();
  }

  fail(id: number, error: MpregError): void {
    writeFailure(this.channel.link.outbox.writer, id, this.#at(error));
    this.#commit();
  }

  hold(): number {
    return this.channel.link.hold(); // (K2)
  }

  admit(held: number): void {
    this.channel.link.admit(held);
  }

  #at(error: MpregError): MpregError {
    return error.at({ node: this.#host.nodeName });
  }

  #commit(): void {
    if (this.channel.link.outbox.commitAnswer() === 0) this.#host.overflowed(this.channel); // (K3)
  }
}

/** The answer to a `subscribe`: whether its replay is all that there was, and how many nodes have not told what they have. */
function servedAs({ isWhole, isEverywhere, isCut, unanswered }: Completeness): Readonly<Record<string, number>> {
  const whole = isWhole ? { whole: 1 } : {};
  const everywhere = isEverywhere ? { everywhere: 1 } : {};
  const cut = isCut ? { cut: 1 } : {};
  return unanswered > 0 ? { unanswered } : { ...whole, ...everywhere, ...cut };
}

export class TopicLinks<C extends TopicChannel> {
  readonly #topics: Topics;
  readonly #host: TopicLinksHost<C>;
  readonly #participants = new Map<number, LinkParticipant<C>>();
  /** By the links over which something has come from nodes. */
  readonly #backs = new Map<number, WayBack>();
  /** There once something has come over a neighbour, or for one to pass on. */
  #over: OverNeighbours | undefined;

  constructor(topics: Topics, host: TopicLinksHost<C>) {
    this.#topics = topics;
    this.#host = host;
  }

  onMessage(channel: C, message: TopicsMessage, nowMs: number): void {
    const participant = this.#participantOf(channel);
    switch (message.kind) {
      case "publish":
        return this.#topics.publish(participant, message.message, undefined, nowMs);
      case "publish-confirmed":
        return this.#confirmed(participant, message.id, message.confirm, message.message, nowMs);
      case "taken":
        return this.#topics.exchange.taken(participant.id, message.number, message.bytes, nowMs);
      case "subscribe":
        return this.#subscribe(participant, message, nowMs);
      case "unsubscribe":
        this.#topics.exchange.unsubscribe(participant.id, message.number, nowMs, message.drains);
        return;
      case "everywhere":
        return this.#everywhere(participant, message.id, message.number, nowMs);
    }
  }

  /** What another node has for this one. */
  onNodeMessage(channel: C, from: NodeProcess, message: NodeTopicsMessage, nowMs: number): void {
    switch (message.kind) {
      case "forward":
        return this.#topics.arrived(from, message, this.#backOver(channel, from.nodeId), nowMs);
      case "forwarded-until":
        return this.#topics.forwardedUntil(from, message.sequence);
      case "forward-over":
        this.#over ??= new OverNeighbours(this.#host, this.#topics);
        return this.#over.forwarded(from, message, this.#backOver(channel, from.nodeId), nowMs);
      case "told-over":
        this.#over ??= new OverNeighbours(this.#host, this.#topics);
        return this.#over.told(from.nodeId, message, nowMs);
      case "handed-back":
        return this.#topics.handedBack(from.nodeId, message, nowMs);
      case "forward-report":
        return this.#topics.reported(from.nodeId, message.sequence, message);
      case "taken":
        return this.#topics.exchange.forwarding.taken(from.nodeId, message.bytes, nowMs);
    }
  }

  /** The link to a node ends with something unsent: what it is told of that before the goodbye. (K5) */
  unsent(nodeId: string, { link }: TopicChannel): Uint8Array | undefined {
    const sequence = this.#topics.lastFor(nodeId);
    if (sequence === 0) return undefined;
    const { outbox } = link;
    writeForwardedUntil(outbox.writer, sequence);
    return outbox.takeWritten();
  }

  /** Another node asks for what is here of the past. */
  onBacklogAsk(channel: C, from: NodeProcess, message: BacklogAskMessage, nowMs: number): void {
    const { link, subject } = channel;
    const { relay } = message;
    if (relay !== undefined && relay.target !== this.#host.selfId) {
      if (relay.origin === from.nodeId) this.#passOn(channel, message, relay, nowMs);
      return;
    }
    try {
      const onBehalfOf = this.#host.behalfOf(channel, message);
      const asker = { subject, onBehalfOf };
      const bytesMax = link.remoteMessageBytesMax / 2;
      const part = this.#topics.late.answer(relay?.origin ?? from.nodeId, asker, message, bytesMax, nowMs);
      this.#answerAsk(channel, message.id, this.#host.encode(part));
    } catch (error) {
      if (!(error instanceof MpregError)) throw error;
      this.#failAsk(channel, message.id, error);
    }
  }

  /** A node asks one to which it has no link. (K7) */
  #passOn(channel: C, message: BacklogAskMessage, relay: QuestionRelay, nowMs: number): void {
    const { id } = message;
    this.#host.askFor(
      relay,
      (writer, ownId) => {
        writeBacklogAsk(writer, { ...message, id: ownId });
      },
      (value) => {
        this.#answerAsk(channel, id, value);
      },
      (error) => {
        this.#failAsk(channel, id, error);
      },
      nowMs,
    );
  }

  #answerAsk(channel: C, id: number, value: Uint8Array): void {
    const { outbox, remoteMessageBytesMax, closed } = channel.link;
    if (closed) return;
    writeAnswer(outbox.writer, id, value);
    if (outbox.commitAnswer(remoteMessageBytesMax) > 0) return;
    this.#failAsk(channel, id, new MpregError("overloaded", "What is here of the past has no room on the link"));
  }

  #failAsk({ link }: C, id: number, error: MpregError): void {
    if (link.closed) return;
    writeFailure(link.outbox.writer, id, error.at({ node: this.#host.nodeName }));
    link.outbox.commitCancel(); // a few bytes for each question
  }

  /** The link is gone; `hasLeft`: with a goodbye of its far side. */
  closed(id: number, nowMs: number, hasLeft: boolean): void {
    const participant = this.#participants.get(id);
    for (const waiter of participant?.waiters ?? []) this.#host.leave(waiter);
    participant?.draining.clear();
    this.#participants.delete(id);
    this.#backs.delete(id);
    this.#topics.closed(id, nowMs, hasLeft);
  }

  /** The last link to a node is gone. */
  unlinked(nodeId: string): void {
    this.#over?.unlinked(nodeId);
  }

  /** There is a new link to a node, or one of several has ended. */
  relinked(nodeId: string): void {
    this.#over?.relinked(nodeId);
  }

  #backOver(channel: C, nodeId: string): WayBack {
    const { id } = channel.link;
    let back = this.#backs.get(id);
    if (back === undefined) this.#backs.set(id, (back = backOver(channel, () => this.#host.newestTo(nodeId))));
    return back;
  }

  #participantOf(channel: C): LinkParticipant<C> {
    const { id } = channel.link;
    let participant = this.#participants.get(id);
    if (participant === undefined) {
      participant = new LinkParticipant(channel, this.#host);
      this.#participants.set(id, participant);
    }
    return participant;
  }

  #confirmed(
    participant: LinkParticipant<C>,
    id: number,
    level: ConfirmLevel,
    message: Uint8Array,
    nowMs: number,
  ): void {
    const settled: PublishSettled = (result) => {
      if (result instanceof MpregError) participant.fail(id, result);
      else participant.answer(id, figuresOf(result));
    };
    if (level === "local") this.#topics.publish(participant, message, settled, nowMs);
    else this.#topics.publishConfirmed(participant, message, settled, nowMs); // (K4)
  }

  #subscribe(participant: LinkParticipant<C>, message: SubscribeMessage, nowMs: number): void {
    try {
      const wish = wishOf(message);
      authorizeSubscribe(this.#host.policy, participant.channel.subject, wish.patterns);
      this.#topics.subscribe(participant, message.number, wish, nowMs, (completeness) => {
        if (!participant.channel.link.closed) participant.answer(message.id, servedAs(completeness)); // (K1)
      });
    } catch (error) {
      if (!(error instanceof MpregError)) throw error;
      return participant.fail(message.id, error);
    }
    this.#topics.drain(participant, nowMs);
  }

  #everywhere(participant: LinkParticipant<C>, id: number, number: number, nowMs: number): void {
    if (!this.#topics.exchange.has(participant.id, number)) {
      return participant.fail(id, new MpregError("invalid-argument", `This link has no subscription ${number}`));
    }
    if (this.#topics.exchange.isDraining(participant.id, number)) {
      participant.drained(number); // it is asked again: the one before is not kept waiting
      participant.draining.set(number, id);
      return;
    }
    if (this.#host.isAlone()) return participant.answer(id, {});
    const waiter: EverywhereWaiter = {
      everywhere: () => {
        participant.waiters.delete(waiter);
        participant.answer(id, {});
      },
    };
    try {
      this.#host.everywhere(waiter, nowMs);
      participant.waiters.add(waiter);
    } catch (error) {
      if (!(error instanceof MpregError)) throw error;
      participant.fail(id, error);
    }
  }
}
