/**
 * Terminal: the two streams a command writes to, and what they can show.
 *
 * (T1) What could not be written is never passed over: `stdout.written()` tells. Nobody can be told about stderr, so
 *      whatever happens to it changes nothing.
 * (T2) Colours only where somebody looks, and did not refuse them (`NO_COLOR`, `TERM=dumb`).
 * (T3) What a module can import does not depend on where the output goes.
 */
import { fstatSync, writeSync } from "node:fs";
import type { Outcome } from "@mpreg/core/base";
import picocolors from "picocolors";
import { reasonOf } from "./input/files.js";

/** Texts in colours, or as they are. */
export type Colours = ReturnType<typeof picocolors.createColors>;

export interface Stream {
  /** Writes `text` and a line end. */
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
  /** Characters in a line of the terminal as it is now; `undefined` where nobody knows, and lines have no end. */
  readonly columns: number | undefined;
  readonly colours: Colours;
}

export interface Terminal {
  readonly stdout: Output;
  readonly stderr: Stream;
}

export interface Output extends Stream {
  /**
   * Resolves once everything is written; rejects with an {@link OutputError} if some could not be, which tells what
   * became of the work.
   */
  readonly written: (outcome?: Outcome) => Promise<void>;
}

/** What was to be shown did not get out. */
export class OutputError extends Error {
  override readonly name: string = "OutputError";
  /** The reader has gone away, as in `mpreg functions | head -1`: it knows, and nobody else is to be bothered. */
  readonly isReaderGone: boolean;
  /** What became of the work whose result it is. */
  readonly outcome: Outcome | undefined;

  constructor(cause: unknown, outcome?: Outcome) {
    super(`Cannot write to stdout: ${reasonOf(cause)}`, { cause });
    this.isReaderGone = (cause as NodeJS.ErrnoException).code === "EPIPE";
    this.outcome = outcome;
  }
}

/** What a stream has only where it is a terminal; Node's types promise it for all. */
interface PerhapsTerminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export function openTerminal(): Terminal {
  return { stdout: openStream(process.stdout, 1), stderr: openStream(process.stderr, 2) };
}

function openStream(stream: NodeJS.WritableStream & PerhapsTerminal, descriptor: 1 | 2): Output {
  stream.on("error", () => undefined); // whoever wrote is told: we are by `put`, and the console of a module does not mind
  const put = isFile(descriptor) ? putInFile : putInStream;
  const isTerminal = stream.isTTY === true;
  let writes = Promise.resolve();
  return {
    write: (text) => {
      // without what they resolved to: a node writes for as long as it lives
      writes = Promise.all([writes, put(`${text}\n`, stream, descriptor)]).then(() => undefined);
      writes.catch(() => undefined); // `written` tells
    },
    written: async (outcome) => {
      await writes.catch((error: unknown) => {
        throw new OutputError(error, outcome); // (T1)
      });
    },
    isTerminal,
    get columns() {
      return (isTerminal && stream.columns) || undefined; // 0 where the terminal does not know
    },
    colours: picocolors.createColors(isTerminal && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb"), // (T2)
  };
}

/**
 * True for what Node writes to in one go, without a look at how much of it was taken.
 *
 * Asked for as bigints because Node 20 keeps the last other answer, and takes it for that of a path when it resolves the
 * symbolic link of a package: after a pipe it stops there, and finds none of what the package imports. (T3)
 */
function isFile(descriptor: number): boolean {
  return fstatSync(descriptor, { bigint: true }).isFile();
}

/** Writes all of `text`: of what does not fit on a disk any more, the system takes a part. (T1) */
async function putInFile(text: string, _stream: NodeJS.WritableStream, descriptor: number): Promise<void> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
}

function putInStream(text: string, stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
