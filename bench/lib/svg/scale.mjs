/** Scales: from a value to a place in the picture, and which values are worth a line of the grid. */

/**
 * @typedef {{ place: (value: number) => number, ticks: number[] }} Scale values outside the domain are placed at its edge
 */

/**
 * From 0 to a round number that is not below `max`.
 *
 * @param {number} max
 * @param {[number, number]} range places of 0 and of that number
 * @returns {Scale}
 */
export function linearScale(max, [start, end]) {
  const step = roundStep(max / 5);
  const count = Math.max(1, Math.ceil(max / step - 1e-9));
  const last = count * step;
  return {
    place: (value) => start + (Math.min(Math.max(value, 0), last) / last) * (end - start),
    ticks: Array.from({ length: count + 1 }, (_, index) => index * step),
  };
}

/**
 * Every factor of ten has the same width.
 *
 * @param {[number, number]} domain both above 0
 * @param {[number, number]} range
 * @returns {Scale} with a tick at each power of ten within the domain
 */
export function logScale([min, max], [start, end]) {
  const width = Math.log10(max / min);
  const first = Math.ceil(Math.log10(min) - 1e-9);
  const last = Math.floor(Math.log10(max) + 1e-9);
  return {
    place: (value) => start + (Math.log10(Math.min(Math.max(value, min), max) / min) / width) * (end - start),
    ticks: Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index)),
  };
}

/** @param {number} step @returns {number} 1, 2 or 5 times a power of ten, not below it */
function roundStep(step) {
  const power = 10 ** Math.floor(Math.log10(step));
  return ([1, 2, 5, 10].find((factor) => factor * power >= step - 1e-9) ?? 10) * power;
}
