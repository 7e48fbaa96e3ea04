/**
 * Stage 8, report: reads back what was stored and puts the report together from the files, not from memory.
 *
 * (R1) Every stored file is read whole and must have the bytes that were written; else the stage fails.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { rowsOf } from "./store.mjs";

/**
 * @param {import("./types.mjs").StoredTable[][]} stored one list per collection
 * @param {Record<string, import("./types.mjs").Counts[]>} stages the counts of each step, by stage, in order
 * @returns {Promise<Report>}
 */
export async function report(stored, stages) {
  const files = stored.flat();
  const tables = new Map();
  for (const { table, file, rows, sha256 } of files) {
    const value = await readBack(table, file, sha256);
    if (rowsOf(value) !== rows)
      throw new Error(`${file} holds ${rowsOf(value)} rows of "${table}"; ${rows} were stored`);
    tables.set(table, value);
  }
  const of = (table) => {
    if (!tables.has(table)) throw new Error(`Cannot report: "${table}" was not stored`);
    return tables.get(table);
  };
  const rowsRead = files.reduce((sum, file) => sum + file.rows, 0);
  return {
    stages: [
      ...Object.entries(stages).map(([stage, steps]) => ({ stage, ...total(steps) })),
      { stage: "report", in: rowsRead, out: 1, notes: [`all ${files.length} files read back and verified`] },
    ],
    cities: of("weather/cities"),
    weatherAnomalies: of("weather/anomalies"),
    flightAnomalies: strongest(of("flights/anomalies"), 5),
    bands: of("flights/bands"),
    parts: of("flights/parts"),
    files: files.map(({ table, file, rows, bytes }) => ({ table, file, rows, bytes })),
  };
}

async function readBack(table, file, sha256) {
  const bytes = await readFile(file);
  const found = createHash("sha256").update(bytes).digest("hex");
  if (found !== sha256) throw new Error(`${file} is not what was stored as "${table}": ${found} instead of ${sha256}`); // (R1)
  return JSON.parse(bytes.toString("utf8"));
}

/** @param {import("./types.mjs").Counts[]} steps */
function total(steps) {
  return {
    in: steps.reduce((sum, step) => sum + step.in, 0),
    out: steps.reduce((sum, step) => sum + step.out, 0),
    notes: [...new Set(steps.flatMap((step) => step.note ?? []))],
  };
}

function strongest(anomalies, limit) {
  return anomalies.toSorted((a, b) => Math.abs(b.z) - Math.abs(a.z)).slice(0, limit);
}

/**
 * @typedef {object} Report
 * @property {{ stage: string, in: number, out: number, notes: string[] }[]} stages
 * @property {import("./types.mjs").CityFigures[]} cities
 * @property {import("./types.mjs").WeatherAnomaly[]} weatherAnomalies
 * @property {import("./types.mjs").FlightAnomaly[]} flightAnomalies the strongest only
 * @property {import("./types.mjs").DelayFigures[]} bands
 * @property {import("./types.mjs").DelayFigures[]} parts
 * @property {{ table: string, file: string, rows: number, bytes: number }[]} files
 */
