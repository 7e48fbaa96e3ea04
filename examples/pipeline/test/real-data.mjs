/**
 * The real files for the tests, and the eight stages run on them in this process, one after the other.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { clean } from "../stages/clean.mjs";
import { detect } from "../stages/detect.mjs";
import { enrich } from "../stages/enrich.mjs";
import { FILES, ingest } from "../stages/ingest.mjs";
import { insights } from "../stages/insights.mjs";
import { validate } from "../stages/validate.mjs";

const folder = join(dirname(createRequire(import.meta.url).resolve("vega-datasets")), "../data");

/** The files as they are: what the tests recompute every figure from. */
export const text = Object.fromEntries(
  Object.entries(FILES).map(([dataset, file]) => [dataset, readFileSync(join(folder, file), "utf8")]),
);

/** weather.csv, split the plain way: no field of it is quoted. */
export const weatherLines = text.weather
  .trim()
  .split("\n")
  .slice(1)
  .map((line) => line.split(","));

/** flights-200k.json as it is. */
export const flightList = JSON.parse(text.flights);

/** Every stage's result, up to the insights. */
export function runStages() {
  const raw = mapped(["weather", "normals", "flights"], (dataset) => ingest(dataset, text[dataset]));
  const valid = mapped(Object.keys(raw), (dataset) => validate(dataset, raw[dataset].rows ?? raw[dataset].columns));
  const cleaned = mapped(Object.keys(raw), (dataset) => clean(dataset, valid[dataset].rows ?? valid[dataset].columns));
  const days = enrich("weather", cleaned.weather.rows, cleaned.normals.rows);
  const trips = enrich("flights", cleaned.flights.columns);
  const oddDays = detect("weather", days.rows);
  const oddTrips = detect("flights", trips.columns);
  const cities = insights("weather", days.rows, oddDays.found);
  const delays = insights("flights", trips.columns, oddTrips.found);
  return { raw, valid, cleaned, days, trips, oddDays, oddTrips, cities, delays };
}

function mapped(keys, valueOf) {
  return Object.fromEntries(keys.map((key) => [key, valueOf(key)]));
}
