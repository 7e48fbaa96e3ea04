/**
 * Explain: why no node can run a function, said so that the reader knows what would work.
 */
import type { Catalog } from "../catalog/index.js";
import { MpregError } from "../base/index.js";

const suggestionsMax = 3;

/** The error for a call of `fun` with `resources` that nobody can run. */
export function explainNoProvider<T extends object>(
  catalog: Catalog<T>,
  fun: string,
  resources: readonly string[],
): MpregError {
  const offers = catalog.offersOf(fun);
  if (offers.length > 0) {
    const asked = `no node offers it with ${list(resources)}`;
    return error(fun, `${asked}; ${nearestOffers(offers.map((offer) => offer.resources), resources)}`);
  }
  const similar = nearestNames(fun, catalog.functions());
  if (similar.length === 0) return error(fun, "no node offers a function of that name");
  return error(fun, `no node offers a function of that name; did you mean ${similar.map(quote).join(" or ")}?`);
}

function error(fun: string, why: string): MpregError {
  return new MpregError("no-provider", `Cannot call ${quote(fun)}: ${why}`);
}

/** What the offers that come nearest have of what was asked for. */
function nearestOffers(offered: readonly (readonly string[])[], asked: readonly string[]): string {
  const groups = new Map<string, { readonly has: readonly string[]; count: number }>();
  for (const resources of offered) {
    const has = asked.filter((resource) => resources.includes(resource));
    const key = has.join("\0");
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { has, count: 1 });
    else group.count += 1;
  }
  const best = Math.max(...[...groups.values()].map((group) => group.has.length));
  return [...groups.values()]
    .filter((group) => group.has.length === best)
    .slice(0, suggestionsMax)
    .map(({ has, count }) => `${count} ${count === 1 ? "node offers" : "nodes offer"} it with ${has.length === 0 ? "none of them" : list(has)}`)
    .join(", ");
}

function nearestNames(wanted: string, names: Iterable<string>): string[] {
  const distanceMax = Math.max(1, Math.floor(wanted.length / 3));
  const near: { readonly name: string; readonly distance: number }[] = [];
  for (const name of names) {
    if (Math.abs(name.length - wanted.length) > distanceMax) continue;
    const distance = editDistance(wanted, name);
    if (distance <= distanceMax) near.push({ name, distance });
  }
  near.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return near.slice(0, suggestionsMax).map(({ name }) => name);
}

/** Levenshtein distance, two rows at a time. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substituted, (previous[j] as number) + 1, (current[j - 1] as number) + 1));
    }
    previous = current;
  }
  return previous[b.length] as number;
}

function list(resources: readonly string[]): string {
  return `[${resources.join(", ")}]`;
}

function quote(text: string): string {
  return `"${text}"`;
}
