import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MemberTable } from "../support/membership.js";
import { idOf } from "../support/news.js";

/** A piece of news of the member "t". */
type News =
  | { readonly kind: "record"; readonly incarnation: number; readonly sequence: number; readonly left: boolean }
  | {
      readonly kind: "accusation";
      readonly incarnation: number;
      readonly verdict: "suspect" | "down";
      readonly by: string;
    };

function tell(table: MemberTable, news: News): void {
  if (news.kind === "record") table.record("t", news);
  else table.accuse("t", news.by, news);
  expect(table.members.present).toBe([...table.members.all()].filter(({ state }) => isThere(state)).length);
}

function isThere(state: string): boolean {
  return state === "alive" || state === "suspect";
}

/** Whatever one honest node may say in a few lives, and others of it: it leaves once per life, with its last word. */
const news = fc
  .uniqueArray(
    fc.oneof(
      fc.record({
        kind: fc.constant("record" as const),
        incarnation: fc.integer({ min: 1, max: 4 }),
        sequence: fc.integer({ min: 1, max: 4 }),
        left: fc.constant(false),
      }),
      fc.record({
        kind: fc.constant("record" as const),
        incarnation: fc.integer({ min: 1, max: 4 }),
        sequence: fc.constant(5),
        left: fc.constant(true),
      }),
      fc.record({
        kind: fc.constant("accusation" as const),
        incarnation: fc.integer({ min: 1, max: 4 }),
        verdict: fc.constantFrom("suspect" as const, "down" as const),
        by: fc.constantFrom("a", "b", "c"),
      }),
    ),
    { selector: (each) => JSON.stringify(each), minLength: 1, maxLength: 14 },
  )
  .chain((all) => {
    const shuffled = fc.shuffledSubarray(all, { minLength: all.length });
    return fc.tuple(fc.constant(all), shuffled, shuffled);
  });

describe("what is believed of a member", () => {
  test("does not depend on the order in which the same news arrive, however often (M1)", () => {
    fc.assert(
      fc.property(news, ([all, first, second]) => {
        const believed = [first, second].map((order) => {
          const table = new MemberTable();
          table.join("a", "b", "c");
          for (const each of order) tell(table, each);
          for (const each of order) tell(table, each); // an accusation that came before its record is told again
          for (const each of all) tell(table, each);
          const accusers = [...(table.members.get(idOf("t"))?.suspicion?.accusers ?? [])].toSorted();
          table.advance(60_000);
          return [accusers, table.beliefOf("t"), table.members.digest.hashes];
        });
        expect(believed[1]).toEqual(believed[0]);
      }),
      { numRuns: 1_000 },
    );
  });

  test("is the highest that was heard of it, where left is above down, down above suspect, suspect above alive (M1)", () => {
    const table = new MemberTable();
    table.join("a", "b", "c");
    table.record("t", { sequence: 2 });
    expect(table.record("t", { sequence: 1 }).kind).toBe("known");
    expect(table.record("t", { sequence: 2 }).kind).toBe("known");
    table.accuse("t", "a");
    expect(table.beliefOf("t")).toBe("1 suspect 2");
    table.record("t", { sequence: 3 });
    expect(table.beliefOf("t")).toBe("1 suspect 3");
    table.advance(5_000);
    expect(table.beliefOf("t")).toBe("1 down 3");
    table.record("t", { sequence: 4 });
    expect([table.beliefOf("t"), table.accuse("t", "b").kind]).toEqual(["1 down 4", "known"]);
    table.record("t", { sequence: 5, left: true });
    expect(table.record("t", { sequence: 9 }).kind).toBe("known");
    expect(table.beliefOf("t")).toBe("1 left 5");
    table.record("t", { incarnation: 2 });
    expect(table.beliefOf("t")).toBe("2 alive 1");
    expect(table.changes.filter((change) => change.startsWith("t"))).toEqual([
      "t: unknown > alive",
      "t: alive > suspect",
      "t: suspect > suspect",
      "t: suspicion about to end",
      "t: suspect > down",
      "t: down > down",
      "t: down > left",
      "t: left > alive",
    ]);
  });

  test("rests on its key's signature, which is asked for only when there is news (M2)", () => {
    const table = new MemberTable();
    const forged = (): boolean => false;
    expect(table.record("t", {}, forged)).toMatchObject({
      kind: "refused",
      reason: expect.stringContaining(idOf("t")),
    });
    expect(table.beliefOf("t")).toBe("unknown");
    table.record("t", { incarnation: 3 });
    for (const changes of [{ incarnation: 4 }, { incarnation: 3, sequence: 2 }, { incarnation: 3, left: true }])
      expect(table.record("t", changes, forged).kind).toBe("refused");
    const unasked = (): boolean => expect.unreachable("nothing has to be checked");
    expect(table.record("t", { incarnation: 3 }, unasked).kind).toBe("known");
    expect(table.record("t", { incarnation: 2, left: true }, unasked).kind).toBe("known");
    expect(table.accuse("t", "a", { incarnation: 2 }, unasked).kind).toBe("known");
    expect(table.beliefOf("t")).toBe("3 alive 1");
  });

  test("its numbers cannot be used up at once (M2)", () => {
    const table = new MemberTable();
    expect(table.record("far", { incarnation: 2 ** 53 - 1 }).kind).toBe("declined");
    table.record("t", { incarnation: 5 });
    expect(table.record("t", { incarnation: 1_000_006 }).kind).toBe("declined");
    expect(table.record("t", { incarnation: 1_000_005 }).kind).toBe("news");
    expect(table.record("new", { incarnation: 1_800_000_000_000 }).kind).toBe("news");
  });

  test("of an earlier life, its offers included, is void in a later one, and stays over a mere contradiction (M1)", () => {
    const [table, never] = [new MemberTable(), new MemberTable()];
    table.record("t", { incarnation: 3, boot: 3 });
    table.members.offers(idOf("t"), 3, 7);
    table.record("t", { incarnation: 4, boot: 3 });
    expect(table.get("t")).toMatchObject({ boot: 3, version: 7 });
    for (const each of [table, never]) each.record("t", { incarnation: 5, boot: 5 });
    expect(table.get("t")).toMatchObject({ boot: 0, version: 0 });
    expect(table.members.digest.hashes).toEqual(never.members.digest.hashes);
    table.members.offers(idOf("t"), 9, 1); // they have overtaken the record of their life
    table.record("t", { incarnation: 9, boot: 9 });
    expect(table.get("t")).toMatchObject({ boot: 9, version: 1 });
  });

  test("is kept, and not the frame it came in", () => {
    const table = new MemberTable();
    table.record("t");
    const { record, message } = table.get("t");
    const body = Uint8Array.of(1, 2, 3);
    const frame = { record: { ...record, sequence: 2 }, hopsLeft: 3, signature: new Uint8Array(64), body };
    table.members.record(idOf("t"), frame, () => true, 0);
    body.fill(9);
    frame.signature.fill(9);
    expect([...table.get("t").message.body]).toEqual([1, 2, 3]);
    expect(table.get("t").message.signature).toEqual(message.signature);
  });
});

