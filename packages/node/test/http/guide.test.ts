/** The guide's table of metrics is the one that the node answers. `UPDATE_DOCS=1` writes it. */
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { metrics } from "../../src/http/metric-table.js";

const guide = new URL("../../../../docs/guides/observing.md", import.meta.url);

test("docs/guides/observing.md has every metric with its type, labels and meaning, and no other", () => {
  const rows = metrics.map(({ name, type, labels, help }) => [
    `\`${name}\``,
    type,
    labels.map((label) => `\`${label}\``).join(", "),
    help,
  ]);
  const told = readFileSync(guide, "utf8");
  const head = /^\| metric .*\n\| -.*\n(?:\|.*\n)*/m;
  if (process.env.UPDATE_DOCS === "1") {
    const lines = [["metric", "type", "labels", "what"], ["-", "-", "-", "-"], ...rows];
    writeFileSync(guide, told.replace(head, `${lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}\n`));
  }
  const table = head.exec(readFileSync(guide, "utf8"))?.[0] ?? "";
  const found = table
    .trim()
    .split("\n")
    .slice(2)
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  expect(found).toEqual(rows);
});
