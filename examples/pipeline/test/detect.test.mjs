import { describe, expect, it } from "vitest";
import { detectFlights, detectWeather } from "../stages/detect.mjs";
import { spread, zScore } from "../stages/statistics.mjs";

describe("statistics", () => {
  it("gives the standard deviation of a sample (D2)", () => {
    expect(spread([2, 4, 4, 4, 5, 5, 7, 9])).toEqual({ mean: 5, sd: Math.sqrt(32 / 7) });
  });

  it("keeps its digits where the values are large and close together", () => {
    expect(spread([1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16]).sd).toBeCloseTo(Math.sqrt(30), 10);
  });

  it("has no anomaly where all values are the same or there is only one", () => {
    expect(zScore(5, spread([5, 5, 5]))).toBe(0);
    expect(zScore(5, spread([5]))).toBe(0);
  });
});

describe("detect anomalies", () => {
  const days = (city, month, values) =>
    values.map((maxC, index) => ({ city, date: `2012-${month}-${String(index + 1).padStart(2, "0")}`, maxC, wind: 1 }));
  const usual = Array.from({ length: 20 }, (_, index) => 10 + (index % 2));

  it("judges a day by its own city and calendar month only (D1)", () => {
    const found = detectWeather([
      ...days("Seattle", "01", [...usual, 25]),
      ...days(
        "Seattle",
        "07",
        usual.map((value) => value + 15),
      ), // 25 and 26: usual in July
      ...days("New York", "01", [...usual, 12]), // 12 is within three deviations
    ]).found;
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ measure: "maxC", city: "Seattle", date: "2012-01-21", value: 25 });
  });

  it("finds what is far below as well as what is far above", () => {
    expect(detectWeather(days("Seattle", "01", [...usual, -5])).found[0]?.z).toBeLessThan(-3);
  });

  it("judges a flight by its own distance band only (D1)", () => {
    const band = [...usual.map(() => 0), 0, ...usual.map(() => 5)];
    const delay = [...usual, 300, ...usual.map((value) => value + 290)];
    const result = detectFlights({ delay, distance: delay.map(() => 100), minute: delay, band, part: band });
    expect(result.found).toEqual([expect.objectContaining({ row: 21, delay: 300, band: 0 })]);
    expect(result.counts).toMatchObject({ in: 41, out: 1 });
  });
});
