/**
 * Links: every link of this node, and which domain its messages go to.
 *
 * (I1) A message reaches a domain only over an open link, with the subject its handshake proved.
 * (I2) Steps, members and catalogs are taken from nodes only; calls, requests and inspections from anyone.
 * (I3) A link whose far side does not read its answers is ended at the end of the turn.
 * (I4) What waits for all clients together is bounded; beyond, the link of the one for which most waits is ended.
 */
import { MpregError, type Random, type Signer, type Subject, type Timers, type Utf8, assert } from "../base/index.js";
import { type Goodbye, Link, type LinkHost, type LinkId, type LinkOptions, type Remote } from "../link/index.js";
import { Channel, type Rpc, allowedMs } from "../rpc/index.js";
import type { TopicLinks } from "../topics/index.js";
import { ByteBudget, type Holder } from "../structures/index.js";
import type { Codec } from "../values/index.js";
import {
  type InspectMessage,
  type InspectSubject,
  type Message,
  type NodeIdentity,
  type NodeTopicsMessage,
  TextCache,
  inspectSubject,
  drainUrlsMax,
  writeAnswer,
  writeDrain,
  writeDrainAck,
  writeFailure,
} from "../wire/index.js";
import type { Cluster } from "./cluster.js";
import { earlyMsOf, togetherMs } from "./keep-alive.js";
import { Session, subjectOf } from "./session.js";
import type { NodeEffects, NodeOptions } from "./types.js";

export interface LinksHost extends Timers {
  readonly options: NodeOptions;
  readonly identity: () => NodeIdentity;
  readonly capabilities: {
    readonly random: Random;
    readonly utf8: Utf8;
    readonly signer: Signer;
    readonly codec: Codec;
  };
  readonly effects: Pick<NodeEffects, "send" | "releasesFrames" | "close" | "report">;
  readonly cluster: Cluster;
  readonly rpc: Rpc;
  readonly topics: TopicLinks<Channel>;
  inspect(subject: InspectSubject, nowMs: number): unknown;
}

export class Links {
  readonly #host: LinksHost;
  readonly #options: LinkOptions;
  readonly #texts: TextCache;
  readonly #sessions = new Map<LinkId, Session>();
  readonly #answers: ByteBudget;
  readonly #backlogs = new Map<Channel, Holder>();
  /** This node drains: every link hears it. */
  #isDraining = false;
  #queued: Link[] = [];
  #overflowed: Channel[] = [];

  constructor(host: LinksHost) {
    this.#host = host;
    this.#options = host.options.link;
    this.#texts = new TextCache(host.capabilities.utf8);
    this.#answers = new ByteBudget(host.options.rpc.answersBytesMax);
  }

