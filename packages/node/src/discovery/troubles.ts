/**
 * Troubles: what goes wrong in a source, said once.
 *
 * (T1) A trouble that lasts is said when it begins; the next line about the same subject says something else, or comes
 *      after it was over.
 */
import { isDeepStrictEqual } from "node:util";
import type { Logger } from "../log.js";

export class Troubles {
  readonly #log: Logger;
  readonly #said = new Map<string, object>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** `fields` and `message` go to the log, unless they were the last ones said of `subject`. */
  tell(subject: string, fields: object, message: string): void {
    const entry = { fields, message };
    if (isDeepStrictEqual(this.#said.get(subject), entry)) return; // (T1)
    this.#said.set(subject, entry);
    this.#log.warn(fields, message);
  }

  over(subject: string): void {
    this.#said.delete(subject);
  }
}

/** What went wrong, as a short text: the system's code where there is one. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  return typeof code === "string" ? code : String(message);
}
