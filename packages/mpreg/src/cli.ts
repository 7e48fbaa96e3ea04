/**
 * The `mpreg` command: from arguments to an exit code. What there is to type is `program.ts`.
 *
 * (M1) Whatever happens, the result is one of three codes: 0 done, 1 failed, 2 not understood (`failure.ts`).
 * (M2) A failure is one message on stderr; with `--json` one line of JSON.
 * (M3) The process ends by itself, once nothing is open any more, so that all output gets out.
 * (M4) Output that could not be written is a failure. A reader that has gone away, as in `mpreg functions | head -1`, knows
 *      that itself: nothing is said, and the exit code is 1.
 */
import { type Command, CommanderError } from "commander";
import { type ExitCode, type Failure, failureOf } from "./failure.js";
import { buildProgram } from "./program.js";
import { failureJson, failureText } from "./render/failure.js";
import { OutputError, type Terminal, openTerminal } from "./terminal.js";

/** Runs the command that `argv` (without program names) spells, and answers its exit code, which is also set. */
export async function main(argv: readonly string[]): Promise<number> {
  const exitCode = await run(argv, openTerminal());
  process.exitCode = exitCode; // (M3)
  return exitCode;
}

async function run(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const program = buildProgram(terminal);
  try {
    const exitCode = await parsed(program, argv);
    await terminal.stdout.written();
    return exitCode;
  } catch (error) {
    if (error instanceof OutputError && error.isReaderGone) return 1; // (M4)
    return report(failureOf(error, typedCommand(program, argv)), argv, terminal);
  }
}

/** The command that was typed, with that below it where it has some: `bench topics`. */
function typedCommand({ commands }: Command, [first, second]: readonly string[]): string | undefined {
  const command = commands.find((each) => each.name() === first);
  const below = command?.commands.find((each) => each.name() === second);
  return below === undefined ? command?.name() : `${command?.name()} ${below.name()}`;
}

/** Runs the command, or prints the help or the version that was asked for. */
async function parsed(program: Command, argv: readonly string[]): Promise<ExitCode> {
  try {
    await program.parseAsync(argv, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && saysNothing(error)) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
}

/** Help and version are printed already, also when help is what somebody gets who typed nothing. */
function saysNothing(error: CommanderError): boolean {
  return error.exitCode === 0 || error.code === "commander.help";
}

function report(failure: Failure, argv: readonly string[], { stderr }: Terminal): ExitCode {
  stderr.write(asksForJson(argv) ? failureJson(failure) : failureText(failure, stderr.colours)); // (M2)
  return failure.exitCode; // (M1)
}

/** Looked up here, since arguments that could not be understood may have it too. */
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return (end < 0 ? argv : argv.slice(0, end)).includes("--json");
}
