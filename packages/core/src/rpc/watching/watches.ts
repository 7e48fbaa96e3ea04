/**
 * Watches: who may look at which request, while it runs and after it; here, or through this node at its coordinator.
 *
 * Owns the requests of this node that can be looked at. How one is told is `watch.ts`, how what came of it is kept
 * `recent.ts`.
 *
 * (L1) The id of a request names its coordinator: whoever else is asked passes that on, once, and what comes back. What a
 *      node asks is passed on only where that node has no way to the coordinator (`clients/questions.ts`).
 * (L2) The coordinator asks its policy for whoever watches, and so does the node that it is connected to, or lives in.
 * (L3) Whoever watches is answered once, with the trace, when the request ends; at once where it wants what is known now.
 *      When it leaves, nothing is told to it any more.
 * (L4) At most `watchersMax` watch one request besides its asker.
 * (L5) A list of requests is bounded, and says how many are not in it.
 * (L6) Of a request whose coordinator is remembered, and gone, nobody says that there was none: it is `node-lost`.
 */
import { MpregError, type Subject, assert, quoted } from "../../base/index.js";
import type { Target } from "../../routing/index.js";
import type { EventMessage, RequestStep } from "../../wire/index.js";
import { writeRequests, writeWatch } from "../../wire/index.js";
import type { RequestsFields, TopicReportFields, WatchFields } from "../caller/ask.js";
import type { EventSink, RequestEvent } from "../events.js";
import { allEvents } from "./history.js";
import type { RpcHost } from "../host.js";
import type { RpcLimits } from "../limits.js";
import {
  type ListedRequest,
  type RequestList,
  listedMax,
  listedRunning,
  requestCallerOf,
  unlistable,
  visible,
} from "./listing.js";
import type { AskOrigin } from "../origin.js";
import { type Passing, passOn } from "../clients/passing.js";
import type { Questions } from "../clients/questions.js";
import { Recent } from "./recent.js";
import { Summary, requestIdOf } from "./summary.js";
import { reportTopics } from "./topic-report.js";
import type { Peer } from "../task.js";
import type { RequestTrace } from "../types.js";
import type { Onlooker, TraceCodec } from "./onlooker.js";
import { type Listener, Watch } from "./watch.js";
import type { Watcher } from "./watcher.js";

const requestIdForm = /^([0-9a-f]{8})-[0-9a-z]{1,11}$/;

interface Follower extends Listener {
  readonly sink: Watcher;
}

