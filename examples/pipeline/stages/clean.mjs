/**
 * Stage 3, clean: sorted, nothing twice, no holes where a hole can be filled honestly.
 *
 * (C1) What is dropped, filled in or left alone although it looks odd is counted and told.
 */
import { byDataset } from "./by-dataset.mjs";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const HOURS_PER_YEAR = 365 * 24;

/**
 * One row per city and day, in order. Missing days stay missing: a made-up day would become a made-up record.
 *
 * @param {import("./types.mjs").Day[]} rows
 */
export function cleanWeather(rows) {
  const { kept, dropped } = firstOfEach(rows, (day) => `${day.city} ${day.date}`);
  let missing = 0;
  for (let index = 1; index < kept.length; index++) {
    if (kept[index].city !== kept[index - 1].city) continue;
    missing += (Date.parse(kept[index].date) - Date.parse(kept[index - 1].date)) / DAY_MS - 1;
  }
  const note =
    dropped + missing === 0 ? "no day twice, none missing" : `${dropped} repeated days dropped, ${missing} missing`; // (C1)
  return { rows: kept, counts: { in: rows.length, out: kept.length, note } };
}

/**
 * One row per hour of the year 2010, in order. The year is a circle (normals have no year), so a single missing hour
 * is the mean of the hour before and the hour after, also at New Year.
 *
 * @param {import("./types.mjs").Hour[]} rows
 */
export function cleanNormals(rows) {
  const { kept } = firstOfEach(rows, (hour) => hour.time);
  const byTime = new Map(kept.map((hour) => [hour.time, hour]));
  const times = hoursOf2010();
  /** @type {import("./types.mjs").Hour[]} */
  const hours = [];
  /** @type {string[]} */
  const filled = [];
  times.forEach((time, index) => {
    const hour = byTime.get(time);
    if (hour) return void hours.push(hour);
    const before = byTime.get(times.at(index - 1));
    const after = byTime.get(times[(index + 1) % HOURS_PER_YEAR]);
    if (!before || !after) return;
    const between = (field) => (before[field] + after[field]) / 2;
    filled.push(time);
    hours.push({
      time,
      pressureHpa: between("pressureHpa"),
      temperatureC: between("temperatureC"),
      wind: between("wind"),
    });
  });
  const note = filled.length === 1 ? `hour ${filled[0]} filled in` : `${filled.length} hours filled in`; // (C1)
  return { rows: hours, filled, counts: { in: rows.length, out: hours.length, note } };
}

/**
 * Departures become whole minutes. Equal rows stay: without date and flight number they may be two flights.
 *
 * @param {import("./types.mjs").Flights} columns
 * @returns {{ columns: import("./types.mjs").CleanFlights, counts: import("./types.mjs").Counts }}
 */
export function cleanFlights({ delay, distance, time }) {
  const minute = time.map((hours) => Math.min(1439, Math.round(hours * 60))); // 23:59:40 is still today
  const seen = new Set(minute.map((at, index) => `${at} ${delay[index]} ${distance[index]}`));
  const note = `${(delay.length - seen.size).toLocaleString("en-US")} equal flights kept (no key)`; // (C1)
  return { columns: { delay, distance, minute }, counts: { in: delay.length, out: minute.length, note } };
}

/**
 * @template T
 * @param {T[]} rows
 * @param {(row: T) => string} keyOf also gives the order
 */
function firstOfEach(rows, keyOf) {
  /** @type {Map<string, T>} */
  const first = new Map();
  for (const row of rows) {
    const key = keyOf(row);
    if (!first.has(key)) first.set(key, row);
  }
  const kept = [...first].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  return { kept, dropped: rows.length - kept.length };
}

function hoursOf2010() {
  const start = Date.UTC(2010, 0, 1);
  return Array.from({ length: HOURS_PER_YEAR }, (_, hour) =>
    new Date(start + hour * HOUR_MS).toISOString().slice(0, 19),
  );
}

/** clean(dataset, rows or columns of validate) */
export const clean = byDataset("clean", { weather: cleanWeather, normals: cleanNormals, flights: cleanFlights });
