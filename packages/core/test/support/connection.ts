/**
 * Connection: what a TCP connection is to the two who use it. Frames arrive in order; either direction can be held
 * back, as a slow reader does it, and the whole can be cut, which loses what is on its way.
 */

import { joined, wholeMessages } from "./wire.js";

/** One who uses a connection. */
export interface Endpoint {
  received(frame: Uint8Array): void;
  writable(): void;
  lost(reason: string): void;
}

/** What happens later, in order. */
export type Post = (happen: () => void) => void;

class Direction {
  isHeld = false;
  /** Whether a message of a frame is lost on the way; nothing is, unless a test says so. */
  loses: ((message: Uint8Array) => boolean) | undefined;
  /** Holds itself when so many frames have arrived. */
  holdsAfter = Infinity;
  readonly #post: Post;
  readonly #from: Endpoint;
  readonly #to: Endpoint;
  #waiting: (Uint8Array | "end")[] = [];
  #arrived = 0;
  #over = false;

  constructor(post: Post, from: Endpoint, to: Endpoint) {
    this.#post = post;
    this.#from = from;
    this.#to = to;
  }

  get waitingBytes(): number {
    return this.#waiting.reduce((sum, each) => sum + (each === "end" ? 0 : each.length), 0);
  }

  /** Answers how many bytes wait. */
  push(item: Uint8Array | "end"): number {
    if (this.#over) return 0;
    const { loses } = this;
    if (loses === undefined || item === "end") this.#waiting.push(item);
    else this.#waiting.push(joined(...wholeMessages(item).filter((message) => !loses(message))));
    if (this.isHeld) return this.waitingBytes;
    this.#deliver();
    return 0;
  }

  /** Lets what waits arrive; only the next `frames` of it where that is given. */
  release(frames = Infinity): void {
    this.isHeld = false;
    this.holdsAfter = this.#arrived + frames;
    const { length } = this.#waiting;
    for (let i = 0; i < length; i++) this.#deliver();
    this.#post(() => {
      if (!this.#over) this.#from.writable();
    });
  }

  /** Takes the frames that wait: the test hands them in itself. */
  take(): Uint8Array[] {
    return this.#waiting.splice(0).filter((each) => each !== "end");
  }

  /** Loses what is on its way; the far side hears of it when `isTold`. */
  cut(isTold: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#waiting = [];
    if (isTold)
      this.#post(() => {
        this.#to.lost("the connection was cut");
      });
  }

  #deliver(): void {
    this.#post(() => {
      if (this.#arrived >= this.holdsAfter) this.isHeld = true;
      if (this.#over || this.isHeld) return;
      const item = this.#waiting.shift();
      if (item === undefined) return;
      this.#arrived += 1;
      if (item !== "end") return this.#to.received(item);
      this.#over = true;
      this.#to.lost("the other side has closed the connection");
    });
  }
}

export class Connection {
  readonly #directions = new Map<Endpoint, Direction>();
  readonly ends: readonly [Endpoint, Endpoint];

  constructor(post: Post, dialer: Endpoint, acceptor: Endpoint) {
    this.ends = [dialer, acceptor];
    this.#directions.set(dialer, new Direction(post, dialer, acceptor));
    this.#directions.set(acceptor, new Direction(post, acceptor, dialer));
  }

  /** Answers how many bytes wait for the far side. */
  send(from: Endpoint, frame: Uint8Array): number {
    return this.from(from).push(frame);
  }

  /** Closes the connection for `from`; the far side gets what was sent before. */
  close(from: Endpoint): void {
    this.from(from).push("end");
    for (const [end, direction] of this.#directions) if (end !== from) direction.cut(false);
  }

  /** Breaks the connection: what is on its way is lost, and both ends hear of it. */
  cut(): void {
    for (const direction of this.#directions.values()) direction.cut(true);
  }

  /** Breaks the connection so that only `to` hears of it. */
  cutFor(to: Endpoint): void {
    for (const [end, direction] of this.#directions) direction.cut(end !== to);
  }

  /** What `end` sends. */
  from(end: Endpoint): Direction {
    return this.#directions.get(end) as Direction;
  }
}
