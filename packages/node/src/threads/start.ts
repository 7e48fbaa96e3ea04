/**
 * Start: where the code of a thread is found, in a package that was built and in the sources of this repository.
 */
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

/** What threads are started with. */
export interface ThreadStart {
  readonly filename: string;
  readonly execArgv?: string[];
}

const isSource = import.meta.url.endsWith(".ts");

/** The file `name` of this folder's parent, as where a thread begins. */
export function threadStart(name: string): ThreadStart {
  const filename = fileURLToPath(new URL(`../${name}${isSource ? ".ts" : ".js"}`, import.meta.url));
  if (!isSource) return { filename };
  // threads of a process that loads TypeScript do not: each has to be told
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx/package.json"));
  const api = new URL("dist/esm/api/index.mjs", tsx).href;
  const code = `import { register } from ${JSON.stringify(api)}; register();`;
  const preload = `data:text/javascript,${encodeURIComponent(code)}`;
  return { filename, execArgv: ["--conditions=mpreg-source", "--import", preload] };
}
