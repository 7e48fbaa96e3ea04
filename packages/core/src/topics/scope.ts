/** Scope: for whom a message is: of those that want it, all, or only members of some groups. */
import type { Provenance } from "./late/held-back.js";
import type { ForwardTerms } from "./forwarding/route.js";

/** How a message came here from another node. */
export type Arrival = Partial<ForwardTerms> &
  Pick<ForwardTerms, "groups" | "sinceMs"> &
  Partial<Provenance> & { readonly run?: string | undefined };

export function provenanceOf(arrival: Arrival): Provenance | undefined {
  return arrival.nodeId === undefined ? undefined : (arrival as Provenance);
}

/** Nodes that have handed a message back, beyond which no further one is asked to take it. */
export const triedMax = 8;

/** For whom a message is. */
export interface Scope {
  /** Members of these only; of any where it is not said. */
  readonly groups: readonly string[] | undefined;
  /** Only members of groups get it. */
  readonly isForGroups: boolean;
  /** Those of other nodes, too, except for the members of groups on nodes that were tried. */
  readonly isElsewhere: boolean;
  readonly tried: readonly string[];
}

export const none: readonly string[] = [];
export const everybody: Scope = { groups: undefined, isForGroups: false, isElsewhere: true, tried: none };
/** Subscriptions of this node. */
export const here: Scope = { groups: undefined, isForGroups: false, isElsewhere: false, tried: none };
