/**
 * Way back: how a node hears what becomes of its messages that have come here.
 *
 * (W1) What was taken is told over the link over which it came. Either that is there, or the far side has noticed, or will, that it is
 *      not, and awaits nothing of what went over it: told over another one that is about to end, it would be awaited for ever.
 * (W2) What a message has come to, and what is handed back, is told over the newest link: an older one may be without a far side.
 */
import { writeForwardReport, writeHandedBack, writeTaken } from "../../wire/index.js";
import type { HandedBack } from "../host.js";
import type { Outcome } from "../published.js";
import type { TopicChannel } from "../topic-channel.js";

export interface WayBack {
  /** `bytes` more were taken of what came this way. */
  took(bytes: number): void;
  /** What the message of that number has come to here. */
  report(sequence: number, outcome: Outcome): void;
  /** Hands a message back; answers whether there is a way. */
  handBack(handedBack: HandedBack): boolean;
}

/** Over links: `channel` is the one over which messages came, `newest` answers the one that was opened last. */
export function backOver({ link }: TopicChannel, newest: () => TopicChannel | undefined): WayBack {
  return {
    took: (bytes) => {
      if (link.closed) return; // (W1)
      writeTaken(link.outbox.writer, 0, bytes);
      link.outbox.commitControl();
    },
    handBack: (handedBack) => {
      const outbox = newest()?.link.outbox; // (W2)
      if (outbox === undefined) return false;
      writeHandedBack(outbox.writer, handedBack);
      outbox.commitCancel(); // no more than has come in the windows of routes
      return true;
    },
    report: (sequence, { handed, waiting, lost }) => {
      const outbox = newest()?.link.outbox; // (W2)
      if (outbox === undefined) return; // of an earlier link nobody awaits it
      writeForwardReport(outbox.writer, { sequence, handed, waiting, lost });
      outbox.commitCancel(); // whatever waits: a few bytes for a message that was taken
    },
  };
}

/** What was taken in this turn, by the way it came. Nearly always that is one way for many messages in a row. */
export class TakenBytes {
  #last: WayBack | undefined;
  #bytes = 0;
  /** Those of ways before the last one. */
  readonly #others = new Map<WayBack, number>();

  add(back: WayBack, bytes: number): void {
    if (back !== this.#last) {
      this.#keepLast();
      this.#last = back;
    }
    this.#bytes += bytes;
  }

  /** Tells the far side of each way how much was taken since it was told. */
  tell(): void {
    if (this.#last === undefined) return;
    this.#keepLast();
    this.#last = undefined;
    for (const [back, bytes] of this.#others) back.took(bytes);
    this.#others.clear();
  }

  #keepLast(): void {
    if (this.#last !== undefined) this.#others.set(this.#last, (this.#others.get(this.#last) ?? 0) + this.#bytes);
    this.#bytes = 0;
  }
}
