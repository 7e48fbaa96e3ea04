/** What is left of a store: told, and neither opened nor taken for a new one. */
import { spawn } from "node:child_process";
import { copyFile, mkdir, open, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { MpregError } from "@mpreg/core/base";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { StoreOwner, bytes, content, put } from "../../../core/test/journal/store-owner.js";
import { damageOf } from "../../src/storage/lmdb-file.js";
import { checkStore } from "../../src/storage/lmdb-state.js";
import { openLmdbStore } from "../../src/storage/lmdb-store.js";
import { type Folder, newFolder, openStore } from "./stores.js";

const pageBytes = 4_096;
const remedy = /Restore the folder .* from a copy, or move it away to begin anew without what it held$/;

interface Made extends Folder {
  readonly data: string;
  readonly state: string;
  readonly lock: string;
}

async function emptyFolder(): Promise<Made> {
  const folder = await newFolder();
  onTestFinished(folder.remove);
  await mkdir(join(folder.path, "store"));
  const path = (name: string): string => join(folder.path, "store", name);
  return { ...folder, data: path("data.mdb"), state: path("state"), lock: path("lock.mdb") };
}

/** A store that holds something, closed. */
async function madeStore(): Promise<Made> {
  const made = await emptyFolder();
  const { owner } = await openStore(made.path);
  await owner.done([put("k", "v")]);
  await owner.close();
  return made;
}

/** What is in table `a`, or why the store is not opened. */
async function opened(dataDir: string): Promise<readonly string[] | MpregError> {
  const owner = new StoreOwner();
  try {
    owner.store = await openLmdbStore({ dataDir, tables: ["a", "b"], events: owner });
  } catch (error) {
    return error as MpregError;
  }
  const found = content(owner.store, "a");
  await owner.close();
  return found;
}

async function refused(dataDir: string): Promise<string> {
  const error = (await opened(dataDir)) as MpregError;
  expect(error).toMatchObject({ code: "storage-failed", outcome: "not-applied" });
  expect(error.message).toMatch(remedy);
  return error.message;
}

describe("a file that was cut off", () => {
  /** A store of some hundred pages: large values, what was deleted since, and a tree of more than one level. */
  let original: Folder;
  let whole: readonly string[];
  let file = "";
  beforeAll(async () => {
    original = await newFolder();
    const { owner } = await openStore(original.path);
    const key = (number: number): string => `key ${String(number).padStart(6, "0")}`;
    for (let round = 0; round < 6; round++) {
      const numbers = Array.from({ length: 100 }, (_, at) => round * 100 + at);
      await owner.done(numbers.map((number) => put(key(number), `${number}`.repeat(number % 10 === 0 ? 3_000 : 20))));
      if (round === 2) await owner.done([{ kind: "delete-range", table: "a", from: undefined, to: undefined }]);
    }
    whole = content(owner.store, "a");
    await owner.close();
    file = join(original.path, "store", "data.mdb");
    return original.remove;
  });

  test("is not opened, wherever it was cut, if it lacks anything that it held; else all of that is there (B1)", async () => {
    const { size } = await stat(file);
    const ends: string[] = [];
    for (let left = 1; left < size; left += left % pageBytes === 0 ? 1_000 : pageBytes - (left % pageBytes)) {
      const copy = await emptyFolder();
      await copyFile(file, copy.data);
      await truncate(copy.data, left);
      const end = await opened(copy.path);
      if (Array.isArray(end)) expect(end, `of ${left} bytes`).toEqual(whole);
      else {
        expect(end, `of ${left} bytes`).toMatchObject({ code: "storage-failed", outcome: "not-applied" });
        expect((end as MpregError).message).toMatch(/data\.mdb was cut off: it has \d+ bytes, and had at least \d+/);
      }
      ends.push(Array.isArray(end) ? "whole" : "cut");
      await copy.remove();
    }
    expect(size / pageBytes).toBeGreaterThan(50);
    expect(ends.filter((end) => end === "cut").length).toBeGreaterThan(20);
    expect(ends.join(" ")).toMatch(/^cut( cut)*( whole)*$/);
  }, 60_000);

  test("is opened where only pages are missing that nothing leads to: LMDB does not write them (B1)", async () => {
    const made = await emptyFolder();
    const { owner } = await openStore(made.path);
    await owner.done([put("k", "v")]);
    await owner.done([put("large", "x".repeat(20 * pageBytes))]);
    await owner.done([{ kind: "delete", table: "a", key: bytes("large") }]);
    for (let round = 0; round < 3; round++) await owner.done([put("k", `${round}`)]);
    await owner.close();
    const { size } = await stat(made.data);
    await truncate(made.data, size - 5 * pageBytes);
    expect(await opened(made.path)).toEqual(["k=2"]);
  });

  test("ends no process: it is told why (a real one)", async () => {
    const made = await madeStore();
    await truncate(made.data, 3 * pageBytes);
    const writer = fileURLToPath(new URL("writer.ts", import.meta.url));
    const child = spawn(process.execPath, ["--conditions=mpreg-source", "--import", "tsx", writer, made.path], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const exited = new Promise((resolve) => child.once("exit", resolve));
    const told = await textOf(child.stderr);
    await exited;
    expect([child.signalCode, child.exitCode]).toEqual([null, 1]);
    expect(told).toMatch(/Cannot open the store in .*data\.mdb was cut off/);
  }, 30_000);
});

describe("what was a store", () => {
  test("and is an empty file now, is not opened as a new one (K2)", async () => {
    const made = await madeStore();
    await truncate(made.data, 0);
    for (let attempt = 0; attempt < 2; attempt++)
      expect(await refused(made.path)).toMatch(/data\.mdb is empty: 0 bytes/);
    expect((await stat(made.data)).size).toBe(0); // left as it is
  });

  test("and whose file is gone, is not opened as a new one (K2)", async () => {
    const made = await madeStore();
    await rm(made.data);
    await rm(made.lock);
    expect(await refused(made.path)).toMatch(/data\.mdb is missing, and the store was made before/);
  });

  test("is not opened where one of its first two pages is damaged (B2)", async () => {
    for (const page of [0, 1]) {
      const made = await madeStore();
      const file = await open(made.data, "r+");
      await file.write(Buffer.alloc(64), 0, 64, page * pageBytes);
      await file.close();
      expect(await refused(made.path)).toMatch(/data\.mdb is no database/);
    }
  });

  test("is opened again once it is restored from a copy", async () => {
    const made = await madeStore();
    const copy = await readFile(made.data);
    await truncate(made.data, pageBytes);
    await refused(made.path);
    await writeFile(made.data, copy);
    expect(await opened(made.path)).toEqual(["k=v"]);
  });

  test("begins anew where its folder was moved away, and is a store from then on", async () => {
    const made = await madeStore();
    await rm(join(made.path, "store"), { recursive: true });
    expect(await opened(made.path)).toEqual([]);
    expect(await readFile(made.state, "utf8")).toBe("made\n");
  });
});

describe("a store that was being made when its process ended", () => {
  test.each<readonly [string, (made: Made) => Promise<void>]>([
    ["before LMDB had its file", () => Promise.resolve()],
    ["before LMDB had written to it", ({ data }) => writeFile(data, "")],
    ["and whose disk has kept a part of that", ({ data }) => writeFile(data, Buffer.alloc(pageBytes))],
    ["once LMDB had written it", async ({ data }) => copyFile((await madeStore()).data, data)],
  ])("is made: %s (K3)", async (_name, left) => {
    const made = await emptyFolder();
    await writeFile(made.state, "making\n");
    await left(made);
    expect(await opened(made.path)).toEqual(expect.any(Array));
    expect(await readFile(made.state, "utf8")).toBe("made\n");
    await truncate(made.data, 0);
    await refused(made.path);
  });

  test("is known to be that before LMDB has its file, and until that is there (K1)", async () => {
    const made = await emptyFolder();
    await writeFile(`${made.state}.new`, "mak"); // of one that has ended in the middle of that
    await checkStore(join(made.path, "store"));
    expect(await readFile(made.state, "utf8")).toBe("making\n");
    const opened = await checkStore(join(made.path, "store"));
    await copyFile((await madeStore()).data, made.data);
    expect(await readFile(made.state, "utf8")).toBe("making\n");
    await opened();
    expect(await readFile(made.state, "utf8")).toBe("made\n");
  });
});

describe("a store of an older version, which says nothing of itself", () => {
  test("is opened, and says it from then on (K4)", async () => {
    const made = await madeStore();
    await rm(made.state);
    expect(await opened(made.path)).toEqual(["k=v"]);
    await truncate(made.data, 0);
    await refused(made.path);
  });

  test("is not taken for a new one where its file is empty, or gone (K4)", async () => {
    const made = await madeStore();
    await rm(made.state);
    await truncate(made.data, 0);
    await refused(made.path);
    await rm(made.data);
    await refused(made.path); // LMDB's lock is there
    await rm(made.lock);
    expect(await opened(made.path)).toEqual([]);
  });
});

test("nothing is said of a file that is whole, however it was written", async () => {
  const made = await madeStore();
  for (let round = 0; round < 30; round++) {
    const { owner } = await openStore(made.path);
    const size = (round * 7_919) % 30_000;
    await owner.done([put(`${round % 5}`, "x".repeat(size)), put(`${(round + 2) % 5}`, "y".repeat(size / 3))]);
    await owner.done([{ kind: "delete", table: "a", key: bytes(`${(round * 3) % 5}`) }]);
    await owner.close();
    const file = await open(made.data, "r");
    expect(await damageOf(file)).toBeUndefined();
    await file.close();
  }
});
