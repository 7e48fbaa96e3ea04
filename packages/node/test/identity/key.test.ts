/** Who a node is: the key in its data directory, or a new one every time. */
import { generateKeyPairSync } from "node:crypto";
import { chmod, readFile, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createNode } from "@mpreg/node";
import { expect, test } from "vitest";
import { meshed, startNode } from "../support/cluster.js";
import { failureOf, told } from "../support/failure.js";
import { temporaryFolder } from "../support/folders.js";

test("a node without a data directory is somebody new every time", async () => {
  const [first, second] = [await startNode(), await startNode()];
  expect(first.id).toMatch(/^[0-9a-f]{32}$/);
  expect(second.id).toMatch(/^[0-9a-f]{32}$/);
  expect(first.id).not.toBe(second.id);
});

test("a node with a data directory is the same after a restart, and others know it again", async () => {
  const dataDir = join(await temporaryFolder(), "made", "when needed");
  const entry = await startNode({ name: "entry" });
  const before = await startNode({ name: "before", dataDir, peers: [entry.url] });
  await meshed([entry, before]);
  await before.close();
  const after = await startNode({ name: "after", dataDir, peers: [entry.url] });
  expect(after.id).toBe(before.id);
  await meshed([entry, after]);
  expect(entry.nodes().map(({ name }) => name)).toEqual(["entry", "after"]);
});

test.each([
  ["in a folder of the system where nothing can be made", "/proc/mpreg"],
  ["below such a folder", "/proc/mpreg/deep/down"],
  ["below a file", join(import.meta.filename, "below")],
  ["a file", import.meta.filename],
  ["empty", ""],
])("a data directory that cannot be made is refused at once: %s (D1)", async (_what, dataDir) => {
  const error = await failureOf(createNode({ dataDir }));
  expect(error).toMatchObject({ code: "invalid-argument" });
  expect(error.message).toContain(`Cannot use the data directory ${dataDir}`);
});

test("the key is readable by its owner only and never overwritten (K1)", async () => {
  const dataDir = await temporaryFolder();
  await (await startNode({ dataDir })).close();
  const path = join(dataDir, "node-key.pem");
  const [{ mode }, pem] = [await stat(path), await readFile(path, "utf8")];
  expect(mode & 0o777).toBe(0o600);
  expect(pem).toContain("BEGIN PRIVATE KEY");
  await (await startNode({ dataDir })).close();
  expect(await readFile(path, "utf8")).toBe(pem);
  expect(await readdir(dataDir)).toEqual(["incarnation", "node-key.pem", "store"]); // the lock is gone
});

test.each<[string, string, string]>([
  ["not a key at all", "garbage", "it is not a PEM key"],
  ["empty, as a crash can leave it", "", "it is not a PEM key"],
  [
    "of another kind",
    generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    "it is not an ed25519 key",
  ],
])("a key file that is %s is refused by its path, kept, and the directory given back", async (_what, content, why) => {
  const dataDir = await temporaryFolder();
  const path = join(dataDir, "node-key.pem");
  await writeFile(path, content);
  const error = await failureOf(createNode({ dataDir }));
  expect(error.code).toBe("invalid-argument");
  expect(error.message).toContain(path);
  expect(error.message).toContain(why);
  expect(await readFile(path, "utf8")).toBe(content);
  expect(await readdir(dataDir)).toEqual(["node-key.pem"]);
});

test("a data directory that cannot be made or written is refused by its path", async () => {
  const file = join(await temporaryFolder(), "a file");
  await writeFile(file, "");
  expect(told(await failureOf(createNode({ dataDir: join(file, "below") })))).toMatchObject({
    code: "invalid-argument",
    message: `Cannot use the data directory ${join(file, "below")}: ENOTDIR: not a directory, mkdir '${join(file, "below")}'`,
  });
  await chmod(file, 0o600);
});
