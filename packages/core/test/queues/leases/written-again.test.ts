/** What an acknowledgement writes in the place of an older row, whose time is over before that is on the disk. */
import { expect, it } from "vitest";
import { Stepping } from "../stepping.js";

it.each([false, true])(
  "a key that was acknowledged just before it was over is remembered for its time (T4), after a crash: %s",
  (isCrash) => {
    const s = new Stepping();
    s.create("q", { keyWindowMs: 1_000 });
    s.send("q", { idempotencyKey: "k" });
    s.do("q", { op: "ack", receipts: s.receive("q") });
    s.send("q", { idempotencyKey: "k" });
    s.clock.advance(999);
    expect(s.receive("q")).toEqual([]); // done by its key: that is on its way to the disk
    s.clock.advance(2);
    s.disk.commitAll();
    if (isCrash) s.crash(0);
    s.send("q", { idempotencyKey: "k" });
    expect(s.receive("q")).toEqual([]);
  },
);

it.each([false, true])(
  "a result of an id that was given again just before the older one was over is kept (T4), after a crash: %s",
  (isCrash) => {
    const s = new Stepping();
    s.create("q", { resultMs: 1_000 });
    s.send("q", { id: "a", keepResult: true });
    s.do("q", { op: "ack", receipts: s.receive("q") });
    s.send("q", { id: "a", keepResult: true });
    s.clock.advance(999);
    const acknowledged = s.begin("q", { op: "ack", receipts: s.receive("q") });
    s.clock.advance(2);
    s.disk.commitAll();
    expect(acknowledged.end?.kind).toBe("done");
    if (isCrash) s.crash(0);
    expect(s.do("q", { op: "result", id: "a", waitMs: 0 })).toMatchObject({ kind: "done" });
  },
);
