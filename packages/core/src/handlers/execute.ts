/**
 * Execute: one call of a handler, from encoded arguments to an encoded result.
 *
 * Owns what a caller gets of whatever a handler does. When it runs, and what becomes of its result, is the driver's.
 *
 * (H1) Every invocation ends exactly once, whatever the handler does: throws, rejects, returns what cannot be encoded.
 * (H2) A handler that answers at once costs no promise.
 * (H3) Callers get the handler's message; stacks only where the node is told to expose them.
 * (H4) Arguments that the stack may not hold are refused before the handler runs: it would seem to have failed.
 * (H5) What an executor runs, and the items that it makes, is not decoded here, unless a schema wants to see it.
 * (H7) A handler that returns an async iterable has not ended: its items are asked for, and its end is that of the last.
 *      The schema of its output is that of each item.
 * (H6) A call that nobody waits for any more when its arguments have been validated does not reach the handler.
 */
import { MpregError, isA, quoted, thrownStack, thrownText, validateArguments, validateResult } from "../base/index.js";
import type { Invocation, ItemReader } from "../rpc/index.js";
import type { Bound, Codec } from "../values/index.js";
import type { ResultRef, Timings } from "../wire/index.js";
import { Batch } from "./batch.js";
import type { CallContext } from "./call-context.js";
import { inContext } from "./context.js";
import { EncodedItems } from "./encoded-items.js";
import { Executor } from "./executor.js";
import { invocationWith } from "./invocation.js";
import type { RegisteredFunction } from "./function-table.js";
import { HandlerThrew } from "./handler-threw.js";
import { ItemSource, isAsyncIterable } from "./item-source.js";
import type { AnyHandler } from "./types.js";

/** What a driver does for streams. */
export interface StreamHost {
  /** The handler makes the items of a stream, for which `source` is asked. */
  opened(invocation: Invocation, source: ItemSource, timings: Timings): void;
  /** It has made one, as it was asked to. */
  made(invocation: Invocation, item: Uint8Array): void;
  /** Lets the handler read a stream that is one of its arguments; without it, it cannot. */
  readonly open?: ((stream: ResultRef, invocation: Invocation, current: CallContext) => ItemReader) | undefined;
}

export interface ExecuteHost {
  readonly codec: Codec;
  readonly exposeStacks: boolean;
  /** Monotonic time, in ms. */
  now(): number;
  /** How handlers make and read streams. */
  readonly streams: StreamHost;
  /** The invocation has ended. */
  ended(invocation: Invocation, result: Uint8Array | MpregError, timings: Timings): void;
}

/** Engines put each argument on the stack, and throw at a little more than 100,000. */
const argumentsMax = 32_768;

const noBytes = new Uint8Array(0);
const noTimings: Timings = { queueUs: 0, runUs: 0 };

/** Starts the handler; answers whether it runs on. If not, `host` was told of its end already. */
export function execute(
  invocation: Invocation,
  fun: RegisteredFunction,
  current: CallContext,
  host: ExecuteHost,
): boolean {
  const beganMs = invocation.timings ? host.now() : 0;
  const end = (result: Uint8Array | MpregError): void => {
    host.ended(
      invocation,
      result,
      invocation.timings ? timingsOf(invocation.startedMs, beganMs, host.now()) : noTimings,
    ); // (H1)
  };
  const fail = (error: unknown): void => {
    end(failureOf(fun.name, error, host.exposeStacks));
  };
  const finish = (result: unknown): boolean => {
    if (isAsyncIterable(result)) {
      let items: AsyncIterator<unknown>;
      try {
        items = inContext(current, () => result[Symbol.asyncIterator]());
      } catch (error) {
        fail(error);
        return false;
      }
      const isEncoded = result instanceof EncodedItems;
      return openStream({ items, isEncoded }, invocation, fun, current, host, beganMs, end); // (H7)
    }
    end(encodeResult(fun, result, host));
    return false;
  };
  const { handler } = fun;
  if (handler instanceof Executor && invocation.refs !== undefined) {
    end(cannotRead(fun.name));
    return false;
  }
  if (handler instanceof Executor && fun.input === undefined && fun.output === undefined) {
    const ended = (result: Uint8Array | MpregError, timings: Timings): void => {
      host.ended(invocation, result, timings); // (H5)
    };
    handler.run(invocation, current, ended, finish);
    return true;
  }
  let step: unknown;
  try {
    const args = host.codec.decodeTemplate(invocation.template, boundOf(invocation, current, host));
    if (!Array.isArray(args)) throw new MpregError("malformed", "The arguments of a call must be an array");
    if (args.length > argumentsMax) throw tooMany(fun.name, args.length); // (H4)
    step = runHandler(invocation, fun, args, current, host);
  } catch (error) {
    fail(error);
    return false;
  }
  if (!isPromiseLike(step)) return finish(step); // (H2)
  step.then(finish, fail);
  return true;
}

