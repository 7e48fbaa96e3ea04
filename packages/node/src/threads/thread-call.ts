/**
 * Thread call: one call that runs in a thread, as the main thread sees it: from the pool's queue to its end.
 *
 * Owns the port to the handler and what comes over it: its end, its nested calls, what it logs. Which thread takes the
 * call is the pool's.
 *
 * (C1) It ends once, whatever becomes of its thread.
 * (C2) What a thread has said before it ended counts: a handler that had ended has ended, one that had not begun has done
 *      nothing.
 * (C3) When nobody waits any more the handler is told, and its thread ended if it runs on after the grace time. A call
 *      that no thread has said it took leaves the queue then: a thread may have it already, and sees in time that it is
 *      not wanted.
 * (C4) A module that loads for too long is ended with its thread. One that loads while its call is cancelled goes on:
 *      else a call's short deadline could keep it from ever being loaded.
 * (C5) What the handler has asked for goes on when it has ended, as elsewhere; with its thread it is withdrawn.
 * (C6) A stream ends as a call does: at its deadline the handler is told, and what it has not ended by then is lost with its
 *      thread, which is no end of the stream but an error.
 * (C7) Whether its handler begins is decided once (`beginning.ts`): one that nobody waits for any more, and that has not
 *      begun, never does.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { MpregError, type TraceContext, thrownText } from "@mpreg/core/base";
import {
  type CallContext,
  EncodedItems,
  type ExecutionEnd,
  type ExecutionOpened,
  invocationWith,
} from "@mpreg/core/handlers";
import type { Asker, Asking, Invocation, Settled } from "@mpreg/core/rpc";
import {
  type FromThread,
  type LogLevel,
  type PublishedResult,
  type ThreadTask,
  type ToThread,
  packed,
  sharedBytes,
  takenLines,
  takenReports,
  unpacked,
} from "./messages.js";
import { isRevoked, revoke } from "./beginning.js";
import type { ResolvedThreads } from "./options.js";

export interface ThreadCallHost {
  readonly threads: ResolvedThreads;
  /** The levels that are logged. */
  readonly levels: readonly LogLevel[];
  /** What carries the handler's nested calls. */
  readonly asking: Asking;
  /** Gives the call to a thread; settles once it has ended there, and rejects with what ended the thread. */
  give(task: ThreadTask, transfer: readonly (ArrayBuffer | MessagePort)[], ended: AbortSignal): Promise<unknown>;
}

/** Who hears what becomes of the call. */
export interface ThreadCallListener {
  readonly ended: ExecutionEnd;
  readonly opened: ExecutionOpened;
}

const noTimings = { queueUs: 0, runUs: 0 };

export class ThreadCall {
  /** Resolves when nothing of it runs any more in its thread. */
  readonly left: Promise<void>;
  readonly #invocation: Invocation;
  readonly #context: CallContext;
  readonly #host: ThreadCallHost;
  readonly #listener: ThreadCallListener;
  /** What it makes, where that is a stream. */
  #items: EncodedItems | undefined;
  readonly #port: MessagePort;
  readonly #thread = new AbortController();
  readonly #shared = new Int32Array(new SharedArrayBuffer(sharedBytes));
  /** The handler's nested calls that have not ended: by its number for each, ours. */
  readonly #asks = new Map<number, number | undefined>();
  #place: "queue" | "loading" | "running" | "ended" = "queue";
  #timer: NodeJS.Timeout | undefined;
  #why: string | undefined;
  #hasLeft = false;

