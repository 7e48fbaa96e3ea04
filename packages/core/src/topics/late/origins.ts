/**
 * Origins: where the messages of a backlog were published, by a small number that each of them has.
 *
 * (N1) A node that was started anew is another origin: what it had before, it has no more.
 * (N2) At most `originsMax` are told apart; those beyond are one, of which nobody is told anything.
 */
import type { NodeProcess } from "../host.js";

/** Published at this node, for all nodes. */
export const ownOrigin = 0;
/** Published by this node, for subscriptions here only. */
export const localOrigin = 1;
const unknownOrigin = 2;
const originsMax = 4_096;

/** A process of another node. */
export interface Origin extends NodeProcess {
  readonly number: number;
  /** Its name among nodes. */
  readonly key: string;
}

/** The name of a process among nodes. */
export function originKey(nodeId: string, run: string | undefined): string {
  return `${nodeId} ${run ?? ""}`;
}

/** The process of that name. */
export function processOf(key: string): NodeProcess {
  const [nodeId = "", run = ""] = key.split(" ");
  return { nodeId, run: run === "" ? undefined : run };
}

export class Origins {
  readonly #byNode = new Map<string, Origin>();
  readonly #all: (Origin | undefined)[] = [undefined, undefined, undefined];

  /** The number of a process of another node. */
  of(nodeId: string, run: string | undefined): number {
    const known = this.#byNode.get(nodeId);
    if (known !== undefined && known.run === run) return known.number;
    if (this.#all.length >= originsMax) return unknownOrigin; // (N2)
    const origin: Origin = { nodeId, run, number: this.#all.length, key: originKey(nodeId, run) };
    this.#all.push(origin);
    this.#byNode.set(nodeId, origin); // (N1)
    return origin.number;
  }

  /** The process with that number, where it is one of another node. */
  get(number: number): Origin | undefined {
    return this.#all[number];
  }
}
