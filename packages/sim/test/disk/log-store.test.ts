import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Model, batches } from "../../../core/test/journal/model.js";
import { describeStore } from "../../../core/test/journal/store-contract.js";
import { StoreOwner, bytes, content, drop, put } from "../../../core/test/journal/store-owner.js";
import { DiskPlace } from "./places.js";

for (const compactBytesMin of [undefined, 200]) {
  describeStore(
    compactBytesMin === undefined ? "a log store" : "a log store that compacts all the time",
    () => {
      const place = new DiskPlace(1, { compactBytesMin });
      return Promise.resolve({
        turn: place.turn,
        open: async (events, limits) => {
          const result = await place.opened(events, limits);
          if (result.kind === "failed") throw result.error;
          return result.store;
        },
      });
    },
    { isDurable: true, runs: 100 },
  );
}

/** A store with three commits, and where each begins in its file. */
async function threeCommits(): Promise<{ place: DiskPlace; starts: number[]; file: string }> {
  const place = new DiskPlace(7);
  const owner = await place.open();
  const [file = ""] = place.disk.list();
  const starts: number[] = [];
  for (const key of ["k1", "k2", "k3"]) {
    starts.push(place.disk.size(file));
    await owner.done([put(key, "value"), put(`${key}+`, "value", "b")]);
  }
  starts.push(place.disk.size(file));
  return { place, starts, file };
}

describe("what is found in a log", () => {
  test("cut anywhere in its commits it has those before, and says what was cut off (V1)", async () => {
    const { starts } = await threeCommits();
    for (let cut = starts[0] as number; cut <= (starts[3] as number); cut++) {
      const { place, file } = await threeCommits();
      place.disk.truncate(file, cut);
      const owner = new StoreOwner(place.turn);
      const result = await place.opened(owner);
      const whole = starts.filter((start) => start <= cut).length - 1;
      const at = starts[whole] as number;
      expect(result).toMatchObject({ kind: "open", cutOff: cut === at ? undefined : { file, at, bytes: cut - at } });
      if (result.kind === "open") {
        expect(content(result.store)).toEqual(["k1=value", "k2=value", "k3=value"].slice(0, whole));
      }
    }
  });

  test("cut in its snapshot it is not opened (V2)", async () => {
    const { starts } = await threeCommits();
    for (let cut = 0; cut < (starts[0] as number); cut++) {
      const { place, file } = await threeCommits();
      place.disk.truncate(file, cut);
      const result = await place.opened(new StoreOwner(place.turn));
      expect(result).toMatchObject({ kind: "failed", error: { code: "storage-failed" } });
    }
  });

  test("with any byte damaged it is not opened, or its last commit is cut off; never is it believed (V1)", async () => {
    const { starts } = await threeCommits();
    for (let at = 0; at < (starts[3] as number); at++) {
      const { place, file } = await threeCommits();
      await new StoreOwner(place.turn).until(() => place.clock.nextMs === Infinity);
      expect(place.disk.rot(file, at)).toBe(at);
      const result = await place.opened(new StoreOwner(place.turn));
      if (at >= (starts[2] as number)) {
        expect(result).toMatchObject({ kind: "open", cutOff: { file, at: starts[2] } });
        if (result.kind === "open") expect(content(result.store)).toEqual(["k1=value", "k2=value"]);
      } else {
        const said = result.kind === "failed" ? result.error.message : "it was opened";
        expect(said).toMatch(new RegExp(`^Cannot open the log: ${file} at byte \\d+: its .* (restore|use)`));
      }
    }
  });

  test("a value that holds a whole commit of the log is not taken for one (V3)", async () => {
    const { place, starts, file } = await threeCommits();
    const read = place.disk.read(file, starts[2] as number, 1_000);
    const commit = read.kind === "ok" ? read.bytes : new Uint8Array();
    const owner = await place.open(); // compacts: another file, another seed
    await owner.done([{ kind: "put", table: "a", key: bytes("k4"), value: commit }]);
    const [next = ""] = place.disk.list();
    place.disk.truncate(next, place.disk.size(next) - 1);
    const result = await place.opened(new StoreOwner(place.turn));
    expect(result).toMatchObject({ kind: "open", cutOff: { file: next } });
  });
});

