/** Patterns and topics for tests, and a matcher that is too simple to be wrong. */
import fc from "fast-check";

export function wordsOf(text: string): string[] {
  return text === "" ? [] : text.split(".");
}

/** What a pattern matches, word by word as it is defined; in the worst case it takes for ever. */
export function naiveMatch(pattern: readonly string[], topic: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return topic.length === 0;
  if (first === "#") return topic.some((_, taken) => naiveMatch(rest, topic.slice(taken))) || naiveMatch(rest, []);
  if (topic.length === 0) return false;
  return (first === "*" || first === topic[0]) && naiveMatch(rest, topic.slice(1));
}

/** Few words, the empty one among them, so that patterns are met; some that are not of one byte a character. */
const word = fc.constantFrom("a", "b", "c", "", "A", "ab", "ä", "日本", "😀", "constructor");

const patternWord = fc.oneof(
  { arbitrary: word, weight: 5 },
  { arbitrary: fc.constant("*"), weight: 2 },
  { arbitrary: fc.constant("#"), weight: 3 },
);

/** Topics of few words. */
export const anyTopic: fc.Arbitrary<string> = fc.array(word, { maxLength: 6 }).map((words) => words.join("."));

/** The texts of patterns, in normal form or not. */
export const anyPattern: fc.Arbitrary<string> = fc.array(patternWord, { maxLength: 6 }).map((words) => words.join("."));

/**
 * What RabbitMQ promises of its topic exchange: the bindings t1 to t26 of its own suite
 * (`rabbit_exchange_type_topic`), and which of them get what is published with a routing key.
 */
export const rabbitBindings: readonly string[] = (
  "a.b.c a.*.c a.#.b a.b.b.c # #.# #.b *.* a.* *.b.c a.# a.#.# b.b.c a.b.b a.b b.c  *.*.* vodka.martini a.b.c *.# " +
  "#.*.# *.#.# #.#.# * #.b.#"
).split(" ");

export const rabbitRouting: ReadonlyMap<string, readonly number[]> = new Map([
  ["a.b.c", [1, 2, 5, 6, 10, 11, 12, 18, 20, 21, 22, 23, 24, 26]],
  ["a.b", [3, 5, 6, 7, 8, 9, 11, 12, 15, 21, 22, 23, 24, 26]],
  ["a.b.b", [3, 5, 6, 7, 11, 12, 14, 18, 21, 22, 23, 24, 26]],
  ["", [5, 6, 17, 24]],
  ["b.c.c", [5, 6, 18, 21, 22, 23, 24, 26]],
  ["a.a.a.a.a", [5, 6, 11, 12, 21, 22, 23, 24]],
  ["vodka.gin", [5, 6, 8, 21, 22, 23, 24]],
  ["vodka.martini", [5, 6, 8, 19, 21, 22, 23, 24]],
  ["b.b.c", [5, 6, 10, 13, 18, 21, 22, 23, 24, 26]],
  ["nothing.here.at.all", [5, 6, 21, 22, 23, 24]],
  ["oneword", [5, 6, 21, 22, 23, 24, 25]],
]);

/** Two texts with the same hash: among a few hundred thousand there are some, with 32 bits. */
export function collision(hashOf: (text: string) => number, textOf: (index: number) => string): [string, string] {
  const known = new Map<number, string>();
  for (let index = 0; index < 2_000_000; index++) {
    const text = textOf(index);
    const hash = hashOf(text);
    const other = known.get(hash);
    if (other !== undefined) return [other, text];
    known.set(hash, text);
  }
  throw new Error("no two texts have the same hash");
}
