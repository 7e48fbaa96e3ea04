/** JSON names: how long the names in a message may be. */
import { MpregError, type Utf8 } from "../base/index.js";
import type { WireLimits } from "../wire/index.js";

/** Throws `too-large` for a name of more bytes than names may have. */
export function checkNameBytes(name: string, what: string, limits: WireLimits, utf8: Utf8): void {
  const bytesMax = limits.nameBytesMax;
  if (name.length * 3 <= bytesMax) return; // no UTF-16 unit takes more
  const bytes = name.length > bytesMax ? name.length : utf8.encode(name).length;
  if (bytes <= bytesMax) return;
  throw new MpregError("too-large", `${what} has more than the ${bytesMax} bytes that are allowed`);
}
