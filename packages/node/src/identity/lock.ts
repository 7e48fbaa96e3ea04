/**
 * Lock: one node per data directory.
 *
 * A lock file holds its owner's process id and the inode of the directory. One whose owner no longer runs is taken over,
 * so that a crash needs no cleaning up.
 *
 * (F1) The file appears with its content: it is made under another name and linked.
 * (F2) Our own process id in a file we did not make is a process of the past: a container's node always has the same.
 * (F3) A lock of another directory was copied with it, and locks nothing.
 * (F4) A process that has ended and was not waited for yet (a zombie) runs no more: its files are closed.
 */
import { link, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { MpregError } from "@mpreg/core/base";

const lockFileName = "node.lock";
const attemptsMax = 5;

/** Lock files of this process. (F2) */
const held = new Set<string>();
let lastDraft = 0;

export interface Lock {
  release(): Promise<void>;
}

/** Takes the lock of `dataDir`. Throws `invalid-argument` while another node has it. */
export async function takeLock(dataDir: string): Promise<Lock> {
  const path = resolve(join(dataDir, lockFileName));
  const draft = `${path}.${process.pid}.${++lastDraft}`;
  const place = String((await stat(dataDir, { bigint: true })).ino);
  await writeFile(draft, `${process.pid} ${place}`, { mode: 0o600, flag: "wx" });
  try {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      if (await linked(draft, path)) {
        held.add(path);
        return { release: () => release(path) };
      }
      const owner = await ownerOf(path);
      if (owner === undefined) continue; // released in the meantime
      const isHere = owner.place === undefined || owner.place === place; // (F3)
      if (held.has(path) || (isHere && owner.pid !== process.pid && (await isRunning(owner.pid)))) {
        throw inUse(dataDir, owner.pid);
      }
      await removeStale(path, owner);
    }
    throw inUse(dataDir, undefined);
  } finally {
    await rm(draft, { force: true });
  }
}

async function release(path: string): Promise<void> {
  if (held.delete(path)) await rm(path, { force: true });
}

/** Gives `draft` its second name; false if the name is taken. (F1) */
async function linked(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** What a lock file says. */
interface Owner {
  readonly text: string;
  readonly pid: number;
  /** The inode of the directory that it locks. */
  readonly place: string | undefined;
}

async function ownerOf(path: string): Promise<Owner | undefined> {
  try {
    const text = await readFile(path, "utf8");
    const [pid, place] = text.trim().split(" ");
    return { text, pid: Number(pid), place };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Removes the lock of a process that is gone, and no other: another one may have been as quick. */
async function removeStale(path: string, owner: Owner): Promise<void> {
  const aside = `${path}.stale.${process.pid}.${++lastDraft}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if ((await ownerOf(aside))?.text !== owner.text) await linked(aside, path);
  await rm(aside, { force: true });
}

function inUse(dataDir: string, owner: number | undefined): MpregError {
  const who = owner === undefined ? "another process" : `process ${owner}`;
  const message = `The data directory ${dataDir} is in use by ${who}: give this node another one, or another name`;
  return new MpregError("invalid-argument", message, { cause: new Error(`lock of ${who}`) });
}

async function isRunning(pid: number): Promise<boolean> {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return !(await hasEnded(pid));
}

/** Whether the process, which still has its id, has ended; false where the system has no /proc to say so. (F4) */
async function hasEnded(pid: number): Promise<boolean> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, "utf8");
    const state = text.charAt(text.lastIndexOf(")") + 2); // behind its name, which may have anything in it
    return state === "Z" || state === "X";
  } catch {
    return false; // there was a process: without better knowledge it runs
  }
}
