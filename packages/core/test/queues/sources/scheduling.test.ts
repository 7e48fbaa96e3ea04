/** Messages that a queue sends itself, at times. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MpregError } from "../../../src/base/index.js";
import type { QueueOperation } from "../../../src/queues/index.js";
import { Clock } from "../../support/clock.js";
import { StepDisk } from "../step-disk.js";
import { Stepping } from "../stepping.js";
import { Disk, QueueWorld } from "../support.js";

type Wish = Omit<Extract<QueueOperation, { op: "schedule" }>, "op" | "name" | "message">;

const hourMs = 3_600_000;
const body = Uint8Array.of(7);

function schedule(world: QueueWorld, wish: Wish, message: object = {}, name: string = "s") {
  return world.do<"schedule">("q", { op: "schedule", name, message: { body, ...message }, ...wish });
}

const list = (world: QueueWorld) => world.do<"schedules">("q", { op: "schedules" });

/** For which times there are messages, in wall time. */
function dueOf(world: QueueWorld): number[] {
  const messages = world.do<"browse">("q", { op: "browse", limit: 1_000 });
  return messages.map(({ headers }) => Date.parse(headers!["mpreg-due"]!));
}

function worldWith(wish: Wish, message: object = {}) {
  const clock = new Clock();
  const disk = new Disk();
  const world = new QueueWorld({ clock, disk });
  world.create("q", {});
  schedule(world, wish, message);
  const wallMs = () => clock.nowMs + world.wallOffsetMs;
  const advance = (ms: number): void => {
    const endMs = clock.nowMs + ms;
    do {
      clock.advance(Math.max(0, Math.min(endMs, clock.nextDueMs) - clock.nowMs));
      disk.flush();
    } while (clock.nowMs < endMs || clock.nextDueMs <= endMs);
  };
  return { clock, disk, world, wallMs, advance };
}

const refusal = (act: () => unknown): MpregError => {
  try {
    act();
  } catch (error) {
    return error as MpregError;
  }
  throw new Error("it was not refused");
};