/** What stands in the holes of the arguments. */
function boundOf(invocation: Invocation, current: CallContext, host: ExecuteHost): readonly Bound[] {
  const { refs, bound, fun } = invocation;
  if (refs === undefined) return bound;
  const all: Bound[] = [...bound];
  for (const { index, ref } of refs) {
    const { open } = host.streams;
    if (open === undefined) throw cannotRead(fun);
    all[index] = { value: open(ref, invocation, current) };
  }
  return all;
}

function cannotRead(fun: string): MpregError {
  const message = `"${fun}" runs in threads, which cannot read a stream: give it an array, or register it without \`threads\``;
  return new MpregError("unsupported", message);
}

/** The handler makes items, and ends with the last; answers whether it runs on. (H7) */
function openStream(
  { items, isEncoded }: { readonly items: AsyncIterator<unknown>; readonly isEncoded: boolean },
  invocation: Invocation,
  fun: RegisteredFunction,
  current: CallContext,
  host: ExecuteHost,
  beganMs: number,
  end: (result: Uint8Array | MpregError) => void,
): boolean {
  const { streams, codec } = host;
  const ended = (thrown: { readonly reason: unknown } | undefined): void => {
    end(thrown === undefined ? noBytes : failureOf(fun.name, thrown.reason, host.exposeStacks));
  };
  const encode = (item: unknown, index: number): Uint8Array =>
    codec.encode(item, `item ${index} of the stream of "${fun.name}"`);
  const source = new ItemSource(items, current, {
    encode: (made, index) => {
      if (isEncoded && made instanceof MpregError) throw made;
      if (fun.output === undefined) return isEncoded ? (made as Uint8Array) : encode(made, index); // (H5)
      const item = isEncoded ? codec.decode(made as Uint8Array) : made;
      const valid = validateResult(fun.name, fun.output, item);
      return isPromiseLike(valid) ? valid.then((late) => encode(late, index)) : encode(valid, index);
    },
    made: (item) => {
      streams.made(invocation, item);
    },
    ended,
  });
  if (current.abortReason !== undefined)
    source.stop(current.abortReason); // (H6)
  else {
    const timings = invocation.timings ? timingsOf(invocation.startedMs, beganMs, host.now()) : noTimings;
    streams.opened(invocation, source, timings);
  }
  return true;
}

function tooMany(fun: string, count: number): MpregError {
  const message = `"${fun}" was called with ${count} arguments; at most ${argumentsMax} are allowed: put them into an array`;
  return new MpregError("too-large", message);
}

