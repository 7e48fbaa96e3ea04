/** Removes everything that the build makes. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { packageFolders } from "./build.mjs";
import { root } from "./run.mjs";

for (const folder of packageFolders()) rmSync(join(root, folder, "dist"), { recursive: true, force: true });
