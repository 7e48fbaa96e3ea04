import { describe, expect, it } from "vitest";
import { cleanFlights, cleanNormals, cleanWeather } from "../stages/clean.mjs";

const day = (city, date, maxC = 1) => ({ city, date, maxC });
const hour = (time, temperatureC) => ({ time, temperatureC, pressureHpa: 1000 + temperatureC, wind: temperatureC });

describe("clean", () => {
  it("sorts days by city and date, keeps the first of a repeated day and counts missing ones (C1)", () => {
    const rows = [day("B", "2012-01-01"), day("A", "2012-01-04"), day("A", "2012-01-01", 7), day("A", "2012-01-01", 8)];
    expect(cleanWeather(rows)).toEqual({
      rows: [day("A", "2012-01-01", 7), day("A", "2012-01-04"), day("B", "2012-01-01")],
      counts: { in: 4, out: 3, note: "1 repeated days dropped, 2 missing" },
    });
  });

  it("fills a single missing hour with the mean of its neighbours, and says which (C1)", () => {
    const result = cleanNormals([hour("2010-03-01T12:00:00", 4), hour("2010-03-01T14:00:00", 8)]);
    expect(result.filled).toEqual(["2010-03-01T13:00:00"]);
    expect(result.rows).toEqual([
      hour("2010-03-01T12:00:00", 4),
      hour("2010-03-01T13:00:00", 6),
      hour("2010-03-01T14:00:00", 8),
    ]);
  });

  it("leaves a longer hole as it is: two hours have only one neighbour each", () => {
    const result = cleanNormals([hour("2010-03-01T12:00:00", 4), hour("2010-03-01T15:00:00", 8)]);
    expect(result.filled).toEqual([]);
    expect(result.rows).toHaveLength(2);
  });

  it("takes a departure to the nearest minute, but never to the next day", () => {
    const { columns } = cleanFlights({ delay: [1, 2, 3], distance: [4, 5, 6], time: [1.55, 0, 23.9999] });
    expect(columns).toEqual({ delay: [1, 2, 3], distance: [4, 5, 6], minute: [93, 0, 1439] });
  });
});
