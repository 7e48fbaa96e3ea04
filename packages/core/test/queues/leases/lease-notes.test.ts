import { expect, it } from "vitest";
import { tableNames } from "../../../src/queues/store/tables.js";
import { Stepping } from "../stepping.js";
import { Disk, QueueWorld } from "../support.js";

function start(): { disk: Disk; world: QueueWorld; rows: () => number; restarted: () => QueueWorld } {
  const disk = new Disk();
  const world = new QueueWorld({ disk });
  world.create("q", { visibilityMs: 1_000 });
  const rows = (): number => {
    disk.flush();
    return disk.store.range(tableNames.leases, { limit: 100 }).length;
  };
  const restarted = (): QueueWorld => {
    disk.flush();
    return new QueueWorld({ disk, clock: world.clock, seed: 2 });
  };
  return { disk, world, rows, restarted };
}

it("a message that is acknowledged soon costs the disk no row of its lease, and no deletion of one", () => {
  const { disk, world, rows } = start();
  world.send("q"); // with the promise of its sequences
  world.ack("q", world.receive("q")[0]?.receipt ?? "");
  const before = disk.store.figures().operations;
  world.send("q");
  const [message] = world.receive("q");
  world.clock.advance(20);
  world.ack("q", message?.receipt ?? "");
  world.clock.advance(1_000);
  expect(rows()).toBe(0);
  expect(disk.store.figures().operations - before).toBe(2);
});

it("a lease that goes on is written within 50 ms, and is there after a crash, with its receipt (N1)", () => {
  const { world, rows, restarted } = start();
  world.send("q");
  const [message] = world.receive("q");
  expect(rows()).toBe(0);
  world.clock.advance(50);
  expect(rows()).toBe(1);
  const after = restarted();
  expect(after.receive("q")).toEqual([]);
  after.ack("q", message?.receipt ?? "");
  expect(after.stats("q").messages).toBe(0);
  after.clock.advance(50);
  expect(rows()).toBe(0);
});

it("a lease that has ended by itself before it was written has counted (N1)", () => {
  const { world, restarted } = start();
  world.send("q");
  world.receive("q", 1, { visibilityMs: 5 });
  world.clock.advance(50);
  expect(restarted().receive("q")[0]?.receives).toBe(2);
});

it("what is released or extended at once is as that says, and stays so", () => {
  const { world, restarted } = start();
  for (const id of ["released", "extended"]) world.send("q", { id });
  const [released, extended] = world.receive("q", 2, { visibilityMs: 100 });
  world.do<"release">("q", { op: "release", receipts: [released?.receipt ?? ""], delayMs: 300 });
  world.do<"extend">("q", { op: "extend", receipts: [extended?.receipt ?? ""], visibilityMs: 600 });
  world.clock.advance(200);
  const after = restarted();
  expect(after.receive("q", 2)).toEqual([]);
  after.clock.advance(100);
  expect(after.receive("q", 2).map(({ id }) => id)).toEqual(["released"]);
  after.clock.advance(300);
  expect(after.receive("q", 2).map(({ id }) => id)).toEqual(["extended"]);
});

it("a message whose acknowledgement is on its way gets no row behind its deletion (N2)", () => {
  const { disk, world, rows } = start();
  world.send("q");
  const [message] = world.receive("q");
  world.clock.advance(30);
  world.begin<"ack">("q", { op: "ack", receipts: [message?.receipt ?? ""] });
  world.clock.advance(500); // the disk is slow
  disk.flush();
  world.clock.advance(500);
  expect(rows()).toBe(0);
  expect(world.stats("q").messages).toBe(0);
});

it("a lease that a crash forgets was never there: where the clock was set back, the one before it goes on, and its acknowledgement is the end", () => {
  const { disk, world, rows } = start();
  world.send("q");
  const [first] = world.receive("q", 1, { visibilityMs: 100 });
  world.clock.advance(100);
  expect(rows()).toBe(1);
  const [second] = world.receive("q", 1, { visibilityMs: 100 });
  world.queues.close();
  const after = new QueueWorld({ disk, clock: world.clock, seed: 2, wallOffsetMs: world.wallOffsetMs - 1_000 });
  expect(after.receive("q")).toEqual([]);
  const receipts = [second?.receipt ?? "", first?.receipt ?? ""];
  expect(after.do<"ack">("q", { op: "ack", receipts })).toMatchObject([
    { kind: "refused", stale: "restarted" },
    { kind: "done" },
  ]);
  after.clock.advance(1_000);
  expect(after.receive("q")).toEqual([]);
  expect(after.stats("q").messages).toBe(0);
});

it("a delay that follows a lease which ended before it was written goes on over a crash, and the receipt stays stale (N1)", () => {
  const s = new Stepping();
  s.create("q", { retry: { baseMs: 10_000, maxMs: 10_000, jitter: false } });
  s.send("q");
  const { end } = s.begin<"receive">("q", { op: "receive", max: 1, waitMs: 0, visibilityMs: 10 });
  const receipts = end?.kind === "done" ? end.value.map(({ receipt }) => receipt) : [];
  s.pass(1_000);
  s.crash(0);
  expect(s.look("q")).toMatchObject({ leased: 0, delayed: 1 });
  expect(s.do("q", { op: "ack", receipts })).toMatchObject([{ kind: "refused", stale: "expired" }]);
  s.pass(9_009);
  expect(s.receive("q")).toEqual([]);
  s.pass(1);
  expect(s.receive("q")).toHaveLength(1);
});

it.each(["has expired", "was released"])(
  "the delay of a retry after a lease that %s goes on over a crash, and does not begin anew (N1)",
  (how) => {
    const s = new Stepping();
    s.create("q", { visibilityMs: 500, retry: { baseMs: 10_000, maxMs: 10_000, jitter: false } });
    s.send("q");
    const receipts = s.receive("q");
    s.pass(100);
    if (how === "has expired") s.pass(400);
    else s.do("q", { op: "release", receipts });
    s.pass(6_000);
    s.crash(0);
    s.pass(3_999);
    expect(s.receive("q")).toEqual([]);
    s.pass(1);
    expect(s.receive("q")).toHaveLength(1);
  },
);
