/**
 * Options of functions that run in threads, checked, with every default in one place.
 */
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { MpregError, checkOptions, optionNames, quoted } from "@mpreg/core/base";
import { type RegisterOptions, registerOptionNames } from "@mpreg/core/handlers";
import { durationMsMax } from "@mpreg/core/rpc";

/** The threads of one function. */
export interface ThreadOptions {
  /**
   * Threads that are kept while nothing is called; at least 1. Default 1. They are started, and load, when the function is
   * registered: each function has its own, and each thread takes about 25 MB before its module takes any.
   */
  readonly min?: number | undefined;
  /** Threads at most, and so calls at a time. Default: one less than there are processors, and at least one. */
  readonly max?: number | undefined;
  /**
   * What the JavaScript heap of each thread may take, in MiB; a thread that needs more is ended. Default: what Node
   * grants. The contents of buffers and what native code allocates do not count.
   */
  readonly memoryMiBMax?: number | undefined;
  /**
   * How long a handler may run on once nobody waits any more (cancelled, or past its deadline): its signal tells it, and
   * after that time its thread is ended. 0 = at once. Default 1,000.
   */
  readonly abortGraceMs?: number | undefined;
  /** How long the module may take to load; a thread that takes longer is ended. Default 60,000. */
  readonly loadMsMax?: number | undefined;
}

/** What a function that runs in threads is registered with; its calls run one by one, so there is no `batch`. */
export interface ThreadedOptions extends Omit<RegisterOptions, "batch"> {
  /** Threads at most, or more about them. Default: one less than there are processors, and at least one. */
  readonly threads?: number | ThreadOptions | undefined;
  /** Which export of the module is the handler. Default: `"default"`. */
  readonly export?: string | undefined;
}

/** With every default filled in. */
export interface ResolvedThreads {
  readonly min: number;
  readonly max: number;
  readonly memoryMiBMax: number | undefined;
  readonly abortGraceMs: number;
  readonly loadMsMax: number;
}

const threadsMax = 1_024;
/** A thread with less than this does not even start. */
const memoryMiBMin = 16;

const names: ReadonlySet<string> = new Set([...registerOptionNames, "threads", "export"]);

const threadNames: ReadonlySet<string> = optionNames<ThreadOptions>({
  min: true,
  max: true,
  memoryMiBMax: true,
  abortGraceMs: true,
  loadMsMax: true,
});

/** What the pool and the table are told. Throws `invalid-argument`, naming the option and what would work. */
export function resolveThreaded(
  name: string,
  module: URL,
  given: ThreadedOptions,
): { readonly threads: ResolvedThreads; readonly exportName: string; readonly options: RegisterOptions } {
  const what = `register(${quoted(name)})`;
  checkOptions(given, names, "register", name);
  const { threads, export: exportName = "default", ...options } = given;
  if (typeof exportName !== "string" || exportName === "") {
    throw invalid(`${what}: export must be the name of an export, got ${JSON.stringify(exportName)}`);
  }
  if (module.protocol !== "file:" || !existsSync(fileURLToPath(module))) {
    const like = 'such as new URL("./model.js", import.meta.url)';
    throw invalid(`${what}: there is no module ${module.href}; it must be the URL of a file, ${like}`);
  }
  return { threads: resolveThreads(what, threads ?? {}), exportName, options };
}

function resolveThreads(what: string, given: number | ThreadOptions): ResolvedThreads {
  if (typeof given === "number") return resolveThreads(what, { max: whole(`${what}: threads`, given, 1, threadsMax) });
  checkOptions(given, threadNames, `${what}: threads`);
  const { min, memoryMiBMax, abortGraceMs = 1_000, loadMsMax = 60_000 } = given;
  const max = whole(`${what}: threads.max`, given.max ?? Math.max(min ?? 1, availableParallelism() - 1), 1, threadsMax);
  return {
    min: whole(`${what}: threads.min`, min ?? 1, 1, max),
    max,
    memoryMiBMax:
      memoryMiBMax === undefined
        ? undefined
        : whole(`${what}: threads.memoryMiBMax`, memoryMiBMax, memoryMiBMin, 2 ** 20),
    abortGraceMs: whole(`${what}: threads.abortGraceMs`, abortGraceMs, 0, durationMsMax),
    loadMsMax: whole(`${what}: threads.loadMsMax`, loadMsMax, 1, durationMsMax),
  };
}

function whole(what: string, value: unknown, min: number, max: number): number {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
  throw invalid(`${what} must be a whole number from ${min} to ${max}, got ${String(value)}`);
}

function invalid(message: string): MpregError {
  return new MpregError("invalid-argument", message);
}
