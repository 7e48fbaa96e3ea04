/**
 * Worker log: what a handler in a thread logs, on its way to the node's log in the main thread.
 *
 * (L1) Lines of levels that are not logged stay here.
 * (L2) At most {@link waitingMax} lines of a call wait for the main thread; further ones are counted instead, and the
 *      next line that finds room says how many were dropped.
 * (L3) An error of ours arrives with all that is known of it; cloned, it would be a plain error without its code.
 */
import { inspect } from "node:util";
import type { MessagePort } from "node:worker_threads";
import { MpregError } from "@mpreg/core/base";
import type { HandlerLog, LogLine } from "@mpreg/core/handlers";
import { type FromThread, type LogLevel, logLevels, takenLines } from "./messages.js";

const waitingMax = 1_000;

/** The log of one call; `taken` counts the lines that the main thread has taken. */
export function logOver(port: MessagePort, levels: readonly LogLevel[], taken: Int32Array): HandlerLog {
  let posted = 0;
  let dropped = 0;
  const send = (level: LogLevel, line: readonly unknown[]): void => {
    if (posted - Atomics.load(taken, takenLines) >= waitingMax) {
      dropped += 1; // (L2)
      return;
    }
    posted += 1;
    post(port, { kind: "log", level, line });
  };
  const lineOf =
    (level: LogLevel): LogLine =>
    (...line: unknown[]) => {
      if (!levels.includes(level)) return; // (L1)
      if (dropped > 0 && posted - Atomics.load(taken, takenLines) < waitingMax) {
        const lines = dropped;
        dropped = 0;
        send("warn", [{ lines }, "the handler logs faster than it can be written: lines were dropped"]);
      }
      send(level, told(line));
    };
  return Object.fromEntries(logLevels.map((level) => [level, lineOf(level)])) as unknown as HandlerLog;
}

/** The line as the main thread logs it: what pino makes of errors, made here. (L3) */
function told(line: readonly unknown[]): readonly unknown[] {
  const [first, ...rest] = line;
  if (first instanceof MpregError) {
    const { message, stack } = first;
    const err = { type: "MpregError", ...first.toJSON(), stack };
    return [{ err }, ...(rest.length === 0 ? [message] : rest)];
  }
  if (typeof first !== "object" || first === null || first instanceof Error) return line;
  const fields = Object.entries(first).map(([name, value]: [string, unknown]) => {
    return [name, value instanceof MpregError ? value.toJSON() : value];
  });
  return [Object.fromEntries(fields), ...rest];
}

function post(port: MessagePort, message: Extract<FromThread, { kind: "log" }>): void {
  try {
    port.postMessage(message);
  } catch {
    // what cannot be cloned is told as text
    const line = message.line.map((each) =>
      typeof each === "string" ? each : { fields: inspect(each, { depth: 3 }) },
    );
    port.postMessage({ ...message, line });
  }
}
