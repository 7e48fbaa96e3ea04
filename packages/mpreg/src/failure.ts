/**
 * Failures: what became of a command that did not do what it was asked to, whoever says so.
 *
 * (F1) Exit code 2 is for what was typed: options, URLs, files that are not what they should be. Everything that is
 *      refused or breaks later is 1.
 */
import { fileURLToPath } from "node:url";
import { type ErrorCode, MpregError, type Outcome } from "@mpreg/core/base";
import { CommanderError } from "commander";
import { OutputError } from "./terminal.js";

export type ExitCode = 0 | 1 | 2;

/** A failure that a command itself finds. */
export class CommandError extends Error {
  override readonly name: string = "CommandError";
  readonly exitCode: 1 | 2;
  readonly code: ErrorCode;

  constructor(exitCode: 1 | 2, message: string, cause?: unknown, code: ErrorCode = "invalid-argument") {
    super(message, cause === undefined ? undefined : { cause });
    this.exitCode = exitCode;
    this.code = code;
  }
}

/** What was typed cannot be meant: exit code 2. */
export function usageError(message: string): CommandError {
  return new CommandError(2, message);
}

/** What is told about a failure. */
export interface Failure {
  readonly exitCode: 1 | 2;
  /** `output`: what was to be shown could not be written; `internal`: a mistake of ours. */
  readonly code: ErrorCode | "internal" | "output";
  readonly message: string;
  readonly step?: string | undefined;
  readonly node?: string | undefined;
  /** Id of the request, for `mpreg trace`. */
  readonly request?: string | undefined;
  /** Known for what a node was asked to do. */
  readonly outcome?: Outcome | undefined;
  /** What to do about it. Only for people. */
  readonly hint?: string | undefined;
  /** Where it comes from: the lines of a stack, of the user's code, or of ours if the mistake is ours. Only for people. */
  readonly stack?: readonly string[] | undefined;
}

/** Makes a failure of anything thrown. `command` is the one that was typed, where there is such a command. */
export function failureOf(error: unknown, command: string | undefined): Failure {
  const help = `See mpreg ${command === undefined ? "" : `${command} `}--help`;
  if (error instanceof CommanderError) {
    return { exitCode: 2, code: "invalid-argument", message: commanderMessage(error.message), hint: help };
  }
  if (error instanceof CommandError) {
    const { exitCode, code, message, cause } = error;
    const hint = exitCode === 2 ? help : cause instanceof SyntaxError ? "`node --check FILE` shows where" : undefined;
    return { exitCode, code, message, hint, stack: stackOf(cause)?.filter(isOfUser) };
  }
  if (error instanceof MpregError) return failureOfMpreg(error, help);
  if (error instanceof OutputError)
    return { exitCode: 1, code: "output", message: error.message, outcome: error.outcome };
  const message = error instanceof Error ? error.message : String(error);
  return { exitCode: 1, code: "internal", message, stack: stackOf(error) };
}

function failureOfMpreg(error: MpregError, help: string): Failure {
  const { code, message, step, node, request, outcome } = error;
  // What the system complains about was not wrong in itself; what a handler or a node does, has another code. (F1)
  const isUsage = wrongAsWritten.has(code) && error.cause === undefined;
  const hint = isUsage ? help : hintFor(error);
  return { exitCode: isUsage ? 2 : 1, code, message, step, node, request, outcome, hint };
}

const wrongAsWritten: ReadonlySet<ErrorCode> = new Set([
  "invalid-argument",
  "duplicate-step",
  "unknown-reference",
  "cycle",
  "empty-request",
]);

type Hints = readonly (readonly [RegExp, string])[];

function hintFor({ code, message, cause }: MpregError): string | undefined {
  if ((cause as { readonly code?: unknown } | undefined)?.code === "EADDRINUSE") return "`--port 0` takes any free one";
  return hints[code]?.find(([part]) => part.test(message))?.[1];
}

/** What is probably the matter when a connection cannot be made, by what the system says. */
const connectHints: Hints = [
  [/ECONNREFUSED/, "Is a node running there? `mpreg start` starts one; --url or MPREG_URL names another"],
  [/wrong version number/, "It speaks ws:, without TLS"],
  [/socket hang up|ECONNRESET/, "It may speak wss:, with TLS"],
  [/self-signed|unable to (get|verify)/, "--tls-ca FILE names certificates to trust"],
  [/Unexpected server response: (?!403)|Parse Error/, "Something else listens there, not a node of mpreg"],
];

/** What helps at the shell, by what nodes say of queues. */
const hints: Readonly<Partial<Record<ErrorCode, Hints>>> = {
  "not-connected": connectHints,
  "no-provider": [
    [
      /has a disk for it/,
      "`mpreg start --data-dir DIR` starts a node that has one; `--setting durable=false` does without",
    ],
  ],
  "unknown-queue": [
    [
      /^No node has a queue/,
      "`mpreg queue list` shows those that are there, `mpreg nodes --all` nodes that are away; `mpreg queue create` creates one",
    ],
  ],
};

/** `error: unknown option '--prot'⏎(Did you mean --port?)` in one line. */
function commanderMessage(message: string): string {
  return message.replace(/^error: /, "").replace(/\n\(Did you mean ([^]*?)\?\)/, "; did you mean $1?");
}

function stackOf(cause: unknown): readonly string[] | undefined {
  if (!(cause instanceof Error) || cause.stack === undefined) return undefined;
  return cause.stack.split("\n").filter((line) => /^\s+at /.test(line));
}

const notOfUser = ["node:", "data:", "/node_modules/", "/mpreg.mjs:", fileURLToPath(new URL("./", import.meta.url))];

function isOfUser(frame: string): boolean {
  return !notOfUser.some((part) => frame.includes(part));
}
