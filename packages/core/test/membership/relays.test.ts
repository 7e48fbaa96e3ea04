import { describe, expect, test } from "vitest";
import { Relays } from "../../src/membership/relays.js";

describe("relays", () => {
  test("tell whose question an answer is for, once, and by whoever was asked (Q1)", () => {
    const relays = new Relays();
    const relayed = relays.begin("asker", 7, "asked");
    expect(relays.end("liar", relayed)).toBe(undefined);
    expect(relays.end("asked", relayed)).toMatchObject({ asker: "asker", id: 7 });
    expect(relays.end("asked", relayed)).toBe(undefined);
  });

  test("ask under numbers that no probe of the node's own has", () => {
    const relays = new Relays();
    const ids = Array.from({ length: 100 }, () => relays.begin("asker", 7, "asked"));
    expect(new Set(ids).size).toBe(100);
    for (const id of ids) expect([Relays.isRelayed(id), id <= 0xffff_ffff]).toEqual([true, true]);
    expect([0, 1, 0x7fff_ffff].map((id) => Relays.isRelayed(id))).toEqual([false, false, false]);
  });

  test("give up the oldest of too many questions (Q2)", () => {
    const relays = new Relays();
    const ids = Array.from({ length: 2_000 }, (_, id) => relays.begin("asker", id, "asked"));
    const answered = ids.filter((id) => relays.end("asked", id) !== undefined);
    expect(answered).toEqual(ids.slice(-1_024));
  });

  test("are forgotten with the node's stop", () => {
    const relays = new Relays();
    const id = relays.begin("asker", 1, "asked");
    relays.clear();
    expect(relays.end("asked", id)).toBe(undefined);
  });
});
