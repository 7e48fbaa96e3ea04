/**
 * MQTT topics: MQTT's names and filters as topics and patterns, and back.
 *
 * A level is a word: `/` stands for `.`, `+` for `*`, and `#`, which MQTT has at the end only, for `#`. Empty levels are empty words.
 *
 * (Q1) What is taken comes back as it was: a level with `.` or `*` in it would not, and is refused with the reason.
 * (Q2) A filter matches the topics that MQTT 3.1.1 says it matches, but for one rule that patterns do not have: a wildcard at
 *      the beginning matches no topic that begins with `$`. {@link isHiddenFrom} has it.
 * (Q3) `$SYS` belongs to brokers and `$share` to MQTT 5: neither is taken for a topic like others.
 */
import { MpregError, type Pattern, checkTopic, parsePattern, quoted } from "../base/index.js";

/** First levels that mean something else than themselves. (Q3) */
const special: ReadonlyMap<string, string> = new Map([
  ["$SYS", "this node publishes nothing there; what it tells of itself is under mpreg/#"],
  ["$share", "shared subscriptions are MQTT 5; native clients have groups"],
]);

/** The topic that the name of a message stands for. Throws `invalid-argument`. */
export function topicOfMqtt(name: string): string {
  const levels = levelsOf("topic", name);
  const wild = levels.find((level) => level.includes("+") || level.includes("#"));
  if (wild !== undefined) throw refusal("topic", name, `the level ${quoted(wild)} has a wildcard`);
  const topic = levels.join(".");
  checkTopic(topic);
  return topic;
}

/** The pattern that a filter stands for, but for what {@link isHiddenFrom} says. Throws `invalid-argument`. */
export function patternOfMqtt(filter: string): Pattern {
  const levels = levelsOf("filter", filter);
  const words = levels.map((level, index) => {
    if (level === "+") return "*";
    if (level === "#" && index === levels.length - 1) return "#";
    if (level === "#") throw refusal("filter", filter, `"#" may only be its last level`);
    if (/[+#]/.test(level)) throw refusal("filter", filter, `in ${quoted(level)} a wildcard is not a level by itself`);
    return level;
  });
  return parsePattern(words.join("."));
}

/** The name by which MQTT knows `topic`; `undefined` where there is none. */
export function mqttOfTopic(topic: string): string | undefined {
  if (topic === "" || /[/+#\0]/.test(topic)) return undefined; // (Q1)
  const end = topic.indexOf(".");
  return special.has(end === -1 ? topic : topic.slice(0, end)) ? undefined : topic.replaceAll(".", "/");
}

/** Whether `filter` does not match `name` although its pattern does. (Q2) */
export function isHiddenFrom(filter: string, name: string): boolean {
  return name.startsWith("$") && (filter.startsWith("+") || filter.startsWith("#"));
}

function levelsOf(what: "topic" | "filter", text: string): readonly string[] {
  if (text === "") throw refusal(what, text, "it has no character");
  if (text.includes("\0")) throw refusal(what, text, "it has the character U+0000");
  const levels = text.split("/");
  const meaning = special.get(levels[0] as string);
  if (meaning !== undefined) throw refusal(what, text, meaning);
  for (const level of levels) {
    if (/[.*]/.test(level)) {
      const why = `the level ${quoted(level)} has a "." or "*", which could not be told from a "/" or "+" on the way back`;
      throw refusal(what, text, why); // (Q1)
    }
  }
  return levels;
}

function refusal(what: "topic" | "filter", text: string, why: string): MpregError {
  return new MpregError("invalid-argument", `MQTT ${what} ${quoted(text)}: ${why}`);
}
