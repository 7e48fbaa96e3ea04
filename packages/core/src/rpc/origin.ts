/** Origin: on whose behalf something is asked, how deep inside other calls, and what it takes over from them. */
import type { Subject } from "../base/index.js";

export interface AskOrigin {
  readonly caller: Subject;
  readonly depth: number;
  /** Monotonic time at which the caller itself gives up; `Infinity` when only the options bound it. */
  readonly deadlineMs: number;
  /** Number of the client's connection to this node, or to the one it works for; 0 without a client. */
  readonly connection: number;
  /** What its steps have for a priority that ask for none themselves. */
  readonly priority: number | undefined;
}

/** Something that a client asks for itself, over the connection of that number. */
export function clientOrigin(caller: Subject, connection: number): AskOrigin {
  return { caller, depth: 0, deadlineMs: Infinity, connection, priority: undefined };
}
