/** What becomes of messages, for who asks. */
import { describe, expect, test } from "vitest";
import { Clock } from "../../support/clock.js";
import { StepDisk } from "../step-disk.js";
import { Disk, QueueWorld } from "../support.js";

const bytes = (...all: number[]): Uint8Array => Uint8Array.of(...all);

function ask(w: QueueWorld, id: string, waitMs = 0) {
  return w.do<"result">("q", { op: "result", id, waitMs });
}

function ackWith(w: QueueWorld, value: Uint8Array | undefined, queue = "q"): void {
  const [message] = w.receive(queue);
  const results = [{ kind: "done", value } as const];
  const [end] = w.do<"ack">(queue, { op: "ack", receipts: [message!.receipt], results });
  expect(end).toEqual({ kind: "done" });
}

describe("what becomes of a message", () => {
  test("is told to who waits, at once to who asks later, and unknown when its time is over (A2, A3)", () => {
    const w = new QueueWorld();
    w.create("q", { resultMs: 1_000 });
    const id = w.send("q", { keepResult: true });
    expect(ask(w, id)).toEqual({ kind: "waiting" });
    const waiting = w.begin<"result">("q", { op: "result", id, waitMs: 60_000 });
    ackWith(w, bytes(7));
    expect(waiting.end).toEqual({ kind: "done", value: { kind: "done", value: bytes(7) } });
    expect(ask(w, id)).toEqual({ kind: "done", value: bytes(7) });
    w.clock.advance(1_000);
    expect(ask(w, id)).toEqual({ kind: "unknown" });
    w.do<"delete">("q", { op: "delete" });
    expect(w.clock.scheduled).toBe(0);
  });

  test("is told as lost where nobody was to keep it, and it may have been something (A3)", () => {
    const w = new QueueWorld();
    w.create("q");
    const told = (): unknown => {
      const id = w.send("q");
      const waiting = w.begin<"result">("q", { op: "result", id, waitMs: 60_000 });
      w.ack("q", w.receive("q")[0]!.receipt); // as processors and functions do, whatever their handlers gave
      return waiting.end;
    };
    const lost = { kind: "failed", code: "result-lost", outcome: "applied" };
    expect(told()).toMatchObject({ kind: "done", value: lost });
    const given = w.begin<"result">("q", { op: "result", id: w.send("q"), waitMs: 60_000 });
    ackWith(w, bytes(1));
    expect(given.end).toEqual({ kind: "done", value: { kind: "done", value: bytes(1) } });
    const kept = w.send("q", { keepResult: true });
    w.ack("q", w.receive("q")[0]!.receipt);
    expect(ask(w, kept)).toEqual({ kind: "done", value: undefined });
  });

  test("is never known where a queue forgets what was received", () => {
    const w = new QueueWorld();
    w.create("q", { guarantee: { kind: "fire-and-forget" } });
    const id = w.send("q", { keepResult: true });
    const waiting = w.begin<"result">("q", { op: "result", id, waitMs: 60_000 });
    w.receive("q");
    const lost = { kind: "failed", code: "result-lost", outcome: "unknown" };
    expect(waiting.end).toMatchObject({ kind: "done", value: lost });
  });

  test("is waited for no longer than that is to take, and nobody is told who has gone", () => {
    const w = new QueueWorld();
    w.create("q");
    const id = w.send("q", { keepResult: true });
    const late = w.begin<"result">("q", { op: "result", id, waitMs: 500 });
    const gone = w.begin<"result">("q", { op: "result", id, waitMs: 5_000 });
    gone.cancel();
    w.clock.advance(500);
    expect(late.end).toEqual({ kind: "done", value: { kind: "waiting" } });
    ackWith(w, undefined);
    expect(gone.end).toBeUndefined();
    expect(ask(w, id)).toEqual({ kind: "done", value: undefined });
  });

  test("is told where its queue is deleted: nobody waits for ever", () => {
    const w = new QueueWorld();
    w.create("q");
    const [leased, left] = [w.send("q"), w.send("q")];
    w.receive("q");
    const waiting = [leased, left].map((id) => w.begin<"result">("q", { op: "result", id, waitMs: 60_000 }));
    w.do<"delete">("q", { op: "delete" });
    expect(waiting.map(({ end }) => end)).toMatchObject([
      { kind: "done", value: { kind: "failed", outcome: "unknown" } },
      { kind: "done", value: { kind: "failed", code: "cancelled", outcome: "not-applied" } },
    ]);
  });

  test("is that it failed where all subscriptions give it up at once (world 455)", () => {
    const disk = new Disk();
    const w = new QueueWorld({ disk });
    w.create("dead");
    w.create("q", { guarantee: { kind: "broadcast" }, maxReceives: 1, deadLetter: "dead", visibilityMs: 1_000 });
    for (const name of ["x", "y"]) w.do("q", { op: "subscribe", name });
    const id = w.send("q", { keepResult: true });
    for (const subscription of ["x", "y"]) w.receive("q", 1, { subscription });
    w.clock.advance(1_000);
    disk.flush();
    expect(w.stats("dead").messages).toBe(2);
    const failed = { kind: "failed", code: "deadline", outcome: "unknown" };
    expect(ask(w, id)).toMatchObject(failed);
    disk.flush();
    const again = new QueueWorld({ disk, clock: w.clock });
    expect(ask(again, id)).toMatchObject(failed);
  });

  test.each([true, false])(
    "is nothing of one that had its id before, was acknowledged so or failed, over a crash, too; kept: %s (A4)",
    (keepResult) => {
      const clock = new Clock();
      const disk = new StepDisk();
      let w = (disk.owner = new QueueWorld({ store: disk, clock }));
      const step = (operation: Parameters<QueueWorld["begin"]>[1]) => {
        const ended = w.begin("q", operation);
        disk.commitAll();
        return ended.end;
      };
      const send = (): void => {
        step({ op: "send", messages: [{ body: bytes(1), id: "x", keepResult }] });
      };
      const receipts = (): string[] => {
        const ended = w.begin<"receive">("q", { op: "receive", max: 1, waitMs: 0 });
        return ended.end?.kind === "done" ? ended.end.value.map(({ receipt }) => receipt) : [];
      };
      const told = (act: () => void): unknown => {
        const waiting = w.begin<"result">("q", { op: "result", id: "x", waitMs: 60_000 });
        act();
        return waiting.end;
      };
      for (const name of ["dead", "q"]) {
        const more = name === "q" ? { maxReceives: 1, deadLetter: "dead" } : {};
        w.queues.create(name, { durable: true, ...more }, () => undefined, 0);
        disk.commitAll();
      }
      const without = keepResult ? { kind: "done", value: undefined } : { kind: "failed", code: "result-lost" };
      const ackWithout = (): void => void step({ op: "ack", receipts: receipts() });
      const before = [
        () => step({ op: "ack", receipts: receipts(), results: [{ kind: "done", value: bytes(7) }] }),
        () => step({ op: "release", receipts: receipts(), error: "no" }),
      ];
      for (const act of before) {
        for (const crashes of [false, true]) {
          send();
          told(act);
          if (!crashes) send();
          else {
            w.begin("q", { op: "send", messages: [{ body: bytes(1), id: "x", keepResult }] });
            disk.crash(1); // what was kept of the other one is not off the disk yet
            w = disk.owner = new QueueWorld({ store: disk, clock });
            disk.commitAll();
          }
          expect(told(ackWithout)).toMatchObject({ kind: "done", value: without });
          if (keepResult) expect(step({ op: "result", id: "x", waitMs: 0 })).toMatchObject({ value: without });
        }
      }
    },
  );

  test("is that of the one before it where it has its key, and its id, too", () => {
    const w = new QueueWorld({ disk: new Disk() });
    w.create("q");
    w.send("q", { id: "x", idempotencyKey: "k", keepResult: true });
    ackWith(w, bytes(7));
    w.send("q", { id: "x", idempotencyKey: "k", keepResult: true }); // as who asks for it once more does
    const waiting = w.begin<"result">("q", { op: "result", id: "x", waitMs: 60_000 });
    expect(w.receive("q")).toEqual([]);
    expect(waiting.end).toEqual({ kind: "done", value: { kind: "done", value: bytes(7) } });
  });

  test("is that of the subscription that gave one, also where another acknowledges without at once, or later, and after a crash (A1)", () => {
    for (const isAtOnce of [false, true]) {
      const disk = new Disk();
      const w = new QueueWorld({ disk });
      w.create("q", { guarantee: { kind: "broadcast" } });
      for (const name of ["x", "y", "z"]) w.do("q", { op: "subscribe", name });
      const id = w.send("q", { keepResult: true });
      const [x, y, z] = ["x", "y", "z"].map((subscription) => w.receive("q", 1, { subscription })[0]!.receipt);
      if (!isAtOnce) w.ack("q", x!);
      w.begin("q", { op: "ack", receipts: [y!], results: [{ kind: "done", value: bytes(7) }] });
      if (!isAtOnce) disk.flush();
      else w.begin("q", { op: "ack", receipts: [x!] });
      w.ack("q", z!);
      disk.flush();
      expect(ask(w, id)).toEqual({ kind: "done", value: bytes(7) });
      expect(ask(new QueueWorld({ disk, clock: w.clock }), id)).toEqual({ kind: "done", value: bytes(7) });
    }
  });

  test.each(["in memory", "durable, and deleted"])(
    "is not what becomes of one in a queue of that name that was made after a restart (A3): %s",
    (which) => {
      const disk = new Disk();
      const before = new QueueWorld({ disk, seed: 1 });
      before.create("q", { durable: which !== "in memory" });
      const id = before.send("q", { keepResult: true });
      const { receipt } = before.receive("q")[0]!;
      if (which !== "in memory") before.do("q", { op: "delete" });
      disk.flush();
      before.queues.close();
      const w = new QueueWorld({ disk, seed: 2, clock: before.clock });
      w.create("q", { durable: which !== "in memory" });
      const other = w.send("q", { keepResult: true });
      const waiting = w.begin<"result">("q", { op: "result", id, waitMs: 60_000 }); // who has sent asks again
      const withdrawn = w.do<"withdraw">("q", { op: "withdraw", id });
      const [late] = w.do<"ack">("q", { op: "ack", receipts: [receipt] });
      ackWith(w, bytes(7));
      expect(waiting.end).toEqual({ kind: "done", value: { kind: "unknown" } });
      expect(withdrawn).toBe(false);
      expect(late).toMatchObject({ error: { code: "invalid-argument" } });
      expect(ask(w, other)).toEqual({ kind: "done", value: bytes(7) });
    },
  );

  test("is told to who waits though the message has not asked for it to be kept", () => {
    const w = new QueueWorld();
    w.create("q");
    const id = w.send("q");
    const waiting = w.begin<"result">("q", { op: "result", id, waitMs: 60_000 });
    ackWith(w, bytes(1));
    expect(waiting.end).toMatchObject({ value: { kind: "done", value: bytes(1) } });
    const other = w.send("q");
    ackWith(w, bytes(1));
    expect(ask(w, other)).toEqual({ kind: "unknown" });
  });

  test("is why it has failed, with the last receiver's error, once it is a dead letter", () => {
    const w = new QueueWorld();
    w.create("dead");
    w.create("q", { maxReceives: 1, deadLetter: "dead" });
    const id = w.send("q", { keepResult: true });
    const waiting = w.begin<"result">("q", { op: "result", id, waitMs: 60_000 });
    const [message] = w.receive("q");
    const failure = { code: "invalid-input", outcome: "not-applied" } as const;
    w.do<"release">("q", { op: "release", receipts: [message!.receipt], error: "no number", failure });
    const told = { kind: "failed", ...failure, error: "no number" };
    expect(waiting.end).toEqual({ kind: "done", value: told });
    expect(ask(w, id)).toEqual(told);

    const silent = w.send("q", { keepResult: true });
    w.receive("q", 1, { visibilityMs: 10 });
    w.clock.advance(10);
    expect(ask(w, silent)).toMatchObject({ kind: "failed", code: "deadline", outcome: "unknown" });
  });

  test.each([
    ["purged", (w: QueueWorld) => w.do<"purge">("q", { op: "purge" })],
    [
      "expired",
      (w: QueueWorld) => {
        w.clock.advance(1_000);
      },
    ],
    [
      "withdrawn",
      (w: QueueWorld, id: string) => {
        expect(w.do<"withdraw">("q", { op: "withdraw", id })).toBe(true);
      },
    ],
  ])("is that nothing was done where it was %s before anybody had it", (_how, leave) => {
    const w = new QueueWorld();
    w.create("q", { ttlMs: 1_000 });
    const id = w.send("q", { keepResult: true });
    leave(w, id);
    expect(ask(w, id)).toMatchObject({ kind: "failed", code: "cancelled", outcome: "not-applied" });
  });

  test("is not taken back from who has it, nor given to anybody once it was taken back", () => {
    const disk = new StepDisk();
    const w = new QueueWorld({ store: disk });
    disk.owner = w;
    w.queues.create("q", { durable: true }, () => undefined, 0);
    disk.commitAll();
    const first = w.begin<"send">("q", { op: "send", messages: [{ id: "a", body: bytes(1) }] });
    w.begin<"send">("q", { op: "send", messages: [{ id: "b", body: bytes(2), after: ["a"] }] });
    disk.commitAll();
    expect(first.end?.kind).toBe("done");
    const [message] = w.receive("q");
    expect(w.do<"withdraw">("q", { op: "withdraw", id: "a" })).toBe(false);
    expect(w.do<"withdraw">("q", { op: "withdraw", id: "none" })).toBe(false);
    disk.commitAll();
    // what waits for others comes back where the disk refuses, and comes to nobody meanwhile
    const refused = w.begin<"withdraw">("q", { op: "withdraw", id: "b" });
    w.begin<"ack">("q", { op: "ack", receipts: [message!.receipt] });
    const before = disk.waiting;
    expect(before).toBe(2);
    disk.refuse();
    expect(refused.end?.kind).toBe("failed");
    expect(w.receive("q")).toEqual([]);
    disk.commitAll();
    expect(w.receive("q").map(({ id }) => id)).toEqual(["b"]);
  });

  test("is bounded: a result that is too large is told so, and the oldest go where there are too many (A2)", () => {
    const w = new QueueWorld({ limits: { resultBytesMax: 100, resultsMax: 2 } });
    w.create("q");
    const ids = [101, 100, 1].map((length) => {
      const id = w.send("q", { keepResult: true });
      ackWith(w, new Uint8Array(length));
      if (length === 101) expect(ask(w, id)).toMatchObject({ kind: "failed", code: "too-large", outcome: "applied" });
      return id;
    });
    expect(ids.map((id) => ask(w, id).kind)).toEqual(["unknown", "done", "done"]);
  });

  test("is the first one's where the idempotency key was done before, or that it is lost", () => {
    const w = new QueueWorld();
    w.create("q", { resultMs: 1_000 });
    w.send("q", { keepResult: true, idempotencyKey: "k" });
    ackWith(w, bytes(5));
    const again = w.send("q", { keepResult: true, idempotencyKey: "k" });
    expect(w.receive("q")).toEqual([]);
    expect(ask(w, again)).toEqual({ kind: "done", value: bytes(5) });
    w.clock.advance(2_000);
    const late = w.send("q", { keepResult: true, idempotencyKey: "k" });
    expect(w.receive("q")).toEqual([]);
    expect(ask(w, late)).toMatchObject({ kind: "failed", code: "result-lost", outcome: "applied" });
  });

  test("is the last acknowledgement's where there are several subscriptions", () => {
    const w = new QueueWorld();
    w.create("q", { guarantee: { kind: "broadcast" } });
    for (const name of ["a", "b"]) w.do<"subscribe">("q", { op: "subscribe", name });
    const id = w.send("q", { keepResult: true });
    for (const [at, subscription] of ["a", "b"].entries()) {
      expect(ask(w, id)).toEqual({ kind: "waiting" });
      const [message] = w.receive("q", 1, { subscription });
      w.do<"ack">("q", {
        op: "ack",
        receipts: [message!.receipt],
        results: [{ kind: "done", value: bytes(at) }],
      });
    }
    expect(ask(w, id)).toEqual({ kind: "done", value: bytes(1) });
  });

  test("is the same after a restart, for what is left of its time (A1)", () => {
    const disk = new Disk();
    const clock = new Clock();
    const w = new QueueWorld({ disk, clock });
    w.create("dead");
    w.create("q", { resultMs: 1_000, maxReceives: 1, deadLetter: "dead" });
    const done = w.send("q", { keepResult: true });
    ackWith(w, bytes(1, 2));
    const failed = w.send("q", { keepResult: true });
    const [message] = w.receive("q");
    const failure = { code: "handler-error", outcome: "applied" } as const;
    w.do<"release">("q", { op: "release", receipts: [message!.receipt], error: "broken", failure });
    clock.advance(400);
    const next = new QueueWorld({ disk, clock, seed: 2 });
    disk.flush();
    expect(ask(next, done)).toEqual({ kind: "done", value: bytes(1, 2) });
    expect(ask(next, failed)).toEqual({ kind: "failed", ...failure, error: "broken" });
    clock.advance(600);
    expect(ask(next, done)).toEqual({ kind: "unknown" });
    disk.flush();
    expect(disk.store.range("queue-results", { from: new Uint8Array(4), limit: 10 })).toEqual([]);
  });

  test("is refused where it is none, or not one for each", () => {
    const w = new QueueWorld();
    w.create("q");
    expect(() => w.do<"ack">("q", { op: "ack", receipts: ["a"], results: [] })).toThrow(/1 receipts and 0 results/);
  });
});

test("what becomes of a message in a long line that sleeps is told, over a restart, too", () => {
  const disk = new Disk();
  const clock = new Clock();
  const limits = { awakeMessagesMax: 2 };
  const w = new QueueWorld({ disk, clock, limits });
  w.create("q");
  for (let plain = 0; plain < 5; plain++) w.send("q");
  const wanted = w.send("q", { keepResult: true });
  const plain = w.send("q");
  const next = new QueueWorld({ disk, clock, limits, seed: 2 });
  expect([ask(next, wanted).kind, ask(next, plain).kind]).toEqual(["waiting", "waiting"]);
  for (let received = 0; received < 7; received++) ackWith(next, bytes(received));
  expect(ask(next, wanted)).toMatchObject({ kind: "done" });
  expect(ask(next, plain)).toEqual({ kind: "unknown" });
});
