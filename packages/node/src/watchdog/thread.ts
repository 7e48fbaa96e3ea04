/**
 * Thread: watches the event loop of the main thread, and ends the process when that is blocked.
 *
 * (T1) The process ends, whatever becomes of the words about it: the main thread may not answer, and nobody read stderr.
 */
import { write } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { workerData } from "node:worker_threads";
import { requestIdOf } from "@mpreg/core/rpc";
import { HandlerNote } from "./handler-note.js";
import { type PlaceText, type WatchdogSetup, pulse as at } from "./messages.js";
import { obituary } from "./obituary.js";
import { Patience, tickMsOf } from "./patience.js";
import { type StoppedCode, stopCode } from "./stopped-code.js";

/** How long the main thread has to say where it is, and then whoever reads stderr to take what is said of it. */
const wordMsMax = 1_000;

const { nodeName, loopBlockedMsMax, pulse, note } = workerData as WatchdogSetup;
const patience = new Patience();

const timer = setInterval(() => {
  if (!patience.isOver(Atomics.load(pulse, at.beats), Atomics.load(pulse, at.isInspected) === 1)) return;
  clearInterval(timer);
  void end();
}, tickMsOf(loopBlockedMsMax));

async function end(): Promise<void> {
  try {
    const noted = notedPlace();
    const stopped = await Promise.race([askMainThread(), pause(wordMsMax, undefined)]);
    await Promise.race([said(obituary({ nodeName, loopBlockedMsMax, stopped, noted })), pause(wordMsMax)]);
  } finally {
    process.kill(process.pid, "SIGKILL"); // (T1)
  }
}

async function askMainThread(): Promise<StoppedCode | undefined> {
  if (!process.features.inspector) return undefined;
  const { Session } = await import("node:inspector");
  return stopCode(new Session());
}

function notedPlace(): PlaceText | undefined {
  const place = new HandlerNote(note).read();
  return place && { fun: place.fun, step: place.step, request: requestIdOf(place.coordinator, place.request) };
}

/** Resolves when it is written, or cannot be. */
function said(text: string): Promise<void> {
  return new Promise((resolve) => {
    write(2, text, () => {
      resolve();
    });
  });
}
