/**
 * File: seeds from a file that is watched.
 *
 * Owns when the file is read; what is in it is `peers-file.ts`.
 *
 * (F1) The file is read every few seconds, however it came to change: notifications of the system only make it sooner.
 *      They are missing on network and overlay file systems, and end when a folder or what a link points to is replaced.
 * (F2) What is read counts once a second look has seen the same, so that a file being written is not taken for whole.
 * (F3) A file that is gone, unreadable or broken takes nothing back; an empty one does.
 */
import { type FSWatcher, watch } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Logger } from "../log.js";
import { nodeUrlsLike } from "../node-url.js";
import { parsePeersFile } from "./peers-file.js";
import { Troubles, reasonOf } from "./troubles.js";
import type { Seeds, Source } from "./types.js";

const fileBytesMax = 1_000_000;
const shownBadMax = 10;

export interface FileTimes {
  /** Longest time until a change is noticed. */
  readonly lookEveryMs: number;
  /** How long a new content has to stay the same. */
  readonly settleMs: number;
}

const defaultTimes: FileTimes = { lookEveryMs: 3_000, settleMs: 100 };

export class FileSource implements Source {
  readonly name: string;
  readonly #path: string;
  readonly #log: Logger;
  readonly #troubles: Troubles;
  readonly #times: FileTimes;
  #seeds: Seeds = () => undefined;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;
  /** The content that has been told. */
  #told: string | undefined;
  /** The content of the last look. */
  #seen: string | undefined;
  #isChanged = false;
  #isClosed = false;

  constructor(path: string, log: Logger, times: FileTimes = defaultTimes) {
    this.name = `file ${path}`;
    this.#path = path;
    this.#log = log;
    this.#troubles = new Troubles(log);
    this.#times = times;
  }

  start(seeds: Seeds): void {
    this.#seeds = seeds;
    this.#begin();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#watcher?.close();
  }

  #begin(): void {
    this.#watch();
    this.#isChanged = false;
    this.#isLooking = true;
    void this.#look().then((isSettled) => {
      this.#isLooking = false;
      if (this.#isClosed) return;
      this.#lookIn(isSettled && !this.#isChanged ? this.#times.lookEveryMs : this.#times.settleMs); // (F1)
    });
  }

  #lookIn(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#begin();
    }, delayMs);
    this.#timer.unref();
  }

  /** Watches the folder, not the file: whatever takes the file's name is then noticed. */
  #watch(): void {
    if (this.#watcher !== undefined) return;
    try {
      const watcher = watch(dirname(this.#path), { persistent: false }, () => {
        if (this.#isChanged) return; // a busy folder does not put the look off
        this.#isChanged = true;
        if (!this.#isLooking && !this.#isClosed) this.#lookIn(this.#times.settleMs);
      });
      watcher.on("error", () => {
        watcher.close();
        this.#watcher = undefined; // tried again at the next look
      });
      this.#watcher = watcher;
    } catch {
      return; // no such folder yet, or no notifications to be had: it is looked at all the same (F1)
    }
  }

  /** True when the file is not just being changed. */
  async #look(): Promise<boolean> {
    let content: string;
    try {
      content = await readSmall(this.#path);
    } catch (error) {
      if (this.#isClosed) return true;
      this.#seen = undefined;
      this.#troubles.tell("file", { file: this.#path, reason: reasonOf(error) }, "peers file not read; trying on"); // (F3)
      return true;
    }
    if (this.#isClosed || content === this.#told) {
      this.#seen = content;
      this.#troubles.over("file");
      return true;
    }
    const isSettled = content === this.#seen;
    this.#seen = content;
    if (isSettled) this.#tell(content); // (F2)
    return isSettled;
  }

  #tell(content: string): void {
    const parsed = parsePeersFile(content);
    if (parsed.kind === "broken") {
      this.#troubles.tell("file", { file: this.#path, reason: parsed.reason }, "peers file not used"); // (F3)
      return;
    }
    this.#troubles.over("file");
    this.#told = content;
    for (const each of parsed.bad.slice(0, shownBadMax)) {
      this.#log.warn({ file: this.#path, ...each }, `peers file: not one of ${nodeUrlsLike}; the others are used`);
    }
    if (parsed.bad.length > shownBadMax)
      this.#log.warn({ file: this.#path, bad: parsed.bad.length }, "peers file: more such entries");
    this.#seeds(parsed.urls);
  }
}

async function readSmall(path: string): Promise<string> {
  const found = await stat(path);
  if (!found.isFile()) throw new Error("it is not a file");
  if (found.size > fileBytesMax) throw new Error(`it has ${found.size} bytes, more than ${fileBytesMax}`);
  return readFile(path, "utf8");
}
