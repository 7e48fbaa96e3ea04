import { mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { report } from "../stages/report.mjs";
import { store } from "../stages/store.mjs";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mpreg-pipeline-test-"));
});
afterEach(() => rm(folder, { recursive: true }));

const tables = {
  weather: { days: [{ maxC: 1 }, { maxC: 2 }], anomalies: [], cities: [{ city: "Seattle" }] },
  flights: {
    flights: { delay: [1, 2, 3], distance: [4, 5, 6] },
    anomalies: [{ z: 3 }, { z: -9 }, { z: 5 }, { z: 4 }, { z: 6 }, { z: 7 }],
    bands: [{ label: "under 500" }],
    parts: [],
  },
};
const storeAll = () => Promise.all(Object.entries(tables).map(([name, content]) => store(folder, name, content)));

describe("store", () => {
  it("writes each table to its own file and tells rows and bytes", async () => {
    const { tables: stored, counts } = await store(folder, "flights", tables.flights);
    const [flights] = stored;
    expect(flights).toMatchObject({ table: "flights/flights", file: join(folder, "flights/flights.json"), rows: 3 });
    const text = await readFile(flights.file, "utf8");
    expect(JSON.parse(text)).toEqual(tables.flights.flights);
    expect(flights.bytes).toBe(Buffer.byteLength(text));
    expect(counts).toMatchObject({ in: 10, out: 10 });
  });

  it("replaces a file in one move: who has the old one open reads it to its end (S1)", async () => {
    const [old] = (await store(folder, "weather", { days: [1, 2, 3] })).tables;
    const reader = await open(old.file);
    try {
      await store(folder, "weather", { days: [] });
      expect(await reader.readFile("utf8")).toBe("[1,2,3]");
    } finally {
      await reader.close();
    }
    expect(await readFile(old.file, "utf8")).toBe("[]");
    expect(await readdir(join(folder, "weather"))).toEqual(["days.json"]);
  });

  it.each(["../outside", "a/b", "", ".hidden", "C:"])("refuses the name %j (S2)", async (name) => {
    await expect(store(folder, name, {})).rejects.toThrow("Cannot store");
    await expect(store(folder, "weather", { [name]: [] })).rejects.toThrow("Cannot store");
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("report", () => {
  const stages = { ingest: [{ in: 1, out: 2, note: "a" }, { in: 10, out: 20, note: "a" }], clean: [{ in: 5, out: 5 }] }; // prettier-ignore

  it("adds up the steps of each stage and closes with its own", async () => {
    const stored = await storeAll();
    expect(
      (
        await report(
          stored.map((one) => one.tables),
          stages,
        )
      ).stages,
    ).toEqual([
      { stage: "ingest", in: 11, out: 22, notes: ["a"] },
      { stage: "clean", in: 5, out: 5, notes: [] },
      { stage: "report", in: 13, out: 1, notes: ["all 7 files read back and verified"] },
    ]);
  });

  it("speaks of what is in the files, and names the strongest five flights", async () => {
    const stored = await storeAll();
    const result = await report(
      stored.map((one) => one.tables),
      stages,
    );
    expect(result.cities).toEqual(tables.weather.cities);
    expect(result.bands).toEqual(tables.flights.bands);
    expect(result.flightAnomalies.map(({ z }) => z)).toEqual([-9, 7, 6, 5, 4]);
  });

  it("fails when a file is not what was stored (R1)", async () => {
    const stored = await storeAll();
    const cities = stored[0].tables.find(({ table }) => table === "weather/cities");
    await writeFile(cities.file, JSON.stringify([{ city: "Atlantis" }]));
    await expect(
      report(
        stored.map((one) => one.tables),
        stages,
      ),
    ).rejects.toThrow('is not what was stored as "weather/cities"');
  });

  it("says which table it misses", async () => {
    const { tables: stored } = await store(folder, "weather", tables.weather);
    await expect(report([stored], stages)).rejects.toThrow('"flights/anomalies" was not stored');
  });
});
