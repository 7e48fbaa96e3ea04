import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Digest, hasLaterOffers, isLater, lineOf } from "../../src/membership/digest.js";
import { partOf } from "../../src/membership/part-sums.js";
import { type MemberLine, digestParts } from "../../src/wire/index.js";
import { MemberTable } from "../support/membership.js";
import { idOf } from "../support/news.js";

const line = fc.record({
  nodeId: fc.constantFrom("a", "b", "c", "d", "e"),
  incarnation: fc.integer({ min: 1, max: 3 }),
  standing: fc.nat(2),
  sequence: fc.nat(2),
  boot: fc.nat(2),
  version: fc.nat(2),
});

function digestOf(lines: readonly MemberLine[]): Digest {
  const digest = new Digest();
  for (const each of lines) digest.set(each.nodeId, each);
  return digest;
}

describe("a digest", () => {
  test("depends on what is known last of each member, not on how it came to be known (G1) (G2)", () => {
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const known = new Map(lines.map((each) => [each.nodeId, each]));
        const later = digestOf(lines);
        expect(later.hashes).toEqual(digestOf([...known.values()].toReversed()).hashes);
        for (const nodeId of known.keys()) later.set(nodeId, undefined);
        expect(later.hashes).toEqual(new Digest().hashes);
      }),
    );
  });

  test("differs in the parts of members of whom something else is known, and in no other (G1)", () => {
    const lines = Array.from({ length: 200 }, (_, i) => {
      return { nodeId: `n${i}`, incarnation: 1, standing: 0, sequence: 1, boot: 1, version: 1 };
    });
    const digest = digestOf(lines);
    expect(digest.hashes).toHaveLength(digestParts);
    for (const change of [{ incarnation: 2 }, { sequence: 2 }, { boot: 2 }, { version: 2 }, { standing: 1 }]) {
      const other = digestOf(lines.map((each) => (each.nodeId === "n7" ? { ...each, ...change } : each)));
      expect(digest.differing(other.hashes)).toEqual([partOf("n7")]);
      expect(other.differing(digest.hashes)).toEqual([partOf("n7")]);
    }
    expect(digest.differing(digest.hashes)).toEqual([]);
    expect(new Set(lines.map(({ nodeId }) => partOf(nodeId))).size).toBeGreaterThan(50);
  });

  test("of a table does not change with a suspicion, nor with members that are gone (G3)", () => {
    const [known, never] = [new MemberTable(), new MemberTable()];
    for (const table of [known, never]) table.join("a", "b", "c");
    known.accuse("c", "a");
    expect(known.members.digest.hashes).toEqual(never.members.digest.hashes);
    known.advance(5_000);
    expect(known.members.digest.hashes).not.toEqual(never.members.digest.hashes); // what came of it is news
    const empty = new MemberTable();
    empty.join("a", "b");
    expect(known.members.digest.hashes).toEqual(empty.members.digest.hashes);
    known.record("d", { left: true });
    expect(known.members.digest.hashes).toEqual(empty.members.digest.hashes);
  });

  test("of a table changes with the offers that are known (G1)", () => {
    const table = new MemberTable();
    table.join("a");
    const before = table.members.digest.hashes;
    table.members.offers(idOf("a"), 1, 4);
    expect(table.members.digest.differing(before)).toEqual([partOf(idOf("a"))]);
    expect(lineOf(table.get("a"))).toMatchObject({ nodeId: idOf("a"), standing: 0, boot: 1, version: 4 });
    table.members.offers(idOf("nobody"), 1, 4);
    expect(table.members.digest.differing(before)).toEqual([partOf(idOf("a"))]);
  });
});

describe("of two lines", () => {
  test("one is later, or they say the same of the record (G1)", () => {
    fc.assert(
      fc.property(line, line, (one, other) => {
        const isSame =
          one.incarnation === other.incarnation && one.standing === other.standing && one.sequence === other.sequence;
        expect([isLater(one, other), isLater(other, one)].filter(Boolean)).toHaveLength(isSame ? 0 : 1);
        const isSameOffers = one.boot === other.boot && one.version === other.version;
        expect([hasLaterOffers(one, other), hasLaterOffers(other, one)].filter(Boolean)).toHaveLength(
          isSameOffers ? 0 : 1,
        );
      }),
    );
  });

  test("a later life counts more than any version of an earlier one", () => {
    const [old, young] = [
      { nodeId: "a", incarnation: 1, standing: 2, sequence: 9, boot: 1, version: 99 },
      { nodeId: "a", incarnation: 2, standing: 0, sequence: 1, boot: 2, version: 1 },
    ];
    expect([isLater(young, old), hasLaterOffers(young, old)]).toEqual([true, true]);
  });
});
