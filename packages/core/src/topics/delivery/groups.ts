/**
 * Groups: subscriptions that share their messages, each of which goes to one member.
 *
 * Owns who is in which group and which member gets a message. The choice looks at nothing but what it is told of each
 * member, so that members on other nodes can stand beside those here.
 *
 * (R1) The member for which the fewest bytes wait or are on their way is chosen; of several, the one that was chosen
 *      longest ago.
 * (R2) A group without members is forgotten.
 */

/** Who can be chosen. */
export interface GroupMember {
  /** Bytes that wait for it or are on their way to it. */
  readonly waitingBytes: number;
  /** Higher the later it was chosen. */
  readonly chosenAt: number;
}

/** (R1) */
export function chooseMember<M extends GroupMember>(candidates: readonly M[]): M | undefined {
  let best: M | undefined;
  for (const member of candidates) {
    if (best === undefined || isBetter(member, best)) best = member;
  }
  return best;
}

function isBetter(one: GroupMember, other: GroupMember): boolean {
  if (one.waitingBytes !== other.waitingBytes) return one.waitingBytes < other.waitingBytes;
  return one.chosenAt < other.chosenAt;
}

export class Group<M extends GroupMember> {
  readonly name: string;
  size = 0;
  /** Members that match the message in hand. */
  readonly candidates: M[] = [];

  constructor(name: string) {
    this.name = name;
  }
}

export class Groups<M extends GroupMember> {
  readonly #groups = new Map<string, Group<M>>();
  /** Those of the message in hand that have members on other nodes only. */
  readonly #elsewhere = new Map<string, Group<M>>();
  /** Groups with candidates for the message in hand. */
  readonly #touched: Group<M>[] = [];
  #turn = 0;

  get size(): number {
    return this.#groups.size;
  }

  /** How many members the group has. */
  sizeOf(name: string): number {
    return this.#groups.get(name)?.size ?? 0;
  }

  join(name: string): Group<M> {
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = new Group(name);
      this.#groups.set(name, group);
    }
    group.size += 1;
    return group;
  }

  leave(group: Group<M>): void {
    group.size -= 1;
    if (group.size === 0) this.#groups.delete(group.name); // (R2)
  }

  /** `member` of the group `name`, which may have none here, matches the message in hand. */
  offerTo(name: string, member: M): void {
    let group = this.#groups.get(name) ?? this.#elsewhere.get(name);
    if (group === undefined) {
      group = new Group(name);
      this.#elsewhere.set(name, group);
    }
    this.offer(group, member);
  }

  /** `member` of `group` matches the message in hand. */
  offer(group: Group<M>, member: M): void {
    if (group.candidates.length === 0) this.#touched.push(group);
    group.candidates.push(member);
  }

  /** Tells `chosen` of one member of each group that was offered one. */
  choose(chosen: (member: M, group: string) => void): void {
    if (this.#touched.length === 0) return;
    for (const group of this.#touched) {
      const member = chooseMember(group.candidates);
      if (member !== undefined) chosen(member, group.name);
      group.candidates.length = 0;
    }
    this.#touched.length = 0;
    this.#elsewhere.clear();
  }

  /** The number of the next turn, for the member that gets a message. */
  nextTurn(): number {
    this.#turn += 1;
    return this.#turn;
  }
}
