import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { type StoreOwner, text } from "../../../core/test/journal/store-owner.js";
import { newFolder, openStore } from "./stores.js";

const writer = fileURLToPath(new URL("writer.ts", import.meta.url));

/** Writes from batch `first` until it has told that some are persisted, and a little more; answers the last it told of. */
async function writeUntilKilled(dataDir: string, first: number, more: number): Promise<number> {
  const flags = ["--conditions=mpreg-source", "--import", "tsx", writer, dataDir, String(first)];
  const child: ChildProcess = spawn(process.execPath, flags, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const exited = new Promise((resolve) => child.once("exit", resolve));
  let persisted = 0;
  let lines = 0;
  for await (const line of createInterface({ input: child.stdout! })) {
    const [what, upTo] = line.split(" ");
    if (what === "persisted") persisted = Number(upTo);
    else expect(what).toBe("open");
    if (++lines === more) child.kill("SIGKILL");
  }
  await exited;
  expect(child.signalCode).toBe("SIGKILL");
  return persisted;
}

/** The numbers of the batches whose puts are there. */
function numbersIn(owner: StoreOwner, table: string): number[] {
  return owner.store.range(table, { limit: 100_000 }).map(({ key }) => Number(text(key)));
}

test("a process is killed again and again while it writes: what it was told to be persisted is there, whole and in order", async () => {
  const folder = await newFolder();
  onTestFinished(folder.remove);
  let next = 1;
  for (let round = 0; round < 10; round++) {
    const persisted = await writeUntilKilled(folder.path, next, 4 + 9 * round);
    const { owner } = await openStore(folder.path); // its lock is free at once
    const numbers = numbersIn(owner, "a");
    const last = numbers.at(-1) ?? 0;
    expect(last).toBeGreaterThanOrEqual(persisted);
    expect(numbers).toEqual(Array.from({ length: Math.min(last, 100) }, (_, at) => Math.max(last - 100, 0) + 1 + at));
    expect(numbersIn(owner, "b")).toEqual(numbers);
    await owner.close();
    next = last + 1;
  }
}, 120_000);
