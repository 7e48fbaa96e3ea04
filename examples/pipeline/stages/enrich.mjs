/**
 * Stage 4, enrich: each day learns what is normal for it, each flight the groups it belongs to.
 */
import { DAY_PARTS, DISTANCE_BANDS, groupOf } from "./bands.mjs";
import { byDataset } from "./by-dataset.mjs";
import { groupBy, spread } from "./statistics.mjs";

/** The only city the file of hourly normals speaks of. */
const NORMALS_CITY = "Seattle";

/**
 * @param {import("./types.mjs").Day[]} days
 * @param {import("./types.mjs").Hour[]} hours
 * @returns {{ rows: import("./types.mjs").EnrichedDay[], counts: import("./types.mjs").Counts }}
 */
export function enrichWeather(days, hours) {
  const normals = dailyNormals(hours);
  let compared = 0;
  const rows = days.map((day) => {
    const normalC = day.city === NORMALS_CITY ? (normals.get(day.date.slice(5)) ?? null) : null;
    if (normalC === null) return { ...day, normalC, departureC: null };
    compared += 1;
    return { ...day, normalC, departureC: (day.maxC + day.minC) / 2 - normalC };
  });
  const note = `${compared.toLocaleString("en-US")} days given their normal`;
  return { rows, counts: { in: days.length + hours.length, out: rows.length, note } };
}

/**
 * Mean temperature per calendar day ("02-28"), from its 24 hours. 2010 had no 29 February: it lies between its neighbours.
 *
 * @param {import("./types.mjs").Hour[]} hours
 * @returns {Map<string, number>}
 */
function dailyNormals(hours) {
  /** @type {Map<string, number>} */
  const normals = new Map();
  for (const [date, ofDay] of groupBy(hours, (hour) => hour.time.slice(5, 10))) {
    normals.set(date, spread(ofDay.map((hour) => hour.temperatureC)).mean);
  }
  const before = normals.get("02-28");
  const after = normals.get("03-01");
  if (!normals.has("02-29") && before !== undefined && after !== undefined) normals.set("02-29", (before + after) / 2);
  return normals;
}

/**
 * @param {import("./types.mjs").CleanFlights} columns
 * @returns {{ columns: import("./types.mjs").EnrichedFlights, counts: import("./types.mjs").Counts }}
 */
export function enrichFlights(columns) {
  const band = columns.distance.map((miles) => groupOf(DISTANCE_BANDS, miles));
  const part = columns.minute.map((minute) => groupOf(DAY_PARTS, minute));
  return { columns: { ...columns, band, part }, counts: { in: columns.delay.length, out: band.length } };
}

/** enrich("weather", days, hours) or enrich("flights", columns) */
export const enrich = byDataset("enrich", { weather: enrichWeather, flights: enrichFlights });
