/** Capabilities: what the core asks of the platform, from Node. */
import { randomFillSync } from "node:crypto";
import { createRequire } from "node:module";
import { type Cron, type Random, type Semver, createCron, createSemver } from "@mpreg/core/base";
import { type ValueUtf8, bufferUtf8 } from "@mpreg/core/values";
import type * as croner from "croner";
import library from "semver";

/** Randomness from the operating system for bytes; for choices among equals the engine's generator is enough. */
export const systemRandom: Random = {
  next: () => Math.random(),
  bytes: (length) => randomFillSync(new Uint8Array(length)),
};

/** UTF-8 by Node's buffers. */
export const utf8: ValueUtf8 = bufferUtf8(Buffer);

/** Versions by npm's rules. */
export const semver: Semver = createSemver(library);

/** Times of cron expressions. The library is loaded with the first one: few nodes have any. */
export const cron: Cron = createCron(() => (createRequire(import.meta.url)("croner") as typeof croner).Cron);
