/**
 * Processes: the real command, run as a user would run it.
 *
 * (P1) No process outlives the test that started it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const command = fileURLToPath(new URL("../bin/mpreg.mjs", import.meta.url));

/** What a finished command leaves. `exitCode` is null when a signal ended it. */
export interface Finished {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Surroundings {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Whoever read the output is gone before there is any. */
  readonly deafened?: boolean;
  /** What takes stdout instead of us, like /dev/full. */
  readonly stdoutPath?: string;
}

/** Runs `mpreg ARGS…` to its end. */
export async function mpreg(
  args: readonly string[],
  { stdin = "", env = {}, deafened = false, stdoutPath }: Surroundings = {},
): Promise<Finished> {
  const child = launch(args, env, { stdoutPath });
  if (deafened) child.stdout!.destroy();
  child.stdin!.end(stdin);
  const [exitCode, stdout, stderr] = await Promise.all([
    ended(child),
    deafened || child.stdout === null ? "" : text(child.stdout),
    text(child.stderr!),
  ]);
  return { exitCode, stdout, stderr };
}

/** A `mpreg start --json` that is ready. */
export interface StartedNode extends Launched {
  readonly url: string;
  readonly id: string;
  readonly name: string;
  /** Where it tells how it is, over HTTP. */
  readonly health: string;
}

/** A command that is on its way. */
export interface Launched {
  readonly pid: number;
  /** The first line of stdout, from the beginning on, that holds `part`. */
  readonly said: (part: string) => Promise<string>;
  /** The first line of stderr, from the beginning on, that holds `part`. */
  readonly told: (part: string) => Promise<string>;
  /** Lines of stdout so far. */
  readonly output: readonly string[];
  readonly exitCode: Promise<number | null>;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Writes to its stdin. */
  readonly type: (text: string) => void;
  /** From here on nobody reads what it writes. */
  readonly deafen: () => void;
}

/** How a process of a node is started. */
export interface Start {
  /** What takes stderr instead of us. */
  readonly stderrPath?: string | undefined;
  /** The program and its arguments that run it: it is given the rest, and ends in it (`exec`). */
  readonly within?: readonly string[] | undefined;
}

/** Runs `mpreg start --json ARGS…` until it is ready. */
export async function startNode(args: readonly string[], how: Start = {}): Promise<StartedNode> {
  const starting = launchNode(args, how);
  const { url, id, name, health } = JSON.parse(await starting.said('"event":"ready"')) as {
    url: string;
    id: string;
    name: string;
    health: string;
  };
  return { url, id, name, health, ...starting };
}

/** The same, without waiting for anything. */
export function launchNode(args: readonly string[], how: Start = {}): Launched {
  return launchCommand(["start", "--json", ...args], how);
}

/** Runs `mpreg ARGS…`, without waiting for anything. */
export function launchCommand(args: readonly string[], how: Start = {}): Launched {
  const child = launch(args, {}, how);
  const exitCode = ended(child);
  const stdout = new Lines(child.stdout!);
  const stderr = child.stderr === null ? undefined : new Lines(child.stderr);
  return {
    pid: child.pid!,
    said: (part) => stdout.find(part),
    told: (part) => stderr!.find(part),
    output: stdout.seen,
    exitCode,
    kill: (signal) => child.kill(signal),
    type: (text) => child.stdin!.write(text),
    deafen: () => {
      child.stdout!.destroy();
      child.stderr?.destroy();
    },
  };
}

/** An empty folder that goes away with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "mpreg-test-"));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

const cleared = { MPREG_URL: undefined, NO_COLOR: undefined, FORCE_COLOR: undefined, XDG_STATE_HOME: "/nonexistent" };

interface Outputs extends Start {
  readonly stdoutPath?: string | undefined;
}

function launch(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  { stdoutPath, stderrPath, within = [] }: Outputs,
): ChildProcess {
  const [stdout, stderr] = [stdoutPath, stderrPath].map((path) => (path === undefined ? "pipe" : openSync(path, "w")));
  const [program, ...given] = [...within, process.execPath, command, ...args];
  const child = spawn(program!, given, {
    env: { ...process.env, ...cleared, ...env },
    stdio: ["pipe", stdout, stderr],
  });
  for (const descriptor of [stdout, stderr]) if (typeof descriptor === "number") closeSync(descriptor);
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL"); // (P1)
    await ended(child);
  });
  return child;
}

function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
}

class Lines {
  readonly seen: string[] = [];
  readonly #searches = new Set<(line: string | undefined) => void>();
  #isAtEnd = false;

  constructor(stream: NodeJS.ReadableStream) {
    const lines = createInterface({ input: stream });
    lines.on("line", (line) => {
      this.seen.push(line);
      for (const search of this.#searches) search(line);
    });
    lines.on("close", () => {
      this.#isAtEnd = true;
      for (const search of this.#searches) search(undefined);
    });
  }

  /** The first line that holds `part`, once it is there. Rejects when the stream ends without. */
  find(part: string): Promise<string> {
    const isWanted = (line: string): boolean => line.includes(part);
    const already = this.seen.find(isWanted);
    if (already !== undefined) return Promise.resolve(already);
    return new Promise((resolve, reject) => {
      const search = (line: string | undefined): void => {
        if (line === undefined) return reject(new Error(`There is no line with ${part} in:\n${this.seen.join("\n")}`));
        if (!isWanted(line)) return;
        this.#searches.delete(search);
        resolve(line);
      };
      if (this.#isAtEnd) search(undefined);
      else this.#searches.add(search);
    });
  }
}
