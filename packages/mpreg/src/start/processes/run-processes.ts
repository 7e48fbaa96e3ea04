/**
 * Run processes: the life of `mpreg start --processes`: one process that serves nobody, and watches over those that do.
 *
 * Each of them is a node of its own (`place.ts`), which finds the others by itself. What one does is `run-node.ts`.
 *
 * (W1) It says that it is ready once all are. One that ends before ends them all: what it could not do, it could not do again.
 *      The others start when the first one listens: what is wrong with the settings is said once.
 * (W2) One that dies afterwards is started again, in its place, and the others go on.
 * (W3) Asked to end, it asks all, and ends when the last has. Asked again, or killed, it takes them along at once: none outlives it.
 */
import cluster, { type Worker } from "node:cluster";
import { performance } from "node:perf_hooks";
import type { Logger } from "@mpreg/node";
import { CommandError } from "../../failure.js";
import type { Terminal } from "../../terminal.js";
import { openLog } from "../log.js";
import type { StartSettings } from "../settings.js";
import { Backoff } from "./backoff.js";
import type { Ready } from "../ready.js";
import { isReady, listeningMessage, stopMessage } from "./messages.js";
import { type Place, checkProcesses, environmentOf } from "./place.js";
import { findPorts } from "./ports.js";
import { allReadyJson, allReadyText } from "./ready.js";

export interface Surroundings {
  /** Rejects when this process is asked to end. */
  readonly stop: Promise<never>;
  readonly asJson: boolean;
  readonly terminal: Terminal;
}

/** Runs so many nodes until this process is asked to end; throws what keeps one from starting. */
export async function runProcesses(
  processes: number,
  settings: StartSettings,
  { stop, asJson, terminal: { stdout, stderr } }: Surroundings,
): Promise<void> {
  const { host = "127.0.0.1", port = 0 } = settings.node;
  checkProcesses(processes, settings);
  const { sharedPort, ports } = await findPorts(host, port, processes);
  const log = openLog(settings.log, stderr, asJson);
  const watched = ports.map((_, at) => new Watched({ number: at + 1, sharedPort, ports }, processes, log));
  try {
    const ready = await Promise.race([startAll(watched), stop]);
    stdout.write(asJson ? allReadyJson(ready, sharedPort) : allReadyText(ready, sharedPort, stdout)); // (W1)
    await stdout.written(); // else whoever waits for it would wait for ever
    await stop;
  } finally {
    await Promise.all(watched.map((each) => each.stop()));
  }
}

/** (W1) */
async function startAll([first, ...others]: readonly Watched[]): Promise<readonly Ready[]> {
  if (first === undefined) return [];
  const starting = first.start();
  await Promise.race([first.listens, starting]);
  return Promise.all([starting, ...others.map((each) => each.start())]);
}

/** One process, and who comes in its place. */
class Watched {
  readonly #place: Place;
  readonly #of: number;
  readonly #log: Logger;
  readonly #backoff = new Backoff();
  #worker: Worker | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStopping = false;
  #onEnded: () => void = () => undefined;
  #onListening: () => void = () => undefined;
  /** Is fulfilled when its node listens. */
  readonly listens: Promise<void> = new Promise((resolve) => (this.#onListening = resolve));

  constructor(place: Place, of: number, log: Logger) {
    this.#place = place;
    this.#of = of;
    this.#log = log;
  }

  /** Resolves when it is ready; rejects when it ends before. (W1) */
  start(): Promise<Ready> {
    return new Promise((resolve, reject) => {
      const { number } = this.#place;
      this.#fork(resolve, (how, exitCode) => {
        const message = `Process ${number} of ${this.#of} could not start: it ended with ${how}`;
        reject(new CommandError(exitCode, `${message}; what it said is above`));
      });
    });
  }

  /** Resolves when it has ended, having been asked to. (W3) */
  stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#timer);
    const worker = this.#worker;
    if (worker === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEnded = resolve;
      if (worker.isConnected()) worker.send(stopMessage);
    });
  }

  #fork(onReady: (ready: Ready) => void, onFailed?: (how: string, exitCode: 1 | 2) => void): void {
    const startedMs = performance.now();
    const worker = cluster.fork(environmentOf(this.#place));
    this.#worker = worker;
    let isReadyYet = false;
    worker.on("message", (message: unknown) => {
      if (message === listeningMessage) this.#onListening();
      if (!isReady(message)) return;
      isReadyYet = true;
      onReady(message);
    });
    worker.on("error", (error) => {
      this.#log.error({ process: this.#place.number, err: error }, "cannot speak with a process");
      if (worker.process.pid === undefined) ended("no process", 1); // then no exit follows
    });
    worker.process.once("exit", (code, signal) => {
      ended(signal ?? `exit code ${String(code)}`, code === 2 ? 2 : 1);
    });
    const ended = (how: string, exitCode: 1 | 2): void => {
      this.#worker = undefined;
      if (this.#isStopping) return this.#onEnded();
      if (!isReadyYet && onFailed !== undefined) return onFailed(how, exitCode);
      this.#again(how, performance.now() - startedMs);
    };
  }

  /** (W2) */
  #again(how: string, ranMs: number): void {
    const { number } = this.#place;
    const delayMs = this.#backoff.after(ranMs);
    this.#log.warn({ process: number, ended: how, delayMs }, "a process has ended: it is started again");
    this.#timer = setTimeout(() => {
      this.#fork(({ id, url }) => {
        this.#log.info({ process: number, id, url }, "a process runs again");
      });
    }, delayMs);
  }
}
