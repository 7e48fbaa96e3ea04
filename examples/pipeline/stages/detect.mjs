/**
 * Stage 5, detect anomalies: values at least three standard deviations from the mean of their group.
 *
 * (D1) A day's group: the same city and calendar month, all years. A flight's group: its distance band.
 * (D2) The standard deviation is that of a sample (n - 1); the value itself belongs to its group.
 */
import { byDataset } from "./by-dataset.mjs";
import { groupBy, spread, Z_LIMIT, zScore } from "./statistics.mjs";

/** @type {("maxC" | "wind")[]} */
const MEASURES = ["maxC", "wind"];

/**
 * @param {import("./types.mjs").EnrichedDay[]} days
 * @returns {{ found: import("./types.mjs").WeatherAnomaly[], counts: import("./types.mjs").Counts }} by city, then date
 */
export function detectWeather(days) {
  /** @type {import("./types.mjs").WeatherAnomaly[]} */
  const found = [];
  for (const group of groupBy(days, (day) => `${day.city} ${day.date.slice(5, 7)}`).values()) {
    // (D1)
    for (const measure of MEASURES) {
      const { mean, sd } = spread(group.map((day) => day[measure])); // (D2)
      for (const day of group) {
        const z = zScore(day[measure], { mean, sd });
        if (Math.abs(z) >= Z_LIMIT)
          found.push({ measure, city: day.city, date: day.date, value: day[measure], mean, sd, z });
      }
    }
  }
  found.sort((a, b) => (a.city + a.date < b.city + b.date ? -1 : 1));
  return { found, counts: { in: days.length, out: found.length, note: `${found.length} in weather` } };
}

/**
 * @param {import("./types.mjs").EnrichedFlights} columns
 * @returns {{ found: import("./types.mjs").FlightAnomaly[], counts: import("./types.mjs").Counts }} in the table's order
 */
export function detectFlights({ delay, distance, band }) {
  /** @type {number[][]} */
  const delaysByBand = [];
  band.forEach((at, index) => (delaysByBand[at] ??= []).push(delay[index])); // (D1)
  const spreads = delaysByBand.map(spread); // (D2)
  /** @type {import("./types.mjs").FlightAnomaly[]} */
  const found = [];
  delay.forEach((minutes, index) => {
    const z = zScore(minutes, spreads[band[index]]);
    if (Math.abs(z) >= Z_LIMIT) {
      found.push({ row: index + 1, delay: minutes, distance: distance[index], band: band[index], z });
    }
  });
  return {
    found,
    counts: { in: delay.length, out: found.length, note: `${found.length.toLocaleString("en-US")} in flights` },
  };
}

/** detect(dataset, rows or columns of enrich) */
export const detect = byDataset("detect anomalies in", { weather: detectWeather, flights: detectFlights });
