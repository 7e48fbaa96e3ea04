/**
 * Outputs: results that were told to whoever has asked, are kept elsewhere, and can perhaps be made again.
 *
 * Owns which run has made what is fetched now. How it makes that again is `request/told-outputs.ts`.
 *
 * (O1) Whoever was told of a result lets go of it here; the run that has made it lets go of it where it is kept.
 * (O2) A reader of what is lost is answered once: with where it is now, or why it is nowhere.
 */
import type { MpregError } from "../../base/index.js";
import type { ResultRef } from "../../wire/index.js";
import { sourceOf } from "./kept.js";

/** Needs a result that is lost. (O2) */
export interface OutputReader {
  /** It was made again, and is kept there. */
  made(ref: ResultRef, nowMs: number): void;
  failed(error: MpregError, nowMs: number): void;
}

/** What one was lost, and how that was noticed. */
export interface LostOutput {
  readonly ref: ResultRef;
  readonly error: MpregError;
}

/** A run that makes its results again. */
export interface OutputOwner {
  remake(step: number, lost: LostOutput, reader: OutputReader, nowMs: number): void;
  /** Nobody needs the result of `step` any more. */
  letGo(step: number): void;
}

interface Made {
  readonly owner: OutputOwner;
  readonly step: number;
}

export class Outputs {
  readonly #made = new Map<string, Made>();

  add(ref: ResultRef, owner: OutputOwner, step: number): void {
    this.#made.set(sourceOf(ref), { owner, step });
  }

  delete(ref: ResultRef): void {
    this.#made.delete(sourceOf(ref));
  }

  /** Answers whether some run lets go of it. (O1) */
  letGo(ref: ResultRef): boolean {
    const made = this.#made.get(sourceOf(ref));
    made?.owner.letGo(made.step);
    return made !== undefined;
  }

  /** Has what is lost made again, or tells why it cannot be. (O2) */
  remake(lost: LostOutput, reader: OutputReader, nowMs: number): void {
    const made = this.#made.get(sourceOf(lost.ref));
    if (made === undefined) return reader.failed(lost.error, nowMs);
    const { path } = lost.ref;
    made.owner.remake(
      made.step,
      lost,
      {
        made: (ref, thenMs) => {
          reader.made({ ...ref, path }, thenMs);
        },
        failed: (error, thenMs) => {
          reader.failed(error, thenMs);
        },
      },
      nowMs,
    );
  }
}
