/** What the handlers of a mesh's nodes come to. */
import { MpregError } from "../../src/base/index.js";

export { progressOf } from "../../src/handlers/progress.js";

export function thrown(cause: unknown): MpregError {
  return new MpregError("handler-error", (cause as Error).message, { outcome: "applied" });
}

export function isIterator(value: unknown): value is Iterator<unknown> {
  return typeof value === "object" && value !== null && "next" in value && typeof value.next === "function";
}
