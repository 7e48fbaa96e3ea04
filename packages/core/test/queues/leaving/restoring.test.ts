/** What stays in its queue after all, since the disk had no room for its end. */
import { describe, expect, test } from "vitest";
import type { QueueSettings } from "../../../src/queues/index.js";
import { Clock } from "../../support/clock.js";
import { StepDisk } from "../step-disk.js";
import { QueueWorld } from "../support.js";

function world(settings: Partial<QueueSettings>): { w: QueueWorld; disk: StepDisk; clock: Clock } {
  const disk = new StepDisk();
  const clock = new Clock();
  const w = new QueueWorld({ store: disk, clock });
  disk.owner = w;
  w.queues.create("q", { ...settings, durable: true }, () => undefined, clock.nowMs);
  disk.commitAll();
  return { w, disk, clock };
}

function sent(w: QueueWorld, disk: StepDisk, id: string): void {
  w.begin<"send">("q", { op: "send", messages: [{ id, body: Uint8Array.of(1) }] });
  disk.commitAll();
}

describe("a message that was to be dropped, and stays since the send that wanted its room was refused,", () => {
  test("is available at once where it was, though its last lease was to be long (R1)", () => {
    const { w, disk } = world({ messagesMax: 1, overflow: "drop-oldest" });
    sent(w, disk, "first");
    const [{ receipt } = { receipt: "" }] = w.receive("q");
    w.begin<"extend">("q", { op: "extend", receipts: [receipt], visibilityMs: 60_000 });
    w.begin<"release">("q", { op: "release", receipts: [receipt], delayMs: 0 });
    disk.commitAll();
    w.begin<"send">("q", { op: "send", messages: [{ id: "second", body: Uint8Array.of(1) }] });
    expect(w.receive("q")).toEqual([]);
    disk.refuse();
    expect(w.receive("q").map(({ id }) => id)).toEqual(["first"]);
  });

  test("is delayed for as long as it was to be (R1)", () => {
    const { w, disk, clock } = world({ messagesMax: 1, overflow: "drop-oldest", delayMs: 1_000 });
    sent(w, disk, "first");
    clock.advance(400);
    w.begin<"send">("q", { op: "send", messages: [{ id: "second", body: Uint8Array.of(1) }] });
    disk.refuse();
    clock.advance(599);
    expect(w.stats("q")).toMatchObject({ available: 0, delayed: 1 });
    clock.advance(1);
    expect(w.receive("q").map(({ id }) => id)).toEqual(["first"]);
  });

  test("expires where its time was over meanwhile (R2)", () => {
    const { w, disk, clock } = world({ messagesMax: 1, overflow: "drop-oldest", ttlMs: 1_000 });
    sent(w, disk, "first");
    w.begin<"send">("q", { op: "send", messages: [{ id: "second", body: Uint8Array.of(1) }] });
    clock.advance(1_500);
    disk.refuse();
    disk.commitAll();
    expect(w.stats("q")).toMatchObject({ messages: 0, expired: 1 });
  });
});

test("a message that is withdrawn, and stays, is available though its last lease was to be long, and expires where its time is over (R1, R2)", () => {
  const { w, disk, clock } = world({ ttlMs: 10_000 });
  sent(w, disk, "first");
  const [{ receipt } = { receipt: "" }] = w.receive("q", 1, { visibilityMs: 5_000 });
  w.begin<"release">("q", { op: "release", receipts: [receipt], delayMs: 0 });
  disk.commitAll();
  w.begin<"withdraw">("q", { op: "withdraw", id: "first" });
  disk.refuse();
  expect(w.stats("q")).toMatchObject({ available: 1, delayed: 0 });
  w.begin<"withdraw">("q", { op: "withdraw", id: "first" });
  clock.advance(10_000);
  disk.refuse();
  expect(w.stats("q")).toMatchObject({ messages: 0, expired: 1 });
});

test("what is on its way out is counted, and listed, as what it was until that is on the disk (B1)", () => {
  const { w, disk } = world({ delayMs: 0 });
  for (const id of ["acked", "released", "withdrawn"]) sent(w, disk, id);
  w.begin<"send">("q", { op: "send", messages: [{ id: "later", body: Uint8Array.of(1), delayMs: 5_000 }] });
  w.begin<"send">("q", { op: "send", messages: [{ id: "waits", body: Uint8Array.of(1), after: ["acked"] }] });
  disk.commitAll();
  const [acked, released] = w.receive("q", 2);
  w.begin<"ack">("q", { op: "ack", receipts: [acked!.receipt] });
  w.begin<"release">("q", { op: "release", receipts: [released!.receipt], delayMs: 0 });
  for (const id of ["withdrawn", "later"]) w.begin<"withdraw">("q", { op: "withdraw", id });
  const listed = (): (readonly [string, string])[] =>
    w.do<"browse">("q", { op: "browse", limit: 10 }).map(({ id, state }) => [id, state] as const);
  expect(listed()).toEqual([
    ["acked", "leased"],
    ["released", "leased"],
    ["withdrawn", "available"],
    ["later", "delayed"],
    ["waits", "delayed"],
  ]);
  expect(w.stats("q")).toMatchObject({ messages: 5, available: 1, delayed: 2, leased: 2 });
  disk.commitAll();
  expect(listed()).toEqual([
    ["released", "available"],
    ["waits", "available"],
  ]);
  expect(w.stats("q")).toMatchObject({ messages: 2, available: 2, delayed: 0, leased: 0 });
});

test("a message of several subscriptions is listed once, in the state asked for, whichever of them has it so (B2)", () => {
  const w = new QueueWorld();
  w.create("q", { guarantee: { kind: "broadcast" } });
  for (const name of ["a", "b"]) w.do<"subscribe">("q", { op: "subscribe", name });
  w.send("q", { id: "m" });
  const [message] = w.receive("q", 1, { subscription: "a" });
  const states = (): string[] =>
    (["available", "leased"] as const).filter((state) => w.do<"browse">("q", { op: "browse", limit: 9, state }).length);
  expect(states()).toEqual(["available", "leased"]);
  w.ack("q", message!.receipt);
  expect(states()).toEqual(["available"]);
  expect(w.do<"browse">("q", { op: "browse", limit: 9 })).toMatchObject([{ id: "m", state: "available" }]);
});
