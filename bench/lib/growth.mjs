/**
 * Growth: whether a series of memory samples is a leak.
 *
 * (G1) The first fifth of the run does not count: code is compiled and caches fill.
 * (G2) Growing means: the slope, over the rest of the run, adds more than noise does. Noise is `noiseMb`, or
 *      `noiseFraction` of the median where that is more.
 */
import { median, slope } from "./stats.mjs";

/**
 * @typedef {{ firstMb: number, lastMb: number, slopeMbPerMinute: number, growing: boolean }} Growth
 */

/**
 * @param {readonly { atMs: number, bytes: number }[]} samples
 * @param {{ noiseMb: number, noiseFraction: number }} tolerance
 * @returns {Growth}
 */
export function judgeGrowth(samples, { noiseMb, noiseFraction }) {
  const endMs = samples[samples.length - 1].atMs;
  const counted = samples.filter(({ atMs }) => atMs >= endMs / 5); // (G1)
  if (counted.length < 5)
    throw new Error(`Cannot judge growth from ${counted.length} samples; let the soak run longer`);
  const points = counted.map(({ atMs, bytes }) => ({ x: atMs / 60_000, y: bytes / 1e6 }));
  const slopeMbPerMinute = slope(points);
  const addedMb = slopeMbPerMinute * (points[points.length - 1].x - points[0].x);
  const noise = Math.max(noiseMb, noiseFraction * median(points.map(({ y }) => y))); // (G2)
  return {
    firstMb: points[0].y,
    lastMb: points[points.length - 1].y,
    slopeMbPerMinute,
    growing: addedMb > noise,
  };
}
