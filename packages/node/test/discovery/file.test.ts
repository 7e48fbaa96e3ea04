/** A watched file of seeds, in a folder of its own, changed in the ways in which such files are changed. */
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FileSource } from "../../src/discovery/file.js";
import { eventually } from "../support/eventually.js";
import { temporaryFolder } from "../support/folders.js";
import { startLog } from "../support/log.js";
import { type StartedSource, startSource } from "./support.js";

/** Often enough for a test; with notifications alone a change is seen as soon. */
const times = { lookEveryMs: 20, settleMs: 10 };
/** Longer than any test lasts: what is seen is seen by notification. */
const notifiedOnly = { lookEveryMs: 3_600_000, settleMs: 10 };

function startFile(path: string, chosen = times): StartedSource & Pick<ReturnType<typeof startLog>, "lines"> {
  const { log, lines } = startLog("info");
  const started = startSource(new FileSource(path, log, chosen));
  return {
    lines,
    told: started.told,
    get seeds() {
      return started.seeds;
    },
  };
}

async function seedsBecome(source: StartedSource, ...urls: readonly string[]): Promise<void> {
  await eventually(
    `the seeds are ${JSON.stringify(urls)}`,
    () => JSON.stringify(source.seeds) === JSON.stringify(urls),
  );
}

describe("a peers file that is watched", () => {
  test("is read when the node starts and whenever it is written", async () => {
    const path = join(await temporaryFolder(), "peers.txt");
    await writeFile(path, "ws://a:1\n");
    const source = startFile(path);
    await seedsBecome(source, "ws://a:1");
    await writeFile(path, "ws://a:1\nws://b:2\n");
    await seedsBecome(source, "ws://a:1", "ws://b:2");
    await writeFile(path, "# nobody\n");
    await seedsBecome(source);
    expect(source.lines).toEqual([]);
  });

  test.each([
    ["by looking", times],
    ["by notification", notifiedOnly],
  ])("may be replaced by another one with its name: seen %s", async (_how, chosen) => {
    const folder = await temporaryFolder();
    const path = join(folder, "peers.txt");
    await writeFile(path, "ws://a:1");
    const source = startFile(path, chosen);
    await seedsBecome(source, "ws://a:1");
    for (const port of [2, 3]) {
      await writeFile(join(folder, "peers.tmp"), `ws://b:${port}`);
      await rename(join(folder, "peers.tmp"), path);
      await seedsBecome(source, `ws://b:${port}`);
    }
  });

  test("may be a link into a folder that is exchanged, as Kubernetes does it (F1)", async () => {
    const folder = await temporaryFolder();
    const publish = async (version: string, content: string): Promise<void> => {
      await mkdir(join(folder, version));
      await writeFile(join(folder, version, "peers.txt"), content);
      await symlink(version, join(folder, "data.tmp"));
      await rename(join(folder, "data.tmp"), join(folder, "data"));
    };
    await publish("v1", "ws://a:1");
    await symlink(join("data", "peers.txt"), join(folder, "peers.txt"));
    const source = startFile(join(folder, "peers.txt"));
    await seedsBecome(source, "ws://a:1");
    await publish("v2", "ws://b:2");
    await rm(join(folder, "v1"), { recursive: true });
    await seedsBecome(source, "ws://b:2");
  });

  test("may be somewhere that does not exist yet, which is said once (F1)", async () => {
    const folder = join(await temporaryFolder(), "later");
    const path = join(folder, "peers.txt");
    const source = startFile(path);
    const line = { level: 40, file: path, reason: "ENOENT", msg: "peers file not read; trying on" };
    await eventually("its absence is logged", () => source.lines.length > 0);
    await mkdir(folder);
    await writeFile(path, "ws://a:1");
    await seedsBecome(source, "ws://a:1");
    expect(source.lines).toEqual([line]);
    await rm(folder, { recursive: true });
    await eventually("its absence is logged again", () => source.lines.length > 1);
    expect(source.lines[1]).toEqual(line);
    await mkdir(folder);
    await writeFile(path, "ws://b:2");
    await seedsBecome(source, "ws://b:2");
    expect(source.told).toEqual([["ws://a:1"], ["ws://b:2"]]); // its absence took nothing back (F3)
  });

  test("with a bad line has the others, and the log names the line", async () => {
    const path = join(await temporaryFolder(), "peers.txt");
    await writeFile(path, "ws://a:1\n10.0.0.7:9001\n");
    const source = startFile(path);
    await seedsBecome(source, "ws://a:1");
    const msg = "peers file: not one of URLs like ws://127.0.0.1:9001; the others are used";
    expect(source.lines).toEqual([{ level: 40, file: path, line: 2, value: "10.0.0.7:9001", msg }]);
  });

  test("that is half an array takes nothing back, until it is whole (F3)", async () => {
    const path = join(await temporaryFolder(), "peers.json");
    await writeFile(path, '["ws://a:1"]');
    const source = startFile(path);
    await seedsBecome(source, "ws://a:1");
    await writeFile(path, '["ws://a:1", "ws://b');
    await eventually("that it is broken is logged", () => source.lines.length > 0);
    await writeFile(path, '["ws://a:1", "ws://b:2"]');
    await seedsBecome(source, "ws://a:1", "ws://b:2");
    expect(source.told).toHaveLength(2);
    expect(source.lines).toMatchObject([{ file: path, msg: "peers file not used" }]);
  });

  test("is used once a second look has seen the same (F2)", async () => {
    const path = join(await temporaryFolder(), "peers.txt");
    await writeFile(path, "ws://a:1");
    const neverLooksTwice = startFile(path, { lookEveryMs: 1, settleMs: 3_600_000 });
    const looksTwice = startFile(path);
    await seedsBecome(looksTwice, "ws://a:1");
    expect(neverLooksTwice.told).toEqual([]);
  });

  test("that is a folder, or too large, is not read", async () => {
    const folder = await temporaryFolder();
    const source = startFile(folder);
    await eventually("it is told", () => source.lines.length > 0);
    expect(source.lines[0]).toMatchObject({ file: folder, reason: "it is not a file" });
    const large = join(folder, "large.txt");
    await writeFile(large, "#".repeat(1_000_001));
    const other = startFile(large);
    await eventually("it is told", () => other.lines.length > 0);
    expect(other.lines[0]).toMatchObject({ reason: "it has 1000001 bytes, more than 1000000" });
  });

  test("is not looked at after the close", async () => {
    const path = join(await temporaryFolder(), "peers.txt");
    const { log } = startLog("info");
    const source = new FileSource(path, log, times);
    const { told } = startSource(source);
    await source.close();
    await writeFile(path, "ws://a:1");
    const other = startFile(path);
    await seedsBecome(other, "ws://a:1");
    expect(told).toEqual([]);
  });
});
