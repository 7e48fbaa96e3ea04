/**
 * Channel: what calls need to know of one open link.
 *
 * (X1) An id that the far side asked with stays in `asked` until exactly one answer to it was queued, or the link is
 * gone.
 * (X2) A task stays in `sent` until its answer came, it was cancelled, or the link is gone.
 */
import type { Subject } from "../base/index.js";
import type { Link } from "../link/index.js";
import { IdMap } from "../structures/index.js";
import type { Run } from "./run.js";
import type { Task } from "./task.js";

export class Channel {
  readonly link: Link;
  readonly subject: Subject;
  /** What the far side asked for, by its id. */
  readonly asked: IdMap<Run> = new IdMap();
  /** Steps this node has sent there, by task id. */
  readonly sent: IdMap<Task> = new IdMap();
  /** Clients the far side works for, so that a subject is made once per client and not per step. */
  readonly behalf: Map<string, Subject> = new Map();

  constructor(link: Link, subject: Subject) {
    this.link = link;
    this.subject = subject;
  }
}
