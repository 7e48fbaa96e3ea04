/**
 * Builds every package into its dist folder (`npm run build`), incrementally.
 *
 * (B1) After a build, dist holds exactly what the sources say: outputs whose source is gone are removed.
 */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isProgram, root, runNode, tool } from "./run.mjs";

/** Folders of the packages, as paths from the root. */
export function packageFolders() {
  return readdirSync(join(root, "packages"))
    .map((name) => join("packages", name))
    .filter((folder) => existsSync(join(root, folder, "package.json")));
}

function removeOrphans() {
  for (const folder of packageFolders()) {
    const dist = join(root, folder, "dist");
    if (!existsSync(dist)) continue;
    for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
      const match = /^(.+?)(\.d)?\.(js|ts)(\.map)?$/.exec(entry.name);
      if (!entry.isFile() || match === null) continue;
      const source = join(entry.parentPath, `${match[1]}.ts`).replace(dist, join(root, folder, "src"));
      if (!existsSync(source)) rmSync(join(entry.parentPath, entry.name)); // (B1)
    }
  }
}

export async function build() {
  const exitCode = await runNode(tool("typescript", "bin/tsc"), ["-b", "tsconfig.build.json"]);
  removeOrphans();
  return exitCode;
}

if (isProgram(import.meta.url)) process.exitCode = await build();
