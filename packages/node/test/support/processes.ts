/**
 * Processes: nodes of their own, which can die.
 *
 * (P1) No process outlives the test that started it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { CreateNodeOptions } from "@mpreg/node";
import { onTestFinished } from "vitest";

const program = fileURLToPath(new URL("node-process.ts", import.meta.url));
const flags = ["--conditions=mpreg-source", "--import", "tsx"];

export interface NodeProcess {
  readonly url: string;
  readonly id: string;
  readonly name: string;
  readonly pid: number;
  /** Sends a signal; STOP and CONT freeze and thaw the process. */
  readonly kill: (signal: NodeJS.Signals) => void;
  /** How it ended, once it has: the exit code, or the signal. */
  readonly exit: Promise<number | NodeJS.Signals | null>;
  /** What it wrote to stderr so far. */
  readonly stderr: () => string;
}

/** The options that can be told to another process. */
export type ProcessOptions = Omit<CreateNodeOptions, "policy" | "log">;

/**
 * A node in a process of its own, with the functions of `node-process.ts`, and what else to tell Node. Rejects with what it
 * wrote when it ends early.
 */
export async function startProcess(
  options: ProcessOptions = {},
  moreFlags: readonly string[] = [],
): Promise<NodeProcess> {
  const child = spawn(process.execPath, [...flags, ...moreFlags, program, JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exit = exitOf(child);
  onTestFinished(async () => {
    child.kill("SIGKILL"); // (P1)
    await exit;
  });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    void exit.then((how) => {
      reject(new Error(`The node ended with ${how}: ${stderr}`));
    });
  });
  const { url, id, name } = JSON.parse(line) as Pick<NodeProcess, "url" | "id" | "name">;
  return { url, id, name, pid: child.pid!, kill: (signal) => child.kill(signal), exit, stderr: () => stderr };
}

function exitOf(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => {
      resolve(code ?? signal);
    });
  });
}
