/** Versions by npm's rules, as on a real node. */
import { type Semver, createSemver } from "@mpreg/core/base";
import library from "semver";

export const semver: Semver = createSemver(library);
