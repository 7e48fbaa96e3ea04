/**
 * Files: why one could not be used, in words.
 */
import { inspect } from "node:util";

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a directory",
  EACCES: "permission denied",
  ENOSPC: "there is no space left on the device",
  EFBIG: "the file would be too large",
};

/** What the system, a parser or somebody's module says, without the system's codes. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === "string" ? error : inspect(error);
  const code = (error as NodeJS.ErrnoException).code;
  return (code === undefined ? undefined : reasons[code]) ?? error.message;
}
