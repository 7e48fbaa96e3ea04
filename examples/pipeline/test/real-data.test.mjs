/**
 * Every figure of the report over the real files, against a second and simpler way to get it.
 */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { flightList, runStages, text, weatherLines } from "./real-data.mjs";

const stages = runStages();
const CITY = 0, DATE = 1, PRECIPITATION = 2, MAX = 3, MIN = 4, WIND = 5; // prettier-ignore
const CITIES = ["New York", "Seattle"];

/** Mean and sample standard deviation by sums, in one pass: not the way the stages take. */
function bySums(values) {
  const sum = values.reduce((total, value) => total + value, 0);
  const squares = values.reduce((total, value) => total + value * value, 0);
  const mean = sum / values.length;
  return { mean, sd: Math.sqrt((squares - values.length * mean * mean) / (values.length - 1)) };
}

describe("the files", () => {
  it("are the ones the known figures belong to", () => {
    // As published in the package's own datapackage.json: the file's hash as a git object.
    const sha1 = (content) =>
      createHash("sha1")
        .update(`blob ${Buffer.byteLength(content)}\0`)
        .update(content)
        .digest("hex");
    expect(sha1(text.weather)).toBe("0e7e853f4c5b67615da261d5d343824a43510f50");
    expect(sha1(text.normals)).toBe("d55461adc9742bb061f6072b694aaf73e8b529db");
    expect(sha1(text.flights)).toBe("4722e02637cf5f38ad9ea5d1f48cae7872dce22d");
  });

  it("have 2,922 days, 8,759 hours and 200,000 flights, and every row is ingested and valid", () => {
    const counts = { weather: 2922, normals: 8759, flights: 200_000 };
    for (const [dataset, rows] of Object.entries(counts)) {
      expect(stages.raw[dataset].counts).toMatchObject({ in: rows, out: rows });
      expect(stages.valid[dataset].counts).toMatchObject({ in: rows, out: rows });
      expect(stages.valid[dataset].refused).toEqual([]);
    }
  });
});

describe("clean", () => {
  it("keeps every day of both cities, and none is missing", () => {
    expect(stages.cleaned.weather.counts).toEqual({ in: 2922, out: 2922, note: "no day twice, none missing" });
  });

  it("fills in the one missing hour of the year from its neighbours across New Year", () => {
    expect(text.normals).not.toContain("2010-01-01T00:00:00");
    expect(text.normals).toContain("2010-12-31T23:00:00,1016.7,4.3,4.0");
    expect(text.normals).toContain("2010-01-01T01:00:00,1016.6,4.0,3.8");
    expect(stages.cleaned.normals.filled).toEqual(["2010-01-01T00:00:00"]);
    expect(stages.cleaned.normals.rows).toHaveLength(8760);
    expect(stages.cleaned.normals.rows[0].temperatureC).toBeCloseTo((4.3 + 4.0) / 2, 10);
  });

  it("keeps every flight, equal ones too, and says how many are equal", () => {
    const different = new Set(flightList.map((flight) => JSON.stringify(flight))).size;
    expect(200_000 - different).toBe(6073);
    expect(stages.cleaned.flights.counts).toEqual({
      in: 200_000,
      out: 200_000,
      note: "6,073 equal flights kept (no key)",
    });
  });

  it("turns departures into the very minutes they stand for", () => {
    const { minute } = stages.cleaned.flights.columns;
    expect(flightList.every((flight, index) => Math.abs(flight.time * 60 - minute[index]) < 1e-6)).toBe(true);
  });
});

describe("enrich", () => {
  it("compares a Seattle day with the 24 hourly normals of its calendar day", () => {
    const hours = text.normals.split("\n").filter((line) => line.startsWith("2010-08-11"));
    const normal = hours.reduce((sum, line) => sum + Number(line.split(",")[2]), 0) / 24;
    const day = stages.days.rows.find((one) => one.city === "Seattle" && one.date === "2014-08-11");
    expect(hours).toHaveLength(24);
    expect(day?.normalC).toBeCloseTo(normal, 10);
    expect(day?.departureC).toBeCloseTo((35.6 + (day?.minC ?? NaN)) / 2 - normal, 10);
  });

  it("gives 29 February a normal, and New York none", () => {
    const leapDay = (city) => stages.days.rows.find((one) => one.city === city && one.date === "2012-02-29");
    const normalOf = (date) => stages.days.rows.find((one) => one.city === "Seattle" && one.date === date)?.normalC;
    expect(leapDay("Seattle")?.normalC).toBeCloseTo((normalOf("2012-02-28") + normalOf("2012-03-01")) / 2, 10);
    expect(leapDay("New York")).toMatchObject({ normalC: null, departureC: null });
  });
});

