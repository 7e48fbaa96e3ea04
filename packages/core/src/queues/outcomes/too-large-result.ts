/** Too large a result: what is told instead of one that is beyond its limit. */
import type { MessageResult } from "../types.js";

/** What was done cannot be undone because its result is too large. */
export function tooLargeResult(bytes: number, bytesMax: number): MessageResult {
  const error = `It was done, but its result has ${bytes} bytes; the limit is ${bytesMax}`;
  return { kind: "failed", code: "too-large", outcome: "applied", error };
}
