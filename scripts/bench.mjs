/** `npm run bench`: prepares the clone and bench/ (which has dependencies of its own: the peers), then measures. Arguments go to bench/run.mjs. */
import { join } from "node:path";
import { root, runNode } from "./run.mjs";
import { install, setup } from "./setup.mjs";

await setup();
const folder = join(root, "bench");
const exitCode = await install(folder);
process.exitCode = exitCode === 0 ? await runNode("run.mjs", process.argv.slice(2), { cwd: folder }) : exitCode;
