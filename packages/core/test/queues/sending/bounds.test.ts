import { describe, expect, it } from "vitest";
import { Stepping } from "../stepping.js";

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
