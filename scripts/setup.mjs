/**
 * Makes a clone ready to run (`npm start`, `npm test` and the others begin here): installs what is missing, builds what is stale.
 *
 * It and what it imports need nothing that has to be installed. It installs exactly the lock file, and only when node_modules differs.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { endWithNpm, isProgram, root, runNpm } from "./run.mjs";

const nodeVersionMin = [20, 19];

function requireNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > nodeVersionMin[0] || (major === nodeVersionMin[0] && minor >= nodeVersionMin[1])) return;
  console.error(`mpreg needs Node ${nodeVersionMin.join(".")} or newer; this is ${process.versions.node}`);
  process.exit(1);
}

function lockedPackages(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages ?? {};
  } catch (error) {
    if (error.code === "ENOENT") return {};
    throw error;
  }
}

/** Whether node_modules holds what package-lock.json asks for. npm records what it installed in a lock file of its own. */
export function isInstalled(folder) {
  const wanted = lockedPackages(join(folder, "package-lock.json"));
  const installed = lockedPackages(join(folder, "node_modules/.package-lock.json"));
  const isSame = (a, b) => a.version === b.version && a.integrity === b.integrity && a.link === b.link;
  return (
    Object.keys(installed).every((path) => wanted[path] !== undefined) &&
    Object.entries(wanted).every(([path, entry]) => {
      if (path === "") return true; // the workspace itself
      const found = installed[path];
      return found === undefined ? entry.optional === true : isSame(entry, found); // optional: other platforms' binaries
    })
  );
}

/** Installs the dependencies of a folder with a package-lock.json, if they are not there. */
export async function install(folder = root) {
  if (isInstalled(folder)) return 0;
  console.error(`Installing dependencies (npm ci${folder === root ? "" : ` in ${folder}`}) …`);
  return runNpm(["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: folder });
}

/** Installs, and builds unless told not to; ends the process when either fails. */
export async function setup({ withBuild = true } = {}) {
  requireNode();
  endWithNpm();
  for (const step of withBuild ? [install, build] : [install]) {
    const exitCode = await step();
    if (exitCode !== 0) process.exit(exitCode);
  }
}

if (isProgram(import.meta.url)) await setup({ withBuild: !process.argv.includes("--no-build") });
