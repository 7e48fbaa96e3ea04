/** Catalog: who offers which function with which resources. */
export { Announcements, type Heard } from "./announcements.js";
export { Catalog } from "./catalog.js";
export { covers } from "./match.js";
export type { Candidates, Offer, OfferTraits, WantedTerms } from "./types.js";