describe("a disk that fails", () => {
  test("in a sync freezes the store, which acknowledges nothing any more (S4, P4)", async () => {
    const place = new DiskPlace(3);
    const owner = await place.open();
    await owner.done([put("k", "v")]);
    place.disk.setFaults({ syncFailureRatio: 1 });
    const inDoubt = [owner.write([put("l", "v")]), owner.write([put("m", "v")])];
    await owner.until(() => owner.freeze !== undefined);
    place.disk.setFaults({});
    expect(await owner.done([put("n", "v")])).toBe("frozen");
    expect(inDoubt.map((ticket) => owner.ends.get(ticket))).toEqual([undefined, undefined]);
    expect(owner.freeze).toMatchObject({ unknown: { from: 2, to: 3 }, error: { outcome: "unknown" } });
    expect(owner.freeze?.error.message).toMatch(/^Cannot sync log-\d: EIO/);
    expect(content(owner.store)).toEqual(["k=v"]); // (S6)
    await owner.close();
  });

  test("what a sync lost is not taken for kept by the next process, which the system shows it (P5)", async () => {
    const place = new DiskPlace(3);
    const owner = await place.open();
    place.disk.setFaults({ syncFailureRatio: 1 });
    owner.write([put("k", "v")]);
    await owner.until(() => owner.freeze !== undefined);
    place.disk.setFaults({});
    place.kill("process");
    const next = await place.open();
    expect(await next.done([put("l", "v")])).toBe("persisted");
    const before = content(next.store);
    place.kill("power");
    expect(content((await place.open()).store)).toEqual(before);
  });

  test("that is full refuses what finds no room, and goes on with what makes some (G3, P2)", async () => {
    const place = new DiskPlace(3, { compactBytesMin: 100 });
    const owner = await place.open();
    await owner.done([put("k1", "x".repeat(1_000))]);
    place.disk.setFaults({ bytesMax: 3_000 });
    expect(await owner.done([put("k2", "x".repeat(5_000))])).toBe("full");
    expect(await owner.done([put("k3", "small"), drop("k1")])).toBe("persisted");
    expect(content(owner.store)).toEqual(["k3=small"]);
    await owner.close();
    expect(content((await place.open()).store)).toEqual(["k3=small"]);
  });
});

describe("any history with crashes", () => {
  /** What happens in a life of the store: groups of batches, and how it ends. */
  const life = fc.record({
    batches: fc.array(fc.tuple(batches, fc.nat(3)), { maxLength: 12 }),
    end: fc.constantFrom("close", "process", "power", "power", "power"),
    turns: fc.nat(40),
    faults: fc.constantFrom<"none" | "append" | "sync" | "full">("none", "none", "append", "sync", "full"),
  });

  test("what was persisted is there, what was refused is not, batches are whole and in order (S1, S2, S3)", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(life, { minLength: 1, maxLength: 6 }), async (seed, lives) => {
        const place = new DiskPlace(seed, { compactBytesMin: 300 });
        let model = new Model();
        for (const { batches: all, end, turns, faults } of lives) {
          place.disk.setFaults({});
          const owner = await place.open();
          const told = (which: Model): string[][] => ["a", "b"].map((table) => which.content(table));
          expect(["a", "b"].map((table) => content(owner.store, table))).toEqual(told(model));
          if (faults === "append") place.disk.setFaults({ appendFailureRatio: 0.1 });
          if (faults === "sync") place.disk.setFaults({ syncFailureRatio: 0.1 });
          if (faults === "full") place.disk.setFaults({ bytesMax: 1_000 });
          for (const [batch, pause] of all) {
            owner.write(batch);
            for (let turn = 0; turn < pause && place.clock.nextMs < Infinity; turn++) await place.turn();
          }
          if (end === "close") await owner.close();
          else for (let turn = 0; turn < turns && place.clock.nextMs < Infinity; turn++) await place.turn();
          place.kill(end === "power" ? end : "process");
          // batches without an end may be there, a first few of them, but for refused ones
          const possible = [model.copy()];
          let last = model.copy();
          all.forEach(([batch], index) => {
            const how = owner.ends.get(index + 1);
            if (how !== undefined && how !== "persisted") return;
            last = last.copy();
            last.apply(batch);
            if (how === "persisted") possible.length = 0;
            possible.push(last);
          });
          place.disk.setFaults({});
          const found = await place.open();
          const now = JSON.stringify(["a", "b"].map((table) => content(found.store, table)));
          const match = possible.find((each) => JSON.stringify(told(each)) === now);
          expect(
            match,
            `found ${now}, possible ${possible.map((each) => JSON.stringify(told(each))).join(" or ")}`,
          ).toBeDefined();
          model = match as Model;
          place.kill("process");
        }
      }),
      { numRuns: 300 },
    );
  });
});
