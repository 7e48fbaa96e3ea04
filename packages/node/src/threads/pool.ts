/**
 * Pool: the threads of one function.
 *
 * Which thread takes what, and starting another for one that is gone, is `piscina`'s. What becomes of one call is
 * `thread-call.ts`.
 *
 * (P1) A thread runs one call at a time.
 * (P2) Threads start without the module, which is loaded by a task: `piscina` gives up on threads that end while they
 *      start. Should they all the same, calls that wait for one are told, and the next one tries anew.
 * (P3) The threads of a function that was withdrawn end when its last call has.
 * (P4) Once they are ended no thread is started any more.
 */
import { performance } from "node:perf_hooks";
import { MpregError, thrownText } from "@mpreg/core/base";
import { type CallContext, type ExecutionEnd, type ExecutionOpened, Executor } from "@mpreg/core/handlers";
import type { Asking, Invocation } from "@mpreg/core/rpc";
import { Piscina } from "piscina";
import type { Logger } from "../log.js";
import { type ThreadLimits, type ThreadSetup, type ThreadTask, logLevels } from "./messages.js";
import type { ResolvedThreads } from "./options.js";
import { threadStart } from "./start.js";
import { ThreadCall, loadTimeUp } from "./thread-call.js";

export interface PoolHost {
  readonly nodeName: string;
  readonly limits: ThreadLimits;
  readonly exposeStacks: boolean;
  readonly log: Logger;
  /** What carries the nested calls of the handler that serves `parent`. */
  asking(parent: Invocation): Asking;
}

export interface PoolOptions {
  readonly fun: string;
  readonly module: URL;
  readonly exportName: string;
  readonly threads: ResolvedThreads;
}

/** How long a thread beyond the least number waits for another call. */
const idleMsMax = 60_000;

export class ThreadPool extends Executor {
  readonly concurrencyMax: number;
  readonly #options: PoolOptions;
  readonly #host: PoolHost;
  readonly #closed: () => void;
  readonly #calls = new Set<ThreadCall>();
  #piscina: Piscina | undefined;
  /** Settles when pools that were given up have no thread left. */
  #givenUp: Promise<unknown> | undefined;
  #isRetired = false;
  #closing: Promise<void> | undefined;

  /** `closed` is called when no thread is left, and none will be. */
  constructor(options: PoolOptions, host: PoolHost, closed: () => void) {
    super();
    this.#options = options;
    this.#host = host;
    this.#closed = closed;
    this.concurrencyMax = options.threads.max; // (P1)
  }

  /** Starts the threads that are always there, and loads the module in them. */
  open(): void {
    this.#opened();
  }

  /** Not in the types that users compile: those of the library need options of the compiler that they may not have. */
  #opened(): Piscina {
    if (this.#piscina !== undefined) return this.#piscina;
    const { fun, threads } = this.#options;
    const piscina = new Piscina({
      ...threadStart("threads/entry"),
      name: "runTask",
      minThreads: threads.min,
      maxThreads: threads.max,
      concurrentTasksPerWorker: 1,
      idleTimeout: idleMsMax,
      atomics: "disabled", // a thread that sleeps between calls would hear nothing, and its timers would stand still
      recordTiming: false,
      workerData: this.#setup(),
      ...(threads.memoryMiBMax === undefined
        ? {}
        : { resourceLimits: { maxOldGenerationSizeMb: threads.memoryMiBMax } }),
    });
    piscina.on("error", (error: unknown) => {
      this.#host.log.error({ fun, err: error }, "a thread ended between two calls");
      if (piscina.threads.length < threads.min) this.#giveUp(piscina, error); // else it was replaced
    });
    this.#piscina = piscina;
    for (let thread = 0; thread < threads.min; thread++) void this.#load(piscina); // (P2)
    return piscina;
  }

  run(invocation: Invocation, context: CallContext, end: ExecutionEnd, opened: ExecutionOpened): void {
    if (this.#closing !== undefined) {
      // it was validated meanwhile; told later, as the end of every call is
      const error = new MpregError("no-provider", `Cannot call "${this.#options.fun}": it was just unregistered`);
      queueMicrotask(() => {
        end(error, { queueUs: 0, runUs: 0 });
      });
      return;
    }
    const { log } = this.#host;
    const piscina = this.#opened();
    const levels = logLevels.filter((level) => log.isLevelEnabled(level));
    const host = {
      threads: this.#options.threads,
      levels,
      asking: this.#host.asking(invocation),
      give: (task: ThreadTask, transferList: never[], signal: AbortSignal) =>
        piscina.run(task, { transferList, signal }) as Promise<unknown>,
    };
    const call = new ThreadCall(invocation, context, host, { ended: end, opened });
    this.#calls.add(call);
    void call.left.then(() => {
      this.#calls.delete(call);
      if (this.#isRetired && this.#calls.size === 0) void this.close(); // (P3)
    });
  }

  retire(): void {
    this.#isRetired = true;
    if (this.#calls.size === 0) void this.close();
  }

  /** Waits for calls that run as long as they may run on, and ends all threads. Nobody waits for the calls any more. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    for (const call of this.#calls) call.cancel("the node was closed");
    await Promise.all([...this.#calls].map(({ left }) => left));
    await Promise.all([this.#givenUp, destroyed(this.#piscina)]);
    this.#closed();
  }

  /** (P2) */
  #giveUp(piscina: Piscina, error: unknown): void {
    if (this.#piscina !== piscina) return;
    this.#piscina = undefined;
    for (const call of this.#calls) if (call.isQueued) call.cancel(`no thread starts: ${thrownText(error)}`);
    const left = Promise.all([...this.#calls].map((call) => call.left)).then(() => destroyed(piscina));
    this.#givenUp = Promise.all([this.#givenUp, left]);
  }

  async #load(piscina: Piscina): Promise<void> {
    const { fun, module, threads } = this.#options;
    const signal = AbortSignal.timeout(threads.loadMsMax);
    const task: ThreadTask = { kind: "load" };
    const reason = await (piscina.run(task, { signal }) as Promise<string | undefined>).catch((error: unknown) =>
      signal.aborted ? loadTimeUp(threads.loadMsMax) : String(error),
    );
    if (reason === undefined || this.#closing !== undefined) return;
    this.#host.log.error({ fun, module: module.href, reason }, "the module of a function did not load");
  }

  #setup(): ThreadSetup {
    const { fun, module, exportName } = this.#options;
    const { nodeName, limits, exposeStacks } = this.#host;
    const clockOffsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();
    return { module: module.href, exportName, fun, nodeName, limits: { ...limits }, exposeStacks, clockOffsetMs };
  }
}

/** (P4) */
async function destroyed(piscina: Piscina | undefined): Promise<void> {
  if (piscina === undefined) return;
  piscina.options.minThreads = 0; // else a thread that was ended before, and exits after, would be replaced
  await piscina.destroy();
}
