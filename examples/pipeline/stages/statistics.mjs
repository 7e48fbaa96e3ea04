/**
 * Mean, standard deviation, z-score.
 */

/** A value is an anomaly when it lies at least this many standard deviations from the mean of its group. */
export const Z_LIMIT = 3;

/**
 * Two passes over the values: subtracting the mean first keeps the digits that a sum of squares would lose.
 *
 * @param {number[]} values
 * @returns {{ mean: number, sd: number }} sd of a sample (n - 1); 0 for fewer than two values
 */
export function spread(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length < 2) return { mean, sd: 0 };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: Math.sqrt(squares / (values.length - 1)) };
}

/**
 * @param {number} value
 * @param {{ mean: number, sd: number }} group
 * @returns {number} 0 where all values of the group are the same
 */
export function zScore(value, group) {
  return group.sd === 0 ? 0 : (value - group.mean) / group.sd;
}

/**
 * @template T
 * @param {Iterable<T>} items
 * @param {(item: T) => string} keyOf
 * @returns {Map<string, T[]>} in the order in which each key was first seen
 */
export function groupBy(items, keyOf) {
  /** @type {Map<string, T[]>} */
  const groups = new Map();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