  constructor(invocation: Invocation, context: CallContext, host: ThreadCallHost, listener: ThreadCallListener) {
    this.#invocation = invocation;
    this.#context = context;
    this.#host = host;
    this.#listener = listener;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on("message", (message: FromThread) => {
      this.#heard(message);
    });
    context.beginsLater(() => revoke(this.#shared)); // (C7)
    context.onAbort((reason) => {
      this.#stop(reason);
    });
    const { message, transfer } = packed(traced(invocation, context.trace));
    const task: ThreadTask = {
      kind: "call",
      invocation: message,
      port: port2,
      levels: host.levels,
      shared: this.#shared,
    };
    this.left = host.give(task, [...transfer, port2], this.#thread.signal).then(
      () => {
        this.#leave(undefined);
      },
      (reason: unknown) => {
        this.#leave(reason);
      },
    );
  }

  /** Ends it, unless its handler runs: takes it from the queue, or ends the thread that loads the module. */
  cancel(why: string): void {
    if (this.#place !== "running") this.#endThread(why);
  }

  /** No thread has taken it. */
  get isQueued(): boolean {
    return this.#place === "queue";
  }

  #heard(message: FromThread): void {
    const heard = unpackedUnlessLog(message);
    if (heard.kind === "taken") {
      this.#place = "loading";
      const { loadMsMax } = this.#host.threads;
      this.#endThreadAfter(loadMsMax, loadTimeUp(loadMsMax)); // (C4)
    } else if (heard.kind === "begun") {
      this.#place = "running";
      clearTimeout(this.#timer);
      const { abortReason } = this.#context;
      if (abortReason !== undefined) this.#stop(abortReason); // the two have crossed
    } else if (heard.kind === "opened") {
      this.#opened();
    } else if (heard.kind === "made") {
      this.#items?.made(heard.item);
    } else if (heard.kind === "ended") {
      this.#ended(withStack(heard.result, heard.stack), heard.timings);
    } else if (heard.kind === "ask") {
      this.#ask(heard);
    } else if (heard.kind === "withdraw") {
      this.#withdraw(heard.number);
      this.#closeIfDone();
    } else if (heard.kind === "publish") {
      this.#publish(heard);
    } else if (heard.kind === "progress") {
      Atomics.add(this.#shared, takenReports, 1);
      this.#context.reported(heard.progress);
    } else {
      Atomics.add(this.#shared, takenLines, 1);
      this.#context.log[heard.level](...(heard.line as [object, string]));
    }
  }

  #opened(): void {
    const items = new EncodedItems({
      pull: () => {
        this.#tell({ kind: "pull" });
      },
      leave: () => {
        const { abortReason } = this.#context;
        if (abortReason === undefined) this.#stop(new MpregError("cancelled", "No more items are wanted")); // else it was told
      },
    });
    this.#items = items;
    this.#listener.opened(items);
  }

  /** Tells the handler that nobody waits for it, or keeps it from beginning. (C3) (C6) (C7) */
  #stop(reason: MpregError): void {
    if (this.#place === "ended") return;
    if (!revoke(this.#shared)) this.#tell({ kind: "abort", reason });
    if (this.#place === "loading") return; // (C4)
    const why =
      this.#place === "queue" ? "nobody waits for it any more" : "its handler ran on when nobody waited any more";
    this.#endThreadAfter(this.#host.threads.abortGraceMs, why);
  }

  #endThreadAfter(durationMs: number, why: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#endThread(why);
    }, durationMs);
  }

  #endThread(why: string): void {
    this.#why ??= why;
    this.#thread.abort();
  }

  /** The thread is done with it, or is gone. */
  #leave(reason: unknown): void {
    this.#hasLeft = true;
    // what it has said is heard before what became of it (C2)
    for (;;) {
      const last = receiveMessageOnPort(this.#port) as { readonly message: FromThread } | undefined;
      if (last === undefined) break;
      this.#heard(last.message);
    }
    clearTimeout(this.#timer);
    if (this.#place !== "ended") this.#ended(this.#unendedError(reason), noTimings);
    if (reason !== undefined) this.#withdrawAll();
    this.#closeIfDone();
  }

  /** (C1) */
  #ended(result: Uint8Array | MpregError, timings: typeof noTimings): void {
    if (this.#place === "ended") return;
    this.#place = "ended";
    clearTimeout(this.#timer);
    if (this.#items === undefined) this.#listener.ended(result, timings);
    else this.#items.ended(result instanceof MpregError ? result : undefined); // (C6)
  }

  /** Its thread is done with it, or gone, and has not said how it ended. */
  #unendedError(reason: unknown): MpregError {
    const { abortReason } = this.#context;
    if (abortReason !== undefined && isRevoked(this.#shared)) return abortReason; // (C7)
    const { fun } = this.#invocation;
    const why = this.#why ?? reasonOf(reason, this.#host.threads);
    if (this.#place === "running") {
      const message = `The thread that ran "${fun}" was lost: ${why}; whether the call took effect is unknown`;
      return new MpregError("thread-lost", message, { outcome: "unknown" });
    }
    return new MpregError("no-provider", `Cannot call "${fun}": the thread that was to run it was lost: ${why}`);
  }

  #ask({ number, ask }: Extract<FromThread, { kind: "ask" }>): void {
    const { asking } = this.#host;
    const settle = (settled: Settled): void => {
      this.#asks.delete(number);
      this.#tell({ kind: "settled", number, settled });
      this.#closeIfDone();
    };
    const asker: Asker = {
      // without `takesStreams`: what a handler in a thread asks for comes as arrays
      answered: (value, _timings, summary) => {
        settle({ kind: "answered", value, summary });
      },
      results: (outputs, reports, summary) => {
        settle({ kind: "results", outputs, reports, summary });
      },
      failed: (error) => {
        settle({ kind: "failed", error });
      },
    };
    this.#asks.set(number, undefined);
    const ours = ask.kind === "call" ? asking.call(ask.fields, asker) : asking.request(ask.fields, asker);
    if (this.#asks.has(number)) this.#asks.set(number, ours); // else it has ended at once
  }

  #publish({ number, message, answerMs }: Extract<FromThread, { kind: "publish" }>): void {
    const tell = (result: PublishedResult): void => {
      this.#tell({ kind: "published", number, result });
    };
    if (answerMs === undefined) this.#context.published(message).then(tell, tell);
    else this.#context.asked(message, answerMs).then(tell, tell);
  }

  #withdraw(number: number): void {
    const ours = this.#asks.get(number);
    this.#asks.delete(number);
    if (ours !== undefined) this.#host.asking.withdraw(ours);
  }

  #withdrawAll(): void {
    for (const number of [...this.#asks.keys()]) this.#withdraw(number); // (C5)
  }

  #tell(given: ToThread): void {
    const { message, transfer } = packed(given);
    this.#port.postMessage(message, transfer);
  }

  #closeIfDone(): void {
    if (this.#hasLeft && this.#asks.size === 0) this.#port.close();
  }
}

/** The call, as part of its handler's own span. */
function traced(invocation: Invocation, trace: TraceContext | undefined): Invocation {
  return invocationWith(invocation, trace === undefined ? {} : { terms: { ...invocation.terms, trace } });
}

/** What is logged is the handler's, and stays as it is. */
function unpackedUnlessLog(message: FromThread): FromThread {
  return message.kind === "log" ? message : unpacked(message);
}

/** The error with the stack of what was thrown as its cause's, for the node's own log. */
function withStack(result: Uint8Array | MpregError, stack: string | undefined): Uint8Array | MpregError {
  if (!(result instanceof MpregError) || stack === undefined) return result;
  const { code, message, outcome, step, node } = result;
  const cause = new Error(message);
  cause.stack = stack;
  return new MpregError(code, message, { outcome, step, node, cause });
}

function reasonOf(reason: unknown, { memoryMiBMax }: ResolvedThreads): string {
  const code = (reason as { readonly code?: unknown } | undefined)?.code;
  if (code !== "ERR_WORKER_OUT_OF_MEMORY") return thrownText(reason);
  return memoryMiBMax === undefined
    ? "it ran out of memory"
    : `it needed more than ${memoryMiBMax} MiB of memory (threads.memoryMiBMax)`;
}

/** What is said of a module that takes too long. */
export function loadTimeUp(loadMsMax: number): string {
  return `its module did not load within ${loadMsMax} ms (threads.loadMsMax)`;
}
