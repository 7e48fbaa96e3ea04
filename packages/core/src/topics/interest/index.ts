/** Interest: which topics the nodes of a cluster want, as they tell each other. */
export { Everywhere, type EverywhereWaiter, type OtherMember } from "./everywhere.js";
export { InterestAnnouncements } from "./interest-announcements.js";
export { type Interested, InterestTable } from "./interest-table.js";
export { KnownVersions, isLater } from "./known-versions.js";
export { type InterestLimits, defaultInterestLimits } from "./own-interest.js";
export { RecentChanges } from "./recent-changes.js";
