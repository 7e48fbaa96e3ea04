/** The inbox of a simulated process, and its clock. */
import { describe, expect, test } from "vitest";
import { Clock, Moment } from "../src/clock.js";
import { Mailbox } from "../src/mailbox.js";

function run(clock: Clock, untilMs: number): void {
  for (let next = clock.next(untilMs); next !== undefined; next = clock.next(untilMs)) next.happen();
}

describe("the clock", () => {
  test("events happen in the order of their time, and of their setting among equals (T1)", () => {
    const clock = new Clock();
    const order: string[] = [];
    for (const [name, atMs] of [
      ["c", 2],
      ["a", 1],
      ["b", 1],
    ] as const) {
      clock.after(atMs, () => order.push(`${name} at ${clock.nowMs}`));
    }
    const cancelled = clock.after(1, () => order.push("never"));
    clock.cancel(cancelled);
    expect(clock.nextMs).toBe(1);
    run(clock, 10);
    expect(order).toEqual(["a at 1", "b at 1", "c at 2"]);
    expect(clock.nowMs).toBe(10);
  });

  test("what is set for the past happens now: time never goes back (T2)", () => {
    const clock = new Clock();
    run(clock, 100);
    const moment = new Moment(() => expect(clock.nowMs).toBe(100));
    clock.set(moment, 5);
    run(clock, 101);
    expect.assertions(1);
  });
});

describe("a mailbox", () => {
  function start(): { clock: Clock; mailbox: Mailbox<number>; turns: (readonly number[])[] } {
    const clock = new Clock();
    const turns: (readonly number[])[] = [];
    return { clock, turns, mailbox: new Mailbox(clock, (items) => turns.push(items)) };
  }

  test("hands over everything that has come, in its order, in one turn (M1)", () => {
    const { clock, mailbox, turns } = start();
    for (const item of [1, 2, 3]) mailbox.post(item);
    run(clock, 10);
    mailbox.post(4);
    run(clock, 20);
    expect(turns).toEqual([[1, 2, 3], [4]]);
  });

  test("wakes at the earliest time that was asked for", () => {
    const { clock, mailbox, turns } = start();
    mailbox.wakeAt(50);
    mailbox.wakeAt(30);
    mailbox.wakeAt(40);
    run(clock, 29);
    expect(turns).toEqual([]);
    run(clock, 100);
    expect(turns).toEqual([[]]);
  });

  test("a process that asks to be woken in the past does not stop the clock", () => {
    const clock = new Clock();
    let turns = 0;
    const mailbox: Mailbox<number> = new Mailbox(clock, () => {
      turns += 1;
      mailbox.wakeAt(0);
    });
    mailbox.post(1);
    run(clock, 1);
    expect(turns).toBeLessThan(200);
  });

  test("does nothing while paused, and takes all that has come when resumed (M2)", () => {
    const { clock, mailbox, turns } = start();
    const late: number[] = [];
    mailbox.pause();
    mailbox.post(1);
    mailbox.after(5, () => late.push(clock.nowMs));
    mailbox.post(2);
    run(clock, 100);
    expect([turns, late]).toEqual([[], []]);
    mailbox.resume();
    run(clock, 200);
    expect([turns, late]).toEqual([[[1, 2]], [100]]);
  });

  test("does nothing ever again once it is dead (M3)", () => {
    const { clock, mailbox, turns } = start();
    mailbox.post(1);
    mailbox.after(5, () => turns.push([-1]));
    mailbox.kill();
    mailbox.post(2);
    mailbox.resume();
    mailbox.wakeAt(50);
    run(clock, 100);
    expect([turns, mailbox.dead]).toEqual([[], true]);
  });
});
