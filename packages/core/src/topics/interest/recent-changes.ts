/**
 * Recent changes: the last announcements of each node's interest, as they were told, for those who have missed a few.
 *
 * Whoever has missed one change of ten thousand patterns is told that change, and not ten thousand patterns.
 *
 * (L1) What is kept of a node goes from change to change without a gap, up to the version that is known.
 * (L2) Of each node at most `recentBytesMax` are kept; a change that is larger is not kept, nor is what was before it.
 */
import type { SetVersion } from "../../catalog/index.js";

const recentBytesMax = 16 * 1024;

interface Change {
  readonly base: number;
  readonly version: number;
  readonly message: Uint8Array;
}

interface Recent {
  readonly boot: number;
  readonly changes: Change[];
  bytes: number;
}

export class RecentChanges {
  readonly #recent = new Map<string, Recent>();

  get size(): number {
    return this.#recent.size;
  }

  /** The node's interest has become `version`, by a change of `base` or, where that is 0, by all that `message` tells. */
  add(nodeId: string, { boot, version }: SetVersion, base: number, message: Uint8Array): void {
    let recent = this.#recent.get(nodeId);
    const isNext = base > 0 && recent?.boot === boot && (recent.changes.at(-1)?.version ?? base) === base;
    if (recent === undefined || !isNext) this.#recent.set(nodeId, (recent = { boot, changes: [], bytes: 0 })); // (L1)
    if (base === 0) return;
    recent.changes.push({ base, version, message });
    recent.bytes += message.length;
    while (recent.bytes > recentBytesMax) recent.bytes -= recent.changes.shift()?.message.length ?? 0; // (L2)
  }

  /** What has to be told to whoever knows that version, in its order; `undefined` if not all of it is kept. */
  since(nodeId: string, { boot, version }: SetVersion): readonly Uint8Array[] | undefined {
    const recent = this.#recent.get(nodeId);
    if (recent?.boot !== boot) return undefined;
    const from = recent.changes.findIndex(({ base }) => base === version);
    return from === -1 ? undefined : recent.changes.slice(from).map(({ message }) => message);
  }

  forget(nodeId: string): void {
    this.#recent.delete(nodeId);
  }
}
