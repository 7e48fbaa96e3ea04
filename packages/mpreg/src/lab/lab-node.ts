/**
 * Lab node: one `mpreg start` of a lab, from one life to the next. Which there are, and who reaches whom, is `lab.ts`.
 *
 * (N1) Its key lies in its folder: started again, it is the same node.
 * (N2) Whoever does not answer in time is not known, and is asked over a new connection next time.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { extname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Client } from "@mpreg/client";
import type { ClusterInfo } from "@mpreg/core";
import type { Guardian } from "./guardian.js";

export type LabProcess =
  | { readonly kind: "starting"; readonly child: ChildProcess }
  | { readonly kind: "running" | "frozen"; readonly child: ChildProcess; readonly url: string }
  | { readonly kind: "ended"; readonly how: string };

export interface LabNodeOptions {
  readonly name: string;
  /** Where it keeps its key. */
  readonly folder: string;
  readonly profile: string;
  /** Where it reaches the others. */
  readonly peers: readonly string[];
  readonly guardian: Guardian;
  /** It is ready, at the url. */
  readonly onReady: (url: string) => void;
  /** Its process has ended. */
  readonly onEnded: (how: string) => void;
  /** It has logged something. */
  readonly onLogged: (entry: LogEntry) => void;
}

/** A line of the node's log. */
export interface LogEntry {
  readonly level?: number;
  readonly msg?: string;
  /** The node that it is about. */
  readonly name?: string;
}

const command = fileURLToPath(new URL("../../bin/mpreg.mjs", import.meta.url));
/** Beside this file, in the build and in the sources. */
const functions = fileURLToPath(new URL(`functions${extname(import.meta.url)}`, import.meta.url));
const askMsMax = 1_000;
const lastWordsMax = 5;

export class LabNode {
  readonly name: string;
  process: LabProcess = { kind: "ended", how: "not started" };
  /** What it said of the cluster when it was asked last; `undefined` when it has not answered. */
  view: ClusterInfo | undefined;
  readonly #options: LabNodeOptions;
  #client: Client | undefined;
  #ended: Promise<void> = Promise.resolve();
  #lastWords: string[] = [];

  constructor(options: LabNodeOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** Starts a process for it, unless there is one. */
  start(): void {
    if (this.process.kind !== "ended") return;
    const { name, folder, peers, profile, guardian } = this.#options;
    const args = ["start", "--json", "--name", name, "--port", "0", "--advertise", "", "--no-mdns"];
    args.push("--data-dir", join(folder, name), "--resources", name, "--profile", profile, "--module", functions); // (N1)
    for (const peer of peers) args.push("--peers", peer);
    const child = spawn(process.execPath, [...process.execArgv, command, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const { pid } = child;
    if (pid !== undefined) guardian.watch(pid);
    this.#lastWords = [];
    this.process = { kind: "starting", child };
    createInterface({ input: child.stdout }).once("line", (line) => {
      this.#ready(child, line);
    });
    createInterface({ input: child.stderr }).on("line", (line) => {
      this.#logged(line);
    });
    this.#ended = new Promise((resolve) => {
      const end = (how: string): void => {
        if (pid !== undefined) guardian.release(pid);
        this.#gone(how);
        resolve();
      };
      child.once("error", (error) => {
        end(error.message);
      });
      child.once("close", (code, signal) => {
        end(signal ?? `exit code ${code}`);
      });
    });
  }

  /** Ends its process without a word. */
  kill(): void {
    if (this.process.kind !== "ended") this.process.child.kill("SIGKILL");
  }

  /** Stops its process as it is, or lets it go on. */
  freezeOrThaw(): void {
    const { process } = this;
    if (process.kind !== "running" && process.kind !== "frozen") return;
    const isFrozen = process.kind === "frozen";
    process.child.kill(isFrozen ? "SIGCONT" : "SIGSTOP");
    this.process = { ...process, kind: isFrozen ? "running" : "frozen" };
    this.view = undefined;
  }

  /** Ends its process, with a goodbye if it can say one within `ms`. */
  async stop(ms: number): Promise<void> {
    if (this.process.kind === "ended") return;
    const { child } = this.process;
    child.kill(this.process.kind === "frozen" ? "SIGKILL" : "SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), ms);
    await this.#ended;
    clearTimeout(timer);
  }

  /** Asks it how it sees the cluster. (N2) */
  async look(): Promise<void> {
    const { process } = this;
    if (process.kind !== "running") return;
    try {
      const { connect } = await import("@mpreg/client");
      this.#client ??= await connect(process.url, { timeoutMs: askMsMax });
      const view = await this.#client.cluster({ timeoutMs: askMsMax });
      if (this.process === process) this.view = view;
    } catch {
      this.#forget(); // how it answers is what is shown
    }
  }

  #ready(child: ChildProcess, line: string): void {
    const { url } = JSON.parse(line) as { readonly url: string };
    if (this.process.kind !== "starting") return;
    this.process = { kind: "running", child, url };
    this.#options.onReady(url);
  }

  #gone(how: string): void {
    if (this.process.kind === "ended") return;
    const words = this.process.kind === "starting" ? [how, ...this.#lastWords] : [how];
    this.process = { kind: "ended", how };
    this.#forget();
    this.#options.onEnded(words.join("\n  "));
  }

  #forget(): void {
    const client = this.#client;
    this.#client = undefined;
    this.view = undefined;
    void client?.close();
  }

  #logged(line: string): void {
    this.#lastWords = [...this.#lastWords, line].slice(-lastWordsMax);
    try {
      this.#options.onLogged(JSON.parse(line) as LogEntry);
    } catch {
      // not a line of the log: a handler may write to stderr, too
    }
  }
}