interface Running {
  readonly watch: Watch;
  readonly followers: Set<Follower>;
  readonly caller: Subject;
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
    { request, origin }: { readonly request: number; readonly origin: AskOrigin },
    steps: readonly RequestStep[],
    nowMs: number,
  ): { readonly watch: Watch; readonly summary: Summary } {
    const { self, nodeName: node } = this.#host;
    const requestId = requestIdOf(self.nodeId, request);
    const summary = new Summary(requestId, node, nowMs);
    const listener = ask.watch === true ? { sink: asker, intermediates: ask.intermediates === true } : undefined;
    const now = (): number => this.#host.nowMs();
    const watch = new Watch({ requestId, node, summary }, steps, listener, now, (ended, trace) => {
      this.#ended(ended, trace);
    });
    const follower = this.#host.follower(requestId);
    if (follower !== undefined) watch.add({ sink: follower, intermediates: false });
    this.#running.set(requestId, { watch, followers: new Set(), caller: origin.caller });
    return { watch, summary };
  }

  /** Somebody wants to see something. */
  asked(onlooker: Onlooker, look: WatchFields | RequestsFields | TopicReportFields, nowMs: number): void {
    if (look.kind === "watch") this.#watch(onlooker, look, nowMs);
    else if (look.kind === "requests") this.#requests(onlooker, look, nowMs);
    else this.#topics(onlooker, look, nowMs);
  }

  /** What becomes of one request. */
  #watch(onlooker: Onlooker, look: WatchFields, nowMs: number): void {
    const { watcher, onBehalfOf } = onlooker;
    const { requestId, intermediates } = look;
    const { subject } = watcher;
    const fail = (code: "denied" | "invalid-argument" | "unknown-request", why: string): void => {
      const text = `Cannot look at request ${quoted(requestId)}: ${why}`;
      watcher.failed(new MpregError(code, text, { node: this.#host.nodeName }));
    };
    const decision = this.#host.policy(subject, { kind: "watch", request: requestId, intermediates, onBehalfOf }); // (L2)
    if (!decision.allow) return fail("denied", decision.reason);
    const coordinator = requestIdForm.exec(requestId)?.[1];
    if (coordinator === undefined) return fail("invalid-argument", "ids are like 0f1e2d3c-1a");
    if (this.#host.self.nodeId.startsWith(coordinator)) {
      if (this.#watchHere(watcher, look, nowMs)) return;
      const { tracesMax, traceMs } = this.#limits;
      const kept = `of graphs, the last ${tracesMax} are remembered for ${traceMs / 1000} s; of single calls those with onEvent or onSummary`;
      return fail("unknown-request", `node "${this.#host.nodeName}" knows of none with that id; ${kept}`);
    }
    const node = this.#host.nodeLike(coordinator);
    if (node.kind === "there" && mayPass(onlooker)) return this.#passOn(onlooker, node.owner, look, nowMs); // (L1)
    if (node.kind === "gone") return watcher.failed(lostWithIt(requestId, node)); // (L6)
    fail("unknown-request", `no node of the cluster has an id that begins with ${coordinator}`);
  }

  /** Which requests there are. */
  #requests(onlooker: Onlooker, look: RequestsFields, nowMs: number): void {
    const { watcher, onBehalfOf, asked } = onlooker;
    const { subject } = watcher;
    const { policy, self, nodeName } = this.#host;
    const answer = (list: RequestList): void => {
      watcher.answeredWith(this.#codec.encodeSummary(visible(list, policy, subject, onBehalfOf))); // (L2)
    };
    try {
      const peer = this.#meant(look.node, "requests", mayPass(onlooker));
      if (peer === self) return answer(this.#list(nowMs));
      const passing: Passing = {
        peer,
        what: "whose requests were to be listed",
        asked,
        write: (writer, id, behalf, relay) => {
          writeRequests(writer, { id, node: relay?.target, behalf, relay });
        },
        answered: (list) => {
          answer(this.#codec.decode(list) as RequestList);
        },
      };
      passOn(this.#questions, watcher, passing, "cancelled", nowMs); // (L1)
    } catch (error) {
      if (!(error instanceof MpregError)) throw error;
      watcher.failed(error.at({ node: nodeName }));
    }
  }

  /** What the topics of a node come to. */
  #topics(onlooker: Onlooker, look: TopicReportFields, nowMs: number): void {
    const host = this.#host;
    try {
      const peer = this.#meant(look.node, "topics", mayPass(onlooker));
      reportTopics({ host, codec: this.#codec, questions: this.#questions }, onlooker, peer, look, nowMs);
    } catch (error) {
      if (!(error instanceof MpregError)) throw error;
      onlooker.watcher.failed(error.at({ node: host.nodeName }));
    }
  }

  /** The node of that name or id, where it may be asked from here for what it has; without one, this node. */
  #meant(nameOrId: string | undefined, what: "requests" | "topics", isPassed: boolean): Peer {
    const { self } = this.#host;
    if (nameOrId === undefined) return self;
    const target = this.#host.target(nameOrId, false);
    if (target.kind === "there" && (target.owner === self || isPassed)) return target.owner;
    throw unlistable(nameOrId, what, target);
  }

  #list(nowMs: number): RequestList {
    const running: ListedRequest[] = [];
    for (const { watch, caller } of this.#running.values()) {
      if (running.length === listedMax) break; // (L5)
      running.push(listedRunning(watch, requestCallerOf(caller)));
    }
    const ended = this.#recent.list(nowMs);
    const requests = [...running, ...ended.slice(0, listedMax)]; // (L5)
    return { node: this.#host.nodeName, requests, leftOut: this.#running.size + ended.length - requests.length };
  }

  #watchHere(watcher: Watcher, { requestId, now, intermediates }: WatchFields, nowMs: number): boolean {
    const running = this.#running.get(requestId);
    if (running === undefined) {
      const recent = this.#recent.find(requestId, nowMs);
      if (recent === undefined) return false;
      const { trace, history, ageMs } = recent;
      if (!now) for (const event of allEvents(trace, history, ageMs)) watcher.event(event, undefined);
      watcher.answeredWith(this.#codec.encodeSummary(recent.trace));
      return true;
    }
    if (now) {
      watcher.answeredWith(this.#codec.encodeSummary(running.watch.trace));
      return true;
    }
    const { watch, followers } = running;
    const { watchersMax } = this.#limits;
    if (followers.size >= watchersMax) {
      const message = `${followers.size} others watch request "${requestId}" already (limits.watchersMax)`;
      watcher.failed(new MpregError("overloaded", message, { node: this.#host.nodeName })); // (L4)
      return true;
    }
    const follower: Follower = { sink: watcher, intermediates };
    const leave = (): void => {
      followers.delete(follower);
      watch.remove(follower);
    };
    watcher.follow({
      fail: (error) => {
        leave(); // (L3)
        watcher.failed(error);
      },
      abandon: leave,
    });
    followers.add(follower);
    watch.add(follower);
    return true;
  }

  /** Asks the coordinator, and passes on what it tells. (L1) */
  #passOn({ watcher, asked }: Onlooker, peer: Peer, look: WatchFields, nowMs: number): void {
    const passing: Passing = {
      peer,
      what: `which coordinates request "${look.requestId}"`,
      asked,
      write: (writer, id, behalf, relay) => {
        writeWatch(writer, { ...look, id, behalf, relay });
      },
      answered: (trace) => {
        watcher.answeredWith(trace);
      },
      event: (told) => {
        this.#pass(told, watcher);
      },
    };
    passOn(this.#questions, watcher, passing, "cancelled", nowMs);
  }

  #pass({ missed, value, event }: EventMessage, watcher: Watcher): void {
    if (missed > 0) watcher.event({ kind: "missed", count: missed }, undefined);
    watcher.event(this.#codec.decode(event) as RequestEvent, value);
  }

  #ended(watch: Watch, trace: RequestTrace): void {
    const running = this.#running.get(trace.requestId);
    assert(running !== undefined, "a request has ended twice");
    this.#running.delete(trace.requestId);
    if (this.#limits.tracesMax > 0) {
      const facts = { caller: requestCallerOf(running.caller), steps: watch.stepCounts };
      this.#recent.add(trace, facts, watch.history, this.#host.nowMs());
    }
    if (running.followers.size === 0) return;
    const encoded = this.#codec.encodeSummary(trace);
    for (const { sink } of running.followers) sink.answeredWith(encoded); // (L3)
  }
}

function lostWithIt(requestId: string, { name, state }: Extract<Target<Peer>, { readonly kind: "gone" }>): MpregError {
  const why = `node "${name}", which coordinated it, ${state}; what became of it is unknown`;
  const message = `Cannot look at request ${quoted(requestId)}: ${why}`;
  return new MpregError("node-lost", message, { outcome: "unknown", node: name });
}

/** Whether this node asks others what was asked here. (L1) */
function mayPass({ watcher, asked }: Onlooker): boolean {
  return watcher.subject.kind !== "node" || asked?.relay !== undefined;
}
