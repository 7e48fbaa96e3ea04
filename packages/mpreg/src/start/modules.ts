/**
 * Modules: the user's files that put functions on a node.
 *
 * (D1) All are loaded before the node exists: one that is missing or broken opens no port.
 * (D2) They register in the order in which they were given, one after the other.
 */
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import type { Logger, MpregNode } from "@mpreg/node";
import { CommandError } from "../failure.js";
import { reasonOf } from "../input/files.js";
import { waitFor } from "./waiting.js";

export interface LoadedModule {
  readonly path: string;
  readonly register: (node: MpregNode) => unknown;
}

/** Loads the modules with these absolute paths. (D1) */
export async function loadModules(paths: readonly string[], log: Logger): Promise<readonly LoadedModule[]> {
  const loaded: LoadedModule[] = [];
  for (const path of paths) loaded.push(await waitFor(loadModule(path), `the module ${path} to load`, log));
  return loaded;
}

async function loadModule(path: string): Promise<LoadedModule> {
  await readFile(path).catch((error: unknown) => {
    throw new CommandError(1, `Cannot load the module ${path}: ${reasonOf(error)}`); // said better than by import()
  });
  const exported = (await import(pathToFileURL(path).href).catch((error: unknown) => {
    throw new CommandError(1, `Cannot load the module ${path}: ${reasonOf(error)}`, error);
  })) as { readonly register?: unknown };
  const { register } = exported;
  if (typeof register === "function") return { path, register: register as LoadedModule["register"] };
  const message = "it must export a function register(node)";
  throw new CommandError(1, `Cannot load the module ${path}: ${message}`);
}

/** Lets the modules register their functions; waits for those that take their time. (D2) */
export async function registerAll(modules: readonly LoadedModule[], node: MpregNode, log: Logger): Promise<void> {
  for (const { path, register } of modules) {
    const what = `register() of the module ${path}`;
    try {
      await waitFor(Promise.resolve(register(node)), what, log);
    } catch (error) {
      throw new CommandError(1, `${what} failed: ${reasonOf(error)}`, error);
    }
  }
}
