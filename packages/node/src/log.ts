/** Log: structured lines through pino. Payloads are never logged. */
import { type Logger as PinoLogger, pino } from "pino";

export type Logger = PinoLogger;
export const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

/** The logger of a node: the one given, or one to stderr with the level given. */
export function createLog(log: LogLevel | Logger | undefined, name: string): Logger {
  if (typeof log === "object") return log.child({ node: name });
  return pino({ level: log ?? "warn", base: { node: name } }, pino.destination({ dest: 2, sync: true }));
}
