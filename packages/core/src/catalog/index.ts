/** Catalog: who offers which function with which resources. */
export { type Announcement, OwnOffers, nextVersion } from "./announce.js";
export { Catalog } from "./catalog.js";
export { covers } from "./match.js";
export type { Offer } from "./types.js";
