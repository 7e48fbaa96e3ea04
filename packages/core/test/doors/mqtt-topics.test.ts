import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MpregError, matches } from "../../src/base/index.js";
import { isHiddenFrom, mqttOfTopic, patternOfMqtt, topicOfMqtt } from "../../src/doors/index.js";

/** MQTT 3.1.1 §4.7, level by level. */
function mqttMatches(filter: readonly string[], name: readonly string[], at: number = 0): boolean {
  if (at === 0 && (name[0] ?? "").startsWith("$") && (filter[0] === "+" || filter[0] === "#")) return false;
  if (filter[at] === "#") return true;
  if (at === filter.length || at === name.length) {
    return filter.length === name.length || (at === name.length && filter.length === at + 1 && filter[at] === "#");
  }
  return (filter[at] === "+" || filter[at] === name[at]) && mqttMatches(filter, name, at + 1);
}

const doorMatches = (filter: string, name: string): boolean =>
  matches(patternOfMqtt(filter), topicOfMqtt(name)) && !isHiddenFrom(filter, name);

const level = fc.constantFrom("", "a", "b", "$a", "é", "a b");
const nameOf = fc.array(level, { minLength: 1, maxLength: 6 }).filter((levels) => levels.join("/") !== "");
const filterOf = fc
  .tuple(fc.array(fc.oneof(level, fc.constant("+")), { maxLength: 5 }), fc.boolean())
  .map(([levels, isOpen]) => (isOpen ? [...levels, "#"] : levels))
  .filter((levels) => levels.join("/") !== "");

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof MpregError && error.code === "invalid-argument") return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("topics of MQTT", () => {
  test("a filter matches what MQTT says it matches (Q2)", () => {
    fc.assert(
      fc.property(filterOf, nameOf, (filter, name) => {
        expect(doorMatches(filter.join("/"), name.join("/"))).toBe(mqttMatches(filter, name));
      }),
      { numRuns: 5_000 },
    );
  });

  test("a name that is taken comes back as it was (Q1)", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          nameOf.map((levels) => levels.join("/")),
          fc.string({ maxLength: 12 }),
        ),
        (name) => {
          let topic: string;
          try {
            topic = topicOfMqtt(name);
          } catch (error) {
            expect(error).toBeInstanceOf(MpregError);
            return;
          }
          expect(mqttOfTopic(topic)).toBe(name);
        },
      ),
      { numRuns: 5_000 },
    );
  });

  test("a topic that has a name is the topic of that name (Q1)", () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 12 }).filter((topic) => !/[*#]/.test(topic)),
        (topic) => {
          const name = mqttOfTopic(topic);
          if (name !== undefined) expect(topicOfMqtt(name)).toBe(topic);
        },
      ),
      { numRuns: 5_000 },
    );
  });

  test.each([
    ["sport/tennis/player1/#", "sport/tennis/player1", true],
    ["sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true],
    ["sport/#", "sport", true],
    ["sport/tennis/+", "sport/tennis/player1/ranking", false],
    ["sport/+", "sport", false],
    ["sport/+", "sport/", true],
    ["+/+", "/finance", true],
    ["/+", "/finance", true],
    ["+", "/finance", false],
    ["#", "$thing/a", false],
    ["+/monitor/Clients", "$thing/monitor/Clients", false],
    ["$thing/#", "$thing/a", true],
    ["a//b", "a//b", true],
    ["a/+/b", "a//b", true],
    ["a/b", "a//b", false],
    ["ACCOUNTS", "Accounts", false],
  ])("of the standard's examples: %s and %s: %s (Q2)", (filter, name, expected) => {
    expect(doorMatches(filter, name)).toBe(expected);
  });

  test.each([
    ["a/b.c", /level "b\.c" has a "\." or "\*"/],
    ["a*", /has a "\." or "\*"/],
    ["", /no character/],
    ["a\0b", /U\+0000/],
    ["$SYS/broker/load", /mpreg\/#/],
    ["$share/group/a", /MQTT 5/],
    ["a/\ud800", /surrogate/],
    ["x".repeat(1_025), /1025 bytes/],
    [Array.from({ length: 65 }, () => "a").join("/"), /65 words/],
  ])("neither a name nor a filter is %j (Q1, Q3)", (text, why) => {
    expect(refusal(() => topicOfMqtt(text))).toMatch(why);
    expect(refusal(() => patternOfMqtt(text))).toMatch(why);
  });

  test("a name with a wildcard, and a filter with a wildcard beside others, are refused", () => {
    for (const name of ["a/+", "a/#", "a+/b", "#"]) expect(refusal(() => topicOfMqtt(name))).toMatch(/wildcard/);
    for (const filter of ["a+", "+a/b", "a/b#"]) expect(refusal(() => patternOfMqtt(filter))).toMatch(/by itself/);
    expect(refusal(() => patternOfMqtt("a/#/b"))).toMatch(/last level/);
  });

  test("what MQTT cannot name has no name", () => {
    for (const topic of ["", "a/b", "a.b+c", "$SYS.x", "a\0"]) expect(mqttOfTopic(topic)).toBeUndefined();
    expect(mqttOfTopic(".")).toBe("/");
    expect(mqttOfTopic("mpreg.node.joined")).toBe("mpreg/node/joined");
  });
});
