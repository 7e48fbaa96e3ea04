/**
 * Participants: the clients of a world of queues: what they send, receive, and do with what they received.
 *
 * What is written down here is judged by the checkers.
 *
 * (P1) Consumers draw what they do from streams of their own.
 * (P2) Everything that is asked ends: `waiting` is 0 once all is quiet.
 */
import { MpregError, isA } from "@mpreg/core/base";
import type { QueueMessage, ReceiveOptions, SentOrRefused } from "@mpreg/core/program";
import type { SeededRandom } from "../capabilities/random.js";
import { SimulationError } from "../simulation-error.js";
import type { World } from "../world.js";
import type { ConnectQueuesClient, Handle, QueuesClient, QueuesValue } from "./client.js";
import {
  type Delivery,
  type History,
  type ResultAsked,
  type SentMessage,
  type Settling,
  type Tell,
  failed,
  leaseOf,
} from "./history.js";
import { endSchedules, makeSchedule, publish, scheduledMessage, sendAndWait } from "./fed.js";
import type {
  Habits,
  PlannedConsumer,
  PlannedFeed,
  PlannedQueue,
  PlannedSchedule,
  PlannedSend,
  PlannedWork,
} from "./plan.js";
import { type Asker, doWork, redriveAll, wipe } from "./work.js";

/** How long a consumer waits after what it asked was refused, in ms. */
const pauseMs = 100;
/** How often what does nothing twice is asked for. */
const triesMax = 20;
/** Longer than a receive waits, which ends when the world does. */
const drainWaitMs = 50;

export class Participants {
  readonly #world: World;
  readonly #history: History;
  readonly #tell: Tell;
  readonly #clients: readonly QueuesClient[];
  readonly #handles = new Map<string, Handle>();
  #isStirred = false;
  #receives = 0;
  #waiting = 0;
  /** Consumers stop. */
  #isOver = false;

