/** Topic channel: a link as topics need it. */
import type { Subject } from "../base/index.js";
import type { Link } from "../link/index.js";

/** A link whose handshake is over, and who is at its far side. */
export interface TopicChannel {
  readonly link: Link;
  readonly subject: Subject;
  /** What waits for the far side to read it. */
  readonly backlogBytes: number;
}
