import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parsePattern } from "../../src/base/index.js";
import { MatchCache, type Matched, PatternMatcher, PatternTrie, TopicWords } from "../../src/structures/index.js";
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

const roomy = { entriesMax: 1_000, bytesMax: 2 ** 20 };

function sorted({ values, start, end }: Matched): number[] {
  return Array.from(values)
    .slice(start, end)
    .sort((a, b) => a - b);
}

/** A result with these values. */
const matched = (...values: number[]): Matched => ({ values: Int32Array.from(values), start: 0, end: values.length });

/** Few patterns and topics, so that the same come, go and are asked for again. */
const happenings = fc.record({
  patterns: fc.array(anyPattern, { minLength: 1, maxLength: 8 }),
  topics: fc.array(anyTopic, { minLength: 1, maxLength: 6 }),
  steps: fc.array(
    fc.record({
      kind: fc.constantFrom("add", "remove", "match", "match"),
      which: fc.nat(1_000),
      value: fc.nat(2),
    }),
    { maxLength: 120 },
  ),
});

const limits = fc.record({ entriesMax: fc.nat(5), bytesMax: fc.constantFrom(0, 1_000, 1_500, 100_000) });

describe("match cache", () => {
  test("a matcher with a cache finds what the definition says, whatever comes and goes (C1)", () => {
    fc.assert(
      fc.property(happenings, limits, fc.nat(), ({ patterns, topics, steps }, cache, seed) => {
        const matcher = new PatternMatcher({ seed, cache });
        const pairs = new Map<string, { readonly pattern: string; readonly value: number }>();
        for (const { kind, which, value } of steps) {
          const pattern = parsePattern(patterns[which % patterns.length] as string);
          const topic = topics[which % topics.length] as string;
          const key = `${pattern} ${value}`;
          if (kind === "add") {
            expect(matcher.add(pattern, value)).toBe(!pairs.has(key));
            pairs.set(key, { pattern, value });
          } else if (kind === "remove") expect(matcher.remove(pattern, value)).toBe(pairs.delete(key));
          else {
            const matching = [...pairs.values()].filter((pair) => naiveMatch(wordsOf(pair.pattern), wordsOf(topic)));
            const expected = [...new Set(matching.map((pair) => pair.value))].sort((a, b) => a - b);
            expect(sorted(matcher.match(topic))).toEqual(expected);
            expect(sorted(matcher.match(topic))).toEqual(expected);
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("RabbitMQ's own examples, as bindings come and go one after the other (C1)", () => {
    const matcher = new PatternMatcher({ seed: 4 });
    const bound = new Set<number>();
    const check = (): void => {
      for (const [topic, expected] of rabbitRouting) {
        const matching = expected.filter((binding) => bound.has(binding));
        expect(sorted(matcher.match(topic)), `"${topic}"`).toEqual(matching);
        expect(sorted(matcher.match(topic)), `"${topic}"`).toEqual(matching);
      }
    };
    rabbitBindings.forEach((text, index) => {
      expect(matcher.add(parsePattern(text), index + 1)).toBe(true);
      bound.add(index + 1);
      check();
    });
    rabbitBindings.forEach((text, index) => {
      expect(matcher.remove(parsePattern(text), index + 1)).toBe(true);
      bound.delete(index + 1);
      check();
    });
    expect(matcher.figures.hits).toBeGreaterThan(matcher.figures.matches / 2);
  });

  test("a change of any pattern forgets every topic that it matches (C1)", () => {
    fc.assert(
      fc.property(anyPattern, anyTopic, fc.nat(), (text, topic, seed) => {
        const pattern = parsePattern(text);
        fc.pre(naiveMatch(wordsOf(pattern), wordsOf(topic)));
        const [words, changed] = [new TopicWords(seed), new TopicWords(seed)];
        const cache = new MatchCache(roomy);
        cache.keep(words.read(topic), matched(1));
        expect(cache.find(words)).toBeDefined();
        cache.changed(changed.read(pattern));
        expect(cache.find(words)).toBeUndefined();
      }),
      { numRuns: 3_000 },
    );
  });

  test("who comes and goes elsewhere costs nobody their results", () => {
    const matcher = new PatternMatcher({ seed: 5 });
    for (const text of ["user.7.#", "user.*.login", "#.login", "*.7.*"]) matcher.add(parsePattern(text), 1);
    const topic = "user.7.login";
    matcher.match(topic);
    const { hits } = matcher.figures;
    const others = [
      "reply.1.#",
      "user.8.#",
      "user.8",
      "*.8.#",
      "*.8.login",
      "#.logout",
      "*.*.*.logout",
      "*.#.x",
      "reply.#",
    ];
    for (let i = 0; i < 200; i++) {
      const pattern = parsePattern(others[i % others.length] as string);
      matcher.add(pattern, 2);
      matcher.match(topic);
      matcher.remove(pattern, 2);
      matcher.match(topic);
    }
    expect(matcher.figures.hits - hits).toBe(400);
    // and these are what it means to be here
    for (const text of ["user.7.login", "user.7.#", "user.#.x", "*.7.#", "*.*.login", "#", "*.*.*", ""]) {
      matcher.match(topic);
      const before = matcher.figures.hits;
      matcher.add(parsePattern(text), 3);
      matcher.match(topic);
      expect(matcher.figures.hits, text).toBe(before);
    }
  });

  test("there are never more results than may be, nor more bytes (C2)", () => {
    const kept = fc.record({ topic: fc.nat(60), values: fc.nat(40), length: fc.nat(50), find: fc.boolean() });
    fc.assert(
      fc.property(fc.array(kept, { maxLength: 200 }), fc.nat(20), fc.nat(6_000), (steps, entriesMax, bytesMax) => {
        const cache = new MatchCache({ entriesMax, bytesMax });
        const words = new TopicWords(1);
        const known = new Map<string, number[]>();
        for (const { topic, values: count, length, find } of steps) {
          words.read(`t${topic}.${"x".repeat(length)}`);
          const values = Array.from({ length: count }, (_, index) => index * 3);
          const found = cache.find(words);
          if (found !== undefined) expect(sorted(found)).toEqual(known.get(words.text));
          else if (!find) {
            cache.keep(words, matched(...values));
            known.set(words.text, values);
          }
          expect(cache.size).toBeLessThanOrEqual(entriesMax);
          expect(cache.bytes).toBeLessThanOrEqual(bytesMax);
          expect(cache.bytes).toBeGreaterThanOrEqual(cache.size * 128);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("results that may not stay are not counted any more (C2)", () => {
    const cache = new MatchCache(roomy);
    const words = new TopicWords();
    for (let i = 0; i < 100; i++) cache.keep(words.read(`a.${i}`), matched(...Array(i).keys()));
    expect(cache.size).toBe(100);
    cache.changed(words.read("#"));
    for (let i = 0; i < 100; i++) expect(cache.find(words.read(`a.${i}`))).toBeUndefined();
    expect([cache.size, cache.bytes]).toEqual([0, 0]);
  });

  test("a result for very many is kept whole, unless it would drive out too many others (C2)", () => {
    const matcher = new PatternMatcher({ cache: { entriesMax: 10, bytesMax: 100_000 } });
    const pattern = parsePattern("news.#");
    const matchTwice = (): number => {
      const before = matcher.figures.hits;
      const all = sorted(matcher.match("news.today"));
      expect(sorted(matcher.match("news.today"))).toEqual(all);
      return matcher.figures.hits - before;
    };
    for (let value = 0; value < 3_000; value++) matcher.add(pattern, value);
    expect(matchTwice()).toBe(1);
    for (let value = 3_000; value < 4_000; value++) matcher.add(pattern, value);
    expect(matchTwice()).toBe(0);
    expect(sorted(matcher.match("news.today"))).toEqual([...Array(4_000).keys()]);
  });

  test("what comes often stays, however many topics come once (C3)", () => {
    const cache = new MatchCache({ entriesMax: 100, bytesMax: 2 ** 20 });
    const words = new TopicWords();
    const match = (topic: string): boolean => {
      if (cache.find(words.read(topic)) !== undefined) return true;
      cache.keep(words, matched(1));
      return false;
    };
    for (let i = 0; i < 100; i++) match(`once.${i}`);
    let hits = 0;
    for (let round = 0; round < 200; round++) {
      for (let i = 0; i < 50; i++) if (match(`often.${i}`) && round >= 100) hits += 1;
      for (let i = 0; i < 200; i++) match(`once.${round}.${i}`);
    }
    expect(hits / (100 * 50)).toBeGreaterThan(0.95);
    expect(cache.size).toBe(100);
  });

  test("of topics as Zipf has them, most are found though one in a hundred is kept (C3)", () => {
    const [topics, entriesMax, draws] = [20_000, 200, 60_000];
    const cumulative: number[] = [];
    for (let rank = 1; rank <= topics; rank++) cumulative.push((cumulative.at(-1) ?? 0) + 1 / rank);
    const sum = cumulative.at(-1) as number;
    const random = seeded(3);
    const matcher = new PatternMatcher({ seed: 1, cache: { entriesMax, bytesMax: 2 ** 20 } });
    matcher.add(parsePattern("t.*.#"), 0);
    for (let i = 0; i < draws; i++) {
      const wanted = random.next() * sum;
      const rank = cumulative.findIndex((each) => each >= wanted);
      matcher.match(`t.${rank}`);
    }
    const best = (cumulative[entriesMax - 1] as number) / sum; // the most frequent ones, known beforehand
    expect(matcher.figures.hits / matcher.figures.matches).toBeGreaterThan(best * 0.85);
  });

  test("nothing is wrong when changes are counted anew (C1)", () => {
    const trie = new PatternTrie();
    const cache = new MatchCache(roomy, 3);
    const match = (topic: string): number[] => {
      const words = trie.read(topic);
      const kept = cache.find(words);
      if (kept !== undefined) return sorted(kept);
      const found = trie.matchWords(words);
      cache.keep(words, found);
      return sorted(found);
    };
    for (let i = 0; i < 30; i++) {
      const pattern = parsePattern(["a.*", "#", "a.b", "*.b"][i % 4] as string);
      trie.add(pattern, i);
      cache.changed(trie.read(pattern));
      expect(match("a.b")).toEqual([...Array(i + 1).keys()]);
      expect(match("a.b")).toEqual([...Array(i + 1).keys()]);
    }
  });

  test("topics with the same hash are told apart (C1)", () => {
    const [one, other] = collision(
      (topic) => new TopicWords(9).read(topic).hash,
      (index) => `t${index}.x`,
    );
    const words = new TopicWords(9);
    const cache = new MatchCache(roomy);
    cache.keep(words.read(one), matched(1));
    expect(cache.find(words.read(other))).toBeUndefined();
    cache.keep(words, matched(2));
    expect(sorted(cache.find(words.read(one)) as Matched)).toEqual([1]);
    expect(sorted(cache.find(words.read(other)) as Matched)).toEqual([2]);
  });

  test("a cache of nothing is none", () => {
    const matcher = new PatternMatcher({ cache: { entriesMax: 0, bytesMax: 2 ** 20 } });
    matcher.add(parsePattern("#"), 1);
    for (let i = 0; i < 3; i++) expect(sorted(matcher.match("a"))).toEqual([1]);
    expect(matcher.figures).toMatchObject({
      patterns: 1,
      nodes: 1,
      cachedTopics: 0,
      cachedBytes: 0,
      hits: 0,
      matches: 3,
    });
  });
});
