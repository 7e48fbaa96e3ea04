/** Program queue: one queue as a program has it. What its methods promise stands in `api.ts`. */
import { MpregError, checkOptions, isPromise, kindOf, optionNames } from "../../base/index.js";
import {
  type OutgoingMessage,
  type QueueAnswers,
  type QueueOperation,
  type GivenSettings,
  type QueueSettings,
  type QueueStats,
  type Redrive,
  type Schedule,
  checkReceipts,
  defaultQueuesLimits,
} from "../../queues/index.js";
import type { SingleCallOptions } from "../../rpc/index.js";
import type { ByteMemory } from "../../values/index.js";
import type { WaitOptions } from "../api.js";
import { waitMsOf } from "../options.js";
import type {
  AcceptOptions,
  BrowseOptions,
  BrowsedQueueMessage,
  ConsumeOptions,
  ProcessOptions,
  Queue,
  QueueMessage,
  QueueProcessor,
  ReceiveOptions,
  RedriveOptions,
  ReleaseOptions,
  ScheduleOptions,
  SendAndWaitOptions,
  SendOptions,
  Sent,
  SentOrRefused,
  SettledOrRefused,
} from "./api.js";
import { type QueueAsking, outgoing } from "./asking.js";
import { Batches, prepared } from "./batches.js";
import type { QueueChecks } from "./checks.js";
import { Consumption } from "./consumption.js";
import { type Settlers, browsedMessage, queueMessage, releaseNames, releasing } from "./message.js";
import { type ProcessHandler, Processor } from "./processor.js";
import { receiveSurely } from "./receiving.js";
import { resultOf, sendAndWait } from "./results.js";
import { SendLine } from "./send-line.js";
import { type Keepers, Sending } from "./sending.js";
import { SettleLine, type Settling } from "./settle-line.js";

const waitMsDefault = 20_000;
/** How much longer an answer may take than the queue waits for a message. */
const slackMs = 10_000;
const browsedDefault = 100;
/** What a queue gives at a time, and for how long it lets one wait. */
const { receiveMessagesMax, waitMsMax } = defaultQueuesLimits;
/** Messages that one processor works on, and has leased ahead. */
const workMax = 10_000;

const waitNames = { signal: true, timeoutMs: true } as const;
const sendFields = {
  id: true,
  headers: true,
  group: true,
  dedup: true,
  priority: true,
  delayMs: true,
  ttlMs: true,
  after: true,
  idempotencyKey: true,
  correlationId: true,
  replyTo: true,
  keepResult: true,
} as const;
const sendNames = optionNames<SendOptions & AcceptOptions & WaitOptions>({
  ...sendFields,
  accept: true,
  ...waitNames,
});
const batchWaitNames = optionNames<AcceptOptions & WaitOptions>({ accept: true, ...waitNames });
const { keepResult: _, ...awaitedFields } = sendFields;
const sendAndWaitNames = optionNames<SendAndWaitOptions>({ ...awaitedFields, withdraw: true, ...waitNames });
const batchNames = optionNames<SendOptions & { value: unknown }>({ ...sendFields, value: true });
const { id: _id, dedup: _dedup, after: _after, ...scheduledFields } = sendFields;
const scheduleNames = optionNames<ScheduleOptions>({
  ...scheduledFields,
  ...waitNames,
  value: true,
  cron: true,
  timeZone: true,
  everyMs: true,
  at: true,
  missed: true,
});
const receiveNames = optionNames<ReceiveOptions>({
  max: true,
  waitMs: true,
  visibilityMs: true,
  subscription: true,
  groupMax: true,
  attempt: true,
  ...waitNames,
});
const consumeFields = { visibilityMs: true, subscription: true, prefetch: true, signal: true } as const;
const consumeNames = optionNames<ConsumeOptions>(consumeFields);
const processNames = optionNames<ProcessOptions>({ ...consumeFields, concurrency: true, absent: true, onError: true });
const browseNames = optionNames<BrowseOptions>({
  state: true,
  limit: true,
  after: true,
  subscription: true,
  ...waitNames,
});
const redriveNames = optionNames<RedriveOptions>({ to: true, perSecond: true, ...waitNames });

