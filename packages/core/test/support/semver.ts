/** Versions by npm's rules, as nodes have them. */
import library from "semver";
import { type Semver, createSemver } from "../../src/base/index.js";

export const semver: Semver = createSemver(library);
