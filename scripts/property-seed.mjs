/**
 * The seed of the property tests (fast-check), which is otherwise another one in each run: vitest loads this file before each of
 * its own when PROPERTY_SEED is set (vitest.config.ts).
 *
 * In CI the seed comes from the content of the commit: a run that failed fails again, one that passed passes again, and each
 * change draws new cases.
 */
import { configureGlobal } from "fast-check";

configureGlobal({ seed: Number(process.env.PROPERTY_SEED) });
