/** `npm start`: prepares the clone, then runs the main job, the pipeline example, in this very process (signals and exit code are its own). */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./run.mjs";
import { setup } from "./setup.mjs";

await setup();
const program = join(root, "examples/pipeline/main.mjs");
process.argv[1] = program;
await import(pathToFileURL(program).href);
