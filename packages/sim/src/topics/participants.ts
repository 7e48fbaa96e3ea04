/**
 * Participants: the clients of a world of topics, what they have published and what their subscriptions have heard.
 *
 * What is written down here is judged by `check-deliveries.ts`.
 *
 * (W1) What is missing is written down where it is told: before the message with which it comes, or behind the last one.
 * (W2) A subscription is to get what is published while the whole cluster has said that it serves it, over one connection: at the
 *      processes that were of the cluster then. One that joins later, or was cut off, serves it when it has heard of it.
 * (W3) It is to get what was published before, too, where it is told of the past and that is whole: while it had no connection, where it says that
 *      the gap is filled; and in the time that it wants replayed, in a world without faults.
 */
import { MpregError } from "@mpreg/core/base";
import type { NodeProcess } from "../node/process.js";
import type { World } from "../world.js";
import type { PlannedPublish, PlannedSubscription } from "./plan.js";

/** A message as its subscriber sees it. */
export interface TopicsMessage {
  readonly topic: string;
  readonly payload: unknown;
  /** How many messages are missing before it; Infinity: nobody knows. */
  readonly missedBefore?: number | undefined;
}

export interface TopicsSubscription {
  readonly missed: number;
  readonly unknownGaps: number;
  readonly closed: Promise<void>;
  everywhere(): Promise<void>;
  unsubscribe(): Promise<void>;
  status(): AsyncIterable<{ readonly kind: string; readonly gap?: string }>;
}

export interface TopicsSubscribeOptions {
  readonly group?: string | undefined;
  readonly backlog?: PlannedSubscription["backlog"];
  readonly overflow?: PlannedSubscription["overflow"];
  readonly buffer?: { readonly messages?: number | undefined } | undefined;
  readonly windowBytes?: number | undefined;
  readonly onMessage: (message: TopicsMessage) => unknown;
}

/** A client that publishes and subscribes, and stays connected whatever happens to its links: the real one, over simulated sockets. */
export interface TopicsClient {
  /** Connections that it has opened so far. */
  readonly connections: number;
  /** The node that it is connected to. */
  readonly node: string | undefined;
  subscribe(patterns: readonly string[], options: TopicsSubscribeOptions): Promise<TopicsSubscription>;
  publish(topic: string, payload: unknown, priority: number | undefined): Promise<unknown>;
  close(): void;
}

export interface TopicsClientHost {
  /** Something has happened to the client: promises may have been settled. */
  stirred(): void;
  /** Of what it has published, so many messages may not have arrived. */
  publishesLost(count: number): void;
}

/** Makes a client of the world that knows the nodes of these names. */
export type ConnectTopicsClient = (
  world: World,
  name: string,
  nodes: readonly string[],
  host: TopicsClientHost,
) => TopicsClient;

/** A message that was published. */
export interface PublishedMessage {
  readonly index: number;
  readonly client: number;
  readonly topic: string;
  readonly priority: number | undefined;
  readonly atMs: number;
  /** The node that its client was connected to. */
  readonly node: string | undefined;
  readonly process: NodeProcess | undefined;
  /** How many connections its client had opened when it was published; `undefined`: it left over another one. */
  connection: number | undefined;
  state: "waits" | "left" | "failed";
  /** Its publisher was told that it may not have arrived. */
  mayBeLost: boolean;
}

/** What a subscription hears, in its order. (W1) */
export type Heard =
  | { readonly kind: "message"; readonly message: PublishedMessage; readonly connection: number }
  /** `count` messages are missing here; Infinity: nobody knows how many. */
  | { readonly kind: "missed"; readonly count: number; readonly atMs: number };

export class Subscriber {
  /** Its position in the plan. */
  readonly index: number;
  readonly plan: PlannedSubscription;
  readonly heard: Heard[] = [];
  /** Since when the whole cluster serves it, and until when it did so before. (W2, W3) */
  readonly served: { readonly fromMs: number; readonly by: ReadonlySet<NodeProcess>; untilMs: number }[] = [];
  isOver = false;
  handle: TopicsSubscription | undefined;
  #missed = 0;
  #gaps = 0;

  constructor(index: number, plan: PlannedSubscription) {
    this.index = index;
    this.plan = plan;
  }

  /** Whether the whole cluster serves it. */
  get isServed(): boolean {
    return this.served.at(-1)?.untilMs === Infinity;
  }

  /** Whether the message was to reach it, if it wants it. */
  wasServed({ atMs, process }: PublishedMessage): boolean {
    if (process === undefined) return false;
    return this.served.some(({ fromMs, untilMs, by }) => fromMs <= atMs && atMs < untilMs && by.has(process));
  }

