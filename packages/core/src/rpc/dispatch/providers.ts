/**
 * Providers: the offers that can run a step, and why there are none.
 *
 * (P1) A step for one node runs there or nowhere.
 * (P2) A step without a version, sent by another node, runs as the function without one: that node has chosen.
 * (P3) Where no node can run it, and one may be back that could, it waits for that.
 */
import { MpregError, quoted, rangeForms } from "../../base/index.js";
import { type Candidates, type Offer, covers } from "../../catalog/index.js";
import { type Asked, explainNoProvider } from "../../routing/index.js";
import type { StepTerms } from "../../wire/index.js";
import type { RpcHost } from "../host.js";
import type { Peer } from "../task.js";

/** A step as far as its providers go. */
export interface Wanted extends Asked {
  readonly terms?: StepTerms | undefined;
}

interface WaitingTask {
  readonly waitUntilMs: number;
}

type Host = Pick<RpcHost, "catalog" | "target" | "self">;

const nobody: Candidates<Peer> = { all: [], tiers: [], broken: new Set() };

export function candidatesOf(host: Host, { fun, resources, terms }: Wanted): Candidates<Peer> {
  if (terms?.target === undefined) return host.catalog.candidates(fun, resources, terms);
  const target = host.target(terms.target, true);
  return target.kind === "there" ? host.catalog.candidatesOf(target.owner, fun, resources, terms) : nobody; // (P1)
}

/** Until when a step waits for a node that offers its function: as its request says, and while it is expected. (P3) */
export function waitUntilOf(host: Host & Pick<RpcHost, "expectedUntilMs">, task: Wanted & WaitingTask): number {
  const { fun, waitUntilMs } = task;
  const isExpected = candidatesOf(host, task).all.length === 0;
  return isExpected ? Math.max(waitUntilMs, host.expectedUntilMs(fun)) : waitUntilMs;
}

export function explainNone(host: Host, wanted: Wanted): MpregError {
  const { terms } = wanted;
  const target = terms?.target === undefined ? undefined : host.target(terms.target, true);
  return explainNoProvider(host.catalog, wanted, target);
}

/** Why the first of `steps` that nobody can run cannot be; `undefined` when all can. */
export function firstWithoutProvider(
  host: Host & Pick<RpcHost, "nodeName">,
  steps: Iterable<Wanted & { readonly name: string }>,
): MpregError | undefined {
  for (const step of steps) {
    if (candidatesOf(host, step).all.length > 0) continue;
    return explainNone(host, step).at({ step: step.name, node: host.nodeName });
  }
  return undefined;
}

/** The offer that `owner` was chosen for, as long as there is one. (P2) */
export function chosenOffer(host: Host, owner: Peer, { fun, resources, terms }: Wanted): Offer<Peer> | undefined {
  const offer = host.catalog.offerOf(owner, fun, terms?.version);
  return offer !== undefined && covers(offer.resources, resources) ? offer : undefined;
}

/** Why the step may not be asked for at all; `undefined` when it may. */
export function rangeRefusal(host: Host, fun: string, terms: StepTerms | undefined): MpregError | undefined {
  if (terms?.version === undefined || host.catalog.semver.isRange(terms.version)) return undefined;
  const message = `Cannot call ${quoted(fun)}: version must be ${rangeForms}, got ${quoted(terms.version)}`;
  return new MpregError("invalid-argument", message);
}