describe("a suspicion", () => {
  function suspected(...accusers: readonly string[]): MemberTable {
    const table = new MemberTable();
    table.join("a", "b", "c", "t");
    for (const accuser of accusers) table.accuse("t", accuser);
    return table;
  }

  test("ends with a higher incarnation, and nothing is timed any more (M3)", () => {
    const table = suspected("a");
    expect([table.beliefOf("t"), table.scheduled]).toEqual(["1 suspect 1", 1]);
    table.record("t", { incarnation: 2 });
    expect([table.beliefOf("t"), table.scheduled, table.members.scheduled]).toEqual(["2 alive 1", 0, 0]);
    table.advance(60_000);
    expect(table.beliefOf("t")).toBe("2 alive 1");
  });

  test("does not end with another word of the same incarnation (M3)", () => {
    const table = suspected("a");
    table.record("t", { sequence: 2 });
    table.advance(4_999);
    expect(table.beliefOf("t")).toBe("1 suspect 2");
    table.advance(1);
    expect(table.beliefOf("t")).toBe("1 down 2");
  });

  test.for([
    [["a"], 5_000],
    [["a", "a", "a"], 5_000],
    [["a", "b", "c"], 1_500],
  ] as const)("of %j ends after %i ms (M3) (S2)", ([accusers, lasts]) => {
    const table = suspected(...accusers);
    table.advance(lasts - 1);
    expect(table.get("t").state).toBe("suspect");
    table.advance(1);
    expect(table.get("t").state).toBe("down");
  });

  test("ends early when somebody says that it has ended, and not before the shortest time (S1)", () => {
    const table = suspected();
    table.accuse("t", "a", { verdict: "down" });
    table.advance(1_499);
    expect(table.get("t").state).toBe("suspect");
    table.advance(1);
    expect(table.get("t").state).toBe("down");
  });

  test("that is older than the shortest time ends as soon as somebody says that it has ended (S1)", () => {
    const table = new MemberTable();
    table.join("a", "b", "c", "d", "t");
    table.accuse("t", "a");
    table.advance(2_000);
    table.accuse("t", "b", { verdict: "down" });
    table.advance(99); // as long as this node has to be awake before it
    expect(table.beliefOf("t")).toContain("suspect");
    table.advance(1);
    expect(table.beliefOf("t")).toContain("down");
  });

  test("needs no more confirmations than there are others", () => {
    const table = new MemberTable();
    table.join("a", "t");
    table.accuse("t", "a");
    table.advance(1_500);
    expect(table.get("t").state).toBe("down");
  });

  test("is not opened by a word on an earlier or a later incarnation, or on one that has gone (M3)", () => {
    const table = new MemberTable();
    table.join("a", "gone");
    table.record("t", { incarnation: 5 });
    table.record("gone", { sequence: 2, left: true });
    for (const incarnation of [4, 6]) expect(table.accuse("t", "a", { incarnation }).kind).toBe("known");
    expect(table.accuse("gone", "a").kind).toBe("known");
    expect(table.accuse("nobody", "a").kind).toBe("known");
    expect([table.beliefOf("t"), table.beliefOf("gone")]).toEqual(["5 alive 1", "1 left 2"]);
  });

  test("is not opened by what its accuser has not signed", () => {
    const table = suspected();
    expect(table.accuse("t", "a", {}, () => false).kind).toBe("refused");
    expect(table.get("t").state).toBe("alive");
  });

  test("that ended while this node stood still goes on for the shortest time (H2)", () => {
    const table = suspected("a");
    table.standStill(30_000);
    table.advance(1_499);
    expect(table.get("t").state).toBe("suspect");
    table.record("t", { incarnation: 2 });
    expect(table.get("t").state).toBe("alive");
  });

  test("that is about to end while this node stands still goes on as well (H2)", () => {
    const table = suspected("a");
    table.advance(4_950);
    table.standStill(1_000);
    expect(table.get("t").state).toBe("suspect");
    table.advance(1_500);
    expect(table.get("t").state).toBe("down");
  });
});