  /** What was published since `fromMs` at those processes it was told. (W3) */
  wasTold(fromMs: number, by: ReadonlySet<NodeProcess>, nowMs: number): void {
    this.served.push({ fromMs, by, untilMs: nowMs });
  }

  noServed(nowMs: number): void {
    const last = this.served.at(-1);
    if (last?.untilMs === Infinity) last.untilMs = nowMs;
  }

  /** Writes down what was told as missing since it was called last; before the first messages the message alone tells it. (W1) */
  noteMissed(atMs: number, missedBefore: number = 0): void {
    if (this.handle === undefined && missedBefore > 0) {
      this.heard.push({ kind: "missed", count: missedBefore, atMs });
      if (missedBefore === Infinity) this.#gaps += 1;
      else this.#missed += missedBefore;
    }
    if (this.handle === undefined) return;
    const { missed, unknownGaps } = this.handle;
    if (unknownGaps > this.#gaps) this.heard.push({ kind: "missed", count: Infinity, atMs });
    if (missed > this.#missed) this.heard.push({ kind: "missed", count: missed - this.#missed, atMs });
    this.#missed = missed;
    this.#gaps = unknownGaps;
  }
}

export class Participants {
  readonly published: PublishedMessage[] = [];
  readonly subscribers: Subscriber[] = [];
  readonly clients: readonly TopicsClient[];
  /** Set where a promise may have been settled. */
  isStirred = false;
  /** Consumers take at once from now on. */
  isHurried = false;
  readonly #world: World;
  readonly #isUndisturbed: boolean;
  readonly #tell: (guarantee: string, message: string) => void;

  /** `isUndisturbed`: the world is without faults. */
  constructor(
    world: World,
    plans: readonly { readonly name: string; readonly nodes: readonly string[] }[],
    connect: ConnectTopicsClient,
    tell: (guarantee: string, message: string) => void,
    isUndisturbed: boolean = false,
  ) {
    this.#world = world;
    this.#isUndisturbed = isUndisturbed;
    this.#tell = tell;
    this.clients = plans.map(({ name, nodes }, client) =>
      connect(world, name, nodes, {
        stirred: () => {
          this.isStirred = true;
        },
        publishesLost: (count) => {
          this.#lost(client, count);
        },
      }),
    );
  }

  /** Lets time pass until `isOver`, at most `withinMs`, with all that promises lead to. */
  async pass(isOver: () => boolean, withinMs: number): Promise<void> {
    const endMs = this.#world.nowMs + withinMs;
    const reached = { is: false };
    while (!reached.is && this.#world.nowMs < endMs && this.#world.violations.length === 0) {
      this.isStirred = false;
      const stirredOrOver = (): boolean => {
        reached.is = isOver();
        return reached.is || this.isStirred;
      };
      await this.#world.until(stirredOrOver, { withinMs: endMs - this.#world.nowMs });
    }
  }

  subscribe(index: number, plan: PlannedSubscription): void {
    const subscriber = new Subscriber(index, plan);
    this.subscribers.push(subscriber);
    void this.#subscribe(subscriber);
    const { forMs } = plan;
    if (forMs === undefined) return;
    this.#world.after(forMs, () => {
      this.leave(subscriber);
    });
  }

  /** It wants nothing more. */
  leave(subscriber: Subscriber): void {
    this.#over(subscriber);
    void subscriber.handle?.unsubscribe();
  }

  publish({ client, topic, count, bytes, priority }: PlannedPublish): PublishedMessage[] {
    return Array.from({ length: count }, () => {
      const { clients, published } = this;
      const by = clients[client] as TopicsClient;
      const { connections } = by;
      const message: PublishedMessage = {
        index: published.length,
        client,
        topic,
        priority,
        atMs: this.#world.nowMs,
        node: by.node,
        process: this.#processOf(by.node),
        connection: undefined,
        state: "waits",
        mayBeLost: false,
      };
      published.push(message);
      this.isStirred = true;
      by.publish(topic, [message.index, new Uint8Array(bytes)], priority).then(
        () => {
          message.state = "left";
          if (by.connections === connections) message.connection = connections;
        },
        () => {
          message.state = "failed";
        },
      );
      return message;
    });
  }

