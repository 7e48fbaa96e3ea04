import { describe, expect, it } from "vitest";
import { Stepping } from "../stepping.js";
import { QueueWorld } from "../support.js";

const named = <T>(count: number, value: T): Record<string, T> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`n${at}`, value]));

describe("what belongs to a message", () => {
  it.each([
    ["headers", "v"],
    ["attributes", { type: "String", value: "v" }],
  ])(
    "is not taken with more %s than can be read again: its queue, and its node, would not start any more",
    (name, value) => {
      const s = new Stepping();
      s.create("q");
      const send = (count: number): void => {
        s.send("q", { [name]: named<unknown>(count, value) });
      };
      for (const count of [1_001, 10_001]) {
        expect(() => {
          send(count);
        }).toThrow(expect.objectContaining({ code: "too-large" }) as Error);
      }
      send(1_000);
      s.crash(0);
      expect(s.receive("q")).toHaveLength(1);
    },
  );

  it("is no error of any length: it took memory, and the disk of its dead letter, that nothing counts", () => {
    const s = new Stepping();
    s.create("dead");
    s.create("q", { maxReceives: 1, deadLetter: "dead" });
    s.send("q");
    s.do("q", { op: "release", receipts: s.receive("q"), error: "e".repeat(1_000_000) });
    const [letter] = s.do<"browse">("dead", { op: "browse", limit: 1 });
    expect(letter?.deadLetter?.error).toBe("e".repeat(4_096));
  });
});

describe("what a queue remembers for longer than it has it", () => {
  it("is bounded: dedup ids beyond are refused, what was sent before is still known, and room comes with time (N3)", () => {
    const w = new QueueWorld({ limits: { rememberedMax: 2 } });
    w.create("q", { dedup: { windowMs: 1_000, scope: "queue", byContent: false } });
    const send = (dedup?: string) =>
      w.do<"send">("q", {
        op: "send",
        messages: [{ body: Uint8Array.of(1), ...(dedup === undefined ? {} : { dedup }) }],
      })[0];
    for (const id of ["a", "b"]) expect(send(id)).toMatchObject({ kind: "done", duplicate: false });
    for (const { receipt } of w.receive("q", 9)) w.ack("q", receipt);
    expect(send("c")).toMatchObject({ kind: "refused", error: { code: "overloaded", outcome: "not-applied" } });
    expect(send("a")).toMatchObject({ kind: "done", duplicate: true });
    expect(send()).toMatchObject({ kind: "done" });
    w.clock.advance(1_000);
    expect(send("c")).toMatchObject({ kind: "done", duplicate: false });
  });

  it("is bounded: a message with a key beyond is refused, until the time of another is over (N3)", () => {
    const w = new QueueWorld({ limits: { rememberedMax: 2 } });
    w.create("q", { keyWindowMs: 1_000 });
    const send = (idempotencyKey: string) =>
      w.do<"send">("q", { op: "send", messages: [{ body: Uint8Array.of(1), idempotencyKey }] })[0];
    for (const key of ["a", "b"]) expect(send(key)).toMatchObject({ kind: "done" });
    for (const { receipt } of w.receive("q", 9)) w.ack("q", receipt);
    expect(send("c")).toMatchObject({ kind: "refused", error: { code: "overloaded", outcome: "not-applied" } });
    expect(send("a")).toMatchObject({ kind: "done" }); // is done with what was done before
    w.clock.advance(1_000);
    expect(send("c")).toMatchObject({ kind: "done" });
  });
});
