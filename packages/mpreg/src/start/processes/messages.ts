/** Messages between the process that watches over others and those. */
import type { Ready } from "../ready.js";

/** Asks a process to end. */
export const stopMessage = "stop";

/** What the first process says when its node listens: its settings are right, so the others may start. */
export const listeningMessage = "listening";

/** Whether a process says that it is ready. */
export function isReady(message: unknown): message is Ready {
  return typeof message === "object" && message !== null && (message as Partial<Ready>).event === "ready";
}
