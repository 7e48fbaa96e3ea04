/**
 * Running: the options that `call` and `run` share, and how what they got is shown.
 *
 * (U1) stdout has the result and nothing else; events, a summary and a trace go to stderr.
 */
import type { RequestEvent, RequestSummary } from "@mpreg/core";
import type { SingleCallOptions } from "@mpreg/core/rpc";
import type { Command } from "commander";
import { parseDurationMs } from "../input/options.js";
import { EventTimes, eventText } from "../render/event.js";
import { valueJson } from "../render/json.js";
import { printable } from "../render/text.js";
import type { Terminal } from "../terminal.js";
import { type ConnectionFlags, withConnectionOptions } from "./connection.js";

export interface RunningFlags extends ConnectionFlags {
  /** In ms; `true`: as long as the request may take. */
  readonly waitForCapacity?: number | true;
  readonly summary?: true;
  readonly trace?: true;
  readonly watch?: true;
  readonly intermediates?: true;
}

export function withRunningOptions(command: Command): Command {
  return withConnectionOptions(command)
    .option(
      "--wait-for-capacity [duration]",
      "wait while no node offers a function with its resources",
      parseDurationMs,
    )
    .option("--summary", "tell on stderr where the time went")
    .option("--watch", "tell on stderr what happens while it happens; with --json a line of JSON for each event")
    .option("--intermediates", "with --watch: also the results of steps, where they take 16 KiB at most")
    .option("--trace", "tell on stderr what waited for what: the critical path and the slowest steps");
}

/** The options of a request, and what writes its summary once it has ended, if one is wanted. */
export interface Running {
  readonly options: Pick<
    SingleCallOptions,
    "timeoutMs" | "waitForCapacity" | "onSummary" | "onEvent" | "intermediates"
  >;
  readonly writeSummary: () => Promise<void>;
}

/** `tellsId`: the id of the request is told where somebody looks on: `mpreg trace` takes it. */
export function runningOf(flags: RunningFlags, terminal: Terminal, tellsId = false): Running {
  const { stderr } = terminal;
  const isIdTold = tellsId && stderr.isTerminal && flags.json !== true;
  const { timeout, waitForCapacity, summary: isSummaryWanted, trace: isTraceWanted, json } = flags;
  let given: RequestSummary | undefined;
  const onSummary = (summary: RequestSummary): void => {
    given = summary;
  };
  return {
    options: {
      timeoutMs: timeout,
      onEvent: flags.watch === true ? eventWriter(flags, terminal) : isIdTold ? idWriter(terminal) : undefined,
      intermediates: flags.intermediates,
      waitForCapacity,
      onSummary: isSummaryWanted || isTraceWanted ? onSummary : undefined,
    },
    writeSummary: async () => {
      if (given === undefined) return;
      const { analyse, traceText } = await import("@mpreg/core");
      if (json === true) {
        const analysis = isTraceWanted ? { analysis: analyse(given) } : {};
        stderr.write(valueJson({ summary: given, ...analysis }, "line")); // (U1)
        return;
      }
      if (isSummaryWanted) {
        const { summaryText } = await import("../render/summary.js");
        stderr.write(summaryText(given, stderr));
      }
      if (isTraceWanted) stderr.write(traceText(given));
    },
  };
}

/** Writes the id of the request as soon as it has one. (U1) */
function idWriter({ stderr }: Terminal): (event: RequestEvent) => void {
  return (event) => {
    if (event.kind === "received") stderr.write(stderr.colours.dim(`request ${printable(event.requestId)}`));
  };
}

/** Writes each event as it comes. (U1) */
export function eventWriter({ json }: ConnectionFlags, { stderr }: Terminal): (event: RequestEvent) => void {
  const times = new EventTimes();
  return (event) => {
    const sinceMs = times.sinceMs(event, performance.now());
    stderr.write(json === true ? valueJson({ event }, "line") : eventText(event, sinceMs));
  };
}

/** Writes a result, one line for programs, readable for people, and waits until it is out. */
/** The outputs of a request, each stream of them as an array of its items. */
export async function collected(outputs: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
  const whole: Record<string, unknown> = {};
  for (const [name, output] of Object.entries(outputs)) whole[name] = isStream(output) ? await arrayOf(output) : output;
  return whole;
}

async function arrayOf(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const array: unknown[] = [];
  for await (const item of items) array.push(item);
  return array;
}

/** Writes what was answered; of a stream, each item on a line of its own, as it comes. */
export async function writeResult(result: unknown, flags: ConnectionFlags, terminal: Terminal): Promise<void> {
  if (!isStream(result)) return write(result, flags, terminal);
  for await (const item of result) await write(item, { ...flags, json: true }, terminal);
}

function isStream(result: unknown): result is AsyncIterable<unknown> {
  return typeof result === "object" && result !== null && Symbol.asyncIterator in result;
}

async function write(result: unknown, { json }: ConnectionFlags, { stdout }: Terminal): Promise<void> {
  stdout.write(valueJson(result, json === true ? "line" : "lines"));
  await stdout.written("applied");
}
