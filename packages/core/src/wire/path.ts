/** Path: the way to a part of a value, on the wire. Layout: docs/protocol.md, "Paths". */
import type { WireLimits } from "./limits.js";
import { type Reader, malformed } from "./reader.js";
import type { Writer } from "./writer.js";

/** Keys of objects and positions in arrays; without any, the whole value. */
export type WirePath = readonly (string | number)[];

export const wholeValue: WirePath = [];

export function writePath(writer: Writer, path: WirePath): void {
  writer.varint(path.length);
  for (const segment of path) {
    if (typeof segment === "number") writer.u8(1).varint(segment);
    else writer.u8(0).text(segment);
  }
}

export function readPath(reader: Reader, { pathSegmentsMax }: Pick<WireLimits, "pathSegmentsMax">): WirePath {
  const left = reader.count("path segments", pathSegmentsMax);
  if (left === 0) return wholeValue;
  const path: (string | number)[] = [];
  for (let segments = left; segments > 0; segments--) {
    const type = reader.u8();
    if (type === 0) path.push(reader.name());
    else if (type === 1) path.push(reader.varint());
    else throw malformed("a path segment that is neither a key nor a position");
  }
  return path;
}