  constructor(
    world: World,
    clients: readonly { readonly name: string; readonly nodes: readonly string[] }[],
    connect: ConnectQueuesClient,
    history: History,
    tell: Tell,
  ) {
    this.#world = world;
    this.#history = history;
    this.#tell = tell;
    this.#clients = clients.map(({ name, nodes }) =>
      connect(world, name, nodes, () => {
        this.#isStirred = true;
      }),
    );
  }

  /** What was asked and has not ended. (P2) */
  get waiting(): number {
    return this.#waiting;
  }

  /** Lets time pass until `isOver`, at most `withinMs`, with all that promises lead to. */
  async pass(isOver: () => boolean, withinMs: number): Promise<void> {
    const endMs = this.#world.nowMs + withinMs;
    const reached = { is: false };
    while (!reached.is && this.#world.nowMs < endMs && this.#world.violations.length === 0) {
      this.#isStirred = false;
      const stirredOrOver = (): boolean => {
        reached.is = isOver();
        return reached.is || this.#isStirred;
      };
      await this.#world.until(stirredOrOver, { withinMs: endMs - this.#world.nowMs });
    }
  }

  /** What a promise comes to, while the world goes on. */
  async awaited<T>(promise: Promise<T>, withinMs: number): Promise<T> {
    const settled = { is: false };
    const isSettled = (): void => {
      settled.is = true;
    };
    promise.then(isSettled, isSettled);
    await this.pass(() => settled.is, withinMs);
    if (!settled.is) throw new SimulationError(`Nothing came of it within ${withinMs} ms`);
    return promise;
  }

  async create({ name, owner, settings, subscriptions }: PlannedQueue, withinMs: number): Promise<void> {
    const client = this.#clients[0] as QueuesClient;
    const create = (): Promise<unknown> =>
      client.queue(name, { ...settings, owner: this.#world.node(owner).id }).create();
    await this.awaited(this.#persistently(create), withinMs);
    for (const subscription of subscriptions)
      await this.awaited(
        this.#persistently(() => client.queue(name).subscribe(subscription)),
        withinMs,
      );
  }

  send(plan: PlannedSend): void {
    if (plan.awaited !== undefined) {
      for (let count = 0; count < plan.count; count++) void sendAndWait(plan, this.#asker);
      return;
    }
    const { queue, client, bytes, group, dedup, idempotencyKey, priority, delayMs, accept } = plan;
    const { sent } = this.#history;
    const after = plan.afterLast === undefined ? [] : this.#lastOf(queue, plan.afterLast);
    const keepResult = plan.resultWithinMs !== undefined;
    const options = given({
      group,
      dedup,
      idempotencyKey,
      priority,
      delayMs,
      after: after.length === 0 ? undefined : after.map(({ id }) => id),
      keepResult: keepResult ? true : undefined,
    });
    const messages: SentMessage[] = [];
    for (let count = 0; count < plan.count; count++) {
      const message: SentMessage = {
        index: sent.length,
        client,
        queue,
        group,
        dedup,
        idempotencyKey,
        delayMs: delayMs ?? this.#history.queueOf(queue).settings.delayMs ?? 0,
        askedMs: this.#world.nowMs,
        batch: plan.isBatch === true ? (messages[0]?.index ?? sent.length) : undefined,
        after: after.map(({ message: other }) => other),
        keepResult,
        end: { kind: "waits" },
      };
      sent.push(message);
      messages.push(message);
    }
    const handle = this.#handle(client, queue);
    const valueOf = ({ index }: SentMessage): QueuesValue => [index, new Uint8Array(bytes)];
    if (plan.isBatch === true) {
      const batch = messages.map((message) => ({ value: valueOf(message), ...options }));
      this.#asked(handle.sendBatch(batch, given({ accept }))).then(
        (ends) => {
          for (const [at, message] of messages.entries()) this.#told(message, ends[at] as SentOrRefused);
        },
        (error: unknown) => {
          for (const message of messages) message.end = failed(error, this.#world.nowMs);
        },
      );
      return;
    }
    for (const message of messages) {
      this.#asked(handle.send(valueOf(message), { ...options, ...given({ accept }) })).then(
        (told) => {
          this.#told(message, { sent: told });
          if (keepResult && told.spooled !== true && !told.duplicate)
            void this.result(message, plan.resultWithinMs, false);
        },
        (error: unknown) => {
          message.end = failed(error, this.#world.nowMs);
        },
      );
    }
  }

  /** What the queue has taken last, and has a place in it. */
  #lastOf(queue: string, count: number): readonly { readonly id: string; readonly message: SentMessage }[] {
    return this.#history.sent
      .flatMap((message) => {
        const { end } = message;
        const isThere = message.queue === queue && end.kind === "done" && !end.duplicate && !end.spooled;
        return isThere ? [{ id: end.id, message }] : [];
      })
      .slice(-count);
  }

  /** What becomes of a message that the queue has taken. */
  async result(message: SentMessage, timeoutMs: number, isLast: boolean): Promise<void> {
    if (message.end.kind !== "done") return;
    const asked: ResultAsked = { message, askedMs: this.#world.nowMs, isLast, end: { kind: "waits" } };
    this.#history.results.push(asked);
    try {
      const handle = this.#handle(message.client, message.queue);
      const result = await this.#asked(handle.result(message.end.id, { timeoutMs }));
      asked.end = { kind: "done", atMs: this.#world.nowMs, result };
    } catch (error) {
      asked.end = failed(error, this.#world.nowMs);
    }
  }

  #told(message: SentMessage, end: SentOrRefused): void {
    const atMs = this.#world.nowMs;
    if (end.sent === undefined) message.end = failed(end.error, atMs);
    else {
      const { id, sequence, duplicate, spooled = false } = end.sent;
      message.end = { kind: "done", atMs, id, sequence: Number(sequence), duplicate, spooled };
    }
  }

  schedule(plan: PlannedSchedule): void {
    void makeSchedule(plan, this.#asker);
  }

  endSchedules(): Promise<void> {
    return endSchedules(this.#asker);
  }

  publish(plan: PlannedFeed): void {
    void publish(plan, this.#asker);
  }

  work(planned: PlannedWork, random: SeededRandom): void {
    doWork(planned, this.#asker, random);
  }

  /** All letters that a queue has go back where they come from, as far as they can. */
  redriveAll({ name }: PlannedQueue, perSecond: number | undefined): Promise<void> {
    return redriveAll(name, perSecond, this.#asker);
  }

  /** Receives again and again, until the plan is over. */
  consume(plan: PlannedConsumer, random: SeededRandom): void {
    void this.#consume(plan, random, this.#world.nowMs + plan.forMs);
  }

  /** Consumers ask for nothing more. */
  end(): void {
    this.#isOver = true;
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  /** Takes out and acknowledges what a queue still has; answers whether it is empty. */
  async drain({ name, subscriptions }: PlannedQueue): Promise<boolean> {
    const lines = subscriptions.length === 0 ? [undefined] : subscriptions;
    for (const subscription of lines) {
      const wish = { max: 100, waitMs: drainWaitMs };
      const messages = await this.receive(0, name, subscription === undefined ? wish : { ...wish, subscription });
      await Promise.all(messages.map((message) => this.#settle(message, "ack", 0)));
    }
    try {
      // what comes in from elsewhere has its room before it is on the disk: that passes, and what leaks stays
      for (let tries = 1; ; tries++) {
        const { messages, available, delayed, leased, bytes } = await this.#asked(this.#handle(0, name).stats());
        if (messages > 0) return false;
        if (available + delayed + leased + bytes === 0) return true;
        if (tries >= triesMax) {
          const left = `${available} available, ${delayed} delayed, ${leased} leased, ${bytes} bytes`;
          this.#tell("nothing-left", `Queue "${name}" has no message, and counts ${left}`);
          return true;
        }
        await this.#sleep(pauseMs);
      }
    } catch (error) {
      return isUnknown(error);
    }
  }

  /** Whether no node has a queue of that name: it was deleted, or in memory. */
  async isGone({ name }: PlannedQueue): Promise<boolean> {
    try {
      await this.#persistently(() => this.#handle(0, name).stats());
      return false;
    } catch (error) {
      return isUnknown(error);
    }
  }

  /** Creates again what was deleted, or was in memory and is gone. */
  async createAgain(queue: PlannedQueue, withinMs: number): Promise<void> {
    this.#history.born(queue.name, this.#world.nowMs);
    await this.create(queue, withinMs);
  }

  /** It is gone then, whatever broke meanwhile. */
  async delete(queue: PlannedQueue): Promise<void> {
    for (let tries = 1; tries <= triesMax; tries++) {
      await wipe("delete", this.#handle(0, queue.name), this.#asker);
      if (await this.isGone(queue)) return;
      await this.#sleep(pauseMs);
    }
  }

  async #consume(plan: PlannedConsumer, random: SeededRandom, untilMs: number): Promise<void> {
    const { client, queue, subscription, max, waitMs, visibilityMs } = plan;
    const isOver = (): boolean => this.#isOver || this.#world.nowMs >= untilMs;
    while (!isOver()) {
      const messages = await this.receive(client, queue, {
        max,
        waitMs,
        ...(subscription !== undefined && { subscription }),
        ...(visibilityMs !== undefined && { visibilityMs }),
      });
      if (messages.length === 0) await this.#sleep(waitMs === 0 ? random.between(10, pauseMs) : pauseMs);
      for (const message of messages) {
        if (plan.takesMs[1] > 0) await this.#sleep(random.between(...plan.takesMs));
        await this.#deal(message, plan.habits, random); // (P1)
      }
    }
  }

  async #deal(received: Received, habits: Habits, random: SeededRandom): Promise<void> {
    let drawn = random.next();
    const does = (chance: number): boolean => {
      const isIt = drawn >= 0 && drawn < chance;
      drawn -= chance;
      return isIt;
    };
    const { visibleForMs } = received.delivery;
    if (does(habits.forget)) return;
    if (does(habits.release)) return this.#settle(received, "release", random.chance(0.5) ? 0 : 50);
    if (does(habits.extend)) {
      await this.#settle(received, "extend", visibleForMs * 2);
      await this.#sleep(visibleForMs * 1.2);
    } else if (does(habits.late)) await this.#sleep(visibleForMs * random.between(0.9, 1.5));
    await this.#settle(received, "ack", 0);
  }

  /** What a receive brought, written down; nothing where it failed. */
  async receive(client: number, queue: string, wish: ReceiveOptions): Promise<readonly Received[]> {
    const askedMs = this.#world.nowMs;
    let messages: readonly QueueMessage<QueuesValue>[];
    try {
      messages = await this.#asked(this.#handle(client, queue).receive(wish));
    } catch (error) {
      failed(error, askedMs);
      return [];
    }
    const receive = ++this.#receives;
    return messages.flatMap((message) => {
      const [index] = message.value;
      const isScheduled = index < 0;
      const sent = isScheduled
        ? scheduledMessage(message, this.#history, this.#world.nowMs)
        : this.#history.sent[index];
      if (sent === undefined) {
        this.#history.strays.push({ queue, value: message.value });
        return [];
      }
      const delivery: Delivery = {
        message: sent,
        queue,
        subscription: wish.subscription,
        lease: leaseOf(message.receipt),
        id: message.id,
        receives: message.receives,
        receive,
        visibleForMs: message.visibleForMs,
        deadLetter: message.deadLetter,
        askedMs,
        gotMs: this.#world.nowMs,
        settlings: [],
      };
      this.#history.deliveries.push(delivery);
      return [{ message, delivery }];
    });
  }

  async #settle({ message, delivery }: Received, what: Settling["what"], ms: number): Promise<void> {
    const { message: of, lease } = delivery;
    const isAnswered = what === "ack" && of.keepResult;
    const result = isAnswered ? `${lease.sequence}.${lease.lane}.${lease.lease}` : undefined;
    const settling: Settling = { what, result, askedMs: this.#world.nowMs, visibilityMs: ms, end: { kind: "waits" } };
    delivery.settlings.push(settling);
    try {
      if (what === "ack") await this.#asked(message.ack(given({ result })));
      else if (what === "extend") await this.#asked(message.extend(Math.ceil(ms)));
      else await this.#asked(message.release(ms === 0 ? {} : { delayMs: ms }));
      settling.end = { kind: "done", atMs: this.#world.nowMs };
    } catch (error) {
      settling.end = failed(error, this.#world.nowMs);
    }
  }

  #handle(client: number, queue: string): Handle {
    const key = `${client} ${queue}`;
    let handle = this.#handles.get(key);
    if (handle === undefined) {
      handle = (this.#clients[client] as QueuesClient).queue<QueuesValue>(queue);
      this.#handles.set(key, handle);
    }
    return handle;
  }

  /**
   * What `ask` comes to, asked for again where a link has broken meanwhile, as a user does. Links that broke in silence are noticed when
   * somebody uses them, also after all is healed. Only for what does nothing when it was done already.
   */
  async #persistently<T>(ask: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#asked(ask());
      } catch (error) {
        if (!isA(error, MpregError) || isUnknown(error) || tries >= triesMax) throw error;
      }
      await this.#sleep(pauseMs);
    }
  }

  async #asked<T>(promise: Promise<T>): Promise<T> {
    this.#waiting += 1;
    this.#isStirred = true;
    try {
      return await promise;
    } finally {
      this.#waiting -= 1;
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#world.after(ms, () => {
        this.#isStirred = true;
        resolve();
      });
    });
  }

  readonly #asker: Asker = {
    nowMs: () => this.#world.nowMs,
    history: () => this.#history,
    handle: (client, queue) => this.#handle(client, queue),
    publish: (client, topic, value) => (this.#clients[client] as QueuesClient).publish(topic, value),
    asked: (promise) => this.#asked(promise),
    persistently: (ask) => this.#persistently(ask),
    sleep: (ms) => this.#sleep(ms),
  };
}

/** What is not `undefined`. */
function given<T extends object>(options: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}

function isUnknown(error: unknown): boolean {
  return error instanceof MpregError && error.code === "unknown-queue";
}

/** A message as it was received, and as it was written down. */
interface Received {
  readonly message: QueueMessage<QueuesValue>;
  readonly delivery: Delivery;
}
