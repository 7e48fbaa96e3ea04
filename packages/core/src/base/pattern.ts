/**
 * Patterns of names: AMQP's topic language, the one way in which names are matched.
 *
 * A topic is words between dots. In a pattern the word `*` stands for exactly one word and `#` for none, one or many,
 * anywhere in it and more than once; every other word stands for itself, letter case and all. The empty text has no
 * word; otherwise there is one word more than there are dots, and words may be empty: `a..b` has three, `a.` two, `.` two.
 * So `*` does not match the empty topic and `#` does; `a.*` matches `a.`, as RabbitMQ has it.
 *
 * Many patterns at a time are `structures/pattern-trie.ts`.
 *
 * (T1) A pattern is in normal form: of wildcards in a row the stars come first, and one `#` is the last of them. Two
 *      patterns match the same topics exactly when their texts are equal.
 * (T2) Whatever pattern and topic: at most as many words are compared as the product of their numbers.
 * (T3) What is refused is refused with the reason and what would work; a text that is let through keeps its meaning as UTF-8.
 */
import { MpregError } from "./errors.js";
import { quoted } from "./names.js";
import { kindOf } from "./options.js";

declare const checked: unique symbol;

/** A pattern that was checked, in normal form; {@link parsePattern} makes them. It is its text. */
export type Pattern = string & { readonly [checked]: "pattern" };

/** How long topics and patterns may be. */
export interface TopicLimits {
  /** Bytes of the whole text as UTF-8; 1,024 unless told otherwise. */
  readonly bytesMax: number;
  /** Words; 64 unless told otherwise. */
  readonly wordsMax: number;
}

export const defaultTopicLimits: TopicLimits = { bytesMax: 1_024, wordsMax: 64 };

const dot = 0x2e;
const star = 0x2a;
const hash = 0x23;

/**
 * The pattern that `text` is, in normal form: `#.#` becomes `#`, and `#.*` becomes `*.#`.
 *
 * Throws `invalid-argument` for what is no text, is longer than `limits` allow, is not well-formed Unicode, or has `*` or
 * `#` beside other characters in a word.
 */
export function parsePattern(text: string, limits: TopicLimits = defaultTopicLimits): Pattern {
  checkText("Pattern", text, limits);
  const words = wordsOf(text);
  words.forEach((word, index) => {
    if (word.length < 2 || !hasWildcard(word)) return;
    const whole = word.includes("#") ? "#" : "*";
    const instead = words.with(index, whole).join(".");
    throw refusal(
      `Pattern ${quoted(text)}: word ${index + 1} is ${quoted(word)}, and a wildcard must be a word by itself; ` +
        `${quoted(instead)} would work`,
    );
  });
  return normalForm(words);
}

/**
 * Checks that `topic` is a topic that something can be published to.
 *
 * Throws `invalid-argument` for what is no text, is longer than `limits` allow, is not well-formed Unicode, or has a
 * wildcard in it.
 */
export function checkTopic(topic: string, limits: TopicLimits = defaultTopicLimits): void {
  checkText("Topic", topic, limits);
  if (!hasWildcard(topic)) return;
  const instead = topic.replaceAll(/[*#]+/g, "x");
  throw refusal(
    `Topic ${quoted(topic)} has a wildcard, and what is published has one topic; ` +
      `one without "*" and "#" would work, such as ${quoted(instead)}`,
  );
}

/**
 * Whether `pattern` matches `topic`.
 *
 * Of several `#` only the last one that was met is ever tried again: what those before it have matched, it could have left
 * to this one as well. (T2)
 */
export function matches(pattern: Pattern, topic: string): boolean {
  let inPattern = firstWord(pattern);
  let inTopic = firstWord(topic);
  let afterHash = -1; // the word after the last `#`; -1 before there is one
  let retried = -1; // the word of the topic from which the rest was last tried
  while (inTopic <= topic.length) {
    const end = endOfWord(topic, inTopic);
    if (inPattern <= pattern.length) {
      const patternEnd = endOfWord(pattern, inPattern);
      if (isWord(pattern, inPattern, patternEnd, hash)) {
        afterHash = patternEnd + 1;
        retried = inTopic;
        inPattern = afterHash;
        continue;
      }
      if (
        isWord(pattern, inPattern, patternEnd, star) ||
        isSameText(pattern, inPattern, patternEnd, topic, inTopic, end)
      ) {
        inPattern = patternEnd + 1;
        inTopic = end + 1;
        continue;
      }
    }
    if (afterHash === -1) return false;
    retried = endOfWord(topic, retried) + 1; // the `#` takes one word more
    inTopic = retried;
    inPattern = afterHash;
  }
  if (inPattern > pattern.length) return true;
  return pattern.charCodeAt(inPattern) === hash && inPattern + 1 === pattern.length; // nothing but `#` can be left (T1)
}

/** The words of a topic or pattern: none of the empty text. */
function wordsOf(text: string): string[] {
  return text === "" ? [] : text.split(".");
}

/** (T1) */
function normalForm(words: readonly string[]): Pattern {
  const normal: string[] = [];
  let isOpen = false; // a `#` is to come after the stars
  for (const word of words) {
    if (word === "#") isOpen = true;
    else {
      if (isOpen && word !== "*") {
        normal.push("#");
        isOpen = false;
      }
      normal.push(word);
    }
  }
  if (isOpen) normal.push("#");
  return normal.join(".") as Pattern;
}

/** Where the first word begins: past the end when there is none. */
function firstWord(text: string): number {
  return text === "" ? 1 : 0;
}

function endOfWord(text: string, start: number): number {
  const end = text.indexOf(".", start);
  return end === -1 ? text.length : end;
}

function isWord(text: string, start: number, end: number, character: number): boolean {
  return end - start === 1 && text.charCodeAt(start) === character;
}

function isSameText(a: string, aStart: number, aEnd: number, b: string, bStart: number, bEnd: number): boolean {
  if (aEnd - aStart !== bEnd - bStart) return false;
  for (let i = aStart, j = bStart; i < aEnd; i++, j++) if (a.charCodeAt(i) !== b.charCodeAt(j)) return false;
  return true;
}

function hasWildcard(text: string): boolean {
  return text.includes("*") || text.includes("#");
}

/** (T3) */
function checkText(what: "Pattern" | "Topic", text: unknown, limits: TopicLimits): asserts text is string {
  if (typeof text !== "string") throw refusal(`${what} must be a string, got ${kindOf(text)}`);
  let words = text === "" ? 0 : 1;
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === dot) words += 1;
    if (code < 0x80) continue;
    bytes += code < 0x800 ? 1 : 2;
    if (code < 0xd800 || code > 0xdfff) continue;
    const isPair = code < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00;
    if (!isPair) {
      const message = `${what} ${quoted(text)} has half of a surrogate pair at character ${i + 1}: only whole ones become UTF-8`;
      throw refusal(message);
    }
    i += 1; // a pair is two characters and four bytes
  }
  const { bytesMax, wordsMax } = limits;
  if (bytes > bytesMax) throw refusal(`${what} ${quoted(text)} has ${bytes} bytes; at most ${bytesMax} work`);
  if (words > wordsMax) throw refusal(`${what} ${quoted(text)} has ${words} words; at most ${wordsMax} work`);
}

function refusal(message: string): MpregError {
  return new MpregError("invalid-argument", message);
}
