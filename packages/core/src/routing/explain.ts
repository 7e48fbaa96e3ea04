/**
 * Explain: why no node can run a function, said so that the reader knows what would work.
 */
import { MpregError, quoted, suggestion } from "../base/index.js";
import { type Catalog, type Offer, type WantedTerms, covers } from "../catalog/index.js";

const suggestionsMax = 3;
const versionsShownMax = 5;

/** What nobody can run. */
export interface Asked {
  readonly fun: string;
  readonly resources: readonly string[];
  readonly terms?: (WantedTerms & { readonly target?: string | undefined }) | undefined;
}

/** What is known of the only node that may run it. */
export type Target<T> =
  | { readonly kind: "there"; readonly owner: T; readonly name: string }
  /** `state`: what it is instead. */
  | { readonly kind: "gone"; readonly name: string; readonly state: string }
  | { readonly kind: "unknown"; readonly names: Iterable<string> };

/** The error for a call that nobody can run. */
export function explainNoProvider<T extends object>(catalog: Catalog<T>, asked: Asked, target?: Target<T>): MpregError {
  const { fun, resources, terms } = asked;
  const everywhere = catalog.offersOf(fun);
  if (target !== undefined) {
    const elsewhere = nodesOf(catalog.candidates(fun, resources, terms).all);
    if (target.kind !== "there") return error(fun, `${absence(terms?.target ?? "", target)}${others(elsewhere)}`);
    const there = catalog.of(target.owner, fun);
    const who = `node ${quoted(target.name)}`;
    if (there.length === 0) return error(fun, `${who} does not offer it${others(elsewhere)}`);
    return error(fun, `${who} does not offer it with ${wanted(asked)}; ${nearest(there, asked)}${others(elsewhere)}`);
  }
  if (everywhere.length > 0)
    return error(fun, `no node offers it with ${wanted(asked)}; ${nearest(everywhere, asked)}`);
  return error(fun, `no node offers a function of that name${suggestion(fun, catalog.functions())}`);
}

function error(fun: string, why: string): MpregError {
  return new MpregError("no-provider", `Cannot call ${quoted(fun)}: ${why}`);
}

function absence<T>(asked: string, target: Exclude<Target<T>, { kind: "there" }>): string {
  if (target.kind === "gone") return `node ${quoted(target.name)}, where it is to run, ${target.state}`;
  return `no node of the name or id ${quoted(asked)}, where it is to run, is known${suggestion(asked, target.names)}`;
}

function others(count: number): string {
  if (count === 0) return "";
  return `; ${counted(count)} it`;
}

function wanted({ resources, terms }: Asked): string {
  const version = terms?.version === undefined ? "" : `version ${quoted(terms.version)}`;
  if (resources.length === 0 && version !== "") return version;
  return version === "" ? list(resources) : `${list(resources)} and ${version}`;
}

/** What the offers that come nearest have of what was asked for: versions where the resources are there. */
function nearest<T>(offers: readonly Offer<T>[], { resources, terms }: Asked): string {
  const able = offers.filter((offer) => covers(offer.resources, resources));
  if (terms?.version === undefined || able.length === 0) {
    return nearestOffers(offers, resources);
  }
  const versions = [...new Set(able.map(({ traits }) => traits.version))];
  const named = versions.filter((version) => version !== undefined).sort();
  const shown = named.slice(0, versionsShownMax).join(", ") + (named.length > versionsShownMax ? ", …" : "");
  const word = named.length === 1 ? "version" : "versions";
  const unversioned = versions.length > named.length;
  const which =
    named.length === 0 ? "without a version" : `in ${word} ${shown}${unversioned ? " and without one" : ""}`;
  return `${countOf(able)} it ${resources.length === 0 ? "" : `with ${list(resources)} `}${which}`;
}

function countOf<T>(offers: readonly Offer<T>[]): string {
  return counted(nodesOf(offers));
}

/** A node that offers the function in several versions is one node. */
function nodesOf<T>(offers: readonly Offer<T>[]): number {
  return new Set(offers.map(({ owner }) => owner)).size;
}

function counted(nodes: number): string {
  return `${nodes} ${nodes === 1 ? "node offers" : "nodes offer"}`;
}

/** What the offers that come nearest have of what was asked for. */
function nearestOffers<T>(offers: readonly Offer<T>[], asked: readonly string[]): string {
  const groups = new Map<string, { readonly has: readonly string[]; readonly owners: Set<T> }>();
  for (const { owner, resources } of offers) {
    const has = asked.filter((resource) => resources.includes(resource));
    const key = has.join("\0");
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { has, owners: new Set([owner]) });
    else group.owners.add(owner);
  }
  const best = Math.max(...[...groups.values()].map((group) => group.has.length));
  return [...groups.values()]
    .filter((group) => group.has.length === best)
    .slice(0, suggestionsMax)
    .map(({ has, owners }) => `${counted(owners.size)} it with ${has.length === 0 ? "none of them" : list(has)}`)
    .join(", ");
}

function list(resources: readonly string[]): string {
  return `[${resources.join(", ")}]`;
}
