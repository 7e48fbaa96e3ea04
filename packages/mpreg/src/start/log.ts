/**
 * Log of `mpreg start`: JSON lines for programs, short lines where a person reads along. Always on stderr.
 */
import type { LogLevel, Logger } from "@mpreg/node";
import { pino } from "pino";
import { printable } from "../render/text.js";
import type { Colours, Stream } from "../terminal.js";

/** The logger for `log`, which may be one already. */
export function openLog(log: LogLevel | Logger, stderr: Stream, asJson: boolean): Logger {
  if (typeof log === "object") return log;
  const isForPrograms = asJson || !stderr.isTerminal;
  const destination = {
    write: (line: string) => {
      stderr.write(isForPrograms ? line.trimEnd() : logText(line, stderr.colours));
    },
  };
  return pino({ level: log, base: {} }, destination);
}

const errorLevel = 50;
const warnLevel = 40;

/** Said elsewhere in the line, or for programs only. */
const notFields = new Set(["level", "time", "msg", "node", "nodeId", "err"]);

/** `12:03:04 warn dial failed url=ws://… reason="…"`, and the stack of an error below it. */
export function logText(line: string, colours: Colours): string {
  const entry = JSON.parse(line) as {
    level: number;
    time: number;
    msg?: string;
    err?: { stack?: string; message?: string };
  };
  const time = new Date(entry.time).toTimeString().slice(0, 8);
  const level = pino.levels.labels[entry.level] ?? String(entry.level);
  const paint = entry.level >= errorLevel ? colours.red : entry.level >= warnLevel ? colours.yellow : colours.dim;
  const fields = Object.entries(entry).filter(([name]) => !notFields.has(name));
  const shown = fields.map(([name, value]) => colours.dim(`${name}=${printable(fieldText(value))}`));
  const head = [colours.dim(time), paint(level), printable(entry.msg ?? ""), ...shown].join(" ");
  const trace = (entry.err?.stack ?? entry.err?.message)?.split("\n") ?? [];
  return [head, ...trace.map((each) => `  ${printable(each)}`)].join("\n");
}

function fieldText(value: unknown): string {
  if (Array.isArray(value)) return value.join(",");
  const reason = (value as { readonly reason?: unknown } | null)?.reason; // a goodbye: its code is for programs
  if (typeof reason === "string") return fieldText(reason);
  return typeof value === "string" && !/[\s"=]/.test(value) ? value : JSON.stringify(value);
}
