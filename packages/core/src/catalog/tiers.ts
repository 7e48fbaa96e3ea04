/**
 * Tiers: which of several offers are to be taken first.
 *
 * (T1) A higher version comes before a lower one; without a range, what is not for everybody yet (a prerelease) comes
 *      behind all releases. A function without a version, or with one that is none, comes last.
 * (T2) Of one version, those that have more of the preferred resources come first.
 */
import type { Semver } from "../base/index.js";
import type { Offer, WantedTerms } from "./types.js";

export function tiersOf<T>(
  all: readonly Offer<T>[],
  terms: WantedTerms | undefined,
  semver: Semver,
): readonly (readonly Offer<T>[])[] {
  const { version: range, prefer = none } = terms ?? {};
  const first = all[0];
  if (first === undefined) return [];
  if (prefer.length === 0 && all.every(({ traits }) => traits.version === first.traits.version)) return [all];
  const ranked = all.map((offer) => ({
    offer,
    version: versionOf(offer, semver),
    preferred: prefer.filter((resource) => offer.resources.includes(resource)).length,
  }));
  type Ranked = (typeof ranked)[number];
  const order = (a: Ranked, b: Ranked): number =>
    compareVersions(b.version, a.version, range !== undefined, semver) || b.preferred - a.preferred;
  ranked.sort(order); // stable: within a tier the order stays
  const tiers: Offer<T>[][] = [];
  ranked.forEach((each, index) => {
    const before = ranked[index - 1];
    if (before === undefined || order(before, each) !== 0) tiers.push([]);
    tiers.at(-1)?.push(each.offer);
  });
  return tiers;
}

/** Negative when `a` is behind `b`. (T1) */
function compareVersions(a: string | undefined, b: string | undefined, isRange: boolean, semver: Semver): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  const isEarly = isRange ? 0 : Number(semver.isPrerelease(b)) - Number(semver.isPrerelease(a));
  return isEarly === 0 ? semver.compare(a, b) : isEarly;
}

function versionOf<T>({ traits: { version } }: Offer<T>, semver: Semver): string | undefined {
  return version !== undefined && semver.isVersion(version) ? version : undefined;
}

/** Whether the offer has a version of the range. */
export function isOf<T>(offer: Offer<T>, range: string | undefined, semver: Semver): boolean {
  if (range === undefined) return true;
  const version = versionOf(offer, semver);
  return version !== undefined && semver.isRange(range) && semver.satisfies(version, range);
}

const none: readonly string[] = [];
