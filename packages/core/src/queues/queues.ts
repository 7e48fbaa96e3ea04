/**
 * Queues: the queues of one node.
 *
 * Owns their names, and the way from an operation to its queue. It knows nothing of calls, clients or other nodes: whoever takes an operation from
 * somewhere hands it in with `operate`, and is told the end.
 *
 * (M1) An end is told once: within the call where there is nothing to wait for, else later. It must not call back into the queues.
 * (M2) A queue is there once its record is on the disk, and gone for good once the deletion is.
 */
import { MpregError, hexOf, quoted, suggestion } from "../base/index.js";
import type { Freeze, Refusal, Ticket } from "../journal/index.js";
import { browse, statsOf } from "./browsing.js";
import type { Change } from "./settings/changes.js";
import { extend } from "./leases/extending.js";
import type { Feeding } from "./sources/feeding.js";
import { checkSame } from "./settings/given-settings.js";
import { HandingOver, type HandingOverHost } from "./leaving/handing-over.js";
import type { QueueHere, QueueHost, QueuesCapabilities } from "./host.js";
import { type QueuesLimits, defaultQueuesLimits } from "./limits.js";
import { Sealer } from "./message/sealed.js";
import { deleteQueue, purge } from "./leaving/purging.js";
import { Queue } from "./queue.js";
import type { OlderOwner, QueueIdentity } from "./store/record.js";
import { answerWaiters, receive, withAttempt } from "./leases/receiving.js";
import { recover } from "./store/recovery.js";
import { prepareScheduled, prepareTransfer, send } from "./sending/sending.js";
import { checkQueueName, checkSettingNames, checkSettings, defaultQueueSettings } from "./settings/settings.js";
import { ack, release } from "./leases/settling.js";
import { checkOperation } from "./asked/checks.js";
import { Spooling } from "./spool/spooling.js";
import { Taking } from "./spool/taking.js";
import { subscribe, unsubscribe } from "./settings/subscribing.js";
import { Sweeping } from "./leaving/sweeping.js";
import { Tables } from "./store/tables.js";
import type { GivenSettings, Operation, QueueAnswers, QueueEnd, QueueOperation, QueueSettings } from "./types.js";
import { withdraw } from "./leaving/withdrawing.js";
import { Writes } from "./store/writes.js";

/** What a creation has come to: the settings of the queue, and whether it is new. */
export type CreateEnd =
  | { readonly kind: "done"; readonly created: boolean; readonly settings: QueueSettings }
  | { readonly kind: "failed"; readonly error: MpregError };

export type End<O extends Operation = Operation> = (end: QueueEnd<O>) => void;

const nothing = (): void => undefined;

/** What a queue that hands over does not do any more. */
const takes: ReadonlySet<Operation> = new Set<Operation>(["send", "transfer", "delete", "redrive"]);
const queueIdMax = 2 ** 32 - 2;
/** Numbers up to there are written as text several times as fast, and each message is called by that of its queue. */
const firstNumberMax = 2 ** 31 - 1_000_000;

export class Queues {
  readonly #capabilities: QueuesCapabilities;
  readonly #limits: QueuesLimits;
  readonly #queues = new Map<string, Queue>();
  readonly #writes: Writes;
  #host: QueueHost | undefined;
  /** Numbers of queues that were in the store, and those of which rows were. */
  #known: ReadonlySet<number> = new Set<number>();
  #lastNumber: number | undefined;
  /** What this node keeps for queues that are elsewhere. */
  readonly spooling: Spooling;
  /** Of queues to which other nodes have handed something on. */
  readonly #takings = new WeakMap<Queue, Taking>();
  /** Queues that give what they have to older ones of their name. */
  #handingOver: Map<string, HandingOver> | undefined;
  /** Names that are on their way to the disk, and who wants the same queue and waits for that. */
  readonly #creating = new Map<string, ((nowMs: number) => void)[]>();

