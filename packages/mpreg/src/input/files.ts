/**
 * Files: why one could not be used, in words.
 */
import { resolve } from "node:path";

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a directory",
  EACCES: "permission denied",
};

/** What the system, a parser or somebody's module says, without the system's codes. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as NodeJS.ErrnoException).code;
  return (code === undefined ? undefined : reasons[code]) ?? error.message;
}

/** The absolute path of what is named relative to `folder`. */
export function pathIn(folder: string, path: string): string {
  return resolve(folder, path);
}
