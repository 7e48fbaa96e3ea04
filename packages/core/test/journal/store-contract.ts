/** What every store keeps (S1 to S6): one suite for all of them. */
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import type { Store, StoreEvents, StoreLimits } from "../../src/journal/index.js";
import { Model, histories } from "./model.js";
import { StoreOwner, bytes, content, drop, dropRange, put, text } from "./store-owner.js";

/** A place in which a store can be opened, closed and opened again. */
export interface StorePlace {
  open(events: StoreEvents, limits?: Partial<StoreLimits>): Promise<Store>;
  /** Lets something happen; default: a turn of the event loop. */
  readonly turn?: (() => Promise<void>) | undefined;
  /** Gives back what it took, once the store is closed. */
  remove?(): Promise<void>;
}

export interface ContractOptions {
  /** Whether a store that is opened again has what was written before. */
  readonly isDurable: boolean;
  readonly runs: number;
}

/** Stores of a place have the tables `a` and `b`. */
export function describeStore(name: string, createPlace: () => Promise<StorePlace>, options: ContractOptions): void {
  const opened: { place: StorePlace; owner: StoreOwner | undefined }[] = [];

  async function newPlace(): Promise<StorePlace> {
    const place = await createPlace();
    opened.push({ place, owner: undefined });
    return place;
  }
  async function openIn(place: StorePlace, limits?: Partial<StoreLimits>): Promise<StoreOwner> {
    const owner = new StoreOwner(place.turn);
    owner.store = await place.open(owner, limits);
    const entry = opened.find((other) => other.place === place);
    if (entry !== undefined) entry.owner = owner;
    return owner;
  }
  const open = async (limits?: Partial<StoreLimits>): Promise<StoreOwner> => openIn(await newPlace(), limits);
  async function give(): Promise<void> {
    for (const { place, owner } of opened.splice(0)) {
      if (owner !== undefined && !closed.has(owner)) await owner.close();
      await place.remove?.();
    }
  }
  const closed = new WeakSet<StoreOwner>();
  async function close(owner: StoreOwner): Promise<void> {
    closed.add(owner);
    await owner.close();
  }

  afterEach(give);

  describe(name, () => {
    test("what was put is there once it is persisted, and reads are copies", async () => {
      const owner = await open();
      const { store } = owner;
      const ticket = owner.write([put("k", "v"), put("k", "w", "b")]);
      expect(ticket).toBe(1);
      expect(store.get("a", bytes("k"))).toBeUndefined(); // (S6)
      expect(await owner.end(ticket)).toBe("persisted");
      const value = store.get("a", bytes("k")) as Uint8Array;
      expect(text(value)).toBe("v");
      value.fill(0);
      expect(text(store.get("a", bytes("k")))).toBe("v");
      expect(text(store.get("b", bytes("k")))).toBe("w");
      expect(store.get("b", bytes("l"))).toBeUndefined();
    });

    test("an empty value and a large one come back as they were", async () => {
      const owner = await open();
      const large = Uint8Array.from({ length: 300_000 }, (_, at) => at % 251);
      await owner.done([put("empty", ""), { kind: "put", table: "a", key: bytes("large"), value: large }]);
      expect(owner.store.get("a", bytes("empty"))).toEqual(new Uint8Array());
      expect(Buffer.from(owner.store.get("a", bytes("large")) as Uint8Array).equals(Buffer.from(large))).toBe(true);
    });

    test("keys are any bytes, in the order of unsigned bytes, a prefix first", async () => {
      const owner = await open();
      const keys = [[0], [0, 0], [0, 255], [1], [127], [128], [255], [255, 0], [255, 255]];
      const shuffled = [8, 3, 1, 6, 0, 7, 2, 5, 4].map((at) => keys[at] as number[]);
      const value = bytes("v");
      await owner.done(shuffled.map((key) => ({ kind: "put", table: "a", key: Uint8Array.from(key), value })));
      expect(owner.store.range("a", { limit: 100 }).map(({ key }) => [...key])).toEqual(keys);
      const longest = new Uint8Array(1_024).fill(7);
      await owner.done([{ kind: "put", table: "b", key: longest, value }]);
      expect(text(owner.store.get("b", longest))).toBe("v");
    });

    test("a range has its first key, not its last, no more than its limit, and goes down when asked", async () => {
      const owner = await open();
      await owner.done(["a", "b", "c", "d", "e"].map((key) => put(key, key)));
      const range = (from?: string, to?: string, limit = 9, reverse = false): string =>
        owner.store
          .range("a", { from: from && bytes(from), to: to && bytes(to), limit, reverse } as never)
          .map(({ key, value }) => {
            expect(value).toEqual(key);
            return text(key);
          })
          .join("");
      expect(range()).toBe("abcde");
      expect(range("b", "d")).toBe("bc");
      expect(range("b")).toBe("bcde");
      expect(range("aa", "cc")).toBe("bc");
      expect(range(undefined, "c")).toBe("ab");
      expect(range(undefined, undefined, 2)).toBe("ab");
      expect(range("b", "d", 9, true)).toBe("cb");
      expect(range("b", undefined, 9, true)).toBe("edcb");
      expect(range(undefined, "dd", 2, true)).toBe("dc");
      expect(range(undefined, undefined, 1, true)).toBe("e");
      expect(range("d", "b")).toBe("");
      expect(range("d", "b", 9, true)).toBe("");
      expect(range("x")).toBe("");
      expect(range("x", undefined, 9, true)).toBe("");
    });

    test("the changes of a batch are applied in their order, and those of a group too (S1)", async () => {
      const owner = await open();
      await owner.done([put("x", "0"), drop("x"), put("x", "1"), put("y", "1"), dropRange("y", "z"), put("z", "1")]);
      expect(content(owner.store)).toEqual(["x=1", "z=1"]);
      owner.write([put("y", "2")]);
      owner.write([dropRange("x", "z"), put("w", "2")]);
      owner.write([put("x", "3")]);
      await owner.done([drop("z"), put("z", "4")]);
      expect(content(owner.store)).toEqual(["w=2", "x=3", "z=4"]);
      await owner.done([dropRange()]);
      expect(content(owner.store)).toEqual([]);
    });

    test("batches of one turn share a commit, and end in the order of their tickets (S5)", async () => {
      const owner = await open();
      const tickets = Array.from({ length: 100 }, (_, at) => owner.write([put(`k${at}`, "v")]));
      expect(tickets).toEqual(Array.from({ length: 100 }, (_, at) => at + 1));
      expect(await owner.end(100)).toBe("persisted");
      expect([...owner.ends.keys()]).toHaveLength(100);
      const figures = owner.store.figures();
      expect(figures).toMatchObject({ commits: 1, batches: 100, operations: 100, refused: 0, waitingBytes: 0 });
    });

    test("a batch without changes ends when all before it have", async () => {
      const owner = await open();
      owner.write([put("k", "v")]);
      await owner.done([]);
      expect(text(owner.store.get("a", bytes("k")))).toBe("v");
      expect(await owner.done([])).toBe("persisted");
      expect(owner.store.figures().commits).toBe(1);
    });

    test("what is too large is refused, and nothing of its batch applied (S3)", async () => {
      const owner = await open({ keyBytesMax: 4, valueBytesMax: 10, batchBytesMax: 30 });
      const good = owner.write([put("k1", "v")]);
      const key = owner.write([put("k2", "v"), put("12345", "v")]);
      const value = owner.write([put("k3", "v"), put("k", "12345678901")]);
      const whole = owner.write(["1", "2", "3"].map((each) => put(each, "1234567890")));
      const deleted = owner.write([drop("12345")]);
      const range = owner.write([dropRange("k", "12345")]);
      expect(await owner.done([put("k4", "v")])).toBe("persisted");
      expect([good, key, value, whole, deleted, range].map((ticket) => owner.ends.get(ticket))).toEqual([
        "persisted",
        ...Array.from({ length: 5 }, () => "too-large"),
      ]);
      expect([...owner.ends.keys()]).toEqual([1, 2, 3, 4, 5, 6, 7]); // (S5)
      expect(content(owner.store)).toEqual(["k1=v", "k4=v"]);
    });

    test("beyond what may wait batches are refused as busy, and taken again when it is gone", async () => {
      const owner = await open({ waitingBytesMax: 1_000 });
      const first = owner.write([put("first", "x".repeat(2_000))]);
      const busy = Array.from({ length: 50 }, () => owner.write([put("second", "v")]));
      expect(await owner.end(busy.at(-1) as number)).toBe("busy");
      expect(owner.ends.get(first)).toBe("persisted");
      expect(owner.ends.get(busy[0] as number)).toBe("busy");
      expect(await owner.done([put("third", "v")])).toBe("persisted");
      expect(owner.store.range("a", { limit: 9 }).map(({ key }) => text(key))).toEqual(["first", "third"]);
      expect(owner.store.figures()).toMatchObject({ refused: 50, waitingBytes: 0 });
    });

    test("more than fits into one commit is persisted in several", async () => {
      const owner = await open({ groupBytesMax: 5_000 });
      for (let at = 0; at < 20; at++) owner.write([put(`k${at}`, "x".repeat(1_000))]);
      expect(await owner.end(20)).toBe("persisted");
      expect(owner.store.figures().commits).toBeGreaterThan(3);
      expect(owner.store.range("a", { limit: 99 })).toHaveLength(20);
    });

    test("an owner may write when it hears of an end", async () => {
      const owner = await open();
      const { persisted } = owner;
      owner.persisted = (upTo) => {
        persisted.call(owner, upTo);
        if (upTo < 10) owner.write([put(`k${upTo}`, "v")]);
      };
      owner.write([put("k0", "v")]);
      expect(await owner.end(10)).toBe("persisted");
      expect(owner.store.range("a", { limit: 99 })).toHaveLength(10);
    });

    test("closing finishes what was handed in and refuses what comes then", async () => {
      const owner = await open();
      const before = owner.write([put("k", "v")]);
      closed.add(owner);
      const closing = owner.close();
      const after = owner.write([put("l", "v")]);
      await closing;
      expect(owner.ends.get(before)).toBe("persisted");
      expect(owner.ends.get(after)).toBe("closed");
    });

    test("an unknown table, an empty key and a range of nothing are mistakes of the program", async () => {
      const { store } = await open();
      expect(() => store.write([put("k", "v", "c")])).toThrow('without the table "c"');
      expect(() => store.get("c", bytes("k"))).toThrow('without the table "c"');
      expect(() => store.range("c", { limit: 1 })).toThrow('without the table "c"');
      expect(() => store.write([put("", "v")])).toThrow("at least one byte");
      expect(() => store.range("a", { limit: 0 })).toThrow("at least one entry");
    });

    test("any history leaves what the naive model has", async () => {
      await fc.assert(
        fc.asyncProperty(histories, async (history) => {
          const model = new Model();
          const place = await newPlace();
          let owner = await openIn(place);
          const check = (): void => {
            for (const table of ["a", "b"]) expect(content(owner.store, table)).toEqual(model.content(table));
          };
          for (const turn of history) {
            let last = 0;
            for (const batch of turn) {
              model.apply(batch);
              last = owner.write(batch);
            }
            if (last > 0) expect(await owner.end(last)).toBe("persisted");
            check();
            if (!options.isDurable || turn.length % 3 !== 0) continue;
            await close(owner);
            owner = await openIn(place);
            check();
          }
          await give();
        }),
        { numRuns: options.runs },
      );
    });

    test.runIf(options.isDurable)("what was persisted is there when the store is opened again (S2)", async () => {
      const place = await newPlace();
      const owner = await openIn(place);
      await owner.done([put("k", "v"), put("l", "v", "b")]);
      await owner.done([drop("k"), put("m", "w")]);
      await close(owner);
      const again = await openIn(place);
      expect([content(again.store), content(again.store, "b")]).toEqual([["m=w"], ["l=v"]]);
      expect(again.write([])).toBe(1);
    });
  });
}
