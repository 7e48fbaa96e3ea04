import { describe, expect, test } from "vitest";
import { type Told, Updates } from "../../src/membership/updates.js";

const message = (length: number): Uint8Array => new Uint8Array(length);

/** What is told until nothing is left to tell, or `times` times. */
function toldBy(updates: Updates, members: number, times = 1_000): Told[] {
  const told: Told[] = [];
  while (updates.size > 0 && told.length < times) told.push(updates.take(members));
  return told;
}

describe("updates", () => {
  test.for([
    [1, 4],
    [9, 4],
    [10, 8],
    [100, 12],
    [10_000, 20],
  ] as const)("of a cluster of %i nodes are told %i times (U2)", ([members, times]) => {
    const updates = new Updates();
    updates.addMember("a");
    updates.addMessage("an accusation", message(10));
    const told = toldBy(updates, members);
    expect(told).toHaveLength(times);
    for (const each of told) expect(each).toEqual({ members: ["a"], messages: [message(10)] });
  });

  test("that nobody passes on are told sixteen times, however few nodes there are (U3)", () => {
    const updates = new Updates();
    updates.addMember("a", true);
    updates.addMessage("an accusation", message(10), true);
    expect(toldBy(updates, 3)).toHaveLength(16);
  });

  test("of one subject take the place of older ones, and are told anew (U1)", () => {
    const updates = new Updates();
    updates.addMessage("s", message(1));
    updates.addMember("a");
    toldBy(updates, 5, 3);
    updates.addMessage("s", message(2));
    expect([updates.size, updates.take(5)]).toEqual([2, { members: ["a"], messages: [message(2)] }]);
    expect(toldBy(updates, 5)).toEqual([
      { members: [], messages: [message(2)] },
      { members: [], messages: [message(2)] },
      { members: [], messages: [message(2)] },
    ]);
  });

  test("are not more than 16 KiB at a time, those that were told the least first (U2)", () => {
    const updates = new Updates();
    for (let i = 0; i < 20; i++) updates.addMessage(`old ${i}`, message(1_000));
    expect(updates.take(5).messages).toHaveLength(16);
    updates.addMember("new");
    const told = updates.take(5);
    expect([told.members, told.messages.length]).toEqual([["new"], 16]);
    const told48 = new Updates();
    for (let i = 0; i < 1_000; i++) told48.addMember(`m${i}`);
    const [first, second] = [told48.take(5).members, told48.take(5).members];
    expect(first).toHaveLength(341); // of 48 bytes each
    expect(second.some((member) => first.includes(member))).toBe(false);
  });

  test("are forgotten when nobody is there to hear them", () => {
    const updates = new Updates();
    updates.addMember("a");
    updates.clear();
    expect([updates.size, updates.take(5)]).toEqual([0, { members: [], messages: [] }]);
  });
});
