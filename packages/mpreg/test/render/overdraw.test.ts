import { stripVTControlCharacters } from "node:util";
import picocolors from "picocolors";
import { expect, test } from "vitest";
import { overdrawn } from "../../src/render/overdraw.js";

const seen = (text: string): string[] => stripVTControlCharacters(text).split("\n");

test("drawn is only what fits, in both directions (O1) (O2)", () => {
  expect(seen(overdrawn(["REQUEST   STATE", "short", "third"], 3, 10))).toEqual(["REQUEST   ", "short"]);
  expect(seen(overdrawn(["𝒂𝒃𝒄"], 3, 2))).toEqual(["𝒂𝒃"]);
  expect(seen(overdrawn(["as long as it is"], 3, undefined))).toEqual(["as long as it is"]);
});

test("colours take no room, and end where the line is cut (O2)", () => {
  const { dim, red } = picocolors.createColors(true);
  const text = overdrawn([`${dim("HEADING")} ${red("failed")}`], 3, 10);
  expect(seen(text)).toEqual(["HEADING fa"]);
  expect(text).toContain(red("fa"));
});

test("what takes more columns than it has characters does not wrap either (O2)", () => {
  const text = overdrawn(["漢字"], 3, 2);
  expect(text.indexOf("\u001b[?7l")).toBeLessThan(text.indexOf("漢"));
  expect(text.endsWith("\u001b[?7h")).toBe(true);
});
