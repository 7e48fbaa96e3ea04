/**
 * Stage 1, ingest: the text of a file becomes a table. Nothing is judged or converted yet: CSV fields stay text.
 *
 * The row count "in" comes from the text (lines, list items), the count "out" from the parsed table.
 */
import { csvParse } from "d3-dsv";
import { byDataset } from "./by-dataset.mjs";

/** Where each dataset lies, relative to the folder `data` of the npm package vega-datasets. */
export const FILES = {
  weather: "weather.csv",
  normals: "seattle-weather-hourly-normals.csv",
  flights: "flights-200k.json",
};

const WEATHER_COLUMNS = ["location", "date", "precipitation", "temp_max", "temp_min", "wind", "weather"];
const NORMALS_COLUMNS = ["date", "pressure", "temperature", "wind"];

/**
 * @param {string} text CSV with a header line
 * @param {string[]} columns that the header must have, in any order
 * @returns {{ rows: Record<string, string>[], counts: import("./types.mjs").Counts }}
 */
export function ingestCsv(text, columns) {
  const parsed = csvParse(text.replace(/^\uFEFF/, "")); // a byte order mark would become part of the first column's name
  const missing = columns.filter((column) => !parsed.columns?.includes(column));
  if (missing.length > 0) {
    throw new Error(`The file has no column ${missing.join(", ")}; it has ${parsed.columns?.join(", ")}`);
  }
  const rows = parsed.map((row) => Object.fromEntries(columns.map((column) => [column, row[column]])));
  const lines = text.split(/\r?\n/).filter((line) => line !== "").length;
  return { rows, counts: { in: lines - 1, out: rows.length } };
}

/**
 * @param {string} text a JSON list of { delay, distance, time }
 * @returns {{ columns: import("./types.mjs").Flights, counts: import("./types.mjs").Counts }} a missing field becomes null
 */
export function ingestFlights(text) {
  const list = JSON.parse(text);
  if (!Array.isArray(list)) throw new Error("The file of flights is not a JSON list");
  const column = (name) => list.map((flight) => flight?.[name] ?? null);
  const columns = { delay: column("delay"), distance: column("distance"), time: column("time") };
  return { columns, counts: { in: list.length, out: columns.delay.length } };
}

const tables = byDataset("ingest", {
  weather: (text) => ingestCsv(text, WEATHER_COLUMNS),
  normals: (text) => ingestCsv(text, NORMALS_COLUMNS),
  flights: ingestFlights,
});

/**
 * @param {string} dataset weather, normals or flights
 * @param {string} text of its file
 */
export function ingest(dataset, text) {
  const { counts, ...content } = tables(dataset, text);
  return { ...content, counts: { ...counts, note: `${FILES[dataset]}: ${counts.out.toLocaleString("en-US")}` } };
}