  /** How many links there are, what their far sides wait for, the steps that were sent over them, and what steps have left behind. */
  get size(): { readonly links: number; readonly asked: number; readonly sent: number; readonly left: number } {
    let asked = 0;
    let sent = 0;
    let left = 0;
    for (const { phase } of this.#sessions.values()) {
      if (phase.kind !== "client" && phase.kind !== "node") continue;
      asked += phase.channel.asked.size;
      sent += phase.channel.sent.size;
      left += phase.channel.leftSize;
    }
    return { links: this.#sessions.size, asked, sent, left };
  }

  /** How many links wait for their time. */
  get scheduled(): number {
    let scheduled = 0;
    for (const { heapIndex } of this.#sessions.values()) if (heapIndex >= 0) scheduled += 1;
    return scheduled;
  }

  open(id: LinkId, attempt: number | undefined, address: string, nowMs: number): void {
    const session = new Session(id, address, attempt, this.#due);
    this.#sessions.set(id, session);
    const direction = attempt === undefined ? "accepted" : "dialed";
    session.link = new Link(id, direction, this.#linkHost(session), this.#options, nowMs);
    session.link.start();
    this.#reschedule(session, nowMs);
  }

  receive(id: LinkId, bytes: Uint8Array, nowMs: number): void {
    this.#sessions.get(id)?.link?.receive(bytes, nowMs);
  }

  isOpen(id: LinkId): boolean {
    return this.#sessions.get(id)?.link?.open === true;
  }

  writable(id: LinkId): void {
    this.#sessions.get(id)?.link?.writable();
  }

  lost(id: LinkId, reason: string, nowMs: number): void {
    this.#sessions.get(id)?.link?.lost({ code: "transport", reason }, nowMs);
  }

  /** The far side of `channel` does not read its answers. */
  overflowed(channel: Channel): void {
    this.#overflowed.push(channel);
  }

  /** Much waits for the far side of `channel` to read it. Nodes have a bound each, and are not let go for each other. */
  backlogged(channel: Channel): void {
    const { subject } = channel;
    if (subject.kind !== "client") return;
    let backlog = this.#backlogs.get(channel);
    if (backlog === undefined) {
      const evict = (): void => {
        this.overflowed(channel); // (I4)
      };
      backlog = this.#answers.holder(evict, () => channel.backlogBytes);
      this.#backlogs.set(channel, backlog);
    }
    backlog.hold(channel.backlogBytes);
  }

  /** Sends what the turn has queued. */
  flush(nowMs: number): void {
    do {
      while (this.#overflowed.length > 0) {
        const { link, backlogBytes } = this.#overflowed.pop() as Channel;
        const reason = `${backlogBytes} bytes wait to be read`;
        link.end({ code: "slow", reason }, nowMs); // (I3)
      }
      this.#host.cluster.flush(nowMs); // who is gone now is told now
      const queued = this.#queued;
      this.#queued = [];
      for (const link of queued) link.flush();
      this.#host.rpc.retryHeld(nowMs); // what finds room now is sent now
    } while (this.#queued.length > 0 || this.#overflowed.length > 0);
  }

  /** Tells all far sides to ask others from now on. */
  drain(): void {
    this.#isDraining = true;
    for (const session of this.#sessions.values()) this.#tellDrain(session);
  }

  /**
   * Whether a far side that keeps to the protocol may still ask for something, or waits for an answer. Clients that know
   * `drain` leave when they have got what they asked for; nodes say that they have heard it.
   */
  isAsked(nowMs: number): boolean {
    for (const { phase, remote, link } of this.#sessions.values()) {
      if (phase.kind !== "client" && phase.kind !== "node") continue;
      const { asked } = phase.channel;
      if (asked.size > 0 || phase.channel.link.outbox.queuedBytes > 0) return true;
      if (link === undefined || nowMs - link.heardMs > silentMsMax) continue; // nobody may be there any more
      if (phase.kind === "node" ? !phase.hasAcknowledgedDrain : knowsDrain(remote)) return true;
    }
    return false;
  }

  #tellDrain({ phase, remote }: Session): void {
    if (phase.kind !== "node" && !(phase.kind === "client" && knowsDrain(remote))) return;
    const { outbox } = phase.channel.link;
    const { cluster } = this.#host;
    const others = [...cluster.peers.values()].filter(({ nodeId }) => cluster.membership.isUsable(nodeId));
    writeDrain(outbox.writer, phase.kind === "node" ? [] : others.flatMap(({ urls }) => urls).slice(0, drainUrlsMax));
    outbox.commitCancel(); // behind everything that was queued before, and whatever waits
  }

  /** Ends what the far sides wait for with `error`, then says goodbye on every link. */
  close(goodbye: Goodbye, error: MpregError, nowMs: number): void {
    for (const { phase } of this.#sessions.values()) {
      if (phase.kind === "client" || phase.kind === "node") this.#host.rpc.refuse(phase.channel, error);
    }
    for (const { link } of [...this.#sessions.values()]) link?.end(goodbye, nowMs);
    this.#host.rpc.forgetClients();
  }

  #linkHost(session: Session): LinkHost {
    const { capabilities, effects, identity } = this.#host;
    return {
      identity: identity(),
      credentials: undefined,
      resumes: true,
      callTimeoutMs: Math.ceil(allowedMs(this.#host.options.rpc, 0)),
      signer: capabilities.signer,
      random: capabilities.random,
      utf8: capabilities.utf8,
      texts: this.#texts,
      queued: () => {
        if (session.link !== undefined) this.#queued.push(session.link);
      },
      send: (link, batch) => effects.send(link, batch),
      releasesBatches: effects.releasesFrames,
      close: (link, goodbye) => {
        effects.close(link, goodbye);
      },
      admit: (remote) => this.#admit(session, remote),
      opened: (nowMs) => {
        this.#opened(session, nowMs);
      },
      unsent: () => this.#unsent(session),
      message: (message, nowMs) => {
        this.#message(session, message, nowMs);
      },
      closed: (goodbye, nowMs) => {
        this.#closed(session, goodbye, nowMs);
      },
    };
  }

  /** What a node has to hear of what it will not get. Another link to it goes on with all that, and tells it itself. */
  #unsent(session: Session): Uint8Array | undefined {
    const { phase } = session;
    if (phase.kind !== "node") return undefined;
    for (const each of this.#sessions.values()) {
      if (each !== session && each.phase.kind === "node" && each.phase.peer === phase.peer) return undefined;
    }
    return this.#host.topics.unsent(phase.peer.nodeId, phase.channel);
  }

  #admit(session: Session, remote: Remote): ReturnType<LinkHost["admit"]> {
    const { cluster, options } = this.#host;
    const reason = cluster.refusal(remote, session.attempt);
    if (reason !== undefined) return { allow: false, reason };
    if (this.#isDraining && remote.kind === "client") {
      return { allow: false, reason: `node "${options.name}" is about to leave` };
    }
    session.remote = remote;
    // nobody is let in: it has to prove that it is this node, and then the link ends
    if (remote.kind === "node" && remote.nodeId === cluster.self.nodeId) return { allow: true };
    const role = remote.kind;
    const clusterName = remote.kind === "node" ? remote.identity.cluster : options.cluster;
    return options.policy(subjectOf(session.address, remote), { kind: "accept", role, cluster: clusterName });
  }

  #opened(session: Session, nowMs: number): void {
    const { remote, link } = session;
    assert(remote !== undefined && link !== undefined, "a link has opened without an admitted remote");
    const subject = subjectOf(session.address, remote);
    if (remote.kind === "node") {
      this.#host.cluster.opened(session, remote, subject, nowMs);
      this.#host.topics.relinked(remote.nodeId);
    } else this.#openedByClient(session, link, subject, nowMs);
    if (this.#isDraining) this.#tellDrain(session);
    this.#reschedule(session, nowMs);
  }

  #openedByClient(session: Session, link: Link, subject: Subject, nowMs: number): void {
    const channel = new Channel(link, subject, this.#host.capabilities.random, nowMs);
    session.phase = { kind: "client", channel };
    const { remote } = session;
    if (remote?.kind !== "client" || remote.session === undefined) return;
    this.#host.rpc.clientOpened(channel, remote.session, nowMs);
  }

  /** The client has come back over another link, or lets another node ask. */
  supersede({ link }: Channel, nowMs: number): void {
    link.end({ code: "duplicate", reason: "the client has another link" }, nowMs);
  }

  #closed(session: Session, goodbye: Goodbye, nowMs: number): void {
    const { phase } = session;
    this.#sessions.delete(session.id);
    this.#host.unschedule(session);
    // first the routes, then what ran over them: what fails now must not come back here
    this.#host.cluster.closed(session, goodbye, nowMs);
    if (phase.kind === "client" || phase.kind === "node") {
      this.#backlogs.get(phase.channel)?.hold(0);
      this.#backlogs.delete(phase.channel);
      if (phase.kind === "node") {
        const isLast = this.#host.cluster.newestTo(phase.peer.nodeId) === undefined;
        if (isLast) this.#host.topics.unlinked(phase.peer.nodeId);
        else this.#host.topics.relinked(phase.peer.nodeId);
      }
      this.#host.rpc.linkLost(phase.channel, goodbye.code === "closing", nowMs);
      this.#host.topics.closed(session.id, nowMs, goodbye.code === "closing" && session.link?.ended?.by === "there");
    } else if (phase.kind !== "self" && phase.kind !== "rival" && isRefusal(goodbye, session.attempt === undefined)) {
      this.#host.effects.report({ kind: "link-refused", address: session.address, reason: goodbye });
    }
    session.phase = { kind: "ended" };
  }

  #message(session: Session, message: Message, nowMs: number): void {
    const { phase } = session;
    if (phase.kind !== "client" && phase.kind !== "node") return;
    const { channel } = phase;
    const { rpc, cluster, topics } = this.#host;
    switch (message.kind) {
      case "call":
        return rpc.onCall(channel, message, nowMs);
      case "request":
        return rpc.onRequest(channel, message, nowMs);
      case "cancel":
        return rpc.onCancel(channel, message.id);
      case "inspect":
        return this.#inspect(channel, message, nowMs);
      case "resume":
        if (phase.kind === "client") throw new MpregError("malformed", "a client has sent a resume");
        return rpc.onResume(channel, message, nowMs);
      case "refused":
        return this.#fail(channel, message.id, message.error);
      case "answer":
        return rpc.onAnswer(channel, message, nowMs);
      case "failure":
        return rpc.onFailure(channel, message, nowMs);
      case "fetch":
      case "chunk":
      case "fetch-more":
      case "fetch-failed":
      case "fetch-end":
      case "release":
        return rpc.onResult(channel, message, nowMs);
      case "event":
        return phase.kind === "client" ? undefined : rpc.onEvent(channel, message);
      case "watch":
      case "requests":
      case "topic-report":
        return rpc.onWatch(channel, message, nowMs);
      case "publish":
      case "publish-confirmed":
      case "subscribe":
      case "everywhere":
      case "unsubscribe":
        return topics.onMessage(channel, message, nowMs);
      case "taken":
        if (phase.kind === "node") return topics.onNodeMessage(channel, phase.peer, message, nowMs);
        return topics.onMessage(channel, message, nowMs);
      case "forward":
        if (phase.kind === "node") return topics.onNodeMessage(channel, phase.peer, message, nowMs);
        return this.#notForClients(channel, message); // (I2)
      case "skipped":
      case "results": // nothing is asked for here that ends so
        return;
      default:
    }
    if (phase.kind === "client") return this.#notForClients(channel, message); // (I2)
    if (message.kind === "step") rpc.onStep(channel, message, nowMs);
    else if (message.kind === "progress") rpc.onProgress(channel, message);
    else if (message.kind === "left-end") channel.stepsLeft?.ended(message.id);
    else if (message.kind === "heard") channel.asked.get(message.id)?.run.heard?.(message.isHeard);
    else if (message.kind === "backlog-ask") topics.onBacklogAsk(channel, phase.peer, message, nowMs);
    else if (isOfTopics(message)) topics.onNodeMessage(channel, phase.peer, message, nowMs);
    else if (message.kind === "drain") this.#acknowledgeDrain(channel);
    else if (message.kind === "drain-ack") phase.hasAcknowledgedDrain = true;
    else cluster.onMessage(session, message, nowMs);
  }

  /** What was sent there before this, the far side has before it hears of this; its own record came before, too. */
  #acknowledgeDrain({ link }: Channel): void {
    writeDrainAck(link.outbox.writer);
    link.outbox.commitCancel();
  }

  #notForClients(channel: Channel, message: Message): void {
    if (message.kind !== "step") throw new MpregError("malformed", `a client has sent a ${message.kind}`);
    this.#fail(
      channel,
      message.id,
      new MpregError("denied", "Steps are taken from nodes only; send a call or a request"),
    );
  }

  #inspect(channel: Channel, message: InspectMessage, nowMs: number): void {
    const { capabilities, options } = this.#host;
    try {
      const answer = this.#host.inspect(inspectSubject(message.subject), nowMs);
      const { outbox, remoteMessageBytesMax } = channel.link;
      writeAnswer(outbox.writer, message.id, capabilities.codec.encode(answer, message.subject));
      const bytes = outbox.commitAnswer(remoteMessageBytesMax);
      if (bytes >= 0) return this.#answered(channel, bytes);
      const tooLarge = `The answer takes ${-bytes} bytes; the caller accepts messages of ${remoteMessageBytesMax}`;
      this.#fail(channel, message.id, new MpregError("too-large", tooLarge));
    } catch (error) {
      if (!(error instanceof MpregError)) throw error;
      this.#fail(channel, message.id, error.at({ node: options.name }));
    }
  }

