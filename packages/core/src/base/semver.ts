/**
 * Semver: what of the versions that people write is one, over a library that knows the rules (`semver` of npm).
 *
 * (V1) A version has one spelling: what a library would read with goodwill (`v1.2`, ` =1.2.0`) is refused, so that nodes
 *      compare versions as texts.
 * (V2) No text makes the library throw, or work for long: strangers ask.
 */
import type { Semver } from "./capabilities.js";

/** What is used of npm's `semver`. */
export interface SemverLibrary {
  parse(text: string): SemverParsed | null;
  compareBuild(a: string, b: string): number;
  validRange(text: string): string | null;
  satisfies(version: string, range: string): boolean;
}

interface SemverParsed {
  /** Without the build. */
  readonly version: string;
  readonly prerelease: readonly unknown[];
  readonly build: readonly string[];
}

/** What a version looks like, for messages. */
export const versionForm = 'a version in full, such as "1.4.0" or "2.0.0-beta.1"';
/** What a range looks like, for messages. */
export const rangeForms = 'a range of versions, such as "^2", "1.4.0" or ">=1.2 <3"';

const rangeCharactersMax = 256;

/** The {@link Semver} that a node works with, from npm's `semver`. */
export function createSemver(library: SemverLibrary): Semver {
  return {
    isVersion: (text) => {
      const parsed = library.parse(text);
      if (parsed === null) return false;
      const build = parsed.build.length === 0 ? "" : `+${parsed.build.join(".")}`;
      return parsed.version + build === text; // (V1)
    },
    isPrerelease: (version) => (library.parse(version)?.prerelease.length ?? 0) > 0,
    compare: (a, b) => library.compareBuild(a, b),
    isRange: (text) => text.length <= rangeCharactersMax && text.trim() !== "" && library.validRange(text) !== null, // (V2)
    satisfies: (version, range) => library.satisfies(version, range),
  };
}
