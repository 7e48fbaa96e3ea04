/** The number that outlives its process: what a crash can leave of it, and what happens then. */
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createNode } from "@mpreg/node";
import { expect, test } from "vitest";
import { openCounter } from "../../src/identity/counter.js";
import { startNode } from "../support/cluster.js";
import { failureOf } from "../support/failure.js";
import { temporaryFolder } from "../support/folders.js";

const unexpected = (error: unknown): never => {
  throw error;
};

async function counterFile(content?: string): Promise<string> {
  const path = join(await temporaryFolder(), "incarnation");
  if (content !== undefined) await writeFile(path, content);
  return path;
}

test("a counter without a file begins at 0, and is found again at what it was set to", async () => {
  const path = await counterFile();
  const counter = await openCounter(path);
  expect(counter.value).toBe(0);
  counter.set(7, unexpected);
  await counter.written();
  expect((await openCounter(path)).value).toBe(7);
});

test("of what is set while it writes, the last is on disk in the end (C2)", async () => {
  const path = await counterFile();
  const counter = await openCounter(path);
  for (let value = 1; value <= 100; value++) counter.set(value, unexpected);
  await counter.written();
  expect(await readFile(path, "utf8")).toBe("100\n");
});

test("a write that a crash has torn leaves the old number: it was made beside (C1)", async () => {
  const path = await counterFile("41\n");
  await writeFile(`${path}.new`, "4"); // the beginning of 42
  const counter = await openCounter(path);
  expect(counter.value).toBe(41);
  counter.set(42, unexpected);
  await counter.written();
  expect((await openCounter(path)).value).toBe(42);
});

test.each(["", "seven", "-3", "1.5", "99999999999999999999"])(
  "a file that holds %j is refused by its path: the node would begin anew (C3)",
  async (content) => {
    const path = await counterFile(content);
    expect((await failureOf(openCounter(path))).message).toContain(
      `Cannot read ${path}: it should hold a whole number`,
    );
    expect(await readFile(path, "utf8")).toBe(content);
  },
);

test("a number that cannot be written is told, and the next one is tried again", async () => {
  const path = await counterFile();
  const counter = await openCounter(path);
  await mkdir(`${path}.new`); // where it is written first
  const failures: unknown[] = [];
  counter.set(1, (error) => failures.push(error));
  await counter.written();
  expect(failures).toMatchObject([{ code: "EISDIR" }]);
});

test("a node does not start with an incarnation that cannot be read, and gives its directory back", async () => {
  const dataDir = await temporaryFolder();
  await writeFile(join(dataDir, "incarnation"), "torn");
  expect((await failureOf(createNode({ dataDir }))).message).toContain(join(dataDir, "incarnation"));
  expect(await readdir(dataDir)).not.toContain("node.lock");
  await writeFile(join(dataDir, "incarnation"), "41\n");
  expect((await startNode({ dataDir })).nodes()[0]?.incarnation).toBe(42);
});
