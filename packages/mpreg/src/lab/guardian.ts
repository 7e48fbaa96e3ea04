/**
 * Guardian: a process that ends what a lab has started when the lab is gone, however it went.
 *
 * A killed lab can tell nobody, and a frozen node takes no notice that its lab is gone. But the guardian's stdin closes.
 *
 * (G1) Every process that was named and not taken back is killed, and the folder removed, once stdin has closed.
 * (G2) What a terminal sends to everybody in it does not end the guardian.
 */
import { type ChildProcess, spawn } from "node:child_process";

const program = `
  const { createInterface } = require("node:readline");
  const { rmSync } = require("node:fs");
  const named = new Set();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => undefined);
  createInterface({ input: process.stdin })
    .on("line", (line) => (line[0] === "+" ? named.add(Number(line.slice(1))) : named.delete(Number(line.slice(1)))))
    .on("close", () => {
      for (const pid of named) try { process.kill(pid, "SIGKILL"); } catch { /* it has ended already */ }
      rmSync(process.argv[1], { recursive: true, force: true, maxRetries: 5 });
    });
`;

export class Guardian {
  readonly #process: ChildProcess;

  constructor(folder: string) {
    this.#process = spawn(process.execPath, ["-e", program, folder], { stdio: ["pipe", "ignore", "ignore"] });
    this.#process.stdin?.on("error", () => undefined); // it is gone: nobody else can watch
  }

  /** The process is to end with this one. */
  watch(pid: number): void {
    this.#process.stdin?.write(`+${pid}\n`); // (G1)
  }

  /** The process has ended: its number may be somebody else's soon. */
  release(pid: number): void {
    this.#process.stdin?.write(`-${pid}\n`);
  }

  /** Ends whatever is still there, and the guardian. */
  async close(): Promise<void> {
    const { exitCode, signalCode } = this.#process;
    if (exitCode !== null || signalCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.stdin?.end();
    await ended;
  }
}
