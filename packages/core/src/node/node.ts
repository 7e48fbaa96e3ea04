/**
 * Node machine: one node, as one deterministic machine. The only place where the domains meet.
 *
 * Owns the one queue of deadlines and routes every input to its domain. It does nothing by itself: the driver hands
 * in what happened and when, carries out the effects, and calls `flush` at the end of each turn.
 *
 * (Z1) The same inputs at the same times, with the same random numbers and the same wall clock, give the same effects.
 * (Z2) Effects never call back into the machine; what they cause comes back as a later input.
 * (Z3) After `close` nothing runs, nothing waits, and every ask has been settled.
 */
import {
  Deadlines,
  type DueItem,
  MpregError,
  type Policy,
  type Timers,
  guardPolicy,
  unreachable,
} from "../base/index.js";
import { type Goodbye, type LinkId, answersFactor, nodeIdOf } from "../link/index.js";
import { Peer, Rpc, type RpcCounters } from "../rpc/index.js";
import { TopicLinks, Topics, type TopicsFigures } from "../topics/index.js";
import type { InspectSubject } from "../wire/index.js";
import { Announcements } from "./announcements.js";
import { BuiltIns } from "./built-ins.js";
import { Cluster } from "./cluster.js";
import { Doors } from "./doors.js";
import { Drain } from "./drain.js";
import { inspect } from "./inspect.js";
import type { Interests } from "./interests.js";
import { Links } from "./links.js";
import { type SpoolFigures, noSpoolFigures } from "../queues/index.js";
import { QueueFunctions, type QueueFunctionsHost } from "./queue-functions.js";
import { rpcHost } from "./rpc-host.js";
import type { NodeSize } from "./size.js";
import { Tickets } from "./tickets.js";
import { takeTopicInput } from "./topic-inputs.js";
import { type TopicsSurroundings, topicLinksHost, topicsHost } from "./topics-host.js";
import { givingBack } from "./unheard-receives.js";
import type { NodeCapabilities, NodeEffects, NodeEvent, NodeInput, NodeOptions } from "./types.js";

export class NodeMachine {
  readonly id: string;
  readonly name: string;
  readonly #options: NodeOptions;
  readonly #capabilities: NodeCapabilities;
  readonly #effects: NodeEffects;
  readonly #deadlines = new Deadlines<DueItem>();
  readonly #timers: Timers;
  readonly #cluster: Cluster;
  readonly #builtIns: BuiltIns;
  readonly #surroundings: TopicsSurroundings;
  readonly #rpc: Rpc;
  readonly #topics: Topics;
  readonly #announcements: Announcements;
  readonly #links: Links;
  readonly #doors: Doors;
  /** There once the node has started: what is on the disk is recovered as of then. */
  #queues: QueueFunctions | undefined;
  readonly #tickets: Tickets;
  #drain: Drain | undefined;
  #closed = false;
  /** When the input that is being taken came. */
  #nowMs = 0;

