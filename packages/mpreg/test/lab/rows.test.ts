import type { NodeInfo } from "@mpreg/core";
import picocolors from "picocolors";
import { expect, test } from "vitest";
import { rowsOf } from "../../src/lab/rows.js";
import { frame } from "../../src/lab/screen.js";

const info = (name: string, state: NodeInfo["state"], fields: Partial<NodeInfo> = {}): NodeInfo => ({
  id: name,
  name,
  state,
  incarnation: 1,
  forMs: 0,
  urls: [],
  linked: true,
  functions: 2,
  inFlight: 0,
  ...fields,
});

const view = (...nodes: readonly NodeInfo[]) => ({ name: "default", node: nodes[0]?.name ?? "", doubt: 0, nodes });
const child = undefined as never;

const nodes = [
  {
    name: "a",
    process: { kind: "running", child, url: "ws://a" },
    view: view(
      info("a", "self", { incarnation: 3, running: 1 }),
      info("b", "suspect", { running: 2 }),
      info("c", "down"),
    ),
  },
  { name: "b", process: { kind: "frozen", child, url: "ws://b" }, view: undefined },
  { name: "c", process: { kind: "ended", how: "SIGKILL" }, view: undefined },
] as const;

test("a row tells what the node sees and what the others make of it; what nobody has answered is - (R1)", () => {
  const rows = rowsOf(nodes, 1, (name) => (name === "b" ? 1 : 0));
  expect(rows.map(({ name, process, side, sees, seenAs }) => [name, process, side, sees, seenAs])).toEqual([
    ["a", "running", "", "2", "-"],
    ["b", "frozen", "1", "-", "suspect 1"],
    ["c", "ended SIGKILL", "", "-", "down 1"],
  ]);
  expect(rows.map(({ incarnation, running, url }) => [incarnation, running, url])).toEqual([
    ["3", "1", "ws://a"],
    ["1", "2", "ws://b"],
    ["1", "-", "-"],
  ]);
});

test("the table has a row per node, marks the selected one, and has the keys and what happened below", () => {
  const rows = rowsOf(nodes, 1, () => 0);
  const stream = { columns: 120, colours: picocolors.createColors(false) };
  const lines = frame(1_250, rows, ["  +1.0s  c  is killed"], stream);
  expect(lines[0]).toBe("mpreg lab  3 nodes  +1.3s");
  expect(lines.filter((line) => line.startsWith(">"))).toEqual([expect.stringMatching(/^> +b +frozen +- +suspect 1 /)]);
  expect(lines.at(-1)).toBe("  +1.0s  c  is killed");
  expect(lines.some((line) => line.includes("k kill -9"))).toBe(true);
});
