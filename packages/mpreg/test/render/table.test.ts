import picocolors from "picocolors";
import { describe, expect, test } from "vitest";
import { tableText } from "../../src/render/table.js";

const plain = picocolors.createColors(false);
const columns = [
  { heading: "NAME", gives: true },
  { heading: "COUNT", align: "right" as const },
  { heading: "RESOURCES", gives: true },
];

describe("tables", () => {
  test("without a terminal a row is a line, however long (B2)", () => {
    const rows = [
      ["alpha", "7", "gpu, ".repeat(40).trim()],
      ["b", "12", ""],
    ];
    const lines = tableText(columns, rows, { columns: undefined, colours: plain }).split("\n");
    expect(lines).toEqual([
      "NAME   COUNT  RESOURCES", //
      `alpha      7  ${"gpu, ".repeat(40).trim()}`,
      "b         12",
    ]);
  });

  test("on a narrow terminal the columns that may are wrapped between words, and nothing is lost (B1)", () => {
    const rows = [
      ["a-name-without-any-space-in-it", "7", "gpu, cpu, dataset-one, dataset-two"],
      ["b", "12", "gpu"],
    ];
    const text = tableText(columns, rows, { columns: 40, colours: plain });
    expect(text).toBe(
      [
        "NAME             COUNT  RESOURCES",
        "a-name-without-      7  gpu, cpu,",
        "any-space-in-it         dataset-one,",
        "                        dataset-two",
        "b                   12  gpu",
      ].join("\n"),
    );
  });

  test("wide characters take their width", () => {
    const rows = [
      ["世界", "1", "x"],
      ["ab", "2", "y"],
    ];
    const lines = tableText(columns, rows, { columns: 80, colours: plain }).split("\n");
    expect(lines).toEqual(["NAME  COUNT  RESOURCES", "世界      1  x", "ab        2  y"]);
  });

  test("only headings are coloured, and names cannot bring colours of their own", () => {
    const text = tableText(columns, [["\u001b[31mred", "1", ""]], {
      columns: 80,
      colours: picocolors.createColors(true),
    });
    const [heading, row] = text.split("\n");
    expect(heading).toContain("\u001b[2mNAME");
    expect(row).toBe("\\u001b[31mred      1");
  });
});
