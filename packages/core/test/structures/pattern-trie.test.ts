import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Pattern, parsePattern } from "../../src/base/index.js";
import { type Matched, PatternTrie, TopicWords, patternValueMax } from "../../src/structures/index.js";
import { seeded } from "../support/random.js";
import {
  anyPattern,
  anyTopic,
  collision,
  naiveMatch,
  rabbitBindings,
  rabbitRouting,
  wordsOf,
} from "../support/topics.js";

/** What was found, in order; a value that was found twice is there twice. */
function sorted({ values, start, end }: Matched): number[] {
  return Array.from(values)
    .slice(start, end)
    .sort((a, b) => a - b);
}

/** Pairs in a list, matched one by one. */
class NaivePatterns {
  readonly pairs: { readonly pattern: Pattern; readonly value: number }[] = [];

  add(pattern: Pattern, value: number): boolean {
    if (this.#indexOf(pattern, value) !== -1) return false;
    this.pairs.push({ pattern, value });
    return true;
  }

  remove(pattern: Pattern, value: number): boolean {
    const index = this.#indexOf(pattern, value);
    if (index !== -1) this.pairs.splice(index, 1);
    return index !== -1;
  }

  match(topic: string): number[] {
    const matching = this.pairs.filter(({ pattern }) => naiveMatch(wordsOf(pattern), wordsOf(topic)));
    return [...new Set(matching.map(({ value }) => value))].sort((a, b) => a - b);
  }

  #indexOf(pattern: Pattern, value: number): number {
    return this.pairs.findIndex((pair) => pair.pattern === pattern && pair.value === value);
  }
}

const step = fc.record({
  kind: fc.constantFrom("add", "add", "add", "remove", "remove again", "match"),
  pattern: anyPattern,
  topic: anyTopic,
  value: fc.nat(12),
});

const topics = (words: readonly string[], count: number): string =>
  Array.from({ length: count }, (_, index) => words[index % words.length]).join(".");

