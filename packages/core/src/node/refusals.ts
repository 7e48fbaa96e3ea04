/**
 * Refusals: how much of what each linked node tells cannot be believed.
 *
 * (R1) A link may bring so much of it at once, and one piece per second. What is genuine, and only not taken here, is
 *      counted and does not count against the link.
 */
import { Allowance } from "../structures/index.js";

const atOnceMax = 100;

export class Refusals {
  readonly #links = new Map<string, { readonly allowance: Allowance; count: number }>();

  /** One more from the node; answers how many there were since its link opened, and whether that is more than it may. */
  add(nodeId: string, isFault: boolean, nowMs: number): { readonly count: number; readonly isTooMany: boolean } {
    let link = this.#links.get(nodeId);
    if (link === undefined) {
      this.#links.set(nodeId, (link = { allowance: new Allowance(1, atOnceMax, nowMs), count: 0 }));
    }
    link.count += 1;
    return { count: link.count, isTooMany: isFault && !link.allowance.take(nowMs) }; // (R1)
  }

  forget(nodeId: string): void {
    this.#links.delete(nodeId);
  }
}
