/**
 * What the example prints, and whether it got out.
 *
 * (O1) A report that cannot be written is a failure, said in a line; but a reader that has gone away (`npm start | head`)
 *      knows that itself.
 */

for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {}); // `say` is told; stderr has nobody to tell

/** What was to be printed did not get out. */
export class OutputError extends Error {
  /** @param {NodeJS.ErrnoException} cause */
  constructor(cause) {
    super(`Cannot write to stdout: ${cause.message}`, { cause });
    this.isReaderGone = cause.code === "EPIPE";
  }
}

/**
 * Prints a paragraph.
 *
 * @param {string} text
 * @returns {Promise<void>} once it is out
 */
export function say(text) {
  return new Promise((resolve, reject) => {
    process.stdout.write(`${text}\n\n`, (error) => (error ? reject(new OutputError(error)) : resolve()));
  });
}

/** @param {string} text */
export function complain(text) {
  process.stderr.write(`${text}\n`);
}
