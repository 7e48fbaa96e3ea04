/**
 * Relays: probes that this node makes for others.
 *
 * Whoever gets no answer from a member asks those that observe it, or know one that does (SWIM's ping-req; our links are
 * few, so the question may have to be passed on once).
 *
 * (Q1) A question is answered once, or never: then the asker's own time runs out.
 * (Q2) Questions that wait for an answer are bounded; the oldest is given up.
 */

interface Question {
  readonly asker: string;
  /** The asker's number. */
  readonly id: number;
  /** Who is asked here, and may answer. */
  readonly asked: string;
}

const questionsMax = 1_024;
/** Numbers of relayed probes have this bit, those of a node's own have not. */
const relayBit = 0x8000_0000;

export class Relays {
  readonly #questions = new Map<number, Question>();
  #last = 0;

  static isRelayed(id: number): boolean {
    return id >= relayBit;
  }

  /** Keeps the question; answers the number under which `asked` is to be asked. */
  begin(asker: string, id: number, asked: string): number {
    const [oldest] = this.#questions.keys();
    if (oldest !== undefined && this.#questions.size >= questionsMax) this.#questions.delete(oldest); // (Q2)
    this.#last = (this.#last + 1) % relayBit;
    const relayed = relayBit + this.#last;
    this.#questions.set(relayed, { asker, id, asked });
    return relayed;
  }

  /** `from` has answered `relayed`; tells whose question that was. (Q1) */
  end(from: string, relayed: number): { readonly asker: string; readonly id: number } | undefined {
    const question = this.#questions.get(relayed);
    if (question?.asked !== from) return undefined;
    this.#questions.delete(relayed);
    return question;
  }

  clear(): void {
    this.#questions.clear();
  }
}
