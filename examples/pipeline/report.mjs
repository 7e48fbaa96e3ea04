/**
 * The report as text. What it says was put together by the stage `report` on the storage node; here it is only laid out.
 */
import { DISTANCE_BANDS } from "./stages/bands.mjs";
import { figure, heading, paint, plural, signed, table } from "./layout.mjs";

/** @param {import("./stages/report.mjs").Report} report */
export function reportText(report) {
  return [stages(report), weather(report), anomalies(report), flights(report), checks()].join("\n\n");
}

function stages({ stages }) {
  // A stage of several steps has several notes: the others go under the first.
  const rows = stages.flatMap(({ stage, in: rowsIn, out: rowsOut, notes }, index) => [
    [`${index + 1} ${stage}`, figure(rowsIn), figure(rowsOut), notes[0] ?? ""],
    ...notes.slice(1).map((note) => ["", "", "", note]),
  ]);
  return [heading("Eight stages"), table(["stage", ">rows in", ">rows out", "notes"], rows)].join("\n");
}

function weather({ cities }) {
  const day = ({ value, dates }, unit) => {
    const also = dates.length > 1 ? `, ${dates[1]}${dates.length > 2 ? ` +${dates.length - 2}` : ""}` : "";
    return `${figure(value, 1)} ${unit} ${dates[0]}${also}`;
  };
  const extremes = cities.map((city) => [
    city.city,
    day(city.hottest, "°C"),
    day(city.coldest, "°C"),
    day(city.wettest, "mm"),
  ]);
  const compared = cities.filter((city) => city.departures.length > 0);
  return [
    heading(
      `Weather, ${cities[0]?.first} to ${cities[0]?.last}, ${cities.map((c) => `${c.city} ${plural(c.days, "day")}`).join(", ")}`,
    ),
    table(["city", "hottest day", "coldest day", "wettest day"], extremes),
    ...compared.map(({ city, departures }) => {
      const years = departures.map(({ year, departureC }) => `${year} ${signed(departureC, 2)} °C`);
      return `  ${city} against its 1981-2010 normals: ${years.join(", ")}`;
    }),
  ].join("\n");
}

function anomalies({ weatherAnomalies, flightAnomalies, bands }) {
  const temperature = weatherAnomalies.filter((one) => one.measure === "maxC");
  const wind = weatherAnomalies.filter((one) => one.measure === "wind");
  const flightCount = bands.reduce((sum, band) => sum + band.anomalies, 0);
  const days = (list) =>
    table(
      ["date", "city", ">value", ">mean", ">sd", ">z"],
      list.map((one) => [
        one.date,
        one.city,
        figure(one.value, 1),
        figure(one.mean, 2),
        figure(one.sd, 2),
        signed(one.z, 2),
      ]),
    );
  const strongestWind = wind.toSorted((a, b) => Math.abs(b.z) - Math.abs(a.z)).slice(0, 5);
  return [
    heading("Anomalies: z = (value - mean) / sd of its group, |z| at least 3"),
    `  Highest temperature of a day, °C, against its city and calendar month: ${plural(temperature.length, "day")}`,
    days(temperature),
    `  Wind, unit as in the file, against its city and calendar month: ${plural(wind.length, "day")}, the strongest`,
    days(strongestWind),
    `  Arrival delay against its distance band: ${plural(flightCount, "flight")}, the strongest`,
    table(
      [">row", ">delay", ">miles", "band", ">z"],
      flightAnomalies.map((one) => [
        figure(one.row),
        `${figure(one.delay)} min`,
        figure(one.distance),
        DISTANCE_BANDS[one.band].label,
        signed(one.z, 2),
      ]),
    ),
  ].join("\n");
}

function flights({ bands, parts }) {
  const delays = (list, name) =>
    table(
      [name, ">flights", ">mean delay", ">over 15 min late", ">anomalies"],
      list.map((group) => [
        group.label.padEnd(14),
        figure(group.flights),
        `${figure(group.meanDelay, 2)} min`,
        `${figure(100 * group.lateShare, 1)} %`,
        figure(group.anomalies),
      ]),
    );
  return [
    heading(`Flights: ${figure(bands.reduce((sum, band) => sum + band.flights, 0))}, arrival delay in minutes`),
    delays(bands, "miles"),
    delays(parts, "departure"),
  ].join("\n");
}

/** How a reader finds the same figures without mpreg: in the files themselves. */
function checks() {
  return [
    heading("Check it yourself"),
    ...[
      "cd node_modules/vega-datasets/data",
      "grep ^Seattle weather.csv | sort -t, -gk4 | tail -1     # its hottest day",
      "grep '^New York' weather.csv | sort -t, -gk3 | tail -1  # its wettest day",
      "awk -F, '/^Seattle,....-04/ { n++; s += $4; q += $4 * $4 }  # mean and sd of its Aprils",
      "         END { m = s / n; print m, sqrt((q - n * m * m) / (n - 1)) }' weather.csv",
      'node -p \'d = JSON.parse(fs.readFileSync("flights-200k.json")).filter(f => f.distance < 500);',
      "         [d.length, d.reduce((sum, f) => sum + f.delay, 0) / d.length]'",
    ].map((line) => `  ${paint("cyan", line)}`),
  ].join("\n");
}