  constructor(given: NodeOptions, capabilities: NodeCapabilities, effects: NodeEffects) {
    const policy = guardPolicy(given.policy, ({ kind: action }, error) => {
      effects.report({ kind: "policy-failed", action, error });
    });
    const options: NodeOptions = { ...given, policy };
    const { random, signer, codec } = capabilities;
    this.#options = options;
    this.#capabilities = capabilities;
    this.#effects = effects;
    this.name = options.name;
    this.id = nodeIdOf(signer.publicKey, signer);
    const self = new Peer(this.id, options.name, options.urls);
    const timers: Timers = {
      schedule: (item: DueItem, dueMs: number): void => {
        this.#deadlines.set(item, dueMs);
      },
      unschedule: (item: DueItem): void => {
        this.#deadlines.remove(item);
      },
    };
    this.#timers = timers;
    this.#announcements = new Announcements({
      nodeId: this.id,
      nodeName: options.name,
      topics: () => this.#topics,
      codec,
      utf8: capabilities.utf8,
      random,
      wallMs: () => capabilities.wallMs(),
    });
    this.#cluster = new Cluster(self, options, {
      ...timers,
      random,
      signer,
      utf8: capabilities.utf8,
      semver: capabilities.semver,
      incarnation: (incarnation) => {
        effects.remember(incarnation);
      },
      running: () => this.#rpc.running,
      reached: (peer, nowMs) => {
        this.#rpc.reached(peer, nowMs);
        this.#topics.linked(peer.nodeId, nowMs);
      },
      unreachable: (peer, nowMs) => {
        this.#rpc.unreachable(peer, nowMs);
      },
      down: (peer, nowMs) => {
        this.#rpc.down(peer, nowMs);
      },
      dial: (dial, nowMs) => {
        const decision = options.policy({ kind: "self" }, { kind: "dial", url: dial.url });
        if (decision.allow) effects.dial(dial);
        else this.#cluster.dialFailed(dial.attempt, decision.reason, nowMs);
      },
      report: (event) => {
        effects.report(event);
        this.#announcements.reported(event);
        if (event.kind === "node-lost") {
          this.#topics.forget(event.nodeId, event.reason.code === "closing", this.#nowMs);
        } else if (event.kind === "link-lost") this.#topics.unlinked(event.nodeId, isComplete(event), this.#nowMs);
        else if (event.kind === "node-joined") {
          this.#topics.linked(event.nodeId, this.#nowMs); // its link may have stayed
          this.#queues?.joined(this.#nowMs);
        }
      },
      offered: (fun, nowMs) => {
        this.#rpc.offered(fun, nowMs);
        this.#queues?.offered(fun, nowMs);
      },
      replaced: (nodeId, run, nowMs) => {
        this.#topics.replaced(nodeId, run, nowMs);
      },
      overflowed: (channel) => {
        this.#links.overflowed(channel);
      },
    });
    this.#builtIns = new BuiltIns({
      codec,
      here: () => this.#rpc.here,
      nowMs: () => this.#nowMs,
      invoked: (id, result, timings, nowMs) => {
        this.#rpc.invoked(id, result, timings, nowMs);
      },
    });
    this.#rpc = new Rpc(
      rpcHost({
        ...timers,
        options,
        random,
        signer,
        self,
        cluster: this.#cluster,
        announcements: this.#announcements,
        effects,
        builtIns: this.#builtIns,
        topics: () => this.#topics,
        aborted: (id) => {
          this.#tickets.abort(id);
        },
        nowMs: () => this.#nowMs,
      }),
      options.rpc,
      {
        keptBytesMax: options.link.queueBytesMax * answersFactor,
        leftPerLinkMax: options.rpc.leftPerLinkMax,
        encodeSummary: (summary) => codec.encode(summary, "summary"),
        encodeEvent: (event) => codec.encode(event, "event"),
        decode: (bytes) => codec.decode(bytes),
        givesBack: givingBack(
          codec,
          () => this.#rpc,
          () => this.#nowMs,
        ),
        overflowed: (channel) => {
          this.#links.overflowed(channel);
        },
        backlogged: (channel) => {
          this.#links.backlogged(channel);
        },
        supersede: (channel, nowMs) => {
          this.#links.supersede(channel, nowMs);
        },
      },
    );
    const surroundings: TopicsSurroundings = (this.#surroundings = {
      ...timers,
      options,
      capabilities,
      cluster: this.#cluster,
      links: () => this.#links,
      questions: () => this.#rpc.resuming.questions,
      nowMs: () => this.#nowMs,
    });
    this.#topics = new Topics(topicsHost(surroundings, this.#announcements), options.topics);
    this.#tickets = new Tickets({ ...timers, rpc: this.#rpc, effects, nowMs: () => this.#nowMs });
    this.#links = new Links({
      ...timers,
      options,
      identity: () => {
        const { name, cluster } = options;
        return { publicKey: signer.publicKey, name, cluster, urls: self.urls, run: this.run };
      },
      capabilities,
      effects,
      cluster: this.#cluster,
      rpc: this.#rpc,
      topics: new TopicLinks(this.#topics, topicLinksHost(surroundings)),
      inspect: (subject, nowMs) => this.inspect(subject, nowMs),
    });
    const state = { isDraining: () => this.isDraining, nowMs: () => this.#nowMs };
    this.#doors = new Doors({ options, capabilities, effects, rpc: this.#rpc, topics: this.#topics, ...state });
  }

  /** 8 random bytes of this process. */
  get run(): Uint8Array {
    return this.#cluster.membership.own.run;
  }

  /** When the machine next needs a `tick`; `Infinity` when it waits for nothing. */
  get nextDueMs(): number {
    return this.#closed ? Infinity : this.#deadlines.nextDueMs; // (Z3)
  }

  get size(): NodeSize {
    const links = this.#links.size;
    return {
      ...links,
      ...this.#cluster.size,
      ...this.#rpc.size,
      asked: links.asked + this.#doors.asked,
      doors: this.#doors.size,
      ...this.#tickets.size,
      subscriptions: this.#topics.subscriptions,
      blockedPublishes: this.#topics.blockedPublishes,
      confirmations: this.#topics.confirmations,
      timers: this.#deadlines.size - this.#links.scheduled - this.#cluster.scheduled - this.#topics.scheduled,
    };
  }

  /** Decides who may do what; its failures are refusals. */
  get policy(): Policy {
    return this.#options.policy;
  }

  /** What has become of the steps that this node coordinates. */
  get counters(): RpcCounters {
    return this.#rpc.counters;
  }

  /** What of topics is held here, and what has become of messages. */
  get topicFigures(): TopicsFigures {
    return this.#topics.figures;
  }

  /** What is kept here for queues of other nodes. */
  get spoolFigures(): SpoolFigures {
    return this.#queues?.spool ?? noSpoolFigures;
  }

  /** Takes what has happened. Call {@link flush} at the end of the turn, and neither of them from an effect (Z2). */
  handle(input: NodeInput, nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#deadlines.nextDueMs <= nowMs) this.#runDue(nowMs);
    this.#take(input, nowMs);
    this.#settle(nowMs);
    this.#doors.settle();
  }

  /** Goes on with what an input has caused, until nothing follows from it. */
  #settle(nowMs: number): void {
    do {
      do this.#rpc.here.settle(nowMs);
      while (this.#builtIns.settle(nowMs) || this.#queues?.settle(nowMs) === true);
      this.#announcements.publish(nowMs);
      this.#topics.settle(nowMs);
    } while (this.#queues?.feed(nowMs) === true);
  }

  #take(input: NodeInput, nowMs: number): void {
    switch (input.kind) {
      case "link-bytes":
        return this.#receive(input.link, input.bytes, nowMs);
      case "invoked":
        this.#tickets.ending(input.id);
        return this.#rpc.invoked(input.id, input.result, input.timings, nowMs);
      case "progress":
        return this.#rpc.reported(input.invocation, input.progress);
      case "opened":
        return this.#rpc.streaming.opened(input.id, input.timings, nowMs);
      case "made":
        return this.#rpc.streaming.made(input.id, input.item, nowMs);
      case "read":
        return this.#rpc.streaming.readings.read(input, nowMs);
      case "leave":
        return this.#rpc.streaming.readings.leave(input.reader, input.stream);
      case "ask":
        return this.#tickets.ask(input, this.#closed ? this.#closedError : undefined, nowMs);
      case "withdraw":
        return this.#tickets.withdraw(input.ticket);
      case "link-writable":
        this.#doors.get(input.link)?.writable(nowMs);
        return this.#links.writable(input.link);
      case "link-opened":
        if (this.#closed) return this.#effects.close(input.link, this.#goodbye); // (Z3)
        if (input.protocol === "native") this.#links.open(input.link, input.attempt, input.address, nowMs);
        else this.#doors.open(input.link, input.address);
        return;
      case "link-closed":
        return this.#lost(input.link, input.reason, nowMs);
      case "dial-failed":
        return this.#cluster.dialFailed(input.attempt, input.reason, nowMs);
      case "register":
        this.#withdrawn(input.offer.fun, input.offer.version, nowMs, () => {
          this.#cluster.offerings.register(input.offer, input.queueMax, nowMs);
        });
        this.#announcements.offered(input.offer);
        return;
      case "unregister":
        this.#unregister(input.fun, input.version, nowMs);
        this.#announcements.withdrawn(input.fun, input.version);
        return;
      case "publish":
      case "subscribe":
      case "unsubscribe":
      case "taken":
      case "everywhere":
      case "leave-everywhere":
      case "part":
        return takeTopicInput(this.#topics, this.interests, input, nowMs);
      case "seeds":
        return this.#cluster.seeds(input.source, input.urls, nowMs);
      case "persisted":
      case "store-refused":
      case "store-frozen":
        return this.#queues?.heard(input, nowMs);
      case "start":
        this.#startQueues(nowMs);
        return this.#cluster.start(nowMs);
      case "drain":
        return this.#startDrain(input.graceMs, nowMs);
      case "tick":
        return;
      case "close":
        return this.#close(nowMs);
      default:
        unreachable(input);
    }
  }

  /** Ends the turn: what it has queued for others is sent. */
  flush(nowMs: number): void {
    this.#doors.flush(nowMs);
    this.#topics.settle(nowMs); // who has just gone may have kept others waiting
    this.#queues?.feedSoon(nowMs);
    this.#topics.flush(nowMs);
    this.#links.flush(nowMs);
    this.#drain?.look(nowMs);
  }

  /** Whether this node is about to leave, and takes nothing new. */
  get isDraining(): boolean {
    return this.#drain !== undefined;
  }

  /** Whether the far side of `link` has got through its handshake; on the JSON protocol, has made a valid request. */
  isKnown(link: LinkId): boolean {
    return this.#doors.get(link)?.isKnown ?? this.#links.isOpen(link);
  }

  /** Whether some node offers the function, as far as this one knows. */
  isOffered(fun: string): boolean {
    return this.#cluster.catalog.offersOf(fun).length > 0;
  }

  isRegistered(fun: string): boolean {
    return this.#cluster.catalog.has(this.#cluster.self, fun);
  }

  /** What this node and others want of topics. */
  get interests(): Interests {
    return this.#cluster.interests;
  }

  inspect(subject: InspectSubject, nowMs: number): unknown {
    return inspect(subject, this.#cluster, this.#rpc.here, nowMs);
  }

  #unregister(fun: string, version: string | undefined, nowMs: number): void {
    this.#withdrawn(fun, version, nowMs, () => {
      this.#cluster.offerings.unregister(fun, version);
    });
  }

  /** Lets those who wait for what the function was before `change` go elsewhere. */
  #withdrawn(fun: string, version: string | undefined, nowMs: number, change: () => void): void {
    const { catalog, self } = this.#cluster;
    const before = catalog.offerOf(self, fun, version);
    change();
    if (before !== undefined) this.#rpc.here.withdrawn(before, nowMs);
  }

  #runDue(nowMs: number): void {
    for (;;) {
      const item = this.#deadlines.takeDue(nowMs);
      if (item === undefined) return;
      item.onDue(nowMs);
    }
  }

  #receive(link: LinkId, bytes: Uint8Array, nowMs: number): void {
    const door = this.#doors.get(link);
    if (door !== undefined) door.receive(bytes, nowMs);
    else this.#links.receive(link, bytes, nowMs);
  }

  #lost(link: LinkId, reason: string, nowMs: number): void {
    if (!this.#doors.lost(link, nowMs)) this.#links.lost(link, reason, nowMs);
  }

  #startQueues(nowMs: number): void {
    const limits = this.#options.queues;
    if (limits === undefined) return;
    const withdraw = (fun: string): void => {
      this.#unregister(fun, undefined, this.#nowMs);
    };
    const call: QueueFunctionsHost["call"] = (fields, origin, asker, atMs, onStart) => {
      this.#rpc.call(fields, origin, asker, atMs, onStart);
    };
    const host = {
      ...this.#surroundings,
      limits,
      topics: () => this.#topics,
      events: this.#announcements.queues,
      builtIns: this.#builtIns,
      call,
      withdraw,
      report: (event: NodeEvent) => {
        this.#effects.report(event);
      },
    };
    this.#queues = new QueueFunctions(host, nowMs);
  }

  #startDrain(graceMs: number, nowMs: number): void {
    if (this.#drain !== undefined || this.#closed) return;
    const host = {
      ...this.#timers,
      size: () => withMessages(this.#rpc.size, this.#queues?.running ?? 0),
      isAsked: (atMs: number) => this.#links.isAsked(atMs) || this.#doors.asked > 0 || this.#topics.hasLeftBehind,
      over: (left: number) => {
        this.#effects.report({ kind: "drained", left });
      },
    };
    this.#drain = new Drain(host, graceMs, nowMs);
    this.#rpc.drain();
    this.#queues?.drain();
    this.#cluster.membership.drain(nowMs); // before the links: a node that hears of it knows already
    this.#links.drain();
    this.#effects.report({ kind: "draining", graceMs });
  }

  #close(nowMs: number): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#drain?.stop();
    this.#topics.leave(nowMs);
    this.#queues?.close();
    this.#cluster.stop(nowMs);
    const error = new MpregError("closed", this.#goodbye.reason, { node: this.name });
    this.#tickets.close(error);
    this.#doors.close(this.#goodbye, nowMs);
    this.#links.close(this.#goodbye, error, nowMs); // (Z3)
  }

  get #closedError(): MpregError {
    return new MpregError("closed", `Node "${this.name}" is closed`);
  }

  get #goodbye(): Goodbye {
    return { code: "closing", reason: `Node "${this.name}" is closing` };
  }
}

/** Whether a link has ended where its far side had nothing more to say. */
function isComplete({ reason: { code }, endedBy }: Extract<NodeEvent, { kind: "link-lost" }>): boolean {
  return code === "idle" || code === "duplicate" || (code === "closing" && endedBy === "there");
}

/** What runs, with the messages of queues that functions work on: their acknowledgements come after their calls. */
function withMessages<Size extends { readonly tasks: number }>(size: Size, messages: number): Size {
  return messages === 0 ? size : { ...size, tasks: size.tasks + messages };
}
