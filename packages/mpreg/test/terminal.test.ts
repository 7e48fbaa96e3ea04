import { execFile } from "node:child_process";
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { temporaryFolder } from "./processes.js";

const program = fileURLToPath(new URL("resolve.ts", import.meta.url));

test("a package that is a symbolic link, as in a workspace, is found where it is, also with pipes as output (T3)", async () => {
  const folder = realpathSync(temporaryFolder());
  mkdirSync(join(folder, "real"));
  const [first, real] = [join(folder, "first.cjs"), join(folder, "real", "index.cjs")];
  for (const path of [first, real]) writeFileSync(path, "");
  symlinkSync(join(folder, "real"), join(folder, "linked"));
  const args = ["--conditions=mpreg-source", "--import", "tsx", program, first, join(folder, "linked", "index.cjs")];
  const { stdout } = await promisify(execFile)(process.execPath, args); // pipes
  expect(stdout).toBe(`${first}\n${real}\n`);
});
