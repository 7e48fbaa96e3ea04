import { describe, expect, it } from "vitest";
import { REFUSALS_LISTED_MAX, validate } from "../stages/validate.mjs";

const day = {
  location: "Seattle",
  date: "2012-02-29",
  precipitation: "0.8",
  temp_max: "5.0",
  temp_min: "-1.1",
  wind: "7",
  weather: "snow",
};
const hour = { date: "2010-01-01T01:00:00", pressure: "1016.6", temperature: "4.0", wind: "3.8" };

describe("validate", () => {
  it("turns the text of a day into numbers and names with units", () => {
    expect(validate("weather", [day]).rows).toEqual([
      { city: "Seattle", date: "2012-02-29", precipitationMm: 0.8, maxC: 5, minC: -1.1, wind: 7, weather: "snow" },
    ]);
  });

  it.each([
    [{ location: "" }, "location is empty"],
    [{ date: "2013-02-29" }, 'date "2013-02-29" does not exist'],
    [{ date: "2012-13-01" }, 'date "2012-13-01" does not exist'],
    [{ date: "29.2.2012" }, 'date "29.2.2012" does not exist'],
    [{ precipitation: "" }, 'precipitation "" is not a number'],
    [{ temp_max: "NA" }, 'temp_max "NA" is not a number'],
    [{ temp_max: "1e1" }, 'temp_max "1e1" is not a number'],
    [{ temp_max: "451" }, "temp_max 451 is not between -90 and 60"],
    [{ precipitation: "-1" }, "precipitation -1 is not between 0 and 2000"],
    [{ temp_min: "5.1" }, "temp_min 5.1 is above temp_max 5"],
    [{ weather: "hail" }, 'weather "hail" is none of drizzle, fog, rain, snow, sun'],
  ])("refuses a day with %j and says why; nothing is repaired (V2)", (change, reason) => {
    expect(validate("weather", [day, { ...day, ...change }])).toMatchObject({
      rows: [{ date: "2012-02-29" }],
      refused: [{ row: 2, reason }],
      counts: { in: 2, out: 1, note: `refused 1, first row 2: ${reason}` },
    });
  });

  it.each([
    [{ date: "2010-01-01T01:30:00" }, 'date "2010-01-01T01:30:00" does not exist'],
    [{ date: "2010-01-01T24:00:00" }, 'date "2010-01-01T24:00:00" does not exist'],
    [{ pressure: "" }, 'pressure "" is not a number'],
  ])("refuses an hour with %j", (change, reason) => {
    expect(validate("normals", [{ ...hour, ...change }, hour])).toMatchObject({
      rows: [{ time: "2010-01-01T01:00:00", temperatureC: 4 }],
      refused: [{ row: 1, reason }],
    });
  });

  it("drops a refused flight from every column, so that the columns stay in step", () => {
    const columns = { delay: [1, null, 3, 4, 5], distance: [10, 20, 0.5, 40, 50], time: [0, 1, 2, 24, 23.5] };
    expect(validate("flights", columns)).toMatchObject({
      columns: { delay: [1, 5], distance: [10, 50], time: [0, 23.5] },
      refused: [
        { row: 2, reason: "delay null is not a whole number" },
        { row: 3, reason: "distance 0.5 is not a whole number" },
        { row: 4, reason: "time 24 is not between 0 and 23.9999" },
      ],
    });
  });

  it("does not guess which value belongs to which flight when the columns differ in length", () => {
    expect(() => validate("flights", { delay: [1], distance: [], time: [1] })).toThrow("differ in length: 1, 0, 1");
  });

  it("passes on or refuses every row, and lists only so many refusals (V1)", () => {
    const rows = Array.from({ length: 1000 }, (_, index) => (index % 4 === 0 ? day : { ...day, wind: "" }));
    const result = validate("weather", rows);
    expect(result.rows).toHaveLength(250);
    expect(result.refused).toHaveLength(REFUSALS_LISTED_MAX);
    expect(result.counts).toMatchObject({ in: 1000, out: 250 });
    expect(result.counts.note).toContain("refused 750");
  });
});
