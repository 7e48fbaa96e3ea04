/**
 * Terminal: the two streams a command writes to, and what they can show.
 *
 * (T1) A reader that goes away (`mpreg functions | head -1`) is no error.
 * (T2) Colours only where somebody looks, and did not refuse them (`NO_COLOR`, `TERM=dumb`).
 */
import picocolors from "picocolors";

/** Texts in colours, or as they are. */
export type Colours = ReturnType<typeof picocolors.createColors>;

export interface Stream {
  /** Writes `text` and a line end. */
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
  /** Characters in a line of the terminal; without one `undefined`, and lines have no end. */
  readonly columns: number | undefined;
  readonly colours: Colours;
}

export interface Terminal {
  readonly stdout: Stream;
  readonly stderr: Stream;
}

/** What a stream has only where it is a terminal; Node's types promise it for all. */
interface PerhapsTerminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export function openTerminal(): Terminal {
  return { stdout: openStream(process.stdout), stderr: openStream(process.stderr) };
}

function openStream(stream: NodeJS.WritableStream & PerhapsTerminal): Stream {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error; // (T1)
  });
  const isTerminal = stream.isTTY === true;
  return {
    write: (text) => {
      stream.write(`${text}\n`);
    },
    isTerminal,
    columns: isTerminal ? stream.columns : undefined,
    colours: picocolors.createColors(isTerminal && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb"), // (T2)
  };
}
