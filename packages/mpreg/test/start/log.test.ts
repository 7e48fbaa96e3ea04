import picocolors from "picocolors";
import { describe, expect, test } from "vitest";
import { logText } from "../../src/start/log.js";

const plain = picocolors.createColors(false);
const time = new Date(2026, 0, 1, 12, 3, 4).getTime();

describe("the log of mpreg start, for people", () => {
  test("a line has the time, the level, the message and what goes with it", () => {
    const reason = { code: "transport", reason: "connection reset" };
    const line = {
      level: 30,
      time,
      node: "a",
      nodeId: "00ff",
      name: "beta",
      urls: ["ws://b:1"],
      reason,
      msg: "node lost",
    };
    expect(logText(JSON.stringify(line), plain)).toBe(
      '12:03:04 info node lost name=beta urls=ws://b:1 reason="connection reset"',
    );
  });

  test("an error's stack follows, and nothing in it commands the terminal", () => {
    const line = {
      level: 50,
      time,
      msg: "stray",
      err: { message: "x", stack: "Error: x\u001b[2J\n    at f (a.mjs:1:1)" },
    };
    expect(logText(JSON.stringify(line), plain).split("\n")).toEqual([
      "12:03:04 error stray",
      "  Error: x\\u001b[2J",
      "      at f (a.mjs:1:1)",
    ]);
  });
});
