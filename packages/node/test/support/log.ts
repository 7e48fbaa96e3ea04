/** Log: a logger whose lines the test can read. */
import { Writable } from "node:stream";
import type { Logger } from "@mpreg/node";
import { type LevelWithSilent, pino } from "pino";

export interface KeptLog {
  readonly log: Logger;
  /** What was logged so far, a parsed object per line, without time, process and host. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
}

export function startLog(level: LevelWithSilent): KeptLog {
  const lines: Record<string, unknown>[] = [];
  const keep = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });
  return { log: pino({ level, base: null, timestamp: false }, keep), lines };
}
