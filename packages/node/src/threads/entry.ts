/**
 * Entry: where a thread begins.
 *
 * It imports nothing before it is called: what a pool loads it may load as CommonJS, and the module with the handler
 * must find the same `context()` that serves it.
 */
import type { ThreadTask } from "./messages.js";

/** Runs a task of the pool. */
export async function runTask(task: ThreadTask): Promise<string | undefined> {
  const { run } = await import("./worker.js");
  return run(task);
}
