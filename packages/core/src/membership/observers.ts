/**
 * Observers: who has told that it keeps a link to whom.
 *
 * (O1) Of a full mesh nothing needs to be told: as long as a node has the links that it should have, its record names none.
 */
import type { Entry, MembershipOptions } from "./types.js";
import type { Members } from "./members.js";

export class Observers {
  readonly #selfId: string;
  readonly #members: Members;
  readonly #fullMeshMax: number;
  readonly #isLinked: (nodeId: string) => boolean;

  constructor(
    selfId: string,
    members: Members,
    { fullMeshMax }: Pick<MembershipOptions, "fullMeshMax">,
    isLinked: (nodeId: string) => boolean,
  ) {
    this.#selfId = selfId;
    this.#members = members;
    this.#fullMeshMax = fullMeshMax;
    this.#isLinked = isLinked;
  }

  /** Whether there are so few members that each keeps a link to each. */
  get isFullMesh(): boolean {
    return this.#members.present <= this.#fullMeshMax;
  }

  /** Whether this node lacks no link of a full mesh. (O1) */
  get isComplete(): boolean {
    if (!this.isFullMesh) return false;
    for (const { nodeId, state } of this.#members.all()) {
      if (state === "alive" && nodeId !== this.#selfId && !this.#isLinked(nodeId)) return false;
    }
    return true;
  }

  /** Whether the node has told that it keeps a link to `other`. */
  observes(nodeId: string, other: string): boolean {
    const observers = this.#members.get(nodeId)?.record.observers;
    if (observers === undefined) return false;
    return observers.length === 0 ? this.isFullMesh : observers.includes(other);
  }

  /** Members that are not linked. */
  unlinked(state: Entry["state"]): Entry[] {
    return [...this.#members.all()].filter(
      (entry) => entry.state === state && entry.nodeId !== this.#selfId && !this.#isLinked(entry.nodeId),
    );
  }
}
