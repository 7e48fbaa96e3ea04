/**
 * Part sums: hashes of what is known of members, added up by parts, for two nodes to compare before they send anything else.
 *
 * The hashes find differences between honest nodes; they protect nothing.
 *
 * (G1) Equal knowledge has equal sums, in whatever order it was heard.
 * (G2) A change of one member costs one exclusive or, not a walk over all.
 */
import { hash32 } from "../structures/index.js";
import { digestParts } from "../wire/index.js";

/** The part that `nodeId` belongs to. */
export function partOf(nodeId: string): number {
  return hash32(nodeId) % digestParts;
}

export class PartSums {
  readonly #sums = new Uint32Array(digestParts);
  readonly #hashes = new Map<string, number>();

  /** How many members are counted in. */
  get size(): number {
    return this.#hashes.size;
  }

  /** The hash of what is known of the member now; 0 when it counts for nothing. (G2) */
  set(nodeId: string, hash: number): void {
    const part = partOf(nodeId);
    this.#sums[part] = (this.#sums[part] as number) ^ (this.#hashes.get(nodeId) ?? 0) ^ hash;
    if (hash === 0) this.#hashes.delete(nodeId);
    else this.#hashes.set(nodeId, hash);
  }

  get hashes(): readonly number[] {
    return [...this.#sums];
  }

  /** The parts in which another's hashes differ from these. */
  differing(hashes: readonly number[]): number[] {
    const parts: number[] = [];
    this.#sums.forEach((sum, part) => {
      if (sum !== hashes[part]) parts.push(part);
    });
    return parts;
  }
}
