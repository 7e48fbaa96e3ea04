/** A program that has opened the terminal, and then tells what its two arguments are resolved to as modules, by paths. */
import { createRequire } from "node:module";
import { openTerminal } from "../src/terminal.js";

const { stdout } = openTerminal();
const { resolve } = createRequire(import.meta.url);
for (const path of process.argv.slice(2)) stdout.write(resolve(path));
