/**
 * Queue functions: queues as functions that nodes call of each other (docs/decisions/0017-queues.md).
 *
 * Owns which of them this node offers, and who may ask what. What a queue does is `queues/`.
 *
 * (Q1) Of every queue of this node there is a function of its name, as long as there is the queue.
 * (Q2) A queue that some node has, or had and may have again, is not placed anew (`queue-owners.ts`).
 * (Q3) What is not allowed is refused before anything is looked at.
 * (Q4) Where the node drains, what waits ends without a message, or a result: whoever has asked asks again, and waits elsewhere.
 * (Q5) A function becomes the consumer of a queue by somebody who may call it.
 * (Q6) Of two queues of one name the younger gives way (`queue-rivals.ts`).
 * (Q7) A receive that waits for a client without a connection is given nothing; it waits on, behind all others, once the client is back.
 * (Q8) What topics feed is created, or updated, once all nodes know of that (`queue-everywhere.ts`).
 */
import { MpregError, type Subject, type Timers, isA, quoted } from "../base/index.js";
import { type QueuesAnswers, queueFunction, queuePrefix, queuesFunction } from "../program/index.js";
import {
  type End,
  type GivenSettings,
  type OlderOwner,
  type QueueEnd,
  type QueueOperation,
  Queues,
  type QueuesLimits,
  type SpoolFigures,
  askedOperation,
  checkQueueName,
} from "../queues/index.js";
import type { Invocation } from "../rpc/index.js";
import { type Topics, authorizeSubscribe } from "../topics/index.js";
import type { OfferRecord } from "../wire/index.js";
import type { BuiltIn, BuiltIns, WaitingCall } from "./built-ins.js";
import type { Cluster } from "./cluster.js";
import { courierOf } from "./courier.js";
import type { QueueEvents } from "./queue-events.js";
import { whenKnownEverywhere } from "./queue-everywhere.js";
import { QueueFeeds } from "./queue-feeds.js";
import { Consumers } from "./consumers/consumers.js";
import type { ConsumersHost } from "./consumers/types.js";
import { awayOwnerOf, durableTag, ownerOf } from "./queue-owners.js";
import { statsPage } from "./queue-pages.js";
import { QueuePlacing } from "./queue-placing.js";
import { checkQueuesOperation } from "./asked-queues.js";
import { QueueRivals, createdTag } from "./queue-rivals.js";
import { type QueueAction, accessOf, queueRefusal } from "./queue-access.js";
import { plainEnds, settleSpooled, spool } from "./spool-functions.js";
import type { NodeCapabilities, NodeEvent, NodeOptions, StoreInput } from "./types.js";

/** As many as a node runs at all: those that wait hold no permit. */
const concurrencyMax = 1_000_000;

/** What queues need of the rest of their node. */
export interface QueueFunctionsHost extends Timers {
  readonly options: NodeOptions;
  readonly limits: QueuesLimits;
  readonly capabilities: NodeCapabilities;
  readonly cluster: Cluster;
  readonly topics: () => Topics;
  readonly builtIns: BuiltIns;
  readonly events: QueueEvents;
  readonly nowMs: () => number;
  readonly call: ConsumersHost["call"];
  readonly report: (event: NodeEvent) => void;
  /** This node does not offer `fun` any more: calls that wait for it are told. */
  readonly withdraw: (fun: string) => void;
}

/** An operation that waits, and who is told its end. */
interface Waiting {
  readonly queue: string;
  stop: () => void;
  /** It has waited long enough. */
  readonly late: () => void;
}

type Wait = Extract<QueueOperation, { readonly op: "receive" | "result" }>;

export class QueueFunctions {
  readonly #host: QueueFunctionsHost;
  readonly #queues: Queues;
  /** (Q4) */
  readonly #waiting = new Set<Waiting>();
  readonly #consumers: Consumers;
  readonly #rivals: QueueRivals;
  #isDraining = false;
  /** There once a queue is placed. */
  #placing: QueuePlacing | undefined;
  /** There once a topic feeds a queue. */
  #feeds: QueueFeeds | undefined;

