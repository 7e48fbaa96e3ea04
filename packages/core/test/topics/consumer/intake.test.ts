/** What one subscription of a client has had, has taken, and asks for again. */
import { describe, expect, test } from "vitest";
import { Intake, type IntakeOptions } from "../../../src/topics/index.js";
import { message } from "./support.js";

function intakeOf(options: Partial<IntakeOptions> = {}): Intake {
  const intake = new Intake({ windowBytes: 1_000, replay: undefined, mayReplay: true, remembers: true, ...options });
  intake.replay(0);
  expect(intake.answered(false, false, 0)).toBeUndefined();
  return intake;
}

/** Hands in messages that are taken at once. */
function have(intake: Intake, ids: readonly string[], nowMs: number): boolean[] {
  return ids.map((id) => {
    const bytes = message(id);
    const isNew = intake.delivered(bytes, nowMs);
    if (isNew) intake.taken(bytes.length);
    intake.takeUntold();
    return isNew;
  });
}

describe("the window", () => {
  test("counts what was taken, until it is told, and only what came over this connection (K2)", () => {
    const intake = intakeOf();
    const bytes = message("a");
    intake.delivered(bytes, 1);
    intake.delivered(message("b"), 1);
    expect(intake.takeUntold()).toBe(0);
    intake.taken(bytes.length);
    expect(intake.takeUntold()).toBe(bytes.length);
    expect(intake.takeUntold()).toBe(0);
    intake.lost(1);
    intake.taken(bytes.length); // "b", which came over the connection before
    expect(intake.takeUntold()).toBe(0);
    intake.replay(2);
    intake.answered(false, false, 2);
    intake.delivered(message("c"), 3);
    intake.taken(bytes.length);
    expect(intake.takeUntold()).toBe(bytes.length);
  });

  test("presses when a quarter of it was taken", () => {
    const intake = intakeOf({ windowBytes: 4 * message("a").length });
    intake.delivered(message("a"), 1);
    expect(intake.isPressing).toBe(false);
    intake.taken(message("a").length);
    expect(intake.isPressing).toBe(true);
  });

  test("gets back what comes again: it is taken as it comes (K1, K2)", () => {
    const intake = intakeOf();
    have(intake, ["a"], 1);
    intake.lost(1);
    intake.replay(2);
    expect(intake.delivered(message("a"), 3)).toBe(false);
    expect(intake.takeUntold()).toBe(message("a").length);
    expect(intake.repeated).toBe(1);
  });
});

test("an unknown gap with which it begins counts with the answer, and once (K5)", () => {
  const intake = new Intake({
    windowBytes: 1_000,
    replay: { kind: "age", value: 10 },
    mayReplay: true,
    remembers: true,
  });
  intake.replay(0);
  expect(intake.answered(false, true, 0)).toBeUndefined();
  expect(intake.unknownGaps).toBe(1);
  expect(intake.wasMissed(Infinity)).toBe(false);
  expect([intake.unknownGaps, intake.takeMissedBefore()]).toEqual([1, Infinity]);
});

