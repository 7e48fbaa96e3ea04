/** Catalog: who offers which function with which resources. */
export {
  AnnouncedSets,
  type AnnouncedSetsHost,
  type Announcing,
  type Heard,
  type SetVersion,
} from "./announced-sets.js";
export { Announcements } from "./announcements.js";
export { Catalog } from "./catalog.js";
export { covers } from "./match.js";
export type { Candidates, Offer, OfferTraits, WantedTerms } from "./types.js";
