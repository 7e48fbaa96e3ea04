/**
 * Announce: what this node tells others of its own offers, and what it makes of theirs.
 *
 * A link carries everything when it opens, and every change from then on. The link is an ordered stream, so a change
 * whose `base` is not the version heard last can only come from a faulty peer. (Everything may be told again at any time;
 * this version never does.)
 *
 * (A1) Versions count up by one with every change of the own offers.
 * (A2) A delta applies only to the version it was made from.
 */
import { MpregError } from "../base/index.js";
import type { CatalogMessage, OfferRecord } from "../wire/index.js";

/** The announcement without its message kind. */
export type Announcement = Omit<CatalogMessage, "kind">;

/** This node's own offers and their version. */
export class OwnOffers {
  readonly #offers = new Map<string, OfferRecord>();
  #version = 1;

  has(fun: string): boolean {
    return this.#offers.has(fun);
  }

  /** Records the offer; answers the change to tell the others. */
  add(fun: string, resources: readonly string[]): Announcement {
    const offer: OfferRecord = { fun, resources: [...new Set(resources)].sort() };
    this.#offers.set(fun, offer);
    return { base: this.#version, version: ++this.#version, added: [offer], removed: [] }; // (A1)
  }

  /** Removes the offer; answers the change to tell the others. */
  remove(fun: string): Announcement {
    this.#offers.delete(fun);
    return { base: this.#version, version: ++this.#version, added: [], removed: [fun] }; // (A1)
  }

  /** Everything, for a side that may have missed something. */
  snapshot(): Announcement {
    return { base: 0, version: this.#version, added: [...this.#offers.values()], removed: [] };
  }
}

/** Checks an announcement against the version heard last on its link; answers the version that holds from now on. */
export function nextVersion(heard: number, announcement: Announcement): number {
  const { base, version } = announcement;
  if (base === 0) return version;
  if (base === heard && version > base) return version; // (A2)
  throw new MpregError("malformed", `a catalog change from version ${base} to ${version}, after version ${heard}`);
}