  #fail(channel: Channel, id: number, error: MpregError): void {
    writeFailure(channel.link.outbox.writer, id, error.at({ node: this.#host.options.name }));
    this.#answered(channel, channel.link.outbox.commitAnswer());
  }

  /** An answer of `bytes` was queued; 0 when it could not be. */
  #answered(channel: Channel, bytes: number): void {
    if (bytes === 0) this.overflowed(channel);
    else if (channel.backlogBytes >= backlogBytesMin) this.backlogged(channel);
  }

  /** A link's time may have come: whoever heard of the far side since then has postponed it. */
  readonly #due = (session: Session, nowMs: number): void => {
    session.link?.onDue(nowMs, this.#earlyMs(session));
    this.#reschedule(session, nowMs);
  };

  /** Between nodes probes go anyway. */
  #earlyMs({ phase }: Session): number {
    return phase.kind === "client" ? earlyMsOf(this.#options.pingIntervalMs, this.#sessions.size) : 0;
  }

  #reschedule(session: Session, nowMs: number): void {
    const { link } = session;
    if (link === undefined || link.closed) return;
    const dueMs = link.nextDueMs;
    const earlyMs = this.#earlyMs(session);
    if (dueMs === Infinity) return this.#host.unschedule(session);
    // one that was asked will have answered, and is asked again with the others
    const askMs = link.asksNext ? dueMs : nowMs + this.#options.pingIntervalMs;
    this.#host.schedule(session, earlyMs > 0 ? Math.min(dueMs, togetherMs(askMs, earlyMs)) : dueMs);
  }
}

/** What may wait for a far side before it counts. */
const backlogBytesMin = 64 * 1024;

/** Whoever has said nothing for so long is not waited for when this node drains. */
const silentMsMax = 8_000;

function knowsDrain(remote: Remote | undefined): boolean {
  return remote?.kind === "client" && remote.session !== undefined;
}

const ofTopics: ReadonlySet<Message["kind"]> = new Set([
  "forwarded-until",
  "forward-report",
  "handed-back",
  "forward-over",
  "told-over",
]);

/** Whether nodes tell each other this of what is published. */
function isOfTopics(message: Message): message is NodeTopicsMessage {
  return ofTopics.has(message.kind);
}

/** Whether people should hear of a link that ended before it was open. */
function isRefusal({ code }: Goodbye, accepted: boolean): boolean {
  if (code === "refused" || code === "malformed" || code === "silent" || code === "self") return true;
  // a node that was dialled and is gone again is dialled again
  return accepted && code === "transport";
}
