/** Leases that end at another time, over crashes. */
import { expect, it } from "vitest";
import type { QueueSettings } from "../../../src/queues/index.js";
import { Stepping } from "../stepping.js";

/** A message that was received a second ago for a minute, which is on the disk. */
function leased(settings: Partial<QueueSettings> = {}): { readonly s: Stepping; readonly receipts: readonly string[] } {
  const s = new Stepping();
  s.create("q", { visibilityMs: 60_000, ...settings });
  s.send("q");
  const receipts = s.receive("q");
  s.pass(1_000);
  return { s, receipts };
}

const byOthers = (s: Stepping): number => s.receive("q").length;

it.each([0, 1, 5_000])(
  "a lease that is to end in %d ms is somebody else's once that is on the disk, and not before: a crash would give it back (E2)",
  (visibilityMs) => {
    const { s, receipts } = leased();
    const asked = s.begin("q", { op: "extend", receipts, visibilityMs });
    s.clock.advance(visibilityMs + 1);
    expect(byOthers(s)).toBe(0);
    expect(asked.end).toBeUndefined();
    s.disk.commit(1);
    expect(asked.end).toMatchObject({ kind: "done", value: [{ kind: "done" }] });
    s.clock.advance(0);
    expect(byOthers(s)).toBe(1);
  },
);

it.each([1, 5_000, 120_000])(
  "after a crash a lease that was to end in %d ms ends then, if that has come to the disk, else when it was to (E1, E2)",
  (visibilityMs) => {
    for (const kept of [0, 1]) {
      const { s, receipts } = leased();
      s.begin("q", { op: "extend", receipts, visibilityMs });
      s.crash(kept);
      const endsMs = kept === 0 ? 59_000 : visibilityMs;
      s.pass(endsMs - 1);
      expect(byOthers(s), `${kept} batches`).toBe(0);
      s.pass(1);
      expect(byOthers(s), `${kept} batches`).toBe(1);
    }
  },
);

it("what is asked last counts, whatever was on its way (E3)", () => {
  for (const [first, second] of [
    [10, 5_000],
    [5_000, 10],
    [10, 120_000],
    [120_000, 10],
  ] as const) {
    const { s, receipts } = leased();
    for (const visibilityMs of [first, second]) s.begin("q", { op: "extend", receipts, visibilityMs });
    s.disk.commit(1);
    s.clock.advance(Math.min(first, second) - 1);
    s.disk.commit(1);
    s.pass(second - (Math.min(first, second) - 1) - 1);
    expect(byOthers(s), `${first}, ${second}`).toBe(0);
    s.pass(1);
    expect(byOthers(s), `${first}, ${second}`).toBe(1);
  }
});

it("a lease whose end the disk has no room for ends when it was to, and is acknowledged meanwhile (E1, E2)", () => {
  for (const visibilityMs of [10, 120_000]) {
    const { s, receipts } = leased();
    const asked = s.begin("q", { op: "extend", receipts, visibilityMs });
    s.disk.refuse();
    expect(asked.end).toMatchObject({ value: [{ kind: "refused", error: { code: "overloaded" } }] });
    s.pass(58_999);
    expect(byOthers(s)).toBe(0);
    s.pass(1);
    expect(byOthers(s)).toBe(1);
  }
  const { s, receipts } = leased();
  s.begin("q", { op: "extend", receipts, visibilityMs: 10 });
  const ack = s.begin("q", { op: "ack", receipts });
  s.pass(100);
  expect(ack.end).toMatchObject({ value: [{ kind: "done" }] });
  expect(s.stats("q").messages).toBe(0);
});

it("a lease in memory ends when it is asked to, at once", () => {
  const { s, receipts } = leased({ durable: false });
  const asked = s.begin("q", { op: "extend", receipts, visibilityMs: 10 });
  expect(asked.end).toMatchObject({ value: [{ kind: "done" }] });
  s.clock.advance(10);
  expect(byOthers(s)).toBe(1);
});

it("an extension that is refused takes nothing from one that was asked after it (E3)", () => {
  const { s, receipts } = leased({ visibilityMs: 2_000 });
  s.begin("q", { op: "extend", receipts, visibilityMs: 3_000 });
  const second = s.begin("q", { op: "extend", receipts, visibilityMs: 10_000 });
  s.disk.refuse();
  s.disk.commitAll();
  expect(second.end).toMatchObject({ kind: "done", value: [{ kind: "done" }] });
  s.pass(9_999);
  expect(byOthers(s)).toBe(0);
  s.pass(1);
  expect(byOthers(s)).toBe(1);
});

it("of two that end at the same moment, too: who extends first takes nothing from the second, nor from a receive that is asked again (E3)", () => {
  for (const isAgain of [false, true]) {
    const s = new Stepping();
    s.create("q");
    s.send("q");
    const receive = { op: "receive", max: 1, waitMs: 0, visibilityMs: 2_000, attempt: "one" } as const;
    const receipts = s.do<"receive">("q", receive).map(({ receipt }) => receipt);
    s.begin("q", { op: "extend", receipts, visibilityMs: 10_000 });
    if (isAgain) s.begin<"receive">("q", { ...receive, visibilityMs: 10_000 });
    else s.begin("q", { op: "extend", receipts, visibilityMs: 10_000 });
    s.disk.refuse();
    s.disk.commitAll();
    s.pass(9_999);
    expect(byOthers(s)).toBe(0);
    s.pass(1);
    expect(byOthers(s)).toBe(1);
  }
});
