/**
 * Statistics: medians, percentiles, and whether a series of samples grows.
 */

/**
 * @param {readonly number[]} values
 * @param {number} fraction 0.5 for the median, 0.99 for p99
 * @returns {number} the nearest-rank percentile
 */
export function percentile(values, fraction) {
  if (values.length === 0) throw new Error("No percentile of an empty series");
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))];
}

/**
 * @param {readonly number[]} values
 * @returns {number} the middle value, or the mean of the two middle ones
 */
export function median(values) {
  if (values.length === 0) throw new Error("No median of an empty series");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * The Theil–Sen slope: the median of the slopes of all pairs. One sample taken at a bad moment cannot tilt it, as it
 * would a least-squares line.
 *
 * @param {readonly { x: number, y: number }[]} points
 * @returns {number} change of y per unit of x
 */
export function slope(points) {
  const slopes = [];
  for (let i = 0; i < points.length; i++) {
    for (let j = i + 1; j < points.length; j++) {
      slopes.push((points[j].y - points[i].y) / (points[j].x - points[i].x));
    }
  }
  return median(slopes);
}

/**
 * @typedef {{ p50: number, p99: number, max: number, count: number }} Summary
 * @param {readonly number[]} values
 * @returns {Summary}
 */
export function summarize(values) {
  return { p50: median(values), p99: percentile(values, 0.99), max: Math.max(...values), count: values.length };
}
