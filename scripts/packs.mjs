/**
 * The packages as npm would publish them: `npm pack` of every public package.
 *
 * Whoever packs has built before (setup.mjs): npm packs what lies in dist.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageFolders } from "./build.mjs";
import { root, runNpm } from "./run.mjs";

/** The public packages: `{ folder, manifest }`, folder as a path from the root. */
export function publicPackages() {
  return packageFolders()
    .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) }))
    .filter(({ manifest }) => manifest.private !== true);
}

/** Packs every public package into `into`; resolves to `{ folder, manifest, tarball }` each. */
export async function packAll(into) {
  const packages = publicPackages();
  const args = ["pack", "--json", "--pack-destination", into, ...packages.map(({ folder }) => `./${folder}`)];
  const { exitCode, stdout, output } = await runNpm(args, { capture: true });
  if (exitCode !== 0) throw new Error(`npm pack failed:\n${output}`);
  const packed = Object.values(JSON.parse(stdout));
  return packages.map(({ folder, manifest }) => {
    const tarball = join(into, packed.find(({ name }) => name === manifest.name).filename);
    if (!existsSync(tarball)) throw new Error(`npm pack says it wrote ${tarball}, which does not exist`);
    return { folder, manifest, tarball };
  });
}