describe("a name", () => {
  test("belongs to one key as long as its holder is alive or suspect (M4)", () => {
    const table = new MemberTable();
    table.join("a", "b", "t");
    expect(table.record("other", { name: "t" }).kind).toBe("declined");
    table.accuse("t", "a");
    expect(table.members.nameRefusal(idOf("other"), "t")).toBe(
      `the name "t" belongs to node ${idOf("t")}, which is suspect`,
    );
    expect(table.members.nameRefusal(idOf("t"), "t")).toBe(undefined);
    table.advance(5_000);
    expect(table.record("other", { name: "t" }).kind).toBe("news");
    expect(table.members.nameRefusal(idOf("t"), "t")).toContain(idOf("other"));
  });

  test("that its holder gives up, or has left, is free (M4)", () => {
    const table = new MemberTable();
    table.join("t");
    table.record("t", { sequence: 2, name: "renamed" });
    expect(table.members.nameRefusal(idOf("other"), "t")).toBe(undefined);
    expect(table.members.nameRefusal(idOf("other"), "renamed")).toContain(idOf("t"));
    table.record("t", { sequence: 3, name: "renamed", left: true });
    expect(table.members.nameRefusal(idOf("other"), "renamed")).toBe(undefined);
  });

  test("that somebody else holds by now does not come back with its former holder (M4)", () => {
    const table = new MemberTable();
    table.record("t", { left: true });
    table.record("other", { name: "t" });
    expect(table.record("t", { incarnation: 2 }).kind).toBe("declined");
    expect(table.beliefOf("t")).toBe("1 left 1");
    expect(table.members.nameRefusal(idOf("t"), "t")).toContain(idOf("other"));
  });

  test("that somebody else holds by now is not given up with a late word of its former holder (M4)", () => {
    const table = new MemberTable();
    table.join("a", "b", "t");
    table.accuse("t", "a");
    table.advance(5_000);
    table.record("other", { name: "t" });
    table.record("t", { sequence: 2 });
    expect(table.beliefOf("t")).toBe("1 down 2");
    expect(table.members.nameRefusal(idOf("third"), "t")).toContain(idOf("other"));
  });

  test("is not taken by one that says goodbye with it (M4)", () => {
    const table = new MemberTable();
    table.join("t");
    expect(table.record("other", { name: "t", left: true }).kind).toBe("news");
    expect(table.members.nameRefusal(idOf("other"), "t")).toContain(idOf("t"));
  });
});

describe("members that have gone", () => {
  test("are remembered for a while, so that old news do not bring them back, and then forgotten (M5)", () => {
    const table = new MemberTable({ forgetMs: 60_000 });
    table.join("a", "b", "down");
    table.record("gone", { incarnation: 7, sequence: 3, left: true });
    table.accuse("down", "a");
    table.advance(59_999);
    expect(table.record("gone", { incarnation: 7, sequence: 2 }).kind).toBe("known");
    table.advance(1);
    expect(table.forgotten).toEqual(["gone"]);
    table.advance(5_000);
    expect(table.forgotten).toEqual(["gone", "down"]);
    expect([table.members.size, table.members.present, table.scheduled]).toEqual([2, 2, 0]);
  });

  test("make room for new ones, the one that has been gone the longest first (M5)", () => {
    const table = new MemberTable({ membersMax: 4 });
    table.join("a", "b");
    for (const name of ["first", "second"]) {
      table.advance(1_000);
      table.record(name, { left: true });
    }
    table.join("c");
    expect(table.forgotten).toEqual(["first"]);
    table.join("d");
    expect(table.forgotten).toEqual(["first", "second"]);
    expect([...table.members.all()].map(({ record }) => record.name)).toEqual(["a", "b", "c", "d"]);
  });

  test("are all there is given up: members that are there stay (M5)", () => {
    const table = new MemberTable({ membersMax: 3 });
    table.join("a", "b", "c");
    table.accuse("c", "a");
    for (let i = 0; i < 50; i++) expect(table.record(`new ${i}`).kind).toBe("declined");
    expect([table.members.size, table.beliefOf("c"), table.forgotten]).toEqual([3, "1 suspect 1", []]);
    expect(table.record("a", { sequence: 2 }).kind).toBe("news");
  });
});
