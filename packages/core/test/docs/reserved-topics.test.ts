/** The guide of topics tells of the reserved ones what their table says. `UPDATE_FIXTURES=1` rewrites it. */
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { reservedTopics } from "../../src/program/index.js";

const guide = new URL("../../../../docs/guides/topics.md", import.meta.url);
const begin = "core/program/reserved-topics.ts -->\n\n";

/** As prettier writes it. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`);
  return [lines[0], `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...lines.slice(1)].join("\n");
}

test("the guide's table of reserved topics is that of the code", () => {
  const rows = Object.values(reservedTopics).map(({ topics, when, payload, told }) => [
    `\`${topics.replaceAll(", ", "`, `")}\``,
    when,
    `\`${payload}\``,
    told,
  ]);
  const expected = table([["topics", "when", "payload", "told"], ...rows]);
  const text = readFileSync(guide, "utf8");
  const start = text.indexOf(begin) + begin.length;
  const end = text.indexOf("\n\n", start);
  if (process.env["UPDATE_FIXTURES"] === "1") {
    writeFileSync(guide, text.slice(0, start) + expected + text.slice(end));
    return;
  }
  expect(text.slice(start, end)).toBe(expected);
});
