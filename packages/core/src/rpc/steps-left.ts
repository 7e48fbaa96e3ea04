/**
 * Steps left: what handlers have left behind (`left.ts`) on another node than the one that has asked for their step. Both
 * nodes keep it under the id that the step had on their link:
 *
 *     asking node                               node that has run the step
 *          ◀── answer or failure, `left` ──     something of it goes on
 *          ─────────── cancel ────────────▶     it is abandoned
 *     or   ◀────────── left-end ───────────     nothing of it goes on any more
 *
 * To whoever has asked it is left behind like what a handler of its own node leaves: it is handed on to who keeps that, and
 * told on where the run that it was for is itself a step for another node. So it ends with its client however many nodes lie
 * between the two.
 *
 * (S1) Either side forgets the id when it has told the other that it is over, or has been told: nobody keeps an id alone.
 * (S2) The asking node gives no other step an id that it keeps. One that does does not keep it: then what was left under
 *      the id is kept for the link alone, and a later `cancel` or `left-end` is about the later step.
 * (S3) What is abandoned has one end: no `left-end` follows a `cancel`.
 * (S4) Each side keeps at most `leftPerLinkMax` ids of one link. What is left beyond goes on for the link: until its own
 *      time is over, or the link.
 * (S5) With the link all of it is over: what was left here is abandoned, and what was left there is forgotten here.
 */
import { IdMap } from "../structures/index.js";
import { type Outbox } from "../link/index.js";
import { writeCancel, writeLeftEnd } from "../wire/index.js";
import type { Left, LeftBehind } from "./left.js";

/** What a step has left behind at the far side. */
class LeftThere implements Left {
  readonly #abandon: (left: LeftThere) => void;
  #letGo: () => void = () => undefined;
  readonly id: number;

  constructor(id: number, abandon: (left: LeftThere) => void) {
    this.id = id;
    this.#abandon = abandon;
  }

  keptBy(letGo: () => void): void {
    this.#letGo = letGo;
  }

  abandon(): void {
    this.#abandon(this);
  }

  /** Nothing of it goes on any more, as far as anybody knows here. */
  over(): void {
    this.#letGo();
  }
}

export class StepsLeft {
  readonly #outbox: Outbox;
  /** For the link, and not under an id. */
  readonly #unnamed: LeftBehind;
  /** By steps that the far side has asked for. */
  readonly #here: IdMap<LeftBehind>;
  /** By steps that it was asked for. */
  readonly #there = new IdMap<LeftThere>();

  /** `seed`: see {@link IdMap}. */
  constructor(outbox: Outbox, unnamed: LeftBehind, seed: number) {
    this.#outbox = outbox;
    this.#unnamed = unnamed;
    this.#here = new IdMap(seed);
  }

  /** How many ids are kept. */
  get size(): number {
    return this.#here.size + this.#there.size;
  }

  /** Whether something is left at the far side under that id. */
  isThere(id: number): boolean {
    return this.#there.has(id);
  }

  /** The step `id` has ended here and leaves `left`; answers whether that is to be told. It may be asked again. */
  keep(id: number, left: LeftBehind, idsMax: number): boolean {
    if (left.size === 0) return false;
    if (this.#here.get(id) === left) return true;
    if (this.#here.size >= idsMax) {
      this.#keepUnnamed(left); // (S4)
      return false;
    }
    this.#here.set(id, left);
    left.onOver = () => {
      this.#here.take(id); // (S3) what was abandoned, or is kept by another, is not over for this one
      writeLeftEnd(this.#outbox.writer, id); // (S1)
      this.#outbox.commitCancel(); // few bytes for an answer that was queued before
    };
    return true;
  }

  /** The far side asks for another step under that id. (S2) */
  reused(id: number): void {
    const left = this.#here.take(id);
    if (left !== undefined) this.#keepUnnamed(left);
  }

  /** The far side wants nothing more of the step. (S1) */
  cancelled(id: number): void {
    this.#here.take(id)?.abandon();
  }

  /** The far side has told that the step has left something there; `undefined` when it is not kept. (S4) */
  told(id: number, idsMax: number): Left | undefined {
    if (this.#there.size >= idsMax) return undefined;
    const left = new LeftThere(id, this.#abandon);
    this.#there.set(id, left);
    return left;
  }

  /** The far side tells that nothing of it goes on. (S1) */
  ended(id: number): void {
    this.#there.take(id)?.over();
  }

  /** The link is gone. (S5) */
  lost(): void {
    for (const left of this.#there.takeAll()) left.over(); // first: nothing is to be told there any more
    for (const left of this.#here.takeAll()) left.abandon();
  }

  #keepUnnamed(left: LeftBehind): void {
    left.handOn({
      left: (each) => {
        this.#unnamed.add(each);
      },
    });
  }

  readonly #abandon = (left: LeftThere): void => {
    if (this.#there.get(left.id) !== left) return;
    this.#there.take(left.id);
    writeCancel(this.#outbox.writer, left.id); // (S1)
    this.#outbox.commitCancel();
    left.over();
  };
}
