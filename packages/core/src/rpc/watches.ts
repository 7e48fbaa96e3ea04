/**
 * Watches: who may look at which request, while it runs and after it; here, or through this node at its coordinator.
 *
 * Owns the requests of this node that can be looked at. How one is told is `watch.ts`, how what came of it is kept
 * `recent.ts`.
 *
 * (L1) The id of a request names its coordinator: whoever else is asked passes that on, once, and what comes back.
 * (L2) The coordinator asks its policy for the client that watches, and so does the node that it is connected to.
 * (L3) Whoever watches is answered once, with the trace, when the request ends; at once where it wants what is known now.
 *      When it leaves, nothing is told to it any more.
 * (L4) At most `watchersMax` watch one request besides its asker.
 */
import { MpregError, quoted } from "../base/index.js";
import type { EventMessage, RequestStep, WatchMessage } from "../wire/index.js";
import { writeWatch } from "../wire/index.js";
import { watcherOf } from "./behalf.js";
import type { EventSink, RequestEvent } from "./events.js";
import type { RpcHost } from "./host.js";
import type { LinkAsker } from "./link-asker.js";
import type { RpcLimits } from "./limits.js";
import type { Questions } from "./questions.js";
import { Recent } from "./recent.js";
import { Summary, requestIdOf } from "./summary.js";
import type { Channel } from "./task.js";
import type { RequestTrace } from "./types.js";
import { type Listener, Watch, eventsOf } from "./watch.js";

const requestIdForm = /^([0-9a-f]{8})-[0-9a-z]{1,11}$/;

/** Turns events and traces into bytes, and back. */
export interface TraceCodec {
  encodeSummary(trace: RequestTrace): Uint8Array;
  decodeEvent(bytes: Uint8Array): RequestEvent;
}

interface Follower extends Listener {
  readonly sink: LinkAsker;
}

interface Running {
  readonly watch: Watch;
  readonly followers: Set<Follower>;
}

export class Watches {
  readonly #host: RpcHost;
  readonly #limits: RpcLimits;
  readonly #codec: TraceCodec;
  readonly #questions: Questions;
  readonly #recent: Recent;
  readonly #running = new Map<string, Running>();

  constructor(host: RpcHost, limits: RpcLimits, codec: TraceCodec, questions: Questions) {
    this.#host = host;
    this.#limits = limits;
    this.#codec = codec;
    this.#questions = questions;
    this.#recent = new Recent(limits);
  }

  /** How many run that can be looked at. */
  get size(): number {
    return this.#running.size;
  }

  /** Request number `request` has begun; `asker` is told its events where it wants to be. */
  begin(
    ask: { readonly watch?: boolean | undefined; readonly intermediates?: boolean | undefined },
    asker: EventSink,
    request: number,
    steps: readonly RequestStep[],
    nowMs: number,
  ): { readonly watch: Watch; readonly summary: Summary } {
    const { self, nodeName: node } = this.#host;
    const requestId = requestIdOf(self.nodeId, request);
    const summary = new Summary(requestId, node, nowMs);
    const listener = ask.watch === true ? { sink: asker, intermediates: ask.intermediates === true } : undefined;
    const now = (): number => this.#host.nowMs();
    const watch = new Watch({ requestId, node, summary }, steps, listener, now, (_watch, trace) => {
      this.#ended(trace);
    });
    this.#running.set(requestId, { watch, followers: new Set() });
    return { watch, summary };
  }

