/**
 * Program: the commands there are, with their help. Each is defined in its own file under `commands/`.
 */
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { defineBench } from "./commands/bench.js";
import { defineCall } from "./commands/call.js";
import { defineFunctions } from "./commands/functions.js";
import { defineLab } from "./commands/lab.js";
import { defineNodes } from "./commands/nodes.js";
import { definePub } from "./commands/pub.js";
import { defineQueue } from "./commands/queue.js";
import { defineRequests } from "./commands/requests.js";
import { defineRespond } from "./commands/respond.js";
import { defineRun } from "./commands/run.js";
import { defineStart } from "./commands/start.js";
import { defineSub } from "./commands/sub.js";
import { defineTopics } from "./commands/topics.js";
import { defineTrace } from "./commands/trace.js";
import type { Terminal } from "./terminal.js";

/** The parser for one run. It throws what it does not understand; `cli.ts` says it. */
export function buildProgram(terminal: Terminal): Command {
  const program = new Command("mpreg")
    .description("Write functions, not infrastructure: run nodes of a cluster, call its functions.")
    .version(version(), "-v, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    .addHelpText("after", examples)
    .enablePositionalOptions() // `mpreg call f --version "^2"` must not print the version and be done
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        terminal.stdout.write(text.replace(/\n$/, ""));
      },
      writeErr: (text) => {
        terminal.stderr.write(text.replace(/\n$/, ""));
      },
      outputError: () => undefined,
    });
  defineStart(program, terminal);
  defineCall(program, terminal);
  defineRun(program, terminal);
  defineRequests(program, terminal);
  defineTrace(program, terminal);
  definePub(program, terminal);
  defineSub(program, terminal);
  defineRespond(program, terminal);
  defineTopics(program, terminal);
  defineQueue(program, terminal);
  defineNodes(program, terminal);
  defineFunctions(program, terminal);
  defineLab(program, terminal);
  defineBench(program, terminal);
  return program;
}

/** Lies beside src/ and dist/ alike. */
function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return (manifest as { version: string }).version;
}

const examples = `
Examples:
  mpreg start --name primary --resources model-a --module ./functions.mjs
  mpreg start --port 9002 --peers ws://127.0.0.1:9001
  mpreg functions
  mpreg call echo "hi there!"
  mpreg run graph.json --summary
  mpreg sub "orders.#"
  mpreg pub orders.new '{"id":7}'
  mpreg queue send jobs '{"id":7}'

Exit codes: 0 done, 1 failed, 2 not understood. mpreg COMMAND --help tells more.`;