/** The handler's validated result, or a promise of it. */
function runHandler(
  invocation: Invocation,
  fun: RegisteredFunction,
  args: readonly unknown[],
  current: CallContext,
  host: ExecuteHost,
): unknown {
  const call = (valid: readonly unknown[]): unknown => {
    const { handler } = fun; // called as a function: what holds it here is not its `this`
    const result =
      typeof handler === "function"
        ? callHandler(handler, valid, current)
        : handler instanceof Batch
          ? handler.add(valid, current)
          : callExecutor(handler, invocation, valid, current, host);
    if (fun.output === undefined) return result;
    const validate = (value: unknown): unknown =>
      isAsyncIterable(value) ? value : validateResult(fun.name, fun.output, value); // (H7)
    return isPromiseLike(result) ? result.then(validate) : validate(result);
  };
  if (fun.input === undefined) return call(args);
  const valid = validateArguments(fun.name, fun.input, args);
  if (!(valid instanceof Promise)) return call(valid);
  current.beginsLater();
  return valid.then((late) => {
    if (current.abortReason !== undefined) throw current.abortReason; // (H6)
    current.begins();
    return call(late);
  });
}

function callHandler(handler: AnyHandler, args: readonly unknown[], current: CallContext): unknown {
  let result: unknown;
  try {
    result = inContext(current, () => handler(...args));
  } catch (reason) {
    throw new HandlerThrew(reason);
  }
  if (!isPromiseLike(result)) return result;
  // as await does it: a thenable may settle twice, or answer anything
  return Promise.resolve(result).then(undefined, (reason: unknown) => {
    throw new HandlerThrew(reason);
  });
}

/** The decoded result of a call that an executor runs. */
function callExecutor(
  executor: Executor,
  invocation: Invocation,
  args: readonly unknown[],
  current: CallContext,
  { codec }: ExecuteHost,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const template = codec.encode(args, "args");
    const ended = (result: Uint8Array | MpregError): void => {
      if (result instanceof MpregError) reject(result);
      else resolve(codec.decode(result));
    };
    executor.run(invocationWith(invocation, { template, bound: [] }), current, ended, resolve);
  });
}

function encodeResult(fun: RegisteredFunction, result: unknown, host: ExecuteHost): Uint8Array | MpregError {
  try {
    return host.codec.encode(result, `the result of "${fun.name}"`);
  } catch (error) {
    if (!isA(error, MpregError)) return failureOf(fun.name, error, host.exposeStacks);
    return new MpregError(error.code, error.message, { outcome: "applied" });
  }
}

/** The error a caller gets. A schema's refusal is told as it is, anything a handler threw as `handler-error`. (H3) */
function failureOf(fun: string, error: unknown, exposeStacks: boolean): MpregError {
  if (isA(error, MpregError)) return error;
  const reason = isA(error, HandlerThrew) ? error.cause : error;
  // how deep calls may be nested is said of the whole chain, not of the one that found out
  if (isA(reason, MpregError) && reason.code === "too-deep") return reason.withOutcome("applied");
  const message = `"${fun}" threw: ${textOf(reason, exposeStacks)}`;
  return new MpregError("handler-error", message, { outcome: "applied", cause: reason });
}

/** What was thrown, as text. (H1) */
function textOf(reason: unknown, exposeStacks: boolean): string {
  const message = isA(reason, MpregError) ? nestedText(reason) : thrownText(reason);
  const stack = exposeStacks ? thrownStack(reason) : undefined;
  return stack === undefined ? message : `${message}\n${stack}`;
}

/** What became of a call that the handler has made. Its code and place would be lost: only a text reaches the caller. */
function nestedText({ code, step, node, message }: MpregError): string {
  const atStep = step === undefined ? "" : ` at step ${quoted(step)}`;
  const onNode = node === undefined ? "" : ` on node ${quoted(node)}`;
  return `${code}${atStep}${onNode}: ${message}`;
}

function timingsOf(queuedMs: number, beganMs: number, endedMs: number): Timings {
  return { queueUs: microseconds(beganMs - queuedMs), runUs: microseconds(endedMs - beganMs) };
}

function microseconds(durationMs: number): number {
  return Math.max(0, Math.round(durationMs * 1000));
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