describe("a schedule", () => {
  it("sends at its times, as it was told, and says which and for when (D1)", () => {
    const { world, wallMs, advance } = worldWith({ cron: "@hourly" }, { headers: { a: "b" }, group: "g", priority: 9 });
    const first = Math.ceil(wallMs() / hourMs) * hourMs;
    expect(list(world)).toMatchObject([{ name: "s", cron: "@hourly", missed: "one", nextMs: first, sent: 0 }]);
    advance(first - wallMs() - 1);
    expect(dueOf(world)).toEqual([]);
    advance(1);
    expect(dueOf(world)).toEqual([first]);
    advance(2 * hourMs);
    expect(dueOf(world)).toEqual([first, first + hourMs, first + 2 * hourMs]);
    const [message] = world.receive("q");
    expect(message).toMatchObject({ body, group: "g", priority: 9, headers: { a: "b", "mpreg-schedule": "s" } });
    expect(world.stats("q")).toMatchObject({ sent: 3 });
    expect(list(world)).toMatchObject([{ sent: 3, skipped: 0, nextMs: first + 3 * hourMs }]);
    expect(world.do<"unschedule">("q", { op: "unschedule", name: "s" })).toBe(true);
    expect(world.do<"unschedule">("q", { op: "unschedule", name: "s" })).toBe(false);
    advance(3 * hourMs);
    expect(world.stats("q")).toMatchObject({ sent: 3 });
  });

  it("whose time is rounded up is due when its interval is over, on a wall clock that shows parts of ms, too (D1)", () => {
    const clock = new Clock();
    const world = new QueueWorld({ clock, disk: new Disk(), wallOffsetMs: 1_700_000_000_000.6 });
    world.create("q", { durable: false });
    schedule(world, { everyMs: 1_000 });
    for (let second = 0; second < 3; second++) clock.advance(1_000.4);
    expect(dueOf(world)).toEqual([1, 2, 3].map((nth) => Math.round(1_700_000_000_000.6 + nth * 1_000)));
  });

  it("sends after each interval, and once at a time", () => {
    const { world, wallMs, advance } = worldWith({ everyMs: 1_000 });
    const beganMs = wallMs();
    schedule(world, { at: beganMs + 1_500 }, {}, "once");
    advance(3_100);
    expect(dueOf(world)).toEqual([1_000, 1_500, 2_000, 3_000].map((ms) => beganMs + ms));
    expect(list(world).map(({ name }) => name)).toEqual(["s"]);
  });

  it("of times that passed while the node was away one is made up for, or all, or none (S2)", () => {
    for (const [missed, sent] of [
      ["one", [4]],
      ["all", [0, 1, 2, 3, 4]],
      ["skip", []],
    ] as const) {
      const { clock, disk, world, wallMs } = worldWith({ cron: "@hourly", missed });
      const first = Math.ceil(wallMs() / hourMs) * hourMs;
      world.queues.close();
      clock.advance(first - wallMs() + 4.5 * hourMs);
      const again = new QueueWorld({ clock, disk });
      clock.advance(0);
      disk.flush();
      expect(dueOf(again), missed).toEqual(sent.map((hour) => first + hour * hourMs));
      expect(list(again)).toMatchObject([{ nextMs: first + 5 * hourMs, sent: sent.length, skipped: 5 - sent.length }]);
    }
  });

  it("makes up for the last of very many times, and for no more than a thousand", () => {
    for (const missed of ["one", "all"] as const) {
      const { clock, disk, world, wallMs } = worldWith({ cron: "@hourly", missed });
      const first = Math.ceil(wallMs() / hourMs) * hourMs;
      world.queues.close();
      clock.advance(first - wallMs() + 5_000.5 * hourMs);
      const again = new QueueWorld({ clock, disk });
      for (let turn = 0; turn < 20; turn++) {
        clock.advance(1);
        disk.flush();
      }
      const due = again.stats("q").messages;
      expect(due).toBe(missed === "one" ? 1 : 1_001);
      const last = again.do<"browse">("q", { op: "browse", limit: 1_000, from: String(due - 1) });
      expect(Date.parse(last.at(-1)!.headers!["mpreg-due"]!)).toBe(first + 5_000 * hourMs);
      expect(list(again)).toMatchObject([{ nextMs: first + 5_001 * hourMs }]);
    }
  });

  it("makes up for as many where its queue takes a few at a time", () => {
    for (const [hours, madeUp] of [
      [499, 500],
      [1_999, 1_001],
    ] as const) {
      const { clock, disk, world, wallMs } = worldWith({ cron: "@hourly", missed: "all" });
      world.do("q", { op: "update", settings: { messagesMax: 7 } });
      const first = Math.ceil(wallMs() / hourMs) * hourMs;
      world.queues.close();
      clock.advance(first - wallMs() + hours * hourMs);
      const again = new QueueWorld({ clock, disk });
      const received: number[] = [];
      for (let second = 0; second < 200; second++) {
        clock.advance(1_000);
        disk.flush();
        for (const { receipt, headers } of again.receive("q", 10)) {
          again.ack("q", receipt);
          received.push((Date.parse(headers!["mpreg-due"]!) - first) / hourMs);
        }
      }
      const all = Array.from({ length: Math.min(1_000, hours + 1) }, (_, hour) => hour);
      expect(received).toEqual(hours < 1_000 ? all : [...all, hours]);
      expect(list(again)).toMatchObject([{ sent: madeUp }]);
    }
  });

  it("makes up for what passes in each turn of a busy node, however many turns these are: it is never far behind", () => {
    const { clock, disk, world } = worldWith({ everyMs: 100, missed: "all" });
    for (let turn = 0; turn <= 600; turn++) {
      clock.advance(turn === 0 ? 0 : 200);
      disk.flush();
    }
    clock.advance(0);
    disk.flush();
    expect(list(world)).toMatchObject([{ sent: 1_200, skipped: 0 }]);
  });

  it("neither doubles nor loses a time where the wall clock is set, and goes by it again where it was wrong (S1)", () => {
    const { world, wallMs, advance } = worldWith({ cron: "@hourly" });
    const first = Math.ceil(wallMs() / hourMs) * hourMs;
    advance(first - wallMs());
    world.wallOffsetMs -= hourMs; // back
    advance(hourMs + 60_000);
    expect(dueOf(world)).toEqual([first]);
    advance(hourMs);
    expect(dueOf(world)).toEqual([first, first + hourMs]);
    world.wallOffsetMs += hourMs; // forth: told within a minute
    advance(60_000);
    expect(dueOf(world)).toEqual([first, first + hourMs, first + 2 * hourMs]);
    world.wallOffsetMs -= 10 * hourMs; // it was wrong
    advance(hourMs);
    expect(dueOf(world)).toEqual([first, first + hourMs, first + 2 * hourMs, first - 7 * hourMs]);
  });

  it("goes on with its interval whatever the wall clock shows, also over a restart", () => {
    const { world, disk, clock, wallMs, advance } = worldWith({ everyMs: 1_000 });
    advance(1_000);
    world.wallOffsetMs -= 10 * hourMs;
    advance(1_000);
    world.wallOffsetMs += 20 * hourMs;
    advance(1_000);
    expect(world.stats("q").messages).toBe(3);
    world.wallOffsetMs -= 10 * hourMs;
    advance(1_000);
    advance(400);
    world.queues.close();
    const again = new QueueWorld({ disk, clock });
    expect(list(again)[0]!.nextMs! - wallMs()).toBe(600);
    clock.advance(600);
    disk.flush();
    expect(again.stats("q").messages).toBe(5);
  });

  it("tries again where the queue would not have its message, and tells why (D3)", () => {
    const { world, advance, disk } = worldWith({ everyMs: 10_000 });
    world.do<"update">("q", { op: "update", settings: { messagesMax: 1 } });
    world.send("q");
    advance(12_500);
    expect(list(world)).toMatchObject([{ sent: 0, refused: 3 }]);
    expect(list(world)[0]!.lastRefusal).toContain("no room");
    world.do<"purge">("q", { op: "purge" });
    advance(1_000);
    expect(world.stats("q").messages).toBe(1);
    expect(list(world)).toMatchObject([{ sent: 1, skipped: 0 }]);
    disk.flush();
  });

  it("drops nothing of a full queue for times that the disk refuses (D3)", () => {
    const s = new Stepping();
    s.create("q", { overflow: "drop-oldest", messagesMax: 2 });
    s.do<"schedule">("q", { op: "schedule", name: "s", everyMs: 1_000, missed: "all", message: { body } });
    for (const id of ["a", "b"]) s.send("q", { id });
    s.clock.standStill(5_500);
    s.disk.refuse();
    expect(s.look("q")).toMatchObject({ messages: 2, available: 2, dropped: 0 });
    expect(s.receive("q")).toHaveLength(2);
  });

  it("is not in the way of others that are due with it, however large their messages are together (D5)", () => {
    const { world, advance } = worldWith({ everyMs: 1_000 }, { body: new Uint8Array(1_000_000) });
    for (let at = 0; at < 39; at++) schedule(world, { everyMs: 1_000 }, { body: new Uint8Array(1_000_000) }, `s${at}`);
    advance(1_000);
    expect(world.stats("q").sent).toBe(40);
    expect(list(world).filter(({ refused }) => refused > 0)).toEqual([]);
  });

  it("is sent though one that is due with it finds no room on the disk (D5)", () => {
    const s = new Stepping();
    s.create("q");
    for (const name of ["large", "small"])
      s.do<"schedule">("q", { op: "schedule", name, everyMs: 1_000, message: { body } });
    s.clock.advance(1_000);
    s.disk.refuse(); // both
    s.clock.advance(0);
    s.disk.refuse(); // the large one
    s.clock.advance(0);
    s.disk.commitAll();
    expect(s.stats("q")).toMatchObject({ sent: 1 });
    expect(s.do<"schedules">("q", { op: "schedules" })).toMatchObject([
      { name: "large", sent: 0, refused: 1 },
      { name: "small", sent: 1, refused: 0 },
    ]);
  });

  it("keeps its next time where it is made again with the same times, and begins anew with others", () => {
    const { world, wallMs, advance } = worldWith({ everyMs: 10_000 });
    advance(4_000);
    expect(schedule(world, { everyMs: 10_000, missed: "all" }, { priority: 1 }).nextMs).toBe(wallMs() + 6_000);
    advance(6_000);
    expect(world.receive("q")[0]!.priority).toBe(1);
    expect(schedule(world, { everyMs: 20_000 }).nextMs).toBe(wallMs() + 20_000);
  });

  it("is refused with the reason and what would work", () => {
    const { world, wallMs } = worldWith({ everyMs: 1_000 });
    const says = (wish: Wish, message: object = {}, name = "x") =>
      refusal(() => schedule(world, wish, message, name)).message;
    expect(says({})).toContain('one of "cron", "everyMs" and "at"');
    expect(says({ everyMs: 1_000, cron: "@hourly" })).toContain('one of "cron", "everyMs" and "at"');
    expect(says({ everyMs: 5 })).toContain("100 to");
    expect(says({ everyMs: 1_000, timeZone: "UTC" })).toContain('belongs to "cron"');
    expect(says({ at: wallMs() - 1 })).toContain("has passed");
    expect(says({ everyMs: 1_000, missed: "some" as "one" })).toContain('"skip", "one" or "all"');
    expect(says({ everyMs: 1_000 }, { id: "a" })).toContain('"id"');
    expect(says({ everyMs: 1_000 }, { priority: 10 })).toContain('"priority"');
    expect(says({ everyMs: 1_000 }, {}, "a b")).toContain("named by");
    expect(says({ cron: "@daily" })).toContain("@hourly");
  });

  it("is gone with its queue", () => {
    const { world, advance, disk } = worldWith({ everyMs: 1_000 });
    world.do<"delete">("q", { op: "delete" });
    advance(5_000);
    world.create("q", {});
    expect(list(new QueueWorld({ disk }))).toEqual([]);
  });

  it("makes one message for each time, whatever crashes when, and whatever the disk refuses (D1) (D2)", () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ advance: fc.integer({ min: 1, max: 1_500 }) }) },
      { weight: 6, arbitrary: fc.record({ commit: fc.integer({ min: 1, max: 4 }) }) },
      { weight: 1, arbitrary: fc.record({ refuse: fc.constant(true) }) },
      { weight: 1, arbitrary: fc.record({ again: fc.constantFrom(1_000, 1_000, 700) }) },
      { weight: 2, arbitrary: fc.record({ crash: fc.nat(3) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
        const disk = new StepDisk();
        const clock = new Clock();
        const start = () => (disk.owner = new QueueWorld({ store: disk, clock }));
        let world = start();
        const set = (everyMs: number) =>
          world.begin<"schedule">("q", { op: "schedule", name: "s", everyMs, missed: "all", message: { body } });
        world.queues.create("q", { durable: true }, () => undefined, 0);
        disk.commitAll();
        const made = set(1_000);
        disk.commitAll();
        expect(made.end!.kind).toBe("done");
        let isChanged = false;
        for (const each of steps) {
          if ("advance" in each) clock.advance(each.advance);
          else if ("commit" in each) disk.commit(each.commit);
          else if ("refuse" in each) disk.refuse();
          else if ("again" in each) {
            isChanged ||= each.again !== 1_000;
            set(each.again);
          } else {
            disk.crash(each.crash);
            world.queues.close();
            world = start();
          }
          const due = dueOf(world);
          expect(new Set(due).size).toBe(due.length);
        }
        disk.commitAll();
        for (let turn = 0; turn < 20; turn++) {
          clock.advance(turn < 10 ? 1_000 : 0);
          disk.commitAll();
        }
        if (isChanged) return;
        const due = dueOf(world);
        const beganMs = 1_700_000_000_000;
        expect(due).toEqual(Array.from({ length: due.length }, (_, index) => beganMs + (index + 1) * 1_000));
        expect(due.length).toBe(Math.floor(clock.nowMs / 1_000));
      }),
      { numRuns: 100 },
    );
  });
});
