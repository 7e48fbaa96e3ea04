/** Log: structured lines through pino. Payloads are never logged. */
import { type Logger as PinoLogger, pino } from "pino";

export type Logger = PinoLogger;
export type LogLevel = "fatal" | "error" | "warn" | "info" | "debug" | "trace" | "silent";

/** The logger of a node: the one given, or one to stderr with the level given. */
export function createLog(log: LogLevel | Logger | undefined, name: string): Logger {
  if (typeof log === "object") return log.child({ node: name });
  return pino({ level: log ?? "warn", base: { node: name } }, pino.destination({ dest: 2, sync: true }));
}
