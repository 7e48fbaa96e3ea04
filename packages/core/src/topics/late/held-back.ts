/**
 * Held back: what is live and came for a subscription while other nodes were asked for their backlogs.
 *
 * (H1) It is kept in the order in which it came, what is missing included.
 * (H2) Beyond `bytesMax` whoever asks is told to wait no longer; nothing is dropped before that.
 */

/** Of which node's messages, and up to which of its numbers. */
export interface Provenance {
  readonly nodeId: string;
  readonly sequence: number;
}

export type Held =
  | {
      readonly kind: "message";
      readonly body: Uint8Array;
      readonly priority: number;
      readonly expiresMs: number;
      /** `undefined`: it was published here. */
      readonly from: Provenance | undefined;
    }
  | { readonly kind: "missing"; readonly count: number; readonly from: Provenance | undefined };

/** What is counted of each beside its bytes. */
const overheadBytes = 64;

export class HeldBack {
  readonly #bytesMax: number;
  readonly #full: () => void;
  #items: Held[] = [];
  #messages = 0;
  #bytes = 0;

  constructor(bytesMax: number, full: () => void) {
    this.#bytesMax = bytesMax;
    this.#full = full;
  }

  get messages(): number {
    return this.#messages;
  }

  /** Whether something of the node is held back. */
  isOf(nodeId: string): boolean {
    return this.#items.some(({ from }) => from?.nodeId === nodeId);
  }

  hold(item: Held): void {
    this.#items.push(item); // (H1)
    this.#bytes += overheadBytes;
    if (item.kind === "message") {
      this.#messages += 1;
      this.#bytes += item.body.length;
    }
    if (this.#bytes > this.#bytesMax) this.#full(); // (H2)
  }

  takeAll(): readonly Held[] {
    const items = this.#items;
    this.#items = [];
    this.#messages = this.#bytes = 0;
    return items;
  }
}
