/**
 * Stage 2, validate: text becomes numbers and dates; a row that breaks a rule is refused, with the reason.
 *
 * (V1) Every row is either passed on or refused.
 * (V2) A field is never repaired here: an empty field is not 0.
 */
import { byDataset } from "./by-dataset.mjs";

/** So many refusals are listed; beyond that they are only counted. */
export const REFUSALS_LISTED_MAX = 100;

const WEATHER_KINDS = ["drizzle", "fog", "rain", "snow", "sun"];
const DECIMAL = /^-?\d+(\.\d+)?$/;

/** A rule was broken: caught per row, never leaves this file. */
class Refused extends Error {}

/**
 * @param {string} name for the reason
 * @param {string} text
 * @param {number} low smallest value that makes sense
 * @param {number} high largest value that makes sense
 */
function decimal(name, text, low, high) {
  if (!DECIMAL.test(text)) throw new Refused(`${name} "${text}" is not a number`); // (V2)
  return within(name, Number(text), low, high);
}

function within(name, value, low, high) {
  if (!(value >= low && value <= high)) throw new Refused(`${name} ${value} is not between ${low} and ${high}`);
  return value;
}

/** Accepts what the calendar has: 2012-02-29, but not 2013-02-29. */
function calendar(name, text, pattern, suffix) {
  const instant = pattern.test(text) ? Date.parse(text + suffix) : NaN;
  if (Number.isNaN(instant) || !new Date(instant).toISOString().startsWith(text)) {
    throw new Refused(`${name} "${text}" does not exist`);
  }
  return text;
}

function oneOf(name, text, known) {
  if (!known.includes(text)) throw new Refused(`${name} "${text}" is none of ${known.join(", ")}`);
  return text;
}

/**
 * @param {Record<string, string>} row
 * @returns {import("./types.mjs").Day}
 */
function toDay(row) {
  if (row.location === "") throw new Refused("location is empty");
  const day = {
    city: row.location,
    date: calendar("date", row.date, /^\d{4}-\d\d-\d\d$/, "T00:00:00Z"),
    precipitationMm: decimal("precipitation", row.precipitation, 0, 2000),
    maxC: decimal("temp_max", row.temp_max, -90, 60),
    minC: decimal("temp_min", row.temp_min, -90, 60),
    wind: decimal("wind", row.wind, 0, 150),
    weather: oneOf("weather", row.weather, WEATHER_KINDS),
  };
  if (day.minC > day.maxC) throw new Refused(`temp_min ${day.minC} is above temp_max ${day.maxC}`);
  return day;
}

/**
 * @param {Record<string, string>} row
 * @returns {import("./types.mjs").Hour}
 */
function toHour(row) {
  return {
    time: calendar("date", row.date, /^\d{4}-\d\d-\d\dT\d\d:00:00$/, "Z"),
    pressureHpa: decimal("pressure", row.pressure, 800, 1100),
    temperatureC: decimal("temperature", row.temperature, -90, 60),
    wind: decimal("wind", row.wind, 0, 150),
  };
}

/**
 * @template T
 * @param {Record<string, string>[]} rows
 * @param {(row: Record<string, string>) => T} convert throws Refused
 */
function validateRows(rows, convert) {
  const refusals = refusalList();
  /** @type {T[]} */
  const valid = [];
  rows.forEach((row, index) => {
    refusals.guard(index, () => valid.push(convert(row))); // (V1)
  });
  return { rows: valid, refused: refusals.list, counts: refusals.counts(rows.length) };
}

/**
 * @param {import("./types.mjs").Flights} columns
 * @returns {{ columns: import("./types.mjs").Flights, refused: import("./types.mjs").Refusal[],
 *             counts: import("./types.mjs").Counts }}
 */
export function validateFlights({ delay, distance, time }) {
  if (distance.length !== delay.length || time.length !== delay.length) {
    throw new Error(`The columns differ in length: ${delay.length}, ${distance.length}, ${time.length}`);
  }
  const refusals = refusalList();
  const columns = { delay: [], distance: [], time: [] };
  for (let index = 0; index < delay.length; index++) {
    refusals.guard(index, () => {
      const flight = {
        delay: within("delay", whole("delay", delay[index]), -1440, 2880),
        distance: within("distance", whole("distance", distance[index]), 1, 12_500),
        time: within("time", fraction("time", time[index]), 0, 23.9999),
      };
      columns.delay.push(flight.delay);
      columns.distance.push(flight.distance);
      columns.time.push(flight.time);
    });
  }
  return { columns, refused: refusals.list, counts: refusals.counts(delay.length) };
}

function whole(name, value) {
  if (!Number.isInteger(value)) throw new Refused(`${name} ${JSON.stringify(value)} is not a whole number`);
  return value;
}

function fraction(name, value) {
  if (typeof value !== "number") throw new Refused(`${name} ${JSON.stringify(value)} is not a number`);
  return value;
}

function refusalList() {
  /** @type {import("./types.mjs").Refusal[]} */
  const list = [];
  let refused = 0;
  return {
    list,
    /** Runs `take`; a broken rule refuses the row, anything else is a fault of ours and goes on up. */
    guard(index, take) {
      try {
        take();
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        refused += 1;
        if (list.length < REFUSALS_LISTED_MAX) list.push({ row: index + 1, reason: error.message });
      }
    },
    counts(rows) {
      if (refused === 0) return { in: rows, out: rows, note: "no row refused" };
      return { in: rows, out: rows - refused, note: `refused ${refused}, first row ${list[0].row}: ${list[0].reason}` };
    },
  };
}

/** validate(dataset, rows or columns of ingest) */
export const validate = byDataset("validate", {
  weather: (rows) => validateRows(rows, toDay),
  normals: (rows) => validateRows(rows, toHour),
  flights: validateFlights,
});
