import { describe, expect, test } from "vitest";
import { EventQueue } from "../../src/structures/index.js";

interface Event {
  readonly number: number;
}

function queue(eventsMax = 10): EventQueue<Event> {
  return new EventQueue<Event>(eventsMax, () => undefined);
}

const broken = new Error("broken");

describe("an event queue", () => {
  test("drops the oldest of too many, and tells how many in their place (Q1)", async () => {
    const events = queue(2);
    for (let number = 0; number < 5; number++) events.push({ number });
    expect((await events.next()).value).toEqual({ kind: "missed", count: 3 });
    expect((await events.next()).value).toEqual({ number: 3 });
  });

  test("is read to its end, and takes nothing after it (Q2)", async () => {
    const events = queue();
    events.push({ number: 1 });
    events.end();
    events.push({ number: 2 });
    expect([await events.next(), await events.next()]).toEqual([
      { value: { number: 1 }, done: false },
      { value: undefined, done: true },
    ]);
  });

  test("that fails throws its error once, after what was kept (Q3)", async () => {
    const events = queue();
    events.push({ number: 1 });
    events.fail(broken);
    expect((await events.next()).value).toEqual({ number: 1 });
    await expect(events.next()).rejects.toBe(broken);
    expect((await events.next()).done).toBe(true);
  });

  test("that fails tells the one who waits for the next event, and the others that it is over (Q3)", async () => {
    const events = queue();
    const [first, second] = [events.next(), events.next()];
    events.fail(broken);
    await expect(first).rejects.toBe(broken);
    expect((await second).done).toBe(true);
    expect((await events.next()).done).toBe(true);
  });
});