export class ProgramQueue<T = unknown, R = unknown, S = T, A = R> implements Queue<T, R, S, A> {
  readonly name: string;
  readonly #asking: QueueAsking;
  readonly #sending: Sending;
  readonly #sends: SendLine;
  readonly #batches: Batches;
  readonly #line: SettleLine;
  readonly #checks: QueueChecks;
  readonly #settlers: Settlers;

  constructor(asking: QueueAsking, checks: QueueChecks, keepers: Keepers) {
    this.name = asking.name;
    this.#asking = asking;
    this.#sending = new Sending(asking, keepers);
    this.#sends = new SendLine(asking, this.#sending);
    this.#batches = new Batches(asking, this.#sending);
    this.#line = new SettleLine(asking);
    this.#checks = checks;
    this.#settlers = { line: this.#line, checks };
  }

  create(options: WaitOptions = {}): Promise<QueueSettings> {
    return checked(() => {
      waitMsOf(options, "create");
      return this.#asking.create(options);
    });
  }

  send(value: S, options: SendOptions & AcceptOptions & WaitOptions = noOptions): Promise<Sent> {
    return checked(() => {
      const { memory } = this.#sends;
      if (options === noOptions) return this.#sends.send(this.#message(value, noOptions, memory), noOptions, false);
      checkOptions(options, sendNames, "send");
      const { signal, timeoutMs, accept, ...fields } = options;
      waitMsOf({ signal, timeoutMs }, "send");
      return this.#sends.send(this.#message(value, fields, memory), { signal, timeoutMs }, maySpool(accept, "send"));
    });
  }