describe("detect anomalies", () => {
  const expected = (column, measure) =>
    CITIES.flatMap((city) =>
      Array.from({ length: 12 }, (_, index) => String(index + 1).padStart(2, "0")).flatMap((month) => {
        const lines = weatherLines.filter((line) => line[CITY] === city && line[DATE].slice(5, 7) === month);
        const { mean, sd } = bySums(lines.map((line) => Number(line[column])));
        return lines
          .map((line) => ({ measure, city, date: line[DATE], z: (Number(line[column]) - mean) / sd }))
          .filter(({ z }) => Math.abs(z) >= 3);
      }),
    ).toSorted((a, b) => (a.city + a.date < b.city + b.date ? -1 : 1));

  it.each([
    ["maxC", MAX, 7],
    ["wind", WIND, 20],
  ])("finds the days whose %s lies three deviations from their month", (measure, column, count) => {
    const found = stages.oddDays.found.filter((one) => one.measure === measure);
    const own = expected(column, measure);
    expect(found).toHaveLength(count);
    expect(found.map(({ measure, city, date }) => ({ measure, city, date }))).toEqual(
      own.map(({ measure, city, date }) => ({ measure, city, date })),
    );
    found.forEach((one, index) => expect(one.z).toBeCloseTo(own[index].z, 6));
  });

  it("finds the day of hurricane Sandy as the windiest anomaly", () => {
    const strongest = stages.oddDays.found.toSorted((a, b) => b.z - a.z)[0];
    expect(strongest).toMatchObject({ city: "New York", date: "2012-10-29", measure: "wind", value: 16.2 });
  });

  it("finds the flights whose delay lies three deviations from their distance band", () => {
    const rows = [0, 500, 1000, 1500, 2000, 2500].flatMap((from) => {
      const own = flightList.flatMap((flight, index) =>
        flight.distance >= from && (from === 2500 || flight.distance < from + 500)
          ? [{ ...flight, row: index + 1 }]
          : [],
      );
      const { mean, sd } = bySums(own.map((flight) => flight.delay));
      return own.filter((flight) => Math.abs((flight.delay - mean) / sd) >= 3).map((flight) => flight.row);
    });
    expect(rows).toHaveLength(3982);
    expect(stages.oddTrips.found.map((one) => one.row)).toEqual(rows.toSorted((a, b) => a - b));
  });
});

describe("insights", () => {
  it.each(CITIES)("names the hottest, coldest and wettest day of %s", (city) => {
    const lines = weatherLines.filter((line) => line[CITY] === city);
    const top = (column, direction) => {
      const sorted = lines.toSorted((a, b) => direction * (Number(b[column]) - Number(a[column])));
      const value = Number(sorted[0][column]);
      return {
        value,
        dates: sorted
          .filter((line) => Number(line[column]) === value)
          .map((line) => line[DATE])
          .sort(),
      };
    };
    expect(stages.cities.cities.find((one) => one.city === city)).toMatchObject({
      days: 1461,
      first: "2012-01-01",
      last: "2015-12-31",
      hottest: top(MAX, 1),
      coldest: top(MIN, -1),
      wettest: top(PRECIPITATION, 1),
    });
  });

  it("agrees with the figures known beforehand", () => {
    const [newYork, seattle] = stages.cities.cities;
    expect(newYork.coldest).toEqual({ value: -16, dates: ["2014-01-04", "2015-02-20"] }); // two days: both are told
    expect(newYork.wettest).toEqual({ value: 118.9, dates: ["2014-04-30"] });
    expect(seattle.hottest).toEqual({ value: 35.6, dates: ["2014-08-11"] });
    expect(seattle.departures.map(({ departureC }) => departureC.toFixed(2))).toEqual(["0.17", "0.98", "1.70", "2.00"]);
    expect(newYork.departures).toEqual([]);
  });

  it.each([
    ["under 500", 0, 500],
    ["500 to 999", 500, 1000],
    ["1,000 to 1,499", 1000, 1500],
    ["1,500 to 1,999", 1500, 2000],
    ["2,000 to 2,499", 2000, 2500],
    ["2,500 and more", 2500, 100_000],
  ])("gives the mean delay of the flights of %s miles", (label, from, to) => {
    const own = flightList.filter((flight) => flight.distance >= from && flight.distance < to);
    const figures = stages.delays.bands.find((band) => band.label === label);
    expect(figures?.flights).toBe(own.length);
    expect(figures?.meanDelay).toBeCloseTo(own.reduce((sum, flight) => sum + flight.delay, 0) / own.length, 10);
    expect(figures?.lateShare).toBeCloseTo(own.filter((flight) => flight.delay > 15).length / own.length, 10);
  });

  it("puts each flight into one band and one part of the day", () => {
    for (const figures of [stages.delays.bands, stages.delays.parts]) {
      expect(figures.reduce((sum, group) => sum + group.flights, 0)).toBe(200_000);
      expect(figures.reduce((sum, group) => sum + group.flights * group.meanDelay, 0)).toBeCloseTo(1_500_159, 3);
      expect(figures.reduce((sum, group) => sum + group.anomalies, 0)).toBe(3982);
    }
    expect(flightList.reduce((sum, flight) => sum + flight.delay, 0)).toBe(1_500_159);
  });
});
