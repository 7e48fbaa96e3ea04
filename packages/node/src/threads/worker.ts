/**
 * Worker: the thread's side: loads the module, runs its handler for one call after the other.
 *
 * (W1) The handler has the context of its call, as it would in the main thread.
 * (W2) A call that nobody waits for when its turn comes does not start.
 * (W3) Before the handler runs it is said that it does: a thread that ends before has done nothing.
 * (W4) Whatever the module does when it loads, each call is told why there is no handler.
 * (W5) The items of a stream are made one by one, each when the main thread asks for it.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { workerData } from "node:worker_threads";
import { MpregError, thrownStack, thrownText } from "@mpreg/core/base";
import {
  type AnyHandler,
  CallContext,
  type ContextHost,
  type HandlerLog,
  type ItemSource,
  ProgressReports,
  type RegisteredFunction,
  execute,
  provideContextStorage,
} from "@mpreg/core/handlers";
import { Caller, type Progress, explainReference } from "@mpreg/core/rpc";
import { createCodec } from "@mpreg/core/values";
import type { Timings } from "@mpreg/core/wire";
import { utf8 } from "../capabilities.js";
import { begin } from "./beginning.js";
import {
  type FromThread,
  type ThreadSetup,
  type ThreadTask,
  type ToThread,
  packed,
  takenReports,
  unpacked,
} from "./messages.js";
import { logOver } from "./worker-log.js";
import { PortAsking } from "./port-asking.js";

type Call = Extract<ThreadTask, { kind: "call" }>;

const setup = workerData as ThreadSetup;
const codec = createCodec(utf8, { explain: explainReference, valueBytesMax: setup.limits.valueBytesMax });
let loading: Promise<AnyHandler> | undefined;

provideContextStorage(new AsyncLocalStorage()); // (W1)

/** The main thread's monotonic clock, in ms. */
function now(): number {
  return Number(process.hrtime.bigint()) / 1e6 - setup.clockOffsetMs;
}

/** Runs a task of the pool; for one that only loads, answers why the module cannot be. */
export async function run(task: ThreadTask): Promise<string | undefined> {
  if (task.kind === "call") await serve(task);
  else return handler().then(() => undefined, thrownText);
  return undefined;
}

/** (W4) */
function handler(): Promise<AnyHandler> {
  return (loading ??= load());
}

async function load(): Promise<AnyHandler> {
  const { module, exportName } = setup;
  const exported = (await import(module)) as Readonly<Record<string, unknown>>;
  const found = exported[exportName];
  if (typeof found === "function") return found as AnyHandler;
  const names = Object.keys(exported);
  const what = exportName === "default" ? "default export" : `export "${exportName}"`;
  if (Object.hasOwn(exported, exportName)) throw new Error(`its ${what} is no function, but ${kindOf(found)}`);
  throw new Error(`it has no function as its ${what}; it exports ${names.length === 0 ? "nothing" : names.join(", ")}`);
}

/** What a value is, in a word, with its article. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

async function serve({ invocation, port, levels, shared }: Call): Promise<void> {
  const post = (message: FromThread): void => {
    const { message: copy, transfer } = packed(message);
    port.postMessage(copy, transfer);
  };
  const end = (result: Uint8Array | MpregError, timings: Timings = { queueUs: 0, runUs: 0 }): void => {
    const stack = result instanceof MpregError ? thrownStack(result.cause) : undefined;
    post({ kind: "ended", result, timings, stack });
  };
  post({ kind: "taken" });
  const loaded = await handler().catch((error: unknown) => notLoaded(invocation.fun, thrownText(error)));
  if (loaded instanceof MpregError) {
    end(loaded); // (W4)
    return;
  }
  let reported = 0;
  const reports = new ProgressReports(
    () => reported - Atomics.load(shared, takenReports),
    (_invocation, progress) => {
      reported += 1;
      post({ kind: "progress", progress });
    },
  );
  const asking = new PortAsking(post, codec, setup);
  const context = new CallContext(
    invocation,
    contextHost(
      asking,
      () => logOver(port, levels, shared),
      (progress) => {
        reports.report(invocation, progress);
      },
    ),
  );
  if (!begin(shared)) return; // (W2)
  let source: ItemSource | undefined;
  port.on("message", (message: ToThread) => {
    const told = unpacked(message);
    if (told.kind === "abort") context.abort(told.reason);
    else if (told.kind === "pull")
      source?.pull(); // (W5)
    else if (told.kind === "published") asking.published(told.number, told.result);
    else asking.settled(told.number, told.settled);
  });
  post({ kind: "begun" }); // (W3)
  const { exposeStacks } = setup;
  await new Promise<void>((ended) => {
    execute(invocation, functionOf(invocation.fun, loaded), context, {
      codec,
      exposeStacks,
      now,
      streams: {
        opened: (_invocation, items) => {
          source = items;
          post({ kind: "opened" });
        },
        made: (_invocation, item) => {
          post({ kind: "made", item });
        },
      },
      ended: (_invocation, result, timings) => {
        reports.ended(invocation);
        end(result, timings);
        ended();
      },
    });
  });
}

/** (W1) */
function contextHost(asking: PortAsking, log: () => HandlerLog, report: (progress: Progress) => void): ContextHost {
  return {
    nodeName: setup.nodeName,
    now,
    wallMs: () => Date.now(),
    createAbort: () => new AbortController(),
    logOf: log,
    codec,
    report: (_invocation, progress) => {
      report(progress);
    },
    publish: (_invocation, message) => asking.publish(message),
    ask: (_invocation, message, patience) => asking.ask(message, patience),
    callerOf: (_parent, trace) => new Caller(asking.within(trace)),
    after: (durationMs, happen) => {
      const timer = setTimeout(happen, durationMs);
      return () => {
        clearTimeout(timer);
      };
    },
  };
}

/** What `execute` runs: schemas are the main thread's. */
function functionOf(name: string, loaded: AnyHandler): RegisteredFunction {
  const offer = {
    fun: name,
    resources: [],
    version: undefined,
    tags: [],
    scope: "node",
    concurrencyMax: undefined,
    idempotent: "no",
  } as const;
  return { name, handler: loaded, resources: [], offer, queueMax: undefined, input: undefined, output: undefined };
}

function notLoaded(fun: string, thrown: string): MpregError {
  const isTypeScript = thrown.startsWith("Unknown file extension");
  const reason = isTypeScript ? `${thrown}: build it, and name the file of JavaScript that comes of it` : thrown;
  return new MpregError("no-provider", `Cannot call "${fun}": its module ${setup.module} did not load: ${reason}`);
}
