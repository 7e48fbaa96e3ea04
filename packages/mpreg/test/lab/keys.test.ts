import { expect, test } from "vitest";
import { parseKeys } from "../../src/lab/keys.js";

test("keys are read one by one, arrows included, and what is none is passed over", () => {
  expect(parseKeys("3k \u001b[A\u001b[Bx\nq\u0003")).toEqual([
    { kind: "select", index: 2 },
    { kind: "kill" },
    { kind: "move", by: -1 },
    { kind: "move", by: 1 },
    { kind: "quit" },
    { kind: "quit" },
  ]);
});
