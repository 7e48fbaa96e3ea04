/**
 * Seeds of clusters, each of which takes a good part of a second: a few in `npm test`.
 *
 * SIM_LONG=1 runs twenty times as many, SIM_SEEDS=500 that many, SIM_SEED=123 only the one.
 */
import { isLong } from "./long.js";

/** The seeds to run where `count` are enough for every day. */
export function clusterSeeds(count: number): number[] {
  const { SIM_SEED: only, SIM_SEEDS: wanted } = process.env;
  if (only !== undefined) return [Number(only)];
  const length = wanted === undefined ? count * (isLong ? 20 : 1) : Number(wanted);
  return Array.from({ length }, (_, index) => index + 1);
}
