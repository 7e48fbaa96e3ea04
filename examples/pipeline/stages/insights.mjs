/**
 * Stage 6, insights: few figures out of many rows.
 */
import { DAY_PARTS, DISTANCE_BANDS } from "./bands.mjs";
import { byDataset } from "./by-dataset.mjs";
import { groupBy, spread } from "./statistics.mjs";

/** A flight is late when it arrives more than so many minutes after its time, as the US authority counts it. */
const LATE_AFTER_MINUTES = 15;

/**
 * @param {import("./types.mjs").EnrichedDay[]} days
 * @param {import("./types.mjs").WeatherAnomaly[]} anomalies
 * @returns {{ cities: import("./types.mjs").CityFigures[], counts: import("./types.mjs").Counts }}
 */
export function insightsWeather(days, anomalies) {
  const cities = [...groupBy(days, (day) => day.city)].map(([city, own]) => ({
    city,
    days: own.length,
    first: own[0].date,
    last: own.at(-1).date,
    hottest: extreme(own, (day) => day.maxC),
    coldest: extreme(own, (day) => day.minC, -1),
    wettest: extreme(own, (day) => day.precipitationMm),
    hotOrColdDays: anomalies.filter((one) => one.city === city && one.measure === "maxC").length,
    windyDays: anomalies.filter((one) => one.city === city && one.measure === "wind").length,
    departures: departuresByYear(own),
  }));
  return {
    cities,
    counts: { in: days.length + anomalies.length, out: cities.length, note: `${cities.length} cities` },
  };
}

/**
 * @param {import("./types.mjs").EnrichedDay[]} days
 * @param {(day: import("./types.mjs").EnrichedDay) => number} valueOf
 * @param {1 | -1} direction 1 for the largest, -1 for the smallest
 * @returns {import("./types.mjs").Extreme}
 */
function extreme(days, valueOf, direction = 1) {
  const value = direction * days.reduce((best, day) => Math.max(best, direction * valueOf(day)), -Infinity);
  return { value, dates: days.filter((day) => valueOf(day) === value).map((day) => day.date) };
}

/** @param {import("./types.mjs").EnrichedDay[]} days */
function departuresByYear(days) {
  const compared = days.filter((day) => day.departureC !== null);
  return [...groupBy(compared, (day) => day.date.slice(0, 4))].map(([year, own]) => ({
    year,
    days: own.length,
    departureC: spread(own.map((day) => day.departureC)).mean,
  }));
}

/**
 * @param {import("./types.mjs").EnrichedFlights} columns
 * @param {import("./types.mjs").FlightAnomaly[]} anomalies
 * @returns {{ bands: import("./types.mjs").DelayFigures[], parts: import("./types.mjs").DelayFigures[],
 *             counts: import("./types.mjs").Counts }}
 */
export function insightsFlights({ delay, band, part }, anomalies) {
  const figures = (groups, groupOfFlight) => {
    const totals = groups.map(() => ({ flights: 0, minutes: 0, late: 0, anomalies: 0 }));
    delay.forEach((minutes, index) => {
      const total = totals[groupOfFlight[index]];
      total.flights += 1;
      total.minutes += minutes;
      if (minutes > LATE_AFTER_MINUTES) total.late += 1;
    });
    for (const { row } of anomalies) totals[groupOfFlight[row - 1]].anomalies += 1;
    return groups
      .map(({ label }, index) => ({ label, ...totals[index] }))
      .filter(({ flights }) => flights > 0)
      .map(({ label, flights, minutes, late, anomalies }) => ({
        label,
        flights,
        meanDelay: minutes / flights,
        lateShare: late / flights,
        anomalies,
      }));
  };
  const bands = figures(DISTANCE_BANDS, band);
  const parts = figures(DAY_PARTS, part);
  const note = `${bands.length} distance bands, ${parts.length} parts of the day`;
  return { bands, parts, counts: { in: delay.length + anomalies.length, out: bands.length + parts.length, note } };
}

/** insights(dataset, rows or columns of enrich, found of detect) */
export const insights = byDataset("draw insights from", { weather: insightsWeather, flights: insightsFlights });