  /** With a store, what is in it is there at once: `nowMs` is the time of that. */
  constructor(capabilities: QueuesCapabilities, limits: QueuesLimits = defaultQueuesLimits, nowMs: number = 0) {
    this.#capabilities = capabilities;
    this.#limits = limits;
    this.#writes = new Writes(capabilities.store);
    this.spooling = new Spooling(() => this.#shared(), capabilities);
    if (capabilities.store !== undefined) this.#recover(nowMs);
  }

  names(): readonly string[] {
    return [...this.#queues.keys()].sort();
  }

  /** Of a queue that is there. */
  describe(name: string): Pick<QueueIdentity, "settings" | "createdMs"> | undefined {
    return this.#queues.get(name);
  }

  /**
   * Creates a queue. Answers whether it is new: creating one that is there changes nothing. One that is being created just now is waited for.
   *
   * `invalid-argument` where there is one that differs in a setting that was given; `unsupported` for a durable one on a node without a store.
   */
  create(name: string, given: GivenSettings, end: (end: CreateEnd) => void, nowMs: number): void {
    try {
      const before = this.#queues.get(name);
      if (before !== undefined) {
        checkSettingNames(name, given);
        checkSame(name, before.settings, defaultQueueSettings, given);
        end({ kind: "done", created: false, settings: before.settings });
        return;
      }
      const settings = this.#checked(name, given);
      const later = this.#creating.get(name);
      if (later === undefined) this.#create(name, settings, end, nowMs);
      else {
        later.push((at) => {
          this.create(name, given, end, at); // as if it had come now
        });
      }
    } catch (error) {
      end({ kind: "failed", error: ownError(error) });
    }
  }

  /** Does one operation on one queue; answers how to give it up, where it waits. */
  operate(name: string, operation: QueueOperation, end: End, nowMs: number): () => void {
    try {
      const queue = this.#queues.get(name);
      if (queue === undefined) throw this.#unknown(name);
      queue.checkUsable();
      const handingOver = this.#handingOver?.get(name);
      if (handingOver !== undefined && takes.has(operation.op)) throw handingOver.refusal();
      checkOperation(queue, operation, this.#limits);
      queue.advance(nowMs);
      return this.#operate(queue, operation, end, nowMs);
    } catch (error) {
      end({ kind: "failed", error: ownError(error) });
      return nothing;
    }
  }

  /** The topics that feed a queue; none where there is no such queue. */
  topicsOf(name: string): readonly string[] {
    return this.#queues.get(name)?.settings.topics ?? [];
  }

  /** What the feeding of a queue knows; `undefined` where there is no such queue. */
  feedingOf(name: string): Feeding | undefined {
    return this.#queues.get(name)?.feeding;
  }

  /** Whether there is one of that name that keeps it. */
  has(name: string): boolean {
    const queue = this.#queues.get(name);
    return queue !== undefined && queue.yieldedTo === undefined;
  }

  /** Where a queue hands over what it has. */
  yieldedTo(name: string): OlderOwner | undefined {
    return this.#queues.get(name)?.yieldedTo;
  }

  /** The queue gives all that it has to the older one of its name, and is gone then; `kept`: it stays after all. */
  handOver(name: string, to: OlderOwner, ends: { kept(nowMs: number): void; gone(): void }, nowMs: number): void {
    const queue = this.#queues.get(name);
    if (queue === undefined) return;
    const handing = (this.#handingOver ??= new Map<string, HandingOver>());
    const over = (): void => {
      this.#overGiving(name);
    };
    const mark = (done: (isMarked: boolean, at: number) => void, at: number): void => {
      const begin = (): Change => ({
        record: {},
        done: (then) => {
          done(true, then);
        },
      });
      const failed = (): void => {
        done(false, at);
      };
      queue.changes.make({ begin, failed }, at);
    };
    const host: HandingOverHost = {
      timers: this.#capabilities.timers,
      isElsewhere: () => this.spooling.targetOf(name) !== undefined,
      mark,
      keep: (at) => {
        over();
        queue.yieldedTo = undefined;
        queue.dependents.failBehindMoved(at);
        mark(() => undefined, at); // refused, it hands over again after a restart, if there is anybody
        ends.kept(at);
      },
      remove: (failed, at) => {
        const deleted = ({ kind }: QueueEnd): void => {
          if (kind === "failed") return failed();
          over();
          ends.gone();
        };
        this.#delete(queue, deleted, at);
      },
    };
    const isMarked = queue.yieldedTo !== undefined;
    queue.yieldedTo = to;
    handing.set(name, new HandingOver(queue, { to, isMarked }, host, nowMs));
  }

  #overGiving(name: string): void {
    this.#handingOver?.get(name)?.close();
    this.#handingOver?.delete(name);
  }

  /** The store says how far it is. */
  persisted(upTo: Ticket, nowMs: number): void {
    this.#writes.persisted(upTo, nowMs);
  }

  refused(ticket: Ticket, why: Refusal, nowMs: number): void {
    this.#writes.refused(ticket, why, nowMs);
  }

  /** Nothing durable can be done any more; queues in memory go on. */
  frozen(freeze: Freeze, nowMs: number): void {
    this.#writes.freeze(freeze, nowMs);
    for (const queue of this.#queues.values()) if (queue.durable) queue.close(freeze.error);
    this.#host?.sweeping.close();
    this.spooling.close();
  }

  /** The node is about to close: what was put off is written. */
  leave(nowMs: number): void {
    for (const queue of this.#queues.values()) queue.leave(nowMs);
  }

  /** Ends what waits, and takes all timers back. */
  close(): void {
    const error = new MpregError("closed", "The node is closed");
    for (const each of this.#handingOver?.values() ?? []) each.close();
    for (const queue of this.#queues.values()) queue.close(error);
    this.#queues.clear();
    this.#host?.sweeping.close();
    this.spooling.close();
  }

  #operate(queue: Queue, operation: QueueOperation, end: End, nowMs: number): () => void {
    const done = <O extends Operation>(_op: O, value: QueueAnswers[O]): void => {
      end({ kind: "done", value });
    };
    switch (operation.op) {
      case "send":
        send(queue, operation.messages, end, nowMs);
        return nothing;
      case "receive":
        return receive(queue, operation, end, nowMs);
      case "ack":
        ack(queue, operation, end, nowMs);
        return nothing;
      case "release":
        release(queue, withAttempt(queue, operation), end, nowMs);
        return nothing;
      case "extend":
        if (operation.visibilityMs === 0) release(queue, { receipts: operation.receipts, delayMs: 0 }, end, nowMs);
        else extend(queue, operation, end, nowMs);
        return nothing;
      case "result":
        return queue.results.ask(operation.id, operation.waitMs, end, nowMs);
      case "withdraw":
        withdraw(queue, operation.id, end, nowMs);
        return nothing;
      case "browse":
        done("browse", browse(queue, operation));
        return nothing;
      case "stats":
        done("stats", statsOf(queue, this.#takings.get(queue)?.kept, nowMs));
        return nothing;
      case "settings":
        done("settings", queue.settings);
        return nothing;
      case "purge":
        purge(queue, end, nowMs);
        return nothing;
      case "delete":
        this.#delete(queue, end, nowMs);
        return nothing;
      case "update":
        this.#update(queue, operation.settings, end, nowMs);
        return nothing;
      case "subscribe":
        subscribe(queue, operation.name, end, nowMs);
        return nothing;
      case "unsubscribe":
        unsubscribe(queue, operation.name, end, nowMs);
        return nothing;
      case "transfer":
        this.#taking(queue).take(operation, end, nowMs);
        return nothing;
      case "redrive":
        queue.redriving.start(operation, end, nowMs);
        return nothing;
      case "redrives":
        done("redrives", queue.redriving.list());
        return nothing;
      case "cancel-redrive":
        queue.redriving.cancel(operation.id, end, nowMs);
        return nothing;
      case "schedule":
        queue.scheduling.set(operation, end, nowMs);
        return nothing;
      case "unschedule":
        queue.scheduling.remove(operation.name, end, nowMs);
        return nothing;
      case "schedules":
        done("schedules", queue.scheduling.list(nowMs));
        return nothing;
    }
  }

  #create(name: string, settings: QueueSettings, end: Parameters<Queues["create"]>[2], nowMs: number): void {
    if (this.#queues.size + this.#creating.size >= this.#limits.queuesMax) {
      throw new MpregError(
        "overloaded",
        `Queue ${quoted(name)} is one too many; the limit is ${this.#limits.queuesMax} queues`,
      );
    }
    if (settings.durable && this.#writes.frozen !== undefined) throw this.#writes.frozen;
    const host = this.#shared();
    const id = this.#newNumber(host.run);
    const queue = this.#made({ name, id, settings, createdMs: host.wallMs() });
    if (!queue.hasSubscriptions) queue.addLane("", 0, 0);
    const later: ((nowMs: number) => void)[] = [];
    const failed = (error: MpregError, at: number): void => {
      this.#creating.delete(name);
      end({ kind: "failed", error });
      for (const again of later) again(at);
    };
    const done = (at: number): void => {
      this.#creating.delete(name);
      this.#queues.set(name, queue); // (M2)
      end({ kind: "done", created: true, settings: queue.settings });
      for (const again of later) again(at);
    };
    this.#creating.set(name, later);
    const operations = settings.durable ? [host.tables.putQueue(id, queue.record())] : [];
    queue.commit(operations, { done, failed }, nowMs);
  }

  /** Each run begins somewhere else: what is called by ids that were made of it is not what another queue of the name had, before or on another node. */
  #newNumber(run: string): number {
    let number = this.#lastNumber ?? Number.parseInt(run.slice(0, 8), 16) % firstNumberMax;
    do number = (number % queueIdMax) + 1;
    while (this.#known.has(number));
    return (this.#lastNumber = number);
  }

  #checked(name: string, given: GivenSettings): QueueSettings {
    checkQueueName(name);
    const settings = checkSettings(name, given);
    if (!settings.durable || this.#capabilities.store !== undefined) return settings;
    const message = `Queue ${quoted(name)} cannot be durable: this node has no store. Give it a data directory, or say durable: false`;
    throw new MpregError("unsupported", message);
  }

  #delete(queue: Queue, end: (end: QueueEnd<"delete">) => void, nowMs: number): void {
    const gone = (): void => {
      if (this.#queues.get(queue.name) !== queue) return;
      this.#queues.delete(queue.name);
      this.#overGiving(queue.name); // it may have been told to while its deletion was on its way: the next one of its name gives nothing
    };
    deleteQueue(queue, gone, end, nowMs);
  }

  #update(queue: Queue, given: GivenSettings, end: End, nowMs: number): void {
    const failed = (error: MpregError): void => {
      end({ kind: "failed", error });
    };
    const begin = (): Change => {
      const settings = checkSettings(queue.name, given, queue.settings);
      const done = (at: number): void => {
        queue.settings = settings;
        queue.expiry.changed(at);
        end({ kind: "done", value: settings });
        queue.serve(at);
      };
      return { record: { settings }, done };
    };
    queue.changes.make({ begin, failed }, nowMs);
  }

  #made(is: QueueIdentity): Queue {
    return new Queue(this.#shared(), is, answerWaiters);
  }

  /** Made with the first queue: a node without queues draws no numbers and holds nothing. */
  #shared(): QueueHost {
    if (this.#host !== undefined) return this.#host;
    const { timers, random, utf8, store, cron, listener, courier } = this.#capabilities;
    const capabilities = this.#capabilities;
    this.#host = {
      timers,
      random,
      utf8,
      store,
      cron,
      listener,
      courier,
      sha256: (bytes) => capabilities.sha256(bytes),
      wallMs: () => capabilities.wallMs(),
      limits: this.#limits,
      run: hexOf(random.bytes(6)),
      sealer: new Sealer(utf8),
      tables: new Tables(utf8),
      writes: this.#writes,
      sweeping: new Sweeping({ timers, writes: this.#writes }),
      bodies: { held: 0 },
      find: (name) => (this.has(name) ? this.#here(name) : this.spooling.targetOf(name)),
      elsewhere: (name) => this.spooling.targetOf(name),
      here: (name) => this.#here(name),
      madeHere: (id) => this.spooling.madeHere(id),
    };
    return this.#host;
  }

  #taking(queue: Queue): Taking {
    let taking = this.#takings.get(queue);
    if (taking === undefined) this.#takings.set(queue, (taking = new Taking(queue)));
    return taking;
  }

  #here(name: string): QueueHere | undefined {
    const queue = this.#queues.get(name);
    if (queue === undefined || queue.purgedBefore === Infinity || !this.has(name)) return undefined; // what went there would be gone with it
    if (queue.durable && this.#writes.frozen !== undefined) return undefined;
    return {
      prepareScheduled: (message, nowMs) => prepareScheduled(queue, message, nowMs),
      prepareTransfer: (message, letter, nowMs) => prepareTransfer(queue, message, letter, nowMs),
      send: (messages, end, nowMs, also) => {
        send(queue, messages, end, nowMs, also);
      },
    };
  }

  #recover(nowMs: number): void {
    this.spooling.recover(nowMs); // before the queues: they may have dead letters for it at once
    const made = (is: QueueIdentity): Queue => this.#made(is);
    const { queues, deleted, dead } = recover(this.#capabilities, () => this.#shared(), made, nowMs);
    for (const queue of queues) this.#queues.set(queue.name, queue);
    this.#known = new Set([...deleted, ...queues.map(({ id }) => id)]);
    for (const { expiry } of queues) expiry.advance(nowMs); // what is over is no dead letter
    for (const each of dead) each(nowMs);
  }

  #unknown(name: string): MpregError {
    return new MpregError("unknown-queue", `There is no queue ${quoted(name)}${suggestion(name, this.#queues.keys())}`);
  }
}

function ownError(error: unknown): MpregError {
  if (error instanceof MpregError) return error;
  throw error;
}
