/**
 * Listing: which requests a node coordinates, and has coordinated lately; what they are, not what they hold.
 *
 * What is known of one request is its trace (`watches.ts`).
 *
 * (L1) A list tells of at most `listedMax` requests that run, the oldest first, and of as many that have ended, the latest
 *      first; of others, how many there are.
 * (L2) Who may not watch a request is not told of it. Where that is all there is, the refusal is told.
 */
import { MpregError, type Policy, type Subject, quoted, suggestion } from "../../base/index.js";
import type { Target } from "../../routing/index.js";
import type { RequestTrace } from "../types.js";
import type { Watch } from "./watch.js";

/** Requests of each kind that one list tells of. */
export const listedMax = 1_000;

/** Who has asked for a request. */
export type RequestCaller =
  /** A client: its address as the node that it is connected to sees it. */
  | { readonly kind: "client"; readonly address: string }
  | { readonly kind: "node"; readonly name: string }
  /** The node's own program, or one of its handlers. */
  | { readonly kind: "self" };

/** One request of a list. */
export interface ListedRequest {
  readonly requestId: string;
  readonly state: RequestTrace["state"];
  /** Since it was received, in ms. */
  readonly ageMs: number;
  /** How long it took, or takes so far, in ms. */
  readonly totalMs: number;
  /** Steps that have ended, and how many there are; a map with all its items counts as one. */
  readonly steps: { readonly ended: number; readonly total: number };
  readonly caller: RequestCaller;
  /** Code of the error with which it has failed. */
  readonly code?: string;
}

/** The requests of one node. */
export interface RequestList {
  /** Name of the node that coordinates them: the one that their callers are connected to. */
  readonly node: string;
  /** First those that run, the oldest first; then those that have ended, the latest first. */
  readonly requests: readonly ListedRequest[];
  /** How many more there are. */
  readonly leftOut: number;
}

/** What a list tells of a request besides what its trace does. */
export interface RequestFacts {
  readonly caller: RequestCaller;
  readonly steps: ListedRequest["steps"];
}

export function requestCallerOf(subject: Subject): RequestCaller {
  if (subject.kind === "client") return { kind: "client", address: subject.address };
  return subject.kind === "node" ? { kind: "node", name: subject.name } : { kind: "self" };
}

export function listedRunning(watch: Watch, caller: RequestCaller): ListedRequest {
  const { requestId, ageMs, stepCounts: steps } = watch;
  return { requestId, state: "running", ageMs, totalMs: ageMs, steps, caller };
}

export function listedEnded(trace: RequestTrace, { caller, steps }: RequestFacts, sinceEndMs: number): ListedRequest {
  const { requestId, state, totalMs, error } = trace;
  const ageMs = totalMs + sinceEndMs;
  return { requestId, state, ageMs, totalMs, steps, caller, ...(error === undefined ? {} : { code: error.code }) };
}

/** What of `list` the subject may see. Throws `denied` where it may see nothing of what there is. (L2) */
export function visible(
  list: RequestList,
  policy: Policy,
  subject: Subject,
  onBehalfOf: Subject | undefined,
): RequestList {
  let reason: string | undefined;
  const requests = list.requests.filter(({ requestId: request }) => {
    const decision = policy(subject, { kind: "watch", request, intermediates: false, onBehalfOf });
    if (!decision.allow) reason = decision.reason;
    return decision.allow;
  });
  if (reason === undefined) return list;
  if (requests.length > 0) return { ...list, requests };
  throw new MpregError("denied", `Cannot list the requests of node "${list.node}": ${reason}`);
}

/** Why the requests of a node, or its topics, cannot be listed. */
export function unlistable(nameOrId: string, listed: "requests" | "topics", target: Target<object>): MpregError {
  const what = `Cannot list the ${listed} of node ${quoted(nameOrId)}`;
  if (target.kind === "gone") return new MpregError("node-lost", `${what}: it ${target.state}`);
  if (target.kind === "there") return new MpregError("unsupported", `${what}: nodes are asked for their own only`);
  const near = suggestion(nameOrId, target.names);
  return new MpregError("invalid-argument", `${what}: no node of the cluster has that name or id${near}`);
}
