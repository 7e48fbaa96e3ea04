import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  MpregError,
  type Pattern,
  checkTopic,
  defaultTopicLimits,
  matches,
  parsePattern,
} from "../../src/base/index.js";
import { anyPattern, anyTopic, naiveMatch, rabbitBindings, rabbitRouting, wordsOf } from "../support/topics.js";

const match = (pattern: string, topic: string): boolean => matches(parsePattern(pattern), topic);

/** All texts of up to `length` of these words. */
function allTexts(words: readonly string[], length: number): string[] {
  if (length === 0) return [""];
  const shorter = allTexts(words, length - 1);
  const longest = shorter.filter((text) => wordsOf(text).length === length - 1);
  return [...shorter, ...longest.flatMap((text) => words.map((word) => (text === "" ? word : `${text}.${word}`)))];
}

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof MpregError && error.code === "invalid-argument") return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("patterns", () => {
  test("a pattern matches what the definition says", () => {
    fc.assert(
      fc.property(anyPattern, anyTopic, (pattern, topic) => {
        expect(match(pattern, topic)).toBe(naiveMatch(wordsOf(pattern), wordsOf(topic)));
      }),
      { numRuns: 5_000 },
    );
  });

  test("RabbitMQ's own examples", () => {
    for (const [topic, expected] of rabbitRouting) {
      const matching = rabbitBindings.flatMap((pattern, index) => (match(pattern, topic) ? [index + 1] : []));
      expect(matching, `"${topic}"`).toEqual(expected);
    }
  });

  test("MQTT's own examples, with its separators and wildcards written as ours", () => {
    const translated = (text: string): string => text.replaceAll("/", ".").replaceAll("+", "*");
    const examples: readonly [pattern: string, matching: readonly string[], others: readonly string[]][] = [
      // MQTT 3.1.1, 4.7.1
      [
        "sport/tennis/player1/#",
        ["sport/tennis/player1", "sport/tennis/player1/ranking", "sport/tennis/player1/score/wimbledon"],
        ["sport/tennis"],
      ],
      ["sport/#", ["sport", "sport/", "sport/tennis"], ["sports", "Sport", "/sport"]],
      ["#", ["sport", "/finance", "/"], []],
      ["sport/tennis/+", ["sport/tennis/player1", "sport/tennis/"], ["sport/tennis", "sport/tennis/player1/ranking"]],
      ["sport/+", ["sport/"], ["sport"]],
      ["+", ["sport"], ["/finance", "sport/"]],
      ["+/+", ["/finance", "/"], ["finance"]],
      ["/+", ["/finance"], ["finance", "/finance/"]],
      ["+/tennis/#", ["sport/tennis", "/tennis/x/y"], ["tennis"]],
      ["sport/+/player1", ["sport/tennis/player1", "sport//player1"], ["sport/player1"]],
      // mosquitto's examples of its matcher
      ["foo/+/#", ["foo/bar/baz", "foo/bar"], ["fo2/bar/baz", "foo"]],
      ["/#", ["/foo/bar", "/"], ["foo/bar"]],
      ["foo//bar", ["foo//bar"], ["foo/bar"]],
      ["foo/+//bar", ["foo/x//bar"], ["foo/x/bar"]],
    ];
    for (const [pattern, matching, others] of examples) {
      for (const topic of matching)
        expect(match(translated(pattern), translated(topic)), `${pattern} ${topic}`).toBe(true);
      for (const topic of others)
        expect(match(translated(pattern), translated(topic)), `${pattern} ${topic}`).toBe(false);
    }
  });

  test("the empty topic has no word; a dot too many makes an empty one", () => {
    expect(["", "#", "#.#"].map((pattern) => match(pattern, ""))).toEqual([true, true, true]);
    expect(["*", ".", "*.#", "a"].map((pattern) => match(pattern, ""))).toEqual([false, false, false, false]);
    expect(match("*.*", ".")).toBe(true);
    expect(match("a.*.b", "a..b")).toBe(true);
    expect(match("a.b", "a..b")).toBe(false);
    expect(match("a.#", "a.")).toBe(true);
  });

  test("patterns that match the same topics have the same normal form, and no others (T1)", () => {
    const topics = allTexts(["a", "b", "x", ""], 5);
    const meaning = new Map<string, Pattern>();
    for (const text of allTexts(["a", "b", "*", "#"], 4)) {
      const pattern = parsePattern(text);
      expect(parsePattern(pattern)).toBe(pattern);
      const matched = topics.map((topic) => (naiveMatch(wordsOf(text), wordsOf(topic)) ? "1" : "0")).join("");
      const same = meaning.get(matched);
      if (same !== undefined && same !== pattern) throw new Error(`"${text}" means what "${same}" means`);
      meaning.set(matched, pattern);
    }
    expect(new Set(meaning.values()).size).toBe(meaning.size);
    expect(parsePattern("#.#")).toBe("#");
    expect(parsePattern("a.#.*.#.*.b.#.#")).toBe("a.*.*.#.b.#");
  });

  test("a pattern of many wildcards compares as many words as the product, not as their combinations (T2)", () => {
    let compared = 0;
    const counted = (text: string): string =>
      new Proxy(new String(text), {
        get: (target, name) => {
          const member: unknown = Reflect.get(target, name, target);
          if (typeof member !== "function") return member;
          if (name === "indexOf") compared += 1; // the end of each word that is looked at
          return (...given: unknown[]): unknown => Reflect.apply(member, target, given);
        },
      }) as unknown as string;
    const pattern = parsePattern(Array.from({ length: 31 }, () => "#.a").join(".") + ".#.b");
    for (const words of [16, 32, 64, 128, 256]) {
      compared = 0;
      expect(matches(pattern, counted(Array.from({ length: words }, () => "a").join(".")))).toBe(false);
      expect(compared).toBeLessThan(64 * words);
    }
  });

  test("a wildcard beside other characters is refused with its place and what would work (T3)", () => {
    expect(refusal(() => parsePattern("user.a*.login"))).toBe(
      'Pattern "user.a*.login": word 2 is "a*", and a wildcard must be a word by itself; "user.*.login" would work',
    );
    expect(refusal(() => parsePattern("logs.##"))).toContain('"logs.#" would work');
    expect(refusal(() => parsePattern("*#"))).toContain('"#" would work');
    for (const text of ["a#", "#a", "**", "a.*b", "a.b#c.d"])
      expect(refusal(() => parsePattern(text))).toContain("work");
  });

  test("a topic with a wildcard is refused with what would work (T3)", () => {
    expect(refusal(() => checkTopic("user.*.login"))).toBe(
      'Topic "user.*.login" has a wildcard, and what is published has one topic; one without "*" and "#" would work, such as "user.x.login"',
    );
    for (const topic of ["#", "*", "a.#", "a*", "a.b#c"])
      expect(refusal(() => checkTopic(topic))).toContain("wildcard");
    for (const topic of ["", ".", "a", "a..b", "a.", "日本.😀", "$SYS.x", "a b"]) checkTopic(topic);
  });

  test("the bounds are on bytes of UTF-8 and on words, of topics and of patterns (T3)", () => {
    const limits = { bytesMax: 12, wordsMax: 3 };
    const fitting = ["a.b.c", "...".slice(1), "x".repeat(12), "é".repeat(6), "日".repeat(4), "😀".repeat(3), "*.#.a"];
    const beyond = ["a.b.c.d", "...", "x".repeat(13), "é".repeat(6) + "x", "日".repeat(4) + "x", "😀".repeat(3) + "x"];
    for (const text of fitting) parsePattern(text, limits);
    for (const text of fitting.slice(0, -1)) checkTopic(text, limits);
    for (const text of beyond) {
      expect(refusal(() => parsePattern(text, limits))).toMatch(/at most (12|3) work$/);
      expect(refusal(() => checkTopic(text, limits))).toMatch(/at most (12|3) work$/);
    }
    expect(refusal(() => checkTopic("😀".repeat(3) + "x", limits))).toContain("has 13 bytes");
    const { bytesMax, wordsMax } = defaultTopicLimits;
    checkTopic("x".repeat(bytesMax));
    expect(refusal(() => checkTopic("x".repeat(bytesMax + 1)))).toContain(`${bytesMax + 1} bytes`);
    expect(refusal(() => checkTopic(".".repeat(wordsMax)))).toContain(`${wordsMax + 1} words`);
  });

  test("what is no text, or would be another text as UTF-8, is refused (T3)", () => {
    for (const value of [undefined, null, 7, ["a"], {}]) {
      expect(refusal(() => parsePattern(value as string))).toMatch(/^Pattern must be a string, got /);
      expect(refusal(() => checkTopic(value as string))).toMatch(/^Topic must be a string, got /);
    }
    for (const text of ["a.\ud800", "\udc00", "\ud800\ud800\udc00", "\ud83d."]) {
      expect(refusal(() => parsePattern(text))).toContain("surrogate");
      expect(refusal(() => checkTopic(text))).toContain("surrogate");
    }
  });
});
