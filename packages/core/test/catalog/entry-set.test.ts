import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { announcedOffers } from "../../src/catalog/announcements.js";
import { EntrySet } from "../../src/catalog/entry-set.js";
import type { OfferEntry } from "../../src/wire/index.js";
import { offerOf } from "../support/mesh-node.js";

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

function entry(fun: string, content = 0, version?: string): OfferEntry {
  const bytes = Uint8Array.from(Buffer.from(`${fun} ${version ?? ""} ${content}`));
  return { offer: { ...offerOf(fun), version }, bytes };
}

const change = fc.record({
  added: fc.array(fc.tuple(fc.nat(12), fc.constantFrom(undefined, "1.0.0", "2.0.0"), fc.nat(2)), { maxLength: 4 }),
  removed: fc.array(fc.nat(12), { maxLength: 3 }),
  undone: fc.boolean(),
});

describe("a set of offers", () => {
  test("holds what was added and not removed since, or taken back; its digest says just that (F1)", () => {
    const digests = new Map<string, string>();
    fc.assert(
      fc.property(fc.array(change, { maxLength: 15 }), (changes) => {
        const set = new EntrySet(sha256, announcedOffers);
        const naive = new Map<string, number>();
        for (const { added, removed, undone } of changes) {
          const undo = set.change(
            added.map(([fun, version, content]) => entry(`f${fun}`, content, version)),
            removed.map((fun) => `f${fun}`),
          );
          if (undone) undo();
          else {
            for (const key of [...naive.keys()])
              if (removed.some((fun) => key.startsWith(`f${fun} `))) naive.delete(key);
            for (const [fun, version, content] of added) naive.set(`f${fun} ${version ?? ""}`, content);
          }
          const keys = [...set.entries()].map(({ offer }) => `${offer.fun} ${offer.version ?? ""}`);
          expect(keys.toSorted()).toEqual([...naive.keys()].toSorted());
          expect(set.size).toBe(naive.size);
          for (const [key, content] of naive) {
            const [fun = "", version = ""] = key.split(" ");
            expect(set.get(fun)).toContainEqual(entry(fun, content, version === "" ? undefined : version));
          }
          // the digest of every content is one, and no other content has it
          const content = JSON.stringify([...naive].toSorted());
          const digest = Buffer.from(set.digest()).toString("hex");
          expect(digests.get(content) ?? digest).toBe(digest);
          digests.set(content, digest);
        }
        expect(new Set(digests.values()).size).toBe(digests.size);
      }),
    );
  });

  test("has another digest when an entry ends where the next one began (F1)", () => {
    const cut = (...all: readonly (readonly number[])[]): Uint8Array => {
      const set = new EntrySet(sha256, announcedOffers);
      // both of one part: their bytes stand side by side
      set.change(
        all.map((bytes, i) => ({ offer: offerOf(partners[i]!), bytes: Uint8Array.from(bytes) })),
        [],
      );
      return set.digest();
    };
    const partners = samePart();
    expect(cut([1, 2], [3])).not.toEqual(cut([1], [2, 3]));
    expect(cut([0, 0, 0, 0], [])).not.toEqual(cut([], [0, 0, 0, 0]));
    expect(cut([1, 2], [3])).toEqual(cut([1, 2], [3]));
  });

  test("costs a change the hash of its part, and not of everything (F2)", () => {
    let hashed = 0;
    const set = new EntrySet((bytes) => {
      hashed += bytes.length;
      return sha256(bytes);
    }, announcedOffers);
    const count = 6_400;
    set.change(
      Array.from({ length: count }, (_, i) => entry(`function ${i}`)),
      [],
    );
    set.digest();
    const all = hashed;
    hashed = 0;
    set.change([entry("function 7", 1)], []);
    set.digest();
    expect(hashed).toBeLessThan(all / 20);
    hashed = 0;
    set.digest();
    expect(hashed).toBe(64 * 32); // the hashes of the parts, which nothing has changed
  });
});

/** Two functions that belong to one part of the set. */
function samePart(): [string, string] {
  for (let i = 0; ; i++) {
    let calls = 0;
    const set = new EntrySet((bytes) => {
      calls += 1;
      return sha256(bytes);
    }, announcedOffers);
    set.change([entry("first"), entry(`second ${i}`)], []);
    set.digest();
    if (calls === 2) return ["first", `second ${i}`];
  }
}
