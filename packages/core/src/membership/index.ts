/** Membership: which nodes there are, and how this one gets links to them. */
export { Membership, type MembershipHost } from "./membership.js";
export { Target } from "./target.js";
export { type Dial, type RedialOptions, defaultRedialOptions } from "./types.js";
