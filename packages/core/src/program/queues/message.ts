/** Messages of queues as programs have them: values instead of bytes, and what can be done with a lease. */
import { MpregError, checkOptions, isA, isPromise, optionNames, quoted } from "../../base/index.js";
import { type BrowsedMessage, type ReceivedMessage, encodedValueOf } from "../../queues/index.js";
import type { Codec } from "../../values/index.js";
import type { WaitOptions } from "../api.js";
import { checkWait } from "../options.js";
import type { AckOptions, BrowsedQueueMessage, QueueMessage, ReleaseOptions } from "./api.js";
import type { QueueChecks } from "./checks.js";
import type { SettleLine } from "./settle-line.js";

/** What messages of a queue are settled with. */
export interface Settlers {
  readonly line: SettleLine;
  readonly checks: QueueChecks;
}

/** `received` with its value, which `codec` decodes. Where it is none, whoever looks at it gets `malformed`: the others are not touched by it. */
export function queueMessage<T, A>(received: ReceivedMessage, codec: Codec, settlers: Settlers): QueueMessage<T, A> {
  const value = valueOf(received, codec);
  if (value instanceof Unreadable) return value.in(new LeasedMessage<T, A>(received, undefined as T, settlers));
  return new LeasedMessage<T, A>(received, value as T, settlers); // what type it has is the program's word
}

/** Why there is no value: no value is one of these. */
class Unreadable {
  readonly #refusal: MpregError;

  constructor(refusal: MpregError) {
    this.#refusal = refusal;
  }

  /** `message`, whose value nobody can look at. */
  in<M extends { readonly value: unknown }>(message: M): M {
    return Object.defineProperty(message, "value", {
      enumerable: true,
      get: () => {
        throw this.#refusal;
      },
    });
  }
}

function valueOf(sent: ReceivedMessage | BrowsedMessage, codec: Codec): unknown {
  try {
    return codec.decode(encodedValueOf(sent));
  } catch (error) {
    if (!isA(error, MpregError)) throw error;
    const message = `The body of message ${quoted(sent.id)} is no value: ${error.message}`;
    return new Unreadable(new MpregError(error.code, message, { outcome: "not-applied" }));
  }
}

const waitFields = { signal: true, timeoutMs: true } as const;
const waitNames = optionNames<WaitOptions>(waitFields);
const ackNames = optionNames<AckOptions>({ result: true, ...waitFields });
export const releaseNames: ReadonlySet<string> = optionNames<ReleaseOptions>({
  delayMs: true,
  error: true,
  ...waitFields,
});

/** A rejection where there is an option that is none: what was meant by it would not happen. */
function wrongOptions(options: WaitOptions, names: ReadonlySet<string>, who: string): Promise<never> | undefined {
  try {
    checkOptions(options, names, who);
    checkWait(options, who);
    return undefined;
  } catch (error) {
    if (!isA(error, MpregError)) throw error;
    return Promise.reject(error);
  }
}

/** Its methods are those of its class: a message is made for each that comes. */
class LeasedMessage<T, A> implements QueueMessage<T, A> {
  readonly id: string;
  readonly value: T;
  readonly receipt: string;
  readonly sequence: bigint;
  readonly receives: number;
  readonly sentMs: number;
  readonly firstReceivedMs: number;
  readonly visibleForMs: number;
  declare readonly headers?: NonNullable<ReceivedMessage["headers"]>;
  declare readonly group?: NonNullable<ReceivedMessage["group"]>;
  declare readonly dedup?: NonNullable<ReceivedMessage["dedup"]>;
  declare readonly priority?: NonNullable<ReceivedMessage["priority"]>;
  declare readonly after?: NonNullable<ReceivedMessage["after"]>;
  declare readonly idempotencyKey?: NonNullable<ReceivedMessage["idempotencyKey"]>;
  declare readonly correlationId?: NonNullable<ReceivedMessage["correlationId"]>;
  declare readonly replyTo?: NonNullable<ReceivedMessage["replyTo"]>;
  declare readonly keepResult?: NonNullable<ReceivedMessage["keepResult"]>;
  declare readonly deadLetter?: NonNullable<ReceivedMessage["deadLetter"]>;
  readonly #settlers: Settlers;

  constructor(received: ReceivedMessage, value: T, settlers: Settlers) {
    this.id = received.id;
    this.value = value;
    this.receipt = received.receipt;
    this.sequence = received.sequence;
    this.receives = received.receives;
    this.sentMs = received.sentMs;
    this.firstReceivedMs = received.firstReceivedMs;
    this.visibleForMs = received.visibleForMs;
    this.#settlers = settlers;
    // what a message has only where its sender gave it; one by one, since a loop over their names would be half of what a message costs here
    if (received.headers !== undefined) this.headers = received.headers;
    if (received.group !== undefined) this.group = received.group;
    if (received.dedup !== undefined) this.dedup = received.dedup;
    if (received.priority !== undefined) this.priority = received.priority;
    if (received.after !== undefined) this.after = received.after;
    if (received.idempotencyKey !== undefined) this.idempotencyKey = received.idempotencyKey;
    if (received.correlationId !== undefined) this.correlationId = received.correlationId;
    if (received.replyTo !== undefined) this.replyTo = received.replyTo;
    if (received.keepResult !== undefined) this.keepResult = received.keepResult;
    if (received.deadLetter !== undefined) this.deadLetter = received.deadLetter;
  }

  ack(options: AckOptions<A> = {}): Promise<void> {
    const { line, checks } = this.#settlers;
    const wrong = wrongOptions(options, ackNames, "ack");
    if (wrong !== undefined) return wrong;
    const { result, ...wait } = options;
    const acknowledge = (valid: unknown): Promise<void> => line.one({ op: "ack" }, this.receipt, wait, valid);
    if (this.keepResult !== true) return acknowledge(undefined); // nobody can ask for it
    return new Promise((resolve) => {
      const valid = checks.result(result);
      resolve(isPromise(valid) ? valid.then(acknowledge) : acknowledge(valid));
    });
  }

  release(options: ReleaseOptions = {}): Promise<void> {
    const wrong = wrongOptions(options, releaseNames, "release");
    if (wrong !== undefined) return wrong;
    const { delayMs, error, ...wait } = options;
    return this.#settlers.line.one(releasing(delayMs, error), this.receipt, wait);
  }

  extend(visibilityMs: number, options: WaitOptions = {}): Promise<void> {
    const wrong = wrongOptions(options, waitNames, "extend");
    if (wrong !== undefined) return wrong;
    return this.#settlers.line.one({ op: "extend", visibilityMs }, this.receipt, options);
  }
}

export function browsedMessage<T>(browsed: BrowsedMessage, codec: Codec): BrowsedQueueMessage<T> {
  const { body: _body, attributes: _, delayMs: _delay, ttlMs: _ttl, ...facts } = browsed;
  const value = valueOf(browsed, codec);
  return value instanceof Unreadable ? value.in({ ...facts, value: undefined as T }) : { ...facts, value: value as T };
}

/** What is not given is not sent. */
export function releasing(
  delayMs: number | undefined,
  error: string | undefined,
): { readonly op: "release"; readonly delayMs?: number; readonly error?: string } {
  return { op: "release", ...(delayMs === undefined ? {} : { delayMs }), ...(error === undefined ? {} : { error }) };
}

/** Nobody has worked on it: others get it at once, and its receive does not count. */
export const givingBack = { op: "release", delayMs: 0, uncounted: true } as const;
