/**
 * Counter: a number in a file that survives restarts and crashes.
 *
 * (C1) The file holds the old number or the new one, never a part of one: it is written beside, synced and renamed.
 * (C2) Numbers set while one is being written are written after it, the last one only.
 * (C3) A file that cannot be read as a number is an error: guessing low would let others believe in an older run.
 */
import { open, readFile, rename } from "node:fs/promises";
import { MpregError } from "@mpreg/core/base";

export interface Counter {
  /** The number found when it was opened; 0 when there was no file. */
  readonly value: number;
  /** Writes the number as soon as the disk takes it; `onFailure` hears when it does not. */
  set(value: number, onFailure: (error: unknown) => void): void;
  /** Resolves when all that was set is on disk, or has failed. */
  written(): Promise<void>;
}

export async function openCounter(path: string): Promise<Counter> {
  const value = await read(path);
  let wanted = value;
  let onDisk = value;
  let writing: Promise<void> | undefined;
  const writeAll = async (onFailure: (error: unknown) => void): Promise<void> => {
    try {
      while (onDisk !== wanted) {
        const next = wanted; // (C2)
        await write(path, next);
        onDisk = next;
      }
    } catch (error) {
      onFailure(error);
    } finally {
      writing = undefined;
    }
  };
  return {
    value,
    set: (next, onFailure) => {
      wanted = next;
      writing ??= writeAll(onFailure);
    },
    written: async () => {
      await writing;
    },
  };
}

async function read(path: string): Promise<number> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "0";
    throw error;
  });
  const value = Number(text);
  if (/^\d+\s*$/u.test(text) && Number.isSafeInteger(value)) return value;
  const message = `Cannot read ${path}: it should hold a whole number; without it the node starts anew when it is removed`;
  throw new MpregError("invalid-argument", message); // (C3)
}

/** (C1) */
async function write(path: string, value: number): Promise<void> {
  const beside = `${path}.new`;
  const file = await open(beside, "w", 0o600);
  try {
    await file.writeFile(`${value}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
}