  async #subscribe(subscriber: Subscriber): Promise<void> {
    const { plan } = subscriber;
    const client = this.clients[plan.client] as TopicsClient;
    const { patterns, group, backlog, overflow, bufferMessages, windowBytes } = plan;
    const buffer = bufferMessages === undefined ? undefined : { messages: bufferMessages };
    try {
      const handle = await client.subscribe(patterns, {
        group,
        backlog,
        overflow,
        buffer,
        windowBytes,
        onMessage: (message) => this.#heard(subscriber, message),
      });
      subscriber.handle = handle;
      if (subscriber.isOver) return void handle.unsubscribe();
      handle.closed.catch(() => undefined); // that it has ended is an event, too
      this.#toldOfThePast(subscriber);
      void this.#everywhere(subscriber, handle);
      for await (const { kind, gap } of handle.status()) {
        if (gap === "filled") this.#filled(subscriber);
        if (kind === "disconnected") subscriber.noServed(this.#world.nowMs);
        else if (kind === "resubscribed") void this.#everywhere(subscriber, handle);
        else if (kind === "ended") this.#over(subscriber);
      }
      this.#over(subscriber); // it may have ended before anybody read its status
    } catch (error) {
      this.#over(subscriber);
      this.#tell("subscribes", `Subscription ${subscriber.index} is refused: ${String(error)}`);
    }
  }

  /** (W3) */
  #toldOfThePast(subscriber: Subscriber): void {
    const { backlog, group, client } = subscriber.plan;
    if (!this.#isUndisturbed || typeof backlog !== "object" || group !== undefined) return;
    const { nowMs } = this.#world;
    subscriber.wasTold(nowMs - backlog.ageMs, this.#clusterOf(this.clients[client]?.node), nowMs);
  }

  /** (W3) */
  #filled(subscriber: Subscriber): void {
    const last = subscriber.served.at(-1);
    if (last !== undefined && !subscriber.isServed) subscriber.wasTold(last.untilMs, last.by, this.#world.nowMs);
  }

  async #everywhere(subscriber: Subscriber, handle: TopicsSubscription): Promise<void> {
    const { connections } = this.clients[subscriber.plan.client] as TopicsClient;
    try {
      await handle.everywhere();
    } catch (error) {
      const hasEnded = error instanceof MpregError && error.code === "closed"; // of which its status tells next
      if (!subscriber.isOver && !hasEnded) this.#tell("everywhere", `everywhere() rejects: ${String(error)}`);
      return;
    }
    const isSame = (this.clients[subscriber.plan.client] as TopicsClient).connections === connections; // (W2)
    if (isSame && !subscriber.isOver && !subscriber.isServed) {
      const by = this.#clusterOf((this.clients[subscriber.plan.client] as TopicsClient).node);
      subscriber.served.push({ fromMs: this.#world.nowMs, by, untilMs: Infinity });
    }
  }

  #processOf(node: string | undefined): NodeProcess | undefined {
    const found = node === undefined ? undefined : this.#world.nodes.get(node);
    return found === undefined || found.state === "down" ? undefined : found.process;
  }

  /** The processes of the cluster, as `node` knows it. */
  #clusterOf(node: string | undefined): ReadonlySet<NodeProcess> {
    if (this.#processOf(node) === undefined) return new Set();
    const known = this.#world.node(node as string).nodes();
    return new Set(known.flatMap(({ name }) => this.#processOf(name) ?? []));
  }

  #heard(subscriber: Subscriber, { topic, payload, missedBefore }: TopicsMessage): unknown {
    subscriber.noteMissed(this.#world.nowMs, missedBefore); // (W1)
    const message = this.published[(payload as readonly [number])[0]];
    if (message?.topic !== topic) {
      this.#tell("true-messages", `A message of "${topic}" is heard that nobody has published`);
      return undefined;
    }
    const { connections } = this.clients[subscriber.plan.client] as TopicsClient;
    subscriber.heard.push({ kind: "message", message, connection: connections });
    const { takesMs } = subscriber.plan;
    if (takesMs === 0 || this.isHurried) return undefined;
    return new Promise<void>((resolve) => {
      this.#world.after(takesMs, () => {
        this.isStirred = true;
        resolve();
      });
    });
  }

  #over(subscriber: Subscriber): void {
    if (subscriber.isOver) return;
    subscriber.isOver = true;
    subscriber.noServed(this.#world.nowMs);
  }

  /** The last `count` that have left may not have arrived. */
  #lost(client: number, count: number): void {
    let left = count;
    for (const message of this.published.toReversed()) {
      if (left === 0) return;
      if (message.client !== client || message.state !== "left" || message.mayBeLost) continue;
      message.mayBeLost = true;
      left -= 1;
    }
  }
}
