/**
 * Watcher: whoever wants to see requests, be it the far side of a link or the node's own program. What it may see is
 * `watches.ts`.
 */
import type { MpregError, Subject } from "../../base/index.js";
import type { EventSink } from "../events.js";
import type { Run } from "../run.js";

export interface Watcher extends EventSink {
  /** Who it is, for the policy. */
  readonly subject: Subject;
  /** From now on it is told what happens, until its end; `run` ends it before. */
  follow(run: Run): void;
  /** Ends with a value that is told as it is. */
  answeredWith(value: Uint8Array): void;
  failed(error: MpregError): void;
}
