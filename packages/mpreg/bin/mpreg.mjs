#!/usr/bin/env node
/**
 * The `mpreg` command: finds the program, the program is src/cli.ts.
 *
 * (C1) Installed from npm, it runs the build; nothing else is looked at.
 * (C2) In a clone it runs the build while that is newer than every source, else the sources through tsx: never a stale build.
 *
 * Plain committed JavaScript, so that it exists before anything is built.
 */
import { readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const packageFolder = new URL("../", import.meta.url);

/** The packages whose sources the command consists of, in a clone; none when installed from npm, where no tsconfig.json is. */
function clonedPackages() {
  const isClone = statSync(new URL("tsconfig.json", packageFolder), { throwIfNoEntry: false }) !== undefined;
  return isClone ? ["core", "client", "node", "mpreg"].map((name) => new URL(`../${name}/`, packageFolder)) : [];
}

function modifiedAtMs(url) {
  return statSync(url, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function newestSourceMs(folder) {
  const names = readdirSync(fileURLToPath(new URL("src/", folder)), { recursive: true });
  return Math.max(
    ...names.filter((name) => name.endsWith(".ts")).map((name) => modifiedAtMs(new URL(`src/${name}`, folder))),
  );
}

const isBuildCurrent = (folder) => modifiedAtMs(new URL("dist/.tsbuildinfo", folder)) > newestSourceMs(folder);

/** Lets this process import TypeScript, and every package of the clone from its sources. */
async function useSources() {
  const { register } = await import("node:module");
  const tsx = await import("tsx/esm/api");
  tsx.register();
  const preferSources = `
    export const resolve = (specifier, context, next) =>
      next(specifier, { ...context, conditions: ["mpreg-source", ...context.conditions] });
  `;
  register(`data:text/javascript,${encodeURIComponent(preferSources)}`);
}

async function loadProgram() {
  if (clonedPackages().every(isBuildCurrent)) return import("../dist/cli.js"); // (C1) (C2)
  await useSources();
  return import("../src/cli.ts");
}

const { main } = await loadProgram();
await main(process.argv.slice(2));