  sendAndWait<Result extends R = R>(value: S, options: SendAndWaitOptions = {}): Promise<Result> {
    return checked(() => {
      checkOptions(options, sendAndWaitNames, "sendAndWait");
      const { signal, timeoutMs, withdraw = false, ...fields } = options;
      waitMsOf({ signal, timeoutMs }, "sendAndWait");
      const message = this.#message(value, { ...fields, keepResult: true });
      const send = (patience: WaitOptions): Promise<Sent> => this.#sends.send(message, patience, false);
      return sendAndWait(this.#asking, send, { signal, timeoutMs, withdraw }) as Promise<Result>;
    });
  }

  result<Result extends R = R>(id: string, options: WaitOptions = {}): Promise<Result> {
    return checked(() => {
      waitMsOf(options, "result");
      return resultOf(this.#asking, id, options) as Promise<Result>;
    });
  }

  withdraw(id: string, options: WaitOptions = {}): Promise<boolean> {
    return this.#ask("withdraw", { op: "withdraw", id }, options);
  }

  sendBatch(
    messages: readonly (SendOptions & { readonly value: S })[],
    options: AcceptOptions & WaitOptions = {},
  ): Promise<readonly SentOrRefused[]> {
    return checked(() => {
      checkOptions(options, batchWaitNames, "sendBatch");
      const { accept, ...wait } = options;
      waitMsOf(wait, "sendBatch");
      const given: unknown = messages;
      if (!Array.isArray(given)) {
        const what = `sendBatch: messages must be an array of { value, … }, got ${kindOf(given)}`;
        throw new MpregError("invalid-argument", what);
      }
      const all = messages.map((message) => {
        checkOptions(message, batchNames, "sendBatch");
        const { value, ...fields } = message;
        return prepared(() => this.#message(value, fields));
      });
      return this.#batches.send(all, maySpool(accept, "sendBatch"), wait);
    });
  }

  receive(options: ReceiveOptions = {}): Promise<readonly QueueMessage<T, A>[]> {
    const { codec } = this.#asking.host;
    return checked(() => {
      checkOptions(options, receiveNames, "receive");
      const { max = 1, waitMs = waitMsDefault, visibilityMs, subscription, groupMax, signal, timeoutMs } = options;
      checkWhole("receive: max", max, 1, receiveMessagesMax);
      checkWhole("receive: waitMs", waitMs, 0, waitMsMax, " ms: a loop over messages() waits as long as it takes");
      const { attempt = this.#asking.host.newId() } = options;
      const operation = given({ op: "receive", max, waitMs, visibilityMs, subscription, groupMax, attempt } as const);
      return receiveSurely(this.#asking, operation, { signal, timeoutMs: timeoutMs ?? waitMs + slackMs });
    }).then((received) => received.map((message) => queueMessage<T, A>(message, codec, this.#settlers)));
  }

  messages(options: ConsumeOptions = {}): AsyncIterableIterator<QueueMessage<T, A>, undefined> {
    checkOptions(options, consumeNames, "messages");
    checkWhole("messages: prefetch", options.prefetch, 1, receiveMessagesMax);
    const { host } = this.#asking;
    const ends = { stop: host.createAbort(), holders: host.holders };
    return new Consumption((how) => this.receive(how), this.#line, ends, options);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<QueueMessage<T, A>, undefined> {
    return this.messages();
  }

  process(handler: ProcessHandler<T, A>, options: ProcessOptions<T, A> = {}): QueueProcessor<T, A> {
    checkOptions(options, processNames, "process");
    if (typeof handler !== "function") {
      throw new MpregError("invalid-argument", `process: the handler must be a function, got ${kindOf(handler)}`);
    }
    checkWhole("process: concurrency", options.concurrency, 1, workMax);
    checkWhole("process: prefetch", options.prefetch, 0, workMax);
    checkAbsent(options.absent);
    return new Processor(this.#asking, this.#settlers, handler, options);
  }

  ack(receipts: readonly string[], options: WaitOptions = {}): Promise<readonly SettledOrRefused[]> {
    return this.#settle({ op: "ack" }, receipts, options);
  }

  release(receipts: readonly string[], options: ReleaseOptions = {}): Promise<readonly SettledOrRefused[]> {
    return checked(() => {
      checkOptions(options, releaseNames, "release");
      const { delayMs, error, ...wait } = options;
      return this.#settle(releasing(delayMs, error), receipts, wait);
    });
  }

  extend(
    receipts: readonly string[],
    visibilityMs: number,
    options: WaitOptions = {},
  ): Promise<readonly SettledOrRefused[]> {
    return this.#settle({ op: "extend", visibilityMs }, receipts, options);
  }

  browse(options: BrowseOptions = {}): Promise<readonly BrowsedQueueMessage<T>[]> {
    const { codec } = this.#asking.host;
    return checked(() => {
      checkOptions(options, browseNames, "browse");
      const { state, limit = browsedDefault, after, subscription, ...wait } = options;
      const operation = given({ op: "browse", state, limit, from: after?.toString(), subscription } as const);
      return this.#ask("browse", operation, wait);
    }).then((browsed) => browsed.map((message) => browsedMessage<T>(message, codec)));
  }

  purge(options: WaitOptions = {}): Promise<number> {
    return this.#ask("purge", { op: "purge" }, options);
  }

  stats(options: WaitOptions = {}): Promise<QueueStats> {
    return this.#ask("stats", { op: "stats" }, options);
  }

  settings(options: WaitOptions = {}): Promise<QueueSettings> {
    return this.#ask("settings", { op: "settings" }, options);
  }

  update(settings: GivenSettings, options: WaitOptions = {}): Promise<QueueSettings> {
    return this.#ask("update", { op: "update", settings }, options);
  }

  subscribe(subscription: string, options: WaitOptions = {}): Promise<boolean> {
    return this.#ask("subscribe", { op: "subscribe", name: subscription }, options);
  }

  unsubscribe(subscription: string, options: WaitOptions = {}): Promise<boolean> {
    return this.#ask("unsubscribe", { op: "unsubscribe", name: subscription }, options);
  }

  redrive(options: RedriveOptions = {}): Promise<Redrive> {
    return checked(() => {
      checkOptions(options, redriveNames, "redrive");
      const { to, perSecond, ...wait } = options;
      return this.#ask("redrive", given({ op: "redrive", to, perSecond } as const), wait);
    });
  }

  redrives(options: WaitOptions = {}): Promise<readonly Redrive[]> {
    return this.#ask("redrives", { op: "redrives" }, options);
  }

  cancelRedrive(id: string, options: WaitOptions = {}): Promise<Redrive> {
    return this.#ask("cancel-redrive", { op: "cancel-redrive", id }, options);
  }

  schedule(name: string, options: ScheduleOptions<S>): Promise<Schedule> {
    return checked(() => {
      checkOptions(options, scheduleNames, "schedule");
      const { signal, timeoutMs, cron, timeZone, everyMs, at, missed, value, ...fields } = options;
      const atMs = typeof at === "object" ? at.getTime() : at;
      const ask = (message: OutgoingMessage): Promise<Schedule> => {
        const operation = given({ op: "schedule", name, cron, timeZone, everyMs, at: atMs, missed, message } as const);
        return this.#ask("schedule", operation, { signal, timeoutMs });
      };
      const message = this.#message(value, fields);
      return isPromise(message) ? message.then(ask) : ask(message);
    });
  }

  unschedule(name: string, options: WaitOptions = {}): Promise<boolean> {
    return this.#ask("unschedule", { op: "unschedule", name }, options);
  }

  schedules(options: WaitOptions = {}): Promise<readonly Schedule[]> {
    return this.#ask("schedules", { op: "schedules" }, options);
  }

  delete(options: WaitOptions = {}): Promise<number> {
    return this.#ask("delete", { op: "delete" }, options);
  }

  #settle(how: Settling, receipts: readonly string[], wait: WaitOptions): Promise<readonly SettledOrRefused[]> {
    return checked(() => {
      waitMsOf(wait, how.op);
      checkReceipts(this.name, receipts);
      return this.#line.all(how, receipts, wait);
    });
  }

  /** A promise where the schema gives one. */
  #message(value: S, fields: SendOptions, memory: ByteMemory = ownMemory): OutgoingMessage | Promise<OutgoingMessage> {
    const valid = this.#checks.value(value);
    if (!isPromise(valid)) return this.#outgoing(valid, fields, memory);
    return valid.then((checked) => this.#outgoing(checked, fields, memory));
  }

  #outgoing(valid: unknown, fields: SendOptions, memory: ByteMemory): OutgoingMessage {
    const encoded = this.#asking.host.codec.encode(valid, "the value");
    const body = memory(encoded.length);
    body.set(encoded); // the codec's memory is not for keeping
    return outgoing(this.name, body, fields);
  }

  #ask<O extends QueueOperation["op"]>(
    _op: O,
    operation: Extract<QueueOperation, { readonly op: O }>,
    options: SingleCallOptions,
  ): Promise<QueueAnswers[O]> {
    return this.#asking.ask<O>(operation, options);
  }
}

const noOptions = {};
const ownMemory: ByteMemory = (length) => new Uint8Array(length);

/** What `ask` comes to; what it throws is a rejection, too. */
function checked<R>(ask: () => Promise<R>): Promise<R> {
  try {
    return ask();
  } catch (error) {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what a schema has thrown is told as it is
    return Promise.reject(error);
  }
}

function maySpool(accept: unknown, who: string): boolean {
  if (accept === undefined || accept === "spool") return accept === "spool";
  const got = typeof accept === "string" ? `"${accept}"` : kindOf(accept);
  throw new MpregError("invalid-argument", `${who}: accept must be "spool" or undefined, got ${got}`);
}

type Given<T> = { [K in keyof T]: undefined extends T[K] ? never : K }[keyof T];

/** `fields` without those that are `undefined`. */
function given<const T extends object>(
  fields: T,
): { readonly [K in Given<T>]: T[K] } & { readonly [K in Exclude<keyof T, Given<T>>]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}

function checkWhole(what: string, value: unknown, least: number, most: number, hint = ""): void {
  if (value === undefined || (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most))
    return;
  const got = typeof value === "number" ? String(value) : kindOf(value);
  const message = `${what} must be a whole number from ${least} to ${most}${hint}, got ${got}`;
  throw new MpregError("invalid-argument", message);
}

function checkAbsent(absent: unknown): void {
  if (absent === undefined || absent === "wait" || absent === "end") return;
  const got = typeof absent === "string" ? `"${absent}"` : kindOf(absent);
  throw new MpregError("invalid-argument", `process: absent must be "wait", "end" or undefined, got ${got}`);
}
