/**
 * Updates: what is new, until it has been told often enough.
 *
 * News of members travel at once as a whole. Where each reaches a node in many ways they are told again as lines, a few
 * bytes each, and whoever lacks one asks for the rest (the lazy push of Plumtree: Leitão, Pereira, Rodrigues, "Epidemic
 * Broadcast Trees", SRDS 2007). Accusations, and news in a full mesh, where nobody passes them on, are told again as they
 * are. How often grows with the logarithm of the cluster (SWIM §4.1, as in
 * hashicorp/memberlist).
 *
 * (U1) News of one subject replace older news of the same subject that still wait.
 * (U2) An update is told again at most `retransmits` times, and not more than `bytesMax` of them at a time, those that
 *      were told the least first.
 * (U3) What nobody passes on is told so often that, with a quarter of the messages lost, it is missed by one node in a
 *      million: beyond that only the next comparison would bring it.
 */

/** As memberlist's `RetransmitMult`. */
const retransmitFactor = 4;
/** Each of n nodes tells one of the others: of n * 16 messages none arrives with probability exp(-16 * 3 / 4). (U3) */
const retransmitsOften = 16;
/** Of a stream, not of a datagram: enough for a cluster that forms, little for a link. */
const bytesMax = 16 * 1024;
const lineBytes = 48;

interface Update {
  readonly subject: string;
  /** The whole message; `undefined` for a member's line. */
  readonly message: Uint8Array | undefined;
  /** Nobody passes it on. (U3) */
  readonly often: boolean;
  sent: number;
}

export interface Told {
  readonly messages: readonly Uint8Array[];
  /** Members whose lines are to be told. */
  readonly members: readonly string[];
}

export class Updates {
  readonly #waiting = new Map<string, Update>();

  get size(): number {
    return this.#waiting.size;
  }

  /** There is news of the member. (U1) */
  addMember(nodeId: string, often = false): void {
    this.#add({ subject: nodeId, message: undefined, often, sent: 0 });
  }

  /** There is a message that has to be told as it is. (U1) */
  addMessage(subject: string, message: Uint8Array, often = false): void {
    this.#add({ subject, message, often, sent: 0 });
  }

  /** What one link hears this time, in a cluster of `members` nodes. (U2) */
  take(members: number): Told {
    const retransmits = retransmitFactor * Math.ceil(Math.log10(members + 1));
    const byTimesSent = [...this.#waiting.values()].sort((a, b) => a.sent - b.sent);
    const told = { messages: [] as Uint8Array[], members: [] as string[] };
    let bytes = 0;
    for (const update of byTimesSent) {
      bytes += update.message?.length ?? lineBytes;
      if (bytes > bytesMax) break;
      if (update.message === undefined) told.members.push(update.subject);
      else told.messages.push(update.message);
      update.sent += 1;
      if (update.sent >= (update.often ? retransmitsOften : retransmits)) this.#waiting.delete(update.subject);
    }
    return told;
  }

  clear(): void {
    this.#waiting.clear();
  }

  #add(update: Update): void {
    this.#waiting.delete(update.subject);
    this.#waiting.set(update.subject, update);
  }
}
