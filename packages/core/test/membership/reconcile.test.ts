import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compare } from "../../src/membership/reconcile.js";
import type { Entry } from "../../src/membership/types.js";
import { partOf } from "../../src/membership/part-sums.js";
import type { MemberLine } from "../../src/wire/index.js";
import { MemberTable } from "../support/membership.js";
import { idOf } from "../support/news.js";

const names = ["a", "b", "c", "d", "e", "f"];
const allParts = Array.from({ length: 64 }, (_, part) => part);

/** How much one side knows of a member: nothing, or up to a point of its life; and how many versions of its offers. */
const knowledge = fc.record({
  known: fc.boolean(),
  incarnation: fc.integer({ min: 1, max: 3 }),
  sequence: fc.integer({ min: 1, max: 3 }),
  end: fc.constantFrom("none", "none", "left", "down"),
  boot: fc.integer({ min: 1, max: 3 }),
  version: fc.nat(3),
});
type Knowledge = typeof knowledge extends fc.Arbitrary<infer T> ? T : never;

function tableOf(knows: readonly Knowledge[]): MemberTable {
  const table = new MemberTable({ suspicionMsMin: 0, suspicionMsMax: 0 });
  table.join("self");
  knows.forEach(({ known, incarnation, sequence, end, boot, version }, i) => {
    const name = names[i]!;
    if (!known) return;
    table.record(name, { incarnation, sequence: end === "left" ? 4 : sequence, left: end === "left" });
    if (end === "down") down(table, name, incarnation);
    if (version > 0) table.members.offers(idOf(name), boot, version);
  });
  return table;
}

function down(table: MemberTable, name: string, incarnation: number): void {
  table.accuse(name, "self", { incarnation, verdict: "down" });
  table.members.down(table.get(name), table.nowMs);
}

/** Brings `to` what `from` has found that it lacks. */
function bring(to: MemberTable, states: readonly Entry[], offers: readonly Entry[]): void {
  for (const { record, state } of states) {
    to.record(record.name, record);
    if (state === "down") down(to, record.name, record.incarnation);
  }
  for (const { record, boot, version } of offers) to.members.offers(idOf(record.name), boot, version);
}

/** All that `one` and `other` tell each other, begun by `one`; answers how many lines and entries that were. */
function exchange(one: MemberTable, other: MemberTable): number {
  const parts = other.members.digest.differing(one.members.digest.hashes);
  if (parts.length === 0) return 0;
  const { lines } = compare(other.members.all(), parts, []);
  const found = compare(one.members.all(), parts, lines);
  bring(other, found.states, found.offers);
  const asked = found.asks.map(({ nodeId }) => other.members.get(nodeId)).filter((entry) => entry !== undefined);
  const answer = compare(asked, [], found.asks);
  bring(one, answer.states, answer.offers);
  return lines.length + found.states.length + found.offers.length + answer.states.length + answer.offers.length;
}

function presentOf(table: MemberTable): string[] {
  const there = [...table.members.all()].filter(({ state }) => state === "alive" || state === "suspect");
  return there
    .map(({ record, boot, version }) => `${record.name} ${record.incarnation} ${record.sequence} ${boot} ${version}`)
    .toSorted();
}

describe("two nodes that compare what they know", () => {
  test("know the same after two comparisons at most, whatever each knew before (E1)", () => {
    const side = fc.array(knowledge, { minLength: names.length, maxLength: names.length });
    fc.assert(
      fc.property(side, side, (mine, theirs) => {
        const [one, other] = [tableOf(mine), tableOf(theirs)];
        exchange(one, other);
        exchange(other, one); // of one that was taken to be gone what it offers comes with the second
        expect(presentOf(one)).toEqual(presentOf(other));
        expect(one.members.digest.hashes).toEqual(other.members.digest.hashes);
        expect(exchange(other, one)).toBe(0);
      }),
      { numRuns: 1_000 },
    );
  });

  test("tell each other nothing where they agree, and only of the parts in which they do not (E1)", () => {
    const [one, other] = [new MemberTable(), new MemberTable()];
    for (const table of [one, other]) table.join(...names);
    expect(exchange(one, other)).toBe(0);
    one.record("a", { incarnation: 2 });
    const parts = other.members.digest.differing(one.members.digest.hashes);
    expect(parts).toEqual([partOf(idOf("a"))]);
    const { lines } = compare(other.members.all(), parts, []);
    for (const { nodeId } of lines) expect(parts).toContain(partOf(nodeId));
    const found = compare(one.members.all(), parts, lines);
    expect(found.states.map(({ nodeId }) => nodeId)).toEqual([idOf("a")]);
    expect([found.offers, found.asks]).toEqual([[], []]);
  });
});

describe("members that are gone", () => {
  test("are no news to whoever never knew them, and asked for by nobody (E2)", () => {
    const [one, other] = [new MemberTable(), new MemberTable()];
    one.join("self", "a");
    one.record("a", { sequence: 2, left: true });
    expect(compare(one.members.all(), allParts, []).states.map(({ record }) => record.name)).toEqual(["self"]);
    const gone: MemberLine = { nodeId: idOf("a"), incarnation: 1, standing: 2, sequence: 2, boot: 1, version: 3 };
    expect(compare(other.members.all(), allParts, [gone]).asks).toEqual([]);
  });

  test("are news to whoever takes them to be there (E2)", () => {
    const [one, other] = [new MemberTable(), new MemberTable()];
    for (const table of [one, other]) table.join("a");
    one.record("a", { sequence: 2, left: true });
    exchange(other, one);
    expect(other.beliefOf("a")).toBe("1 left 2");
  });
});

describe("lines of a few members", () => {
  test("say nothing of those they leave out (E1)", () => {
    const table = new MemberTable();
    table.join("a", "b");
    const line: MemberLine = { nodeId: idOf("a"), incarnation: 1, standing: 0, sequence: 1, boot: 0, version: 0 };
    expect(compare(table.members.all(), [], [line])).toMatchObject({ states: [], offers: [], asks: [] });
    expect(compare(table.members.all(), [], [{ ...line, version: 2, boot: 1 }]).asks).toHaveLength(1);
    const unknown = { ...line, nodeId: idOf("new") };
    expect(compare(table.members.all(), [], [unknown]).asks).toEqual([
      { nodeId: idOf("new"), incarnation: 0, standing: 0, sequence: 0, boot: 0, version: 0 },
    ]);
  });
});
