/**
 * Folder: a directory that is made where it is not there yet, with those above it.
 *
 * `mkdir` of Node with `recursive` never ends, and keeps a thread busy, where a system says of a folder that it cannot be made since
 * something is not there, while all that is above it is: so does /proc (tried with Node 20.20).
 *
 * (D1) Each folder is tried twice at most: again once the one above it is there.
 */
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** Rejects with the system's error. Folders that are made are their owner's only. */
export async function makeFolder(path: string): Promise<void> {
  if ((await made(path)) === undefined) return;
  await makeFolder(dirname(path)); // which ends: what is above all others is there
  const missing = await made(path); // (D1)
  if (missing !== undefined) throw missing;
}

/** Answers the error where something above it is missing. */
async function made(path: string): Promise<NodeJS.ErrnoException | undefined> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return error as NodeJS.ErrnoException;
    if (!(await isFolder(path))) throw error; // systems differ in what they say of one that is there
  }
  return undefined;
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false, // why it cannot be made is told, not why it cannot be looked at
  );
}