  /** Somebody wants to know what becomes of a request. */
  onWatch(channel: Channel, asker: LinkAsker, message: WatchMessage, nowMs: number): void {
    const { requestId, intermediates } = message;
    const { subject } = channel;
    const fail = (code: "denied" | "invalid-argument" | "unknown-request", why: string): void => {
      const text = `Cannot look at request ${quoted(requestId)}: ${why}`;
      asker.failed(new MpregError(code, text, { node: this.#host.nodeName }));
    };
    const onBehalfOf = watcherOf(channel, message);
    const decision = this.#host.policy(subject, { kind: "watch", request: requestId, intermediates, onBehalfOf }); // (L2)
    if (!decision.allow) return fail("denied", decision.reason);
    const coordinator = requestIdForm.exec(requestId)?.[1];
    if (coordinator === undefined) return fail("invalid-argument", "ids are like 0f1e2d3c-1a");
    if (this.#host.self.nodeId.startsWith(coordinator)) {
      if (this.#watchHere(channel, asker, message, nowMs)) return;
      const { tracesMax, traceMs } = this.#limits;
      const kept = `of graphs, the last ${tracesMax} are remembered for ${traceMs / 1000} s; of single calls those with onEvent or onSummary`;
      return fail("unknown-request", `node "${this.#host.nodeName}" knows of none with that id; ${kept}`);
    }
    const peer = this.#host.nodeLike(coordinator);
    if (peer !== undefined && subject.kind !== "node") return this.#passOn(channel, asker, peer, message, nowMs); // (L1)
    fail("unknown-request", `no node of the cluster has an id that begins with ${coordinator}`);
  }

  #watchHere(
    channel: Channel,
    asker: LinkAsker,
    { requestId, now, intermediates }: WatchMessage,
    nowMs: number,
  ): boolean {
    const running = this.#running.get(requestId);
    const trace = running === undefined ? this.#recent.find(requestId, nowMs) : running.watch.trace;
    if (trace === undefined) return false;
    if (now || running === undefined) {
      if (!now) for (const event of eventsOf(trace)) asker.event(event, undefined);
      asker.answeredWith(this.#codec.encodeSummary(trace));
      return true;
    }
    const { watch, followers } = running;
    const { watchersMax } = this.#limits;
    if (followers.size >= watchersMax) {
      const message = `${followers.size} clients watch request "${requestId}" already (limits.watchersMax)`;
      asker.failed(new MpregError("overloaded", message, { node: this.#host.nodeName })); // (L4)
      return true;
    }
    const follower: Follower = { sink: asker, intermediates };
    const leave = (): void => {
      followers.delete(follower);
      watch.remove(follower);
    };
    asker.isPassing = true;
    asker.run = {
      fail: (error) => {
        leave(); // (L3)
        asker.failed(error);
      },
      abandon: leave,
    };
    channel.asked.set(asker.id, asker);
    followers.add(follower);
    watch.add(follower);
    return true;
  }

  /** Asks the coordinator, and passes on what it tells. (L1) */
  #passOn(
    channel: Channel,
    asker: LinkAsker,
    peer: NonNullable<ReturnType<RpcHost["nodeLike"]>>,
    message: WatchMessage,
    nowMs: number,
  ): void {
    const { subject } = channel;
    const behalf = subject.kind === "client" ? subject.address : undefined;
    asker.isPassing = true;
    channel.asked.set(asker.id, asker); // first: it may be over before there is anything to give up
    let stop = (): void => undefined;
    asker.run = {
      fail: (error) => {
        stop();
        asker.failed(error);
      },
      abandon: () => {
        stop();
      },
    };
    stop = this.#questions.ask(
      peer,
      {
        triesMax: 1, // asked again, it would tell everything a second time
        write: (writer, id) => {
          writeWatch(writer, { ...message, id, behalf });
        },
        answered: (trace) => {
          asker.answeredWith(trace);
        },
        failed: (error) => {
          const text = `The way to node "${peer.name}", which coordinates request "${message.requestId}", is lost`;
          asker.failed(error ?? new MpregError("node-lost", text, { node: peer.name }));
        },
        event: (told) => {
          this.#pass(told, asker);
        },
      },
      nowMs,
    );
  }

  #pass({ missed, value, event }: EventMessage, asker: LinkAsker): void {
    if (missed > 0) asker.event({ kind: "missed", count: missed }, undefined);
    asker.event(this.#codec.decodeEvent(event), value);
  }

  #ended(trace: RequestTrace): void {
    const running = this.#running.get(trace.requestId);
    this.#running.delete(trace.requestId);
    this.#recent.add(trace, this.#host.nowMs());
    if (running === undefined || running.followers.size === 0) return;
    const encoded = this.#codec.encodeSummary(trace);
    for (const { sink } of running.followers) sink.answeredWith(encoded); // (L3)
    running.followers.clear();
  }
}
