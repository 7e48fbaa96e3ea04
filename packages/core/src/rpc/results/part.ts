/** Part: what a path leads to in an encoded result. */
import { MpregError } from "../../base/index.js";
import { pick } from "../../values/index.js";
import type { WirePath } from "../../wire/index.js";

/** The part of the result of `step` at `path`, or why there is none. */
export function partOf(result: Uint8Array, path: WirePath, step: string): Uint8Array | MpregError {
  if (path.length === 0) return result;
  let part;
  try {
    part = pick(result, path);
  } catch (error) {
    if (error instanceof MpregError) return error;
    throw error;
  }
  if (part instanceof Uint8Array) return part;
  const segments = path.map((segment) => (typeof segment === "number" ? `[${segment}]` : `.${segment}`));
  const found = step + segments.slice(0, part.missingAt).join("");
  const missing = JSON.stringify(path[part.missingAt]);
  return new MpregError("path-missing", `Cannot take ${step}${segments.join("")}: ${found} has no ${missing}`);
}
