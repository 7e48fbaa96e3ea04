/** Function consumer: what is said of the function that works a queue off, checked. Who calls it is the node machine. */
import { MpregError, checkOptions, isBuiltInName, kindOf, optionNames, quoted } from "../base/index.js";

/** A function that is called with each message; it runs on any node that offers it with the resources. */
export interface FunctionConsumer {
  readonly function: string;
  /** Calls at a time, 0 to 10,000. Default 1; 0: none just now. */
  readonly concurrency?: number | undefined;
  /** How long a call may take. Default: what the owner's node allows calls that do not say (30 s). */
  readonly timeoutMs?: number | undefined;
  /** The range of versions that will do. */
  readonly version?: string | undefined;
  /** What the node that runs it must have. */
  readonly resources?: readonly string[] | undefined;
  /**
   * What the function gets: the `value` that was sent, or the body as `text` or `bytes`, as for messages that came through the SQS door.
   * Default `value`.
   */
  readonly argument?: "value" | "text" | "bytes" | undefined;
  /** Whether it gets a second argument, {@link ConsumedMessage}. Default `false`: functions may be strict about their arguments. */
  readonly withMessage?: boolean | undefined;
}

/** What a function is told of the message that it was called with. */
export interface ConsumedMessage {
  readonly queue: string;
  readonly id: string;
  /** How often it was received, this time included. */
  readonly receives: number;
  /** Wall time. */
  readonly sentMs: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly group?: string;
  readonly correlationId?: string;
  readonly replyTo?: string;
}

const names = optionNames<FunctionConsumer>({
  function: true,
  concurrency: true,
  timeoutMs: true,
  version: true,
  resources: true,
  argument: true,
  withMessage: true,
});

export const consumerConcurrencyMax = 10_000;
const timeoutMsMax = 365 * 24 * 3_600_000;
const resourcesMax = 64;
const nameLengthMax = 256;

type Given = Readonly<Partial<Record<keyof FunctionConsumer, unknown>>>;

/** Throws `invalid-argument`. */
export function checkConsumer(queue: string, consumer: FunctionConsumer | undefined, guarantee: string): void {
  if (consumer === undefined) return;
  const who = `queue ${quoted(queue)}: consumer`;
  checkOptions(consumer, names, who);
  const given: Given = consumer; // it may come from anywhere
  const { function: fun, concurrency, timeoutMs, version, resources, argument, withMessage } = given;
  if (!isName(fun)) throw mustBe(who, "function", `a text of 1 to ${nameLengthMax} characters`, fun);
  if (isBuiltInName(fun)) throw mustBe(who, "function", "a function that a program offers", fun);
  if (concurrency !== undefined && !isInteger(concurrency, 0, consumerConcurrencyMax))
    throw mustBe(who, "concurrency", `an integer from 0 to ${consumerConcurrencyMax}`, concurrency);
  if (timeoutMs !== undefined && !isInteger(timeoutMs, 1, timeoutMsMax))
    throw mustBe(who, "timeoutMs", `an integer from 1 to ${timeoutMsMax}`, timeoutMs);
  if (version !== undefined && !isName(version)) throw mustBe(who, "version", "a range of versions", version);
  if (
    resources !== undefined &&
    !(Array.isArray(resources) && resources.length <= resourcesMax && resources.every(isName))
  )
    throw mustBe(who, "resources", `an array of at most ${resourcesMax} names`, resources);
  if (argument !== undefined && argument !== "value" && argument !== "text" && argument !== "bytes")
    throw mustBe(who, "argument", '"value", "text" or "bytes"', argument);
  if (withMessage !== undefined && typeof withMessage !== "boolean")
    throw mustBe(who, "withMessage", "true or false", withMessage);
  if (guarantee === "at-least-once") return;
  const message = `${who}: a function works off a queue whose guarantee is "at-least-once", not ${quoted(guarantee)}`;
  throw new MpregError("invalid-argument", message);
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= nameLengthMax;
}

function isInteger(value: unknown, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
}

function mustBe(who: string, name: string, what: string, got: unknown): MpregError {
  const shown = typeof got === "string" ? quoted(got) : typeof got === "number" ? String(got) : kindOf(got);
  return new MpregError("invalid-argument", `${who}: "${name}" must be ${what}, got ${shown}`);
}
