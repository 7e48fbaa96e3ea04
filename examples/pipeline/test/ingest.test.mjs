import { describe, expect, it } from "vitest";
import { ingest, ingestCsv, ingestFlights } from "../stages/ingest.mjs";

describe("ingest of CSV", () => {
  it("takes the columns by name, whatever their order, and leaves the fields as text", () => {
    expect(ingestCsv("b,a,more\n1.50,x,?\n", ["a", "b"])).toEqual({
      rows: [{ a: "x", b: "1.50" }],
      counts: { in: 1, out: 1 },
    });
  });

  it("reads lines that end as on Windows, and a file without a last line end", () => {
    expect(ingestCsv("a,b\r\n1,2\r\n3,4", ["a", "b"]).rows).toEqual([
      { a: "1", b: "2" },
      { a: "3", b: "4" },
    ]);
  });

  it("reads quoted fields with commas and quotes in them", () => {
    expect(ingestCsv('a,b\n"New York, NY","a ""storm"""\n', ["a", "b"]).rows).toEqual([
      { a: "New York, NY", b: 'a "storm"' },
    ]);
  });

  it("does not take a byte order mark for a part of the first column's name", () => {
    expect(ingestCsv("\uFEFFa\n1\n", ["a"]).rows).toEqual([{ a: "1" }]);
  });

  it("passes on an empty field, and a field that a short line lacks, as empty text", () => {
    expect(ingestCsv("a,b\n,2\n3\n", ["a", "b"]).rows).toEqual([
      { a: "", b: "2" },
      { a: "3", b: "" },
    ]);
  });

  it("says which column is missing and which there are", () => {
    expect(() => ingestCsv("date,wind\n", ["date", "pressure"])).toThrow("no column pressure; it has date, wind");
    expect(() => ingestCsv("", ["date"])).toThrow("no column date");
  });
});

describe("ingest", () => {
  it("keeps a flight's missing field as null, for validation to refuse", () => {
    expect(ingestFlights('[{"delay":1,"distance":2,"time":3.5},{"delay":4},null]').columns).toEqual({
      delay: [1, 4, null],
      distance: [2, null, null],
      time: [3.5, null, null],
    });
    expect(() => ingestFlights('{"delay":1}')).toThrow("not a JSON list");
  });

  it("names the datasets it knows when asked for another", () => {
    expect(() => ingest("stocks", "")).toThrow('Cannot ingest "stocks"; known are weather, normals, flights');
    expect(() => ingest("constructor", "")).toThrow('Cannot ingest "constructor"');
  });
});