describe("pattern trie", () => {
  test("it finds what a list finds, whatever is added and removed, each value once (P1) (P5)", () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.array(anyTopic, { maxLength: 10 }),
        fc.nat(),
        (steps, asked, seed) => {
          const trie = new PatternTrie({ seed });
          const naive = new NaivePatterns();
          for (const { kind, pattern: text, topic, value } of steps) {
            const pattern = parsePattern(text);
            if (kind === "add") expect(trie.add(pattern, value)).toBe(naive.add(pattern, value));
            else if (kind === "remove") expect(trie.remove(pattern, value)).toBe(naive.remove(pattern, value));
            else if (kind === "match") expect(sorted(trie.match(topic))).toEqual(naive.match(topic));
            else {
              const pair = naive.pairs[value % Math.max(1, naive.pairs.length)];
              if (pair === undefined) continue;
              const [known, knownValue] = [pair.pattern, pair.value];
              expect(trie.remove(known, knownValue)).toBe(true);
              naive.remove(known, knownValue);
            }
            expect(trie.size).toBe(naive.pairs.length);
          }
          for (const topic of asked) expect(sorted(trie.match(topic))).toEqual(naive.match(topic));
          for (const { pattern, value } of [...naive.pairs]) expect(trie.remove(pattern, value)).toBe(true);
          expect([trie.size, trie.nodeCount, trie.wordCount]).toEqual([0, 0, 0]);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("thousands of patterns are found, and after most have gone the rest", () => {
    const random = seeded(7);
    const word = (): string => `w${Math.floor(random.next() ** 3 * 40)}`;
    const patternWord = (): string => (random.next() < 0.2 ? "*" : random.next() < 0.15 ? "#" : word());
    const some = (make: () => string): string =>
      Array.from({ length: 1 + Math.floor(random.next() * 5) }, make).join(".");
    const trie = new PatternTrie({ seed: 3 });
    const naive = new NaivePatterns();
    for (let i = 0; i < 3_000; i++) {
      const pattern = parsePattern(some(patternWord));
      expect(trie.add(pattern, i % 700)).toBe(naive.add(pattern, i % 700));
    }
    for (let i = 0; i < 100; i++) {
      const topic = some(word);
      expect(sorted(trie.match(topic))).toEqual(naive.match(topic));
    }
    for (const { pattern, value } of naive.pairs.slice(0, -150)) {
      trie.remove(pattern, value);
      naive.remove(pattern, value);
    }
    for (let i = 0; i < 300; i++) {
      const topic = some(word);
      expect(sorted(trie.match(topic))).toEqual(naive.match(topic));
    }
  });

  test("RabbitMQ's own examples, and again after some bindings are removed", () => {
    const trie = new PatternTrie();
    rabbitBindings.forEach((text, index) => trie.add(parsePattern(text), index + 1));
    for (const [topic, expected] of rabbitRouting) expect(sorted(trie.match(topic)), `"${topic}"`).toEqual(expected);
    const removed = [1, 5, 11, 19, 21];
    for (const binding of removed) {
      expect(trie.remove(parsePattern(rabbitBindings[binding - 1] as string), binding)).toBe(true);
    }
    for (const [topic, expected] of rabbitRouting) {
      expect(sorted(trie.match(topic))).toEqual(expected.filter((binding) => !removed.includes(binding)));
    }
  });

  test("a value with several matching patterns is found once, and until the last of them is gone (P1)", () => {
    const trie = new PatternTrie();
    const patterns = ["a.b", "a.*", "#", "#.b", "a.#.b.#"].map((text) => parsePattern(text));
    for (const pattern of patterns) trie.add(pattern, 5);
    for (const pattern of patterns) {
      expect(sorted(trie.match("a.b"))).toEqual([5]);
      trie.remove(pattern, 5);
    }
    expect(sorted(trie.match("a.b"))).toEqual([]);
  });

  test("patterns that mean the same are the same", () => {
    const trie = new PatternTrie();
    expect(trie.add(parsePattern("a.#.*"), 1)).toBe(true);
    expect(trie.add(parsePattern("a.*.#.#"), 1)).toBe(false);
    expect(trie.remove(parsePattern("a.#.*.#"), 1)).toBe(true);
    expect(trie.nodeCount).toBe(0);
  });

  test("the worst patterns cost in proportion to the words of the topic and the nodes (P2)", () => {
    const worst: readonly { readonly patterns: readonly string[]; readonly words: readonly string[] }[] = [
      { patterns: [`${topics(["#", "a"], 60)}.#.b`], words: ["a"] },
      { patterns: Array.from({ length: 30 }, (_, i) => `${topics(["#", "a"], 2 * i + 2)}.#.b`), words: ["a"] },
      {
        patterns: Array.from({ length: 30 }, (_, i) => `${topics(["#", "a", "#", "b"], 2 * i + 2)}.c`),
        words: ["a", "b"],
      },
      {
        patterns: Array.from(
          { length: 31 },
          (_, i) => `${topics(["*", "a"], i + 1)}.#.${topics(["a", "*"], 31 - i)}.x`,
        ),
        words: ["a"],
      },
    ];
    for (const { patterns, words } of worst) {
      const trie = new PatternTrie();
      patterns.forEach((text, value) => trie.add(parsePattern(text), value));
      for (const count of [15, 30, 60, 120, 240]) {
        trie.match(topics(words, count));
        expect(trie.visitedCount).toBeGreaterThan(0);
        expect(trie.visitedCount).toBeLessThanOrEqual(2 * (count + 1) * trie.nodeCount);
      }
    }
  });

  test("no set of patterns makes a match look at more than twice the nodes for each word (P2)", () => {
    fc.assert(
      fc.property(fc.array(anyPattern, { maxLength: 40 }), anyTopic, (patterns, topic) => {
        const trie = new PatternTrie();
        patterns.forEach((text, value) => trie.add(parsePattern(text), value));
        trie.match(topic);
        expect(trie.visitedCount).toBeLessThanOrEqual(2 * (wordsOf(topic).length + 1) * trie.nodeCount);
      }),
      { numRuns: 500 },
    );
  });

  test("a hundred thousand patterns that come and go leave nothing (P4)", () => {
    const trie = new PatternTrie({ seed: 11 });
    const kept = parsePattern("kept.#");
    trie.add(kept, 0);
    for (let i = 0; i < 100_000; i++) {
      const pattern = parsePattern(`reply.${i}.*.#.done`);
      trie.add(pattern, i % 50);
      if (!trie.remove(pattern, i % 50)) throw new Error(`${pattern} is lost`);
    }
    expect([trie.nodeCount, trie.wordCount]).toEqual([2, 1]);
    const all = Array.from({ length: 100_000 }, (_, i) => parsePattern(`user.${i % 1_000}.${i}.#`));
    all.forEach((pattern, value) => trie.add(pattern, value));
    expect(trie.nodeCount).toBe(3 + 1_000 + 100_000);
    expect(sorted(trie.match("user.7.99007.x"))).toEqual([99_007]);
    all.forEach((pattern, value) => {
      if (!trie.remove(pattern, value)) throw new Error(`${pattern} is lost`);
    });
    expect([trie.nodeCount, trie.wordCount, trie.size]).toEqual([2, 1, 1]);
    expect(sorted(trie.match("kept.x"))).toEqual([0]);
    trie.remove(kept, 0);
    expect([trie.nodeCount, trie.wordCount, trie.size]).toEqual([0, 0, 0]);
  });

  test("one pattern with very many values loses one after the other", () => {
    const trie = new PatternTrie();
    const pattern = parsePattern("news.#");
    const count = 50_000;
    for (let value = 0; value < count; value++) expect(trie.add(pattern, value)).toBe(true);
    expect(trie.add(pattern, 77)).toBe(false);
    expect(sorted(trie.match("news.today"))).toEqual([...Array(count).keys()]);
    for (let value = 0; value < count; value += 2)
      if (!trie.remove(pattern, value)) throw new Error(`${value} is lost`);
    expect(trie.remove(pattern, 0)).toBe(false);
    expect(sorted(trie.match("news"))).toEqual(Array.from({ length: count / 2 }, (_, index) => index * 2 + 1));
    for (let value = 1; value < count; value += 2)
      if (!trie.remove(pattern, value)) throw new Error(`${value} is lost`);
    expect(trie.nodeCount).toBe(0);
  });

  test("what was found long ago is found anew when marks begin again (P1)", () => {
    for (const text of ["#.b", "a.#.b.#", "a.*", "#.a.#.b"]) {
      const trie = new PatternTrie({ stampMax: 3 });
      trie.add(parsePattern(text), 4);
      // its marks are always of the same number
      for (let i = 0; i < 20; i++)
        expect(sorted(trie.match(i % 3 === 1 ? "a.b" : "x"))).toEqual(i % 3 === 1 ? [4] : []);
    }
  });

  test("words with the same hash are told apart", () => {
    const [one, other] = collision(
      (word) => new TopicWords(9).read(word).hashes[0] as number,
      (index) => `w${index}`,
    );
    const trie = new PatternTrie({ seed: 9 });
    trie.add(parsePattern(`${one}.#`), 1);
    expect(sorted(trie.match(other))).toEqual([]);
    trie.add(parsePattern(`${other}.#`), 2);
    expect([sorted(trie.match(one)), sorted(trie.match(other))]).toEqual([[1], [2]]);
    trie.remove(parsePattern(`${one}.#`), 1);
    expect([sorted(trie.match(one)), sorted(trie.match(other))]).toEqual([[], [2]]);
  });

  test("what a burst has made large is given up while the burst drains, and what stays is found (P4)", () => {
    const texts = Array.from(
      { length: 20_000 },
      (_, i) => [`a.${i}.*.#.b${i % 7}.c`, `*.${i}.#`, `#.x${i}.*`, `b.*.${i}`][i % 4],
    );
    const patterns = texts.map((text) => parsePattern(text as string));
    const trie = new PatternTrie({ seed: 2 });
    const small = trie.bytes;
    patterns.forEach((pattern, value) => trie.add(pattern, value));
    const large = trie.bytes;
    expect(large).toBeGreaterThan(1_000_000);
    const asked = ["a.16.q.r.b2.c", "a.17.q", "z.x18.q", "b.q.19", "q.17", "a.16.q.b2.c", "x22", "q.x22.z"];
    const expected = asked.map((topic) => sorted(trie.match(topic)));
    expect(expected).toEqual([[16], [17], [18], [19], [17], [16], [], [22]]);
    let left = patterns.length;
    patterns.forEach((pattern, value) => {
      if (value >= 16 && value < 24) return;
      if (!trie.remove(pattern, value)) throw new Error(`${pattern} is lost`);
      left -= 1;
      if (left % 2_500 === 8) expect(asked.map((topic) => sorted(trie.match(topic)))).toEqual(expected);
    });
    expect(asked.map((topic) => sorted(trie.match(topic)))).toEqual(expected);
    expect(trie.bytes).toBeLessThan(large / 8);
    patterns.slice(16, 24).forEach((pattern, index) => trie.remove(pattern, 16 + index));
    expect(trie.bytes).toBe(small);
  });

  test("a hundred thousand comings and goings beside others take no room (P4)", () => {
    const trie = new PatternTrie();
    for (const text of ["a.b", "reply.#", "*.x"]) trie.add(parsePattern(text), 1);
    const { bytes } = trie;
    for (let i = 0; i < 100_000; i++) {
      trie.add(parsePattern(`reply.${i}.*`), 2);
      if (i > 0) trie.remove(parsePattern(`reply.${i - 1}.*`), 2); // so that what is given again lies between others
    }
    expect(trie.bytes - bytes).toBeLessThan(100); // the numbers of two words
  });

  test("a topic of more words than patterns may have is matched", () => {
    const trie = new PatternTrie();
    trie.add(parsePattern("#.x.#.y"), 1);
    expect(sorted(trie.match(`${topics(["x", "z"], 500)}.y`))).toEqual([1]);
    expect(sorted(trie.match(topics(["x", "z"], 500)))).toEqual([]);
  });

  test("a value that is no small integer is a mistake of the program", () => {
    const trie = new PatternTrie();
    for (const value of [-1, 1.5, Number.NaN, patternValueMax]) {
      expect(() => trie.add(parsePattern("a"), value)).toThrow("a value is an integer");
    }
    expect(trie.nodeCount).toBe(0);
  });
});
