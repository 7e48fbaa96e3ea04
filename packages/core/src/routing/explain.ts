/**
 * Explain: why no node can run a function, said so that the reader knows what would work.
 */
import { MpregError, quoted, suggestion } from "../base/index.js";
import type { Catalog } from "../catalog/index.js";

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
    return error(
      fun,
      `${asked}; ${nearestOffers(
        offers.map((offer) => offer.resources),
        resources,
      )}`,
    );
  }
  return error(fun, `no node offers a function of that name${suggestion(fun, catalog.functions())}`);
}

function error(fun: string, why: string): MpregError {
  return new MpregError("no-provider", `Cannot call ${quoted(fun)}: ${why}`);
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
    .map(
      ({ has, count }) =>
        `${count} ${count === 1 ? "node offers" : "nodes offer"} it with ${has.length === 0 ? "none of them" : list(has)}`,
    )
    .join(", ");
}

function list(resources: readonly string[]): string {
  return `[${resources.join(", ")}]`;
}
