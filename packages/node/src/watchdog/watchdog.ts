/**
 * Watchdog: ends this process when the node's event loop is blocked, as an endless loop in a handler does.
 *
 * A blocked node answers nobody, not even that it ends, and keeps links open on which others wait. Dead, it is noticed at
 * once, its calls go elsewhere, and whoever supervises it starts it again.
 *
 * Owns the life of the thread that watches, and what it is shown: a beat of the event loop, and which handler has it.
 *
 * (W1) Neither the thread nor the beat keeps the process alive.
 * (W2) The thread loads nothing of the program: none of what its command line or environment tells Node to load.
 */
import type * as Inspector from "node:inspector";
import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import { context } from "@mpreg/core/handlers";
import type { Logger } from "../log.js";
import { threadStart } from "../threads/start.js";
import { HandlerNote, handlerNoteBytes } from "./handler-note.js";
import { type PlaceText, type WatchdogSetup, placeSymbolName, pulse as at } from "./messages.js";
import { tickMsOf } from "./patience.js";

/** What is watched how. */
export interface WatchdogOptions {
  readonly nodeName: string;
  readonly loopBlockedMsMax: number;
  readonly log: Logger;
}

export class Watchdog {
  /** What the driver tells. */
  readonly note: HandlerNote;
  readonly #worker: Worker;
  readonly #timer: NodeJS.Timeout;

  constructor({ nodeName, loopBlockedMsMax, log }: WatchdogOptions) {
    const memory = new SharedArrayBuffer(handlerNoteBytes);
    const pulse = new Int32Array(new SharedArrayBuffer(at.length * Int32Array.BYTES_PER_ELEMENT));
    this.note = new HandlerNote(memory);
    Object.defineProperty(globalThis, Symbol.for(placeSymbolName), { value: placeJson, configurable: true });
    const isInspected = inspectedNow();
    const beat = (): void => {
      Atomics.add(pulse, at.beats, 1);
      Atomics.store(pulse, at.isInspected, isInspected() ? 1 : 0);
    };
    beat();
    this.#timer = setInterval(beat, tickMsOf(loopBlockedMsMax));
    const workerData: WatchdogSetup = { nodeName, loopBlockedMsMax, pulse, note: memory };
    const { filename, execArgv = [] } = threadStart("watchdog/thread");
    this.#worker = new Worker(filename, { workerData, execArgv, env: {}, name: "mpreg watchdog" }); // (W2)
    this.#worker.on("error", (error) => {
      log.error({ err: error }, "the watchdog has failed: nothing ends this process when its event loop is blocked");
    });
    this.#timer.unref();
    this.#worker.unref(); // (W1)
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#worker.terminate();
  }
}

/** Whose handler's code runs, also after an `await`. */
function placeJson(): string | undefined {
  try {
    const { fun, step, request } = context();
    return JSON.stringify({ fun, step, request } satisfies PlaceText);
  } catch {
    return undefined; // not in a handler
  }
}

/** Tells whether a debugger can be attached to this process, which may then stop it. */
function inspectedNow(): () => boolean {
  if (!process.features.inspector) return () => false;
  const { url } = createRequire(import.meta.url)("node:inspector") as typeof Inspector;
  return () => url() !== undefined;
}