  /** Offers what concerns no queue in particular, and the queues that are on the disk. */
  constructor(host: QueueFunctionsHost, nowMs: number) {
    this.#host = host;
    const { capabilities, limits, schedule, unschedule } = host;
    const { random, utf8, signer, store, cron } = capabilities;
    const courier = courierOf({ ...host, codec: capabilities.codec });
    this.#queues = new Queues(
      {
        courier,
        timers: { schedule, unschedule },
        random,
        utf8,
        store,
        cron,
        listener: host.events,
        sha256: (bytes) => signer.sha256(bytes),
        wallMs: () => capabilities.wallMs(),
      },
      limits,
      nowMs,
    );
    this.#rivals = new QueueRivals({
      schedule,
      unschedule,
      cluster: host.cluster,
      has: (queue) => this.#queues.has(queue),
      yields: (queue, to, at) => {
        this.#yields(queue, to, at);
      },
    });
    this.#consumers = new Consumers({
      schedule,
      unschedule,
      codec: capabilities.codec,
      decodeText: (bytes) => utf8.decode(bytes, 0, bytes.length),
      operate: (queue, operation, end) => this.#queues.operate(queue, operation, end as End, host.nowMs()),
      call: host.call,
    });
    host.builtIns.set(queuesFunction, this.#cluster);
    this.#register(offerOf(queuesFunction, store === undefined ? [] : [durableTag]), nowMs);
    for (const queue of this.#queues.names()) {
      const to = this.#queues.yieldedTo(queue);
      if (to !== undefined) {
        this.#handOver(queue, to, nowMs);
        continue;
      }
      this.#opened(queue, true, nowMs);
      this.#fed(queue, true, nowMs);
    }
  }

  /** The store has told something. */
  heard(input: StoreInput, nowMs: number): void {
    if (input.kind === "persisted") this.#queues.persisted(input.upTo, nowMs);
    else if (input.kind === "store-refused") this.#queues.refused(input.ticket, input.why, nowMs);
    else this.#queues.frozen(input.freeze, nowMs);
  }

  /** Another node has joined. */
  joined(nowMs: number): void {
    this.#feeds?.joined(nowMs);
  }

  /** Sends to queues what topics have told; answers whether there was anything. */
  feed(nowMs: number): boolean {
    return this.#feeds?.send(nowMs) === true;
  }

  /** The same with the next input. */
  feedSoon(nowMs: number): void {
    this.#feeds?.sendSoon(nowMs);
  }

  /** What this node keeps for queues that are elsewhere. */
  get spool(): SpoolFigures {
    return this.#queues.spooling.figures();
  }

  /** Messages that functions of the cluster work on. */
  get running(): number {
    return this.#consumers.running;
  }

  /** Does what queues and calls have told; answers whether there was anything. Call it at the end of each input. */
  settle(nowMs: number): boolean {
    return this.#consumers.settle(nowMs);
  }

  close(): void {
    this.#feeds?.close();
    this.#placing?.close();
    this.#consumers.close();
    this.#rivals.close();
    this.#queues.leave(this.#host.nowMs());
    this.#queues.close();
  }

  /** Some node has begun to offer `fun`: what waits for it goes on. */
  offered(fun: string, nowMs: number): void {
    this.#consumers.offered(fun);
    if (fun === queuesFunction) this.#placing?.retry(nowMs);
    if (!fun.startsWith(queuePrefix)) return;
    const queue = fun.slice(queuePrefix.length);
    this.#queues.spooling.wake(queue, nowMs);
    this.#rivals.offered(queue, nowMs);
  }

  /** (Q4) */
  drain(): void {
    this.#isDraining = true;
    this.#consumers.drain();
    this.#endWaiting(() => true);
  }

  /** Whoever has asked asks again, and waits elsewhere. */
  #endWaiting(which: (waiting: Waiting) => boolean): void {
    for (const waiting of this.#waiting) {
      if (!which(waiting)) continue;
      this.#waiting.delete(waiting);
      waiting.stop();
      waiting.late();
    }
  }

  /** This node has a queue of that name. (Q1) */
  #opened(queue: string, durable: boolean, nowMs: number): void {
    const fun = queueFunction(queue);
    this.#host.builtIns.set(fun, (invocation, args, end) => this.#operate(queue, invocation, args, end));
    const created = createdTag(this.#queues.describe(queue)?.createdMs ?? 0);
    this.#register(offerOf(fun, durable ? [durableTag, created] : [created]), nowMs);
    this.#changed(queue);
  }

  /** Another node has had it for longer. (Q6) */
  #yields(queue: string, to: OlderOwner, nowMs: number): void {
    this.#withdrawn(queue); // nothing is told to be deleted: the queue is there still, and gets what this one has
    this.#endWaiting((waiting) => waiting.queue === queue);
    this.#handOver(queue, to, nowMs);
    this.#host.report({ kind: "queue-yielded", queue, ...to, gone: false });
  }

  #handOver(queue: string, to: OlderOwner, nowMs: number): void {
    const { durable } = this.#queues.describe(queue)?.settings ?? { durable: false };
    const kept = (at: number): void => {
      this.#opened(queue, durable, at);
      this.#fed(queue, false, at);
    };
    const gone = (): void => {
      this.#host.report({ kind: "queue-yielded", queue, ...to, gone: true });
    };
    this.#queues.handOver(queue, to, { kept, gone }, nowMs);
  }

  #changed(queue: string): void {
    const is = this.#queues.describe(queue);
    if (is !== undefined) this.#consumers.changed(queue, is);
  }

  /** Its topics are others. */
  #fed(queue: string, isOld: boolean, nowMs: number): void {
    const topics = this.#queues.topicsOf(queue);
    if (topics.length === 0 && this.#feeds === undefined) return;
    const { options, capabilities, topics: of, nowMs: now, schedule, unschedule } = this.#host;
    this.#feeds ??= new QueueFeeds({
      schedule,
      unschedule,
      topics: of,
      topicLimits: options.topics,
      utf8: capabilities.utf8,
      queues: this.#queues,
      nowMs: now,
      wallMs: () => capabilities.wallMs(),
    });
    this.#feeds.set(queue, topics, isOld, nowMs);
  }

  /** It has none any more. (Q1) */
  #removed(queue: string, messages: number): void {
    this.#host.events.deleted(queue, messages);
    this.#withdrawn(queue);
  }

  #withdrawn(queue: string): void {
    this.#feeds?.remove(queue, this.#host.nowMs());
    const fun = queueFunction(queue);
    this.#consumers.removed(queue);
    this.#host.builtIns.delete(fun);
    this.#host.withdraw(fun);
  }

  #operate(
    queue: string,
    invocation: Invocation,
    args: readonly unknown[],
    end: (result: unknown) => void,
  ): (() => void) | WaitingCall {
    const operation = askedOperation(queue, args[0]);
    this.#authorize(invocation, accessOf[operation.op], queue);
    if (operation.op === "transfer") checkNode(invocation, queue);
    if (operation.op === "receive" || operation.op === "result") return this.#wait(queue, operation, end);
    if (operation.op === "update") this.#authorizeSettings(invocation, operation.settings);
    if (operation.op === "redrive") this.#authorizeTarget(invocation, operation.to);
    let giveUp: (() => void) | undefined;
    const ended = (how: QueueEnd): void => {
      if (operation.op === "delete" && how.kind === "done") this.#removed(queue, how.value as number);
      // not of one that gives way by now: nothing would ever end what is begun for it
      if (operation.op === "update" && how.kind === "done" && this.#queues.has(queue)) {
        this.#fed(queue, false, this.#host.nowMs());
        this.#changed(queue);
        if (operation.settings.topics !== undefined) {
          giveUp = this.#onceKnown(queue, () => {
            end(how.value);
          });
          return;
        }
      }
      end(how.kind === "failed" ? how.error : plainEnds(how.value));
    };
    const stop = this.#queues.operate(queue, operation, ended, this.#host.nowMs());
    return () => {
      stop();
      giveUp?.();
    };
  }

  /** (Q4, Q7) */
  #wait(queue: string, asked: Wait, end: (result: unknown) => void): WaitingCall {
    const { nowMs } = this.#host;
    const operation = this.#isDraining ? { ...asked, waitMs: 0 } : asked;
    const untilMs = nowMs() + operation.waitMs;
    const waiting: Waiting = {
      queue,
      stop: () => undefined,
      late: () => {
        end(asked.op === "receive" ? [] : { kind: "waiting" });
      },
    };
    this.#waiting.add(waiting);
    const ended = (how: QueueEnd): void => {
      this.#waiting.delete(waiting);
      end(how.kind === "failed" ? how.error : how.value);
    };
    waiting.stop = this.#queues.operate(queue, operation, ended, nowMs());
    return {
      giveUp: () => {
        this.#waiting.delete(waiting);
        waiting.stop();
      },
      heard: (isHeard) => {
        if (operation.op !== "receive") return;
        waiting.stop(); // (Q7)
        if (!isHeard) return;
        const waitMs = Math.max(0, untilMs - nowMs());
        try {
          waiting.stop = this.#queues.operate(queue, { ...operation, waitMs }, ended, nowMs());
        } catch (error) {
          if (!isA(error, MpregError)) throw error;
          ended({ kind: "failed", error });
        }
      },
    };
  }

  readonly #cluster: BuiltIn = (invocation, [operation], end) => {
    const asked = checkQueuesOperation(operation);
    switch (asked.op) {
      case "list":
        end(this.#list());
        return undefined;
      case "stats": {
        const mayLook = (queue: string): boolean => this.#refusal(invocation, "browse", queue) === undefined;
        end(statsPage(this.#queues, asked.after, mayLook, this.#host.nowMs()));
        return undefined;
      }
      case "seen":
        this.#authorizeAny(invocation, asked.queue);
        end(this.#seen(asked.queue));
        return undefined;
      case "place":
        checkQueueName(asked.queue);
        this.#placing ??= new QueuePlacing(this.#host);
        return this.#placing.place(() => ownerOf(this.#host, asked.queue, asked.durable), end); // (Q2)
      case "create":
        return this.#create(invocation, asked.queue, asked.settings, end);
      case "spool":
        this.#authorize(invocation, "send", asked.queue);
        return spool({ ...this.#host, queues: this.#queues }, asked, end);
      case "spooled":
        end(
          this.#queues.spooling.list().filter(({ queue }) => this.#refusal(invocation, "browse", queue) === undefined),
        );
        return undefined;
      case "settle-spooled":
        if (asked.queue !== undefined) this.#authorize(invocation, "manage", asked.queue);
        settleSpooled(
          { ...this.#host, queues: this.#queues },
          asked,
          (queue) => this.#refusal(invocation, "manage", queue) === undefined,
          end,
        );
        return undefined;
      case "keepers":
        end(this.#host.cluster.catalog.offersOf(queuesFunction).map(({ owner }) => owner.nodeId));
        return undefined;
    }
  };

  #create(invocation: Invocation, queue: string, settings: GivenSettings, end: (result: unknown) => void): () => void {
    this.#authorize(invocation, "manage", queue);
    this.#authorizeSettings(invocation, settings);
    const { nowMs } = this.#host;
    let giveUp: (() => void) | undefined;
    this.#queues.create(
      queue,
      settings,
      (how) => {
        if (how.kind === "failed") return end(how.error);
        if (how.created) {
          this.#opened(queue, how.settings.durable, nowMs());
          this.#fed(queue, false, nowMs());
          this.#host.events.created(queue);
        }
        giveUp = this.#onceKnown(queue, () => {
          end(how.settings);
        });
      },
      nowMs(),
    );
    return () => giveUp?.();
  }

  /** (Q8) At once where no topics feed it. */
  #onceKnown(queue: string, then: () => void): (() => void) | undefined {
    if (this.#queues.topicsOf(queue).length > 0) return whenKnownEverywhere(this.#host, then, this.#host.nowMs());
    then();
    return undefined;
  }

  #seen(queue: string): QueuesAnswers["seen"] {
    const { cluster, options } = this.#host;
    if (this.#queues.has(queue)) return { node: options.name, is: "here" };
    const away = awayOwnerOf(cluster, queue);
    if (away !== undefined) return { node: options.name, is: "unknown", away };
    const is = cluster.offerings.withdrawn.has(queueFunction(queue)) ? "deleted" : "unknown";
    return { node: options.name, is };
  }

  #list(): string[] {
    const names = [...this.#host.cluster.catalog.functions()].filter((fun) => fun.startsWith(queuePrefix));
    return names.map((fun) => fun.slice(queuePrefix.length)).sort();
  }

  #register(offer: OfferRecord, nowMs: number): void {
    this.#host.cluster.offerings.register(offer, undefined, nowMs);
  }

  /** Who has a queue fed by topics may subscribe to these (Q3), who has it worked off by a function may call that (Q5). */
  #authorizeSettings(invocation: Invocation, { topics, consumer, deadLetter }: GivenSettings): void {
    this.#authorizeTarget(invocation, deadLetter);
    const { subject, onBehalfOf } = askerOf(invocation);
    const { policy } = this.#host.options;
    if (topics !== undefined) authorizeSubscribe(policy, subject, topics, onBehalfOf);
    const fun = consumer?.function;
    if (fun === undefined) return;
    const decision = policy(subject, { kind: "call", fun, onBehalfOf });
    if (decision.allow) return;
    throw new MpregError("denied", `Not allowed to have ${quoted(fun)} called for a queue: ${decision.reason}`);
  }

  /** Who has messages moved to a queue may send to it. (Q3) */
  #authorizeTarget(invocation: Invocation, queue: string | undefined): void {
    if (queue !== undefined) this.#authorize(invocation, "send", queue);
  }

  /** (Q3) */
  #authorize(invocation: Invocation, kind: QueueAction["kind"], queue: string): void {
    const refusal = this.#refusal(invocation, kind, queue);
    if (refusal !== undefined) throw refusal;
  }

  /** Who may do anything with a queue is told where it is: what a program makes of a refusal depends on it. (Q3) */
  #authorizeAny(invocation: Invocation, queue: string): void {
    const mayNot = (kind: QueueAction["kind"]): boolean => this.#refusal(invocation, kind, queue) !== undefined;
    if (mayNot("send") && mayNot("receive") && mayNot("manage")) this.#authorize(invocation, "browse", queue);
  }

  #refusal(invocation: Invocation, kind: QueueAction["kind"], queue: string): MpregError | undefined {
    const { subject, onBehalfOf } = askerOf(invocation);
    return queueRefusal(this.#host.options.policy, subject, { kind, queue, onBehalfOf });
  }
}

/** Whatever numbers a client gave, it could keep the messages of a node away. */
function checkNode({ caller }: Invocation, queue: string): void {
  if (caller.kind !== "client") return;
  throw new MpregError("denied", `Not allowed to transfer to queue ${quoted(queue)}: nodes do`);
}

function askerOf({ caller }: Invocation): { readonly subject: Subject; readonly onBehalfOf: Subject | undefined } {
  const isRelayed = caller.kind === "client" && caller.via !== undefined;
  return isRelayed ? { subject: { kind: "self" }, onBehalfOf: caller } : { subject: caller, onBehalfOf: undefined };
}

function offerOf(fun: string, tags: readonly string[]): OfferRecord {
  return { fun, resources: [], version: undefined, tags, scope: "cluster", concurrencyMax, idempotent: "no" };
}
