import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Pattern, matches, parsePattern } from "../../../src/base/index.js";
import { OwnInterest, defaultInterestLimits } from "../../../src/topics/interest/own-interest.js";
import type { InterestRecord } from "../../../src/wire/index.js";
import { thrownBy } from "../../support/wire.js";

/** What a node wants, and what it has announced of it. */
class Announcing {
  readonly own: OwnInterest;
  readonly told = new Map<Pattern, InterestRecord>();

  constructor(limits: Partial<typeof defaultInterestLimits> = {}) {
    this.own = new OwnInterest({ ...defaultInterestLimits, ...limits });
  }

  add(text: string, group?: string): void {
    this.own.add([parsePattern(text)], group);
  }

  remove(text: string, group?: string): void {
    this.own.remove([parsePattern(text)], group);
  }

  /** What is announced now, as texts: `pattern`, `pattern [group,group]`. */
  announced(): string[] {
    for (const { pattern, interest } of this.own.takeChanges()) {
      if (interest === undefined) this.told.delete(pattern);
      else this.told.set(pattern, interest);
    }
    const texts = [...this.told.values()].map(({ pattern, plain, groups }) => {
      return `${pattern}${groups.length > 0 ? ` [${plain ? "+" : ""}${groups.join()}]` : ""}`;
    });
    return texts.toSorted();
  }

  get weight(): number {
    return [...this.told.values()].reduce((sum, { plain, groups }) => sum + Number(plain) + groups.length, 0);
  }
}

describe("own interest", () => {
  test("has a pattern from its first subscription to its last, plain or of a group (I1)", () => {
    const node = new Announcing();
    for (const group of [undefined, "g", "g", "h"]) node.add("a.*", group);
    node.add("b");
    expect(node.announced()).toEqual(["a.* [+g,h]", "b"]);
    node.remove("a.*", "g");
    node.remove("a.*");
    expect(node.announced()).toEqual(["a.* [g,h]", "b"]);
    node.remove("a.*", "g");
    node.remove("a.*", "h");
    node.remove("b");
    expect([node.announced(), node.own.size, node.own.weight]).toEqual([[], 0, 0]);
  });

  test("beyond its bound has the longest patterns that stand for most (I2) (C2)", () => {
    const node = new Announcing({ announcedMax: 20, groupsMax: 5 });
    for (let i = 0; i < 10; i++) node.add(`a.b.${i}`);
    for (let i = 0; i < 10; i++) node.add(`c.${i}.x`);
    expect(node.announced().length).toBe(20);
    node.add("d");
    expect(node.announced()).toEqual(
      Array.from({ length: 10 }, (_, i) => `c.${i}.x`)
        .concat("d", "a.b.#")
        .toSorted(),
    );
    for (let i = 0; i < 1_000; i++) node.add(`a.b.more.${i}`);
    expect(node.announced().length).toBe(12);
    for (let i = 0; i < 1_000; i++) node.remove(`a.b.more.${i}`);
    for (let i = 2; i < 10; i++) node.remove(`c.${i}.x`);
    expect(node.announced()).toEqual(["a.b.#", "c.0.x", "c.1.x", "d"]);
    for (let i = 3; i < 10; i++) node.remove(`a.b.${i}`);
    expect(node.announced()).toEqual(["a.b.0", "a.b.1", "a.b.2", "c.0.x", "c.1.x", "d"]); // as it is again
  });

  test("stands for what begins with a wildcard by everything, and for no pattern by what is longer than one may be (C1)", () => {
    const node = new Announcing({ announcedMax: 4, groupsMax: 2, patternBytesMax: 10 });
    for (let i = 0; i < 5; i++) node.add(`#.${i}`);
    expect(node.announced()).toEqual(["#"]);
    const long = new Announcing({ announcedMax: 4, groupsMax: 2, patternBytesMax: 10 });
    for (let i = 0; i < 5; i++) long.add(`a.${"ä".repeat(3)}.${i}`);
    expect(long.announced()).toEqual(["a.äää.#"]);
    const longer = new Announcing({ announcedMax: 4, groupsMax: 2, patternBytesMax: 9 });
    for (let i = 0; i < 5; i++) longer.add(`a.${"ä".repeat(3)}.${i}`);
    expect(longer.announced()).toEqual(["a.#"]);
  });

  test("covers nothing that would not make it less", () => {
    const node = new Announcing({ announcedMax: 8, groupsMax: 7 });
    for (let i = 0; i < 4; i++) node.add("a.b.c", `g${i}`);
    for (let i = 0; i < 5; i++) node.add(`x.${i}`);
    expect(node.announced()).toEqual(["a.b.c [g0,g1,g2,g3]", "x.#"]);
  });

  test("of more groups than a node may have is refused, and nothing has changed", () => {
    const node = new Announcing({ groupsMax: 2 });
    node.add("a", "g");
    node.add("b", "h");
    expect(thrownBy(() => node.add("a", "i"))).toMatchObject({
      code: "overloaded",
      message: "Cannot subscribe: this node has members of 2 groups, its limit",
    });
    node.add("c", "g");
    node.remove("b", "h");
    node.add("d", "i");
    expect(node.announced()).toEqual(["a [g]", "c [g]", "d [i]"]);
  });

  test("is never less than what is wanted nor more than its bound, whatever comes and goes, and leaves nothing (I2) (I3)", () => {
    const word = fc.constantFrom("a", "b", "c", "*", "#", "");
    const pattern = fc.array(word, { maxLength: 4 }).map((words) => parsePattern(words.join(".")));
    const act = fc.record({ pattern, group: fc.constantFrom(undefined, undefined, "g", "h") });
    const topic = fc.array(fc.constantFrom("a", "b", "c", "d", ""), { maxLength: 4 }).map((words) => words.join("."));
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), fc.array(topic, { maxLength: 20 }), (acts, topics) => {
        const announcedMax = 6;
        const node = new Announcing({ announcedMax, groupsMax: 3 });
        const held = new Map<string, (typeof acts)[number]>();
        for (const each of acts) {
          const key = `${each.pattern} ${each.group}`;
          if (held.delete(key)) node.remove(each.pattern, each.group);
          else {
            held.set(key, each);
            node.add(each.pattern, each.group);
          }
          node.announced();
          expect(node.weight).toBe(node.own.weight);
          expect(node.weight).toBeLessThanOrEqual(announcedMax);
          const told = [...node.told.values()];
          for (const wanted of held.values()) {
            for (const one of topics.filter((text) => matches(wanted.pattern, text))) {
              const covers = told.filter((each) => matches(each.pattern, one));
              const has = ({ plain, groups }: InterestRecord): boolean =>
                wanted.group === undefined ? plain : groups.includes(wanted.group);
              expect([one, wanted, covers.some(has)]).toEqual([one, wanted, true]);
            }
          }
        }
        for (const { pattern: left, group } of held.values()) node.remove(left, group);
        expect([node.announced(), node.own.size, node.own.weight]).toEqual([[], 0, 0]);
      }),
    );
  });

  test("of patterns within its bound is exactly them", () => {
    const node = new Announcing({ announcedMax: 1_000 });
    for (let i = 0; i < 1_000; i++) node.add(`a.${i}`);
    expect(node.announced().length).toBe(1_000);
    node.remove("a.0");
    node.add("b");
    expect(node.announced().length).toBe(1_000);
    node.add("c");
    expect(node.announced()).toEqual(["a.#", "b", "c"]);
  });
});
