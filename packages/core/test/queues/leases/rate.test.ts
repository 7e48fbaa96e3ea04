/** Rates of leases that become others. */
import { describe, expect, it } from "vitest";
import { QueueWorld } from "../support.js";

describe.each(["rate", "groupRate"] as const)("another %s of a queue", (rate) => {
  const slowed = (): QueueWorld => {
    const w = new QueueWorld();
    w.create("q", { [rate]: { perSecond: 0.001, burst: 1 } });
    for (let sent = 0; sent < 5; sent++) w.send("q", { group: "g" });
    expect(w.receive("q", 5)).toHaveLength(1);
    expect(w.receive("q", 5)).toHaveLength(0);
    return w;
  };

  it("holds from then on, also for who waits for the one before", () => {
    const w = slowed();
    const waiting = w.begin<"receive">("q", { op: "receive", max: 1, waitMs: 60_000 });
    w.do<"update">("q", { op: "update", settings: { [rate]: { perSecond: 10, burst: 2 } } });
    w.clock.advance(100);
    expect(waiting.end).toMatchObject({ kind: "done", value: [{}] });
    expect(w.receive("q", 5)).toHaveLength(0);
    w.clock.advance(200);
    expect(w.receive("q", 5)).toHaveLength(2);
  });

  it("holds from then on where it is none", () => {
    const w = slowed();
    w.do<"update">("q", { op: "update", settings: { [rate]: undefined } });
    expect(w.receive("q", 5)).toHaveLength(4);
  });
});
