/** Membership: which nodes there are, who of them answers, and how this one gets links to them. */
export { Dialer, type DialerHost } from "./dialer.js";
export { hear } from "./hear.js";
export type { MembershipHost } from "./host.js";
export { Membership } from "./membership.js";
export { PartSums, partOf } from "./part-sums.js";
export { type Profile, profiles } from "./profiles.js";
export { hopsMax, isSigned, sign } from "./records.js";
export { Target } from "./target.js";
export {
  type Dial,
  type Member,
  type MemberChange,
  type MembershipOptions,
  type MemberState,
  type RedialOptions,
  defaultRedialOptions,
  isPresent,
} from "./types.js";
