/**
 * Shared keys: nodes whose key two live processes use, as after a data directory was copied.
 *
 * That somebody speaks with a node's key is no proof of it: it may be an earlier life, told of by others. Proof is what
 * only a process can have signed that has met the other one (`own-record.ts`), and a link that leads to it.
 *
 * (Y1) Each such process is told of once, not each time it is met.
 */
import type { NodeRecord } from "../wire/index.js";
import type { NodeEvent } from "./types.js";

/** How the other process introduces itself. */
export type OtherProcess = Pick<NodeRecord, "name" | "urls">;

export class SharedKeys {
  readonly #others = new Map<string, OtherProcess>();

  /** What there is to tell of the process that uses the node's key as well; `undefined` when it was told. (Y1) */
  met(nodeId: string, { name, urls }: OtherProcess, yielded: boolean): NodeEvent | undefined {
    const known = this.#others.get(nodeId);
    if (known !== undefined && isSame(known, { name, urls }) && !yielded) return undefined;
    this.#others.set(nodeId, { name, urls });
    return { kind: "key-shared", nodeId, name, urls, yielded };
  }

  /** Where the other process can be reached. */
  urlsOf(nodeId: string): readonly string[] | undefined {
    return this.#others.get(nodeId)?.urls;
  }

  forget(nodeId: string): void {
    this.#others.delete(nodeId);
  }
}

export function isSame(one: OtherProcess, other: OtherProcess): boolean {
  return one.name === other.name && one.urls.join(" ") === other.urls.join(" ");
}
