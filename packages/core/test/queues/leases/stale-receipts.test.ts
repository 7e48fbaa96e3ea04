/** Why a receipt is stale, as whoever gave it is told. */
import { expect, test } from "vitest";
import type { SettleEnd } from "../../../src/queues/index.js";
import { Clock } from "../../support/clock.js";
import { StepDisk } from "../step-disk.js";
import { QueueWorld } from "../support.js";

function reasonOf(w: QueueWorld, receipt: string): string {
  const { end } = w.begin<"ack">("q", { op: "ack", receipts: [receipt] });
  if (end?.kind !== "done") return "it waits";
  return told(end.value[0] as SettleEnd);
}

function told(end: SettleEnd): string {
  if (end.kind === "done") return "done";
  expect(end.error.reason).toBe(end.stale);
  expect(end.error.message).toMatch(/: (receive|leave|wait|there is nothing left to do)/); // what would work
  return end.stale ?? end.error.code;
}

test("the error of a stale receipt has its reason, and says what would work", () => {
  const w = new QueueWorld();
  w.create("q", { visibilityMs: 100 });
  for (let sent = 0; sent < 6; sent++) w.send("q");
  const [acked, released, expired, again, withdrawn, purged] = w.receive("q", 6).map(({ receipt }) => receipt);
  w.ack("q", acked ?? "");
  w.do<"release">("q", { op: "release", receipts: [released ?? ""], delayMs: 1_000 });
  w.do<"extend">("q", { op: "extend", receipts: [purged ?? ""], visibilityMs: 9_000 });
  w.clock.advance(100);
  expect(reasonOf(w, expired ?? "")).toBe("expired");
  const [, second, third] = w.receive("q", 3);
  w.do<"release">("q", { op: "release", receipts: [third!.receipt] });
  w.do<"withdraw">("q", { op: "withdraw", id: third!.id });
  expect([acked, released, again, withdrawn].map((receipt) => reasonOf(w, receipt ?? ""))).toEqual([
    "acknowledged",
    "released",
    "superseded",
    "gone",
  ]);
  w.do<"purge">("q", { op: "purge" });
  expect([purged, second?.receipt].map((receipt) => reasonOf(w, receipt ?? ""))).toEqual(["purged", "purged"]);
});

test("a lease that a crash has forgotten is told so, until somebody else has the message", () => {
  const disk = new StepDisk();
  const clock = new Clock();
  const start = (seed: number): QueueWorld => {
    const world = new QueueWorld({ store: disk, clock, seed });
    disk.owner = world;
    return world;
  };
  const before = start(1);
  before.queues.create("q", { durable: true }, () => undefined, 0);
  disk.commitAll();
  for (const id of ["a", "b", "c"]) {
    before.begin<"send">("q", { op: "send", messages: [{ id, body: Uint8Array.of(1) }] });
    disk.commitAll();
  }
  const early = before.receive("q", 1);
  before.begin<"release">("q", { op: "release", receipts: early.map(({ receipt }) => receipt) });
  disk.commitAll(); // its first lease was written
  const late = before.receive("q", 2);
  disk.crash(0);
  before.queues.close();
  const after = start(2);
  const receipts = [...early, ...late].map(({ receipt }) => receipt);
  expect(receipts.map((receipt) => reasonOf(after, receipt))).toEqual(["released", "restarted", "restarted"]);
  expect(after.receive("q", 1)).toMatchObject([{ id: "a" }]);
  expect(receipts.map((receipt) => reasonOf(after, receipt))).toEqual(["superseded", "superseded", "restarted"]);
});
