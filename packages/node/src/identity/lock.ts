/**
 * Lock: one process per data directory.
 *
 * A lock file holds its owner's process id. One whose owner no longer runs is taken over, so that a crash needs no
 * cleaning up.
 */
import { open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { MpregError } from "@mpreg/core/base";

const lockFileName = "node.lock";
const attemptsMax = 5;

export interface Lock {
  release(): Promise<void>;
}

export async function takeLock(dataDir: string): Promise<Lock> {
  const path = join(dataDir, lockFileName);
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    try {
      const file = await open(path, "wx", 0o600);
      await file.writeFile(String(process.pid));
      await file.close();
      return { release: () => rm(path, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const owner = Number(await readFile(path, "utf8").catch(() => ""));
    if (owner !== process.pid && !isRunning(owner)) await rm(path, { force: true });
    else throw inUse(dataDir, owner);
  }
  throw inUse(dataDir, undefined);
}

function inUse(dataDir: string, owner: number | undefined): MpregError {
  const who = owner === undefined ? "another process" : `process ${owner}`;
  const message = `The data directory ${dataDir} is in use by ${who}: give this node another one, or another name`;
  return new MpregError("invalid-argument", message);
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
