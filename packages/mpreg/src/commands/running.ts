/**
 * Running: the options that `call` and `run` share, and how what they got is shown.
 *
 * (U1) stdout has the result and nothing else; a summary goes to stderr.
 */
import type { RequestSummary } from "@mpreg/core";
import type { SingleCallOptions } from "@mpreg/core/rpc";
import type { Command } from "commander";
import { parseDurationMs } from "../input/options.js";
import { valueJson } from "../render/json.js";
import type { Terminal } from "../terminal.js";
import { type ConnectionFlags, withConnectionOptions } from "./connection.js";

export interface RunningFlags extends ConnectionFlags {
  /** In ms; `true`: as long as the request may take. */
  readonly waitForCapacity?: number | true;
  readonly summary?: true;
}

export function withRunningOptions(command: Command): Command {
  return withConnectionOptions(command)
    .option(
      "--wait-for-capacity [duration]",
      "wait while no node offers a function with its resources",
      parseDurationMs,
    )
    .option("--summary", "tell on stderr where the time went");
}

/** The options of a request, and what writes its summary once it has ended, if one is wanted. */
export interface Running {
  readonly options: Pick<SingleCallOptions, "timeoutMs" | "waitForCapacity" | "onSummary">;
  readonly writeSummary: () => Promise<void>;
}

export function runningOf({ timeout, waitForCapacity, summary, json }: RunningFlags, { stderr }: Terminal): Running {
  let given: RequestSummary | undefined;
  const onSummary = (summary: RequestSummary): void => {
    given = summary;
  };
  return {
    options: { timeoutMs: timeout, waitForCapacity, onSummary: summary === true ? onSummary : undefined },
    writeSummary: async () => {
      if (given === undefined) return;
      if (json === true) {
        stderr.write(valueJson({ summary: given }, "line")); // (U1)
        return;
      }
      const { summaryText } = await import("../render/summary.js");
      stderr.write(summaryText(given, stderr));
    },
  };
}

/** Writes a result, one line for programs, readable for people, and waits until it is out. */
export async function writeResult(result: unknown, { json }: ConnectionFlags, { stdout }: Terminal): Promise<void> {
  stdout.write(valueJson(result, json === true ? "line" : "lines"));
  await stdout.written("applied");
}