describe("after a connection was lost", () => {
  test("it asks for what came since its last message, and takes what it knows once (K1)", () => {
    const intake = intakeOf();
    expect(have(intake, ["a", "b"], 5_000)).toEqual([true, true]);
    intake.lost(5_500);
    expect(intake.replay(8_000)).toEqual({ kind: "age", value: 4_000 }); // with a second of slack
    expect(intake.answered(true, false, 8_000)).toBe("filled");
    expect(have(intake, ["b", "c", "a", "c"], 8_001)).toEqual([false, true, false, true]);
    expect(intake.takeMissedBefore()).toBe(0);
  });

  test("it asks from when the node was heard last, where nothing can have waited there (K4)", () => {
    const intake = intakeOf();
    have(intake, ["a"], 5_000);
    intake.lost(60_000);
    expect(intake.replay(61_000)).toEqual({ kind: "age", value: 2_000 });
  });

  test("it asks from when something may have waited at the node, until that has come (K4)", () => {
    const intake = intakeOf({ windowBytes: 2 * message("a").length });
    have(intake, ["a"], 1_000);
    intake.delivered(message("b"), 5_000);
    intake.delivered(message("c"), 5_000); // more than half of the window: what follows may wait
    have(intake, ["d"], 9_000);
    intake.lost(9_100);
    expect(intake.replay(10_000)).toEqual({ kind: "age", value: 6_000 });
    intake.answered(true, false, 10_000);
    intake.taken(message("b").length);
    intake.taken(message("c").length);
    have(intake, ["e"], 20_000); // nothing had come for long, although there was room
    intake.lost(20_100);
    expect(intake.replay(21_000)).toEqual({ kind: "age", value: 2_000 });
  });

  test("the gap is unknown where the node does not say that its backlog is whole, and the next message says so (K3)", () => {
    const intake = intakeOf();
    have(intake, ["a"], 1_000);
    intake.lost(1_000);
    intake.replay(2_000);
    expect(intake.answered(false, false, 2_000)).toBe("unknown");
    expect(intake.unknownGaps).toBe(1);
    expect(intake.takeMissedBefore()).toBe(Infinity);
    expect(intake.takeMissedBefore()).toBe(0);
  });

  test("it asks for nothing that it would not know again; what is before is unknown (K3)", () => {
    const slow = intakeOf({ windowBytes: 10 });
    for (let i = 0; i < 10_000; i++) have(slow, [`m${i}`], 1_000 + i); // the last 8,192 are known, but for those of a block of 64: since 2,856
    slow.lost(11_000);
    expect(slow.replay(12_000)).toEqual({ kind: "age", value: 12_000 - (2_855 + 1_000) });
    expect(slow.answered(true, false, 12_000)).toBe("unknown");
  });

  test("a member of a group asks for nothing again: others have got it", () => {
    const intake = intakeOf({ mayReplay: false });
    have(intake, ["a"], 1_000);
    intake.lost(1_000);
    expect(intake.replay(2_000)).toBeUndefined();
    expect(intake.answered(true, false, 2_000)).toBe("unknown");
  });

  test("what it was told of the backlog is asked for as at first, until all of that is here", () => {
    const intake = intakeOf({ replay: { kind: "age", value: 60_000 } });
    have(intake, ["a"], 10);
    intake.lost(20);
    expect(intake.replay(1_000)).toEqual({ kind: "age", value: 62_000 });
    const counted = intakeOf({ replay: { kind: "count", value: 7 } });
    counted.lost(20);
    expect(counted.replay(1_000)).toEqual({ kind: "count", value: 7 });
  });
});

test("what the node has told as missed is counted, and told before the next message", () => {
  const intake = intakeOf();
  intake.wasMissed(3);
  intake.wasMissed(4);
  have(intake, ["a"], 1);
  expect(intake.takeMissedBefore()).toBe(7);
  expect(intake.takeMissedBefore()).toBe(0);
  expect(intake.missed).toBe(7);
});

test("a gap counts once where the answer says that others have told nothing, and the node tells it behind that (K5)", () => {
  const intake = intakeOf();
  intake.lost(1_000);
  intake.replay(2_000);
  expect(intake.answered(false, true, 2_000)).toBe("unknown");
  expect(intake.wasMissed(Infinity)).toBe(false);
  expect([intake.unknownGaps, intake.takeMissedBefore()]).toEqual([1, Infinity]);
  expect(intake.wasMissed(Infinity)).toBe(true); // another one
  expect(intake.unknownGaps).toBe(2);
  intake.lost(3_000);
  intake.replay(4_000);
  intake.answered(false, true, 4_000);
  intake.lost(5_000); // before it was told
  intake.replay(6_000);
  intake.answered(false, false, 6_000);
  expect(intake.wasMissed(Infinity)).toBe(true);
  expect(intake.unknownGaps).toBe(5);
});
