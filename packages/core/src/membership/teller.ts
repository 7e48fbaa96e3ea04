/**
 * Teller: what this node says to others about members, as messages.
 *
 * Owns the encoding: each message is encoded once, however many hear it. What is worth saying, and to whom, is decided by
 * the machine (membership.ts); how news spread is gossip's.
 *
 * (D1) A member's record travels as its origin has signed it; what this node believes beyond it, it signs itself.
 */
import type { Signer, Utf8 } from "../base/index.js";
import {
  type Accusation,
  type DigestLinesMessage,
  type Signed,
  Writer,
  writeAccusation,
  writeDigest,
  writeDigestLines,
  writeRecord,
} from "../wire/index.js";
import { lineOf } from "./digest.js";
import type { Gossip } from "./gossip.js";
import type { Members } from "./members.js";
import { signAccusation } from "./records.js";
import type { Entry } from "./types.js";

export interface TellerHost {
  readonly signer: Signer;
  readonly utf8: Utf8;
  /** Queues a whole message on the link to the node; without one it is lost. */
  send(nodeId: string, message: Uint8Array): void;
  /** What else two nodes know of members is to be compared, too. */
  compared(to: string): void;
  /** `to` was told that there is news of these members. */
  toldLines(to: string, members: readonly string[]): void;
}

export class Teller {
  readonly #selfId: string;
  readonly #members: Members;
  readonly #host: TellerHost;
  readonly #writer: Writer;

  constructor(selfId: string, members: Members, host: TellerHost) {
    this.#selfId = selfId;
    this.#members = members;
    this.#host = host;
    this.#writer = new Writer(host.utf8);
  }

  /** Lets all hear of the member's record, its `accusers` in any case; of one that only tells who observes it, sooner or later. */
  spreadRecord(
    gossip: Gossip,
    entry: Entry,
    from: string | undefined,
    nowMs: number,
    accusers?: ReadonlySet<string>,
  ): void {
    const { sequence, left, draining } = entry.record;
    const isUrgent = sequence === 1 || left || draining === true;
    if (isUrgent) gossip.spreadMember(entry.nodeId, this.#encodeRecord(entry), from, nowMs, accusers);
    else gossip.notUrgent(entry.nodeId, nowMs);
  }

  /** Lets all hear of what `accuser` has signed. */
  spreadAccusation(
    gossip: Gossip,
    target: string,
    accusation: { readonly accuser: string; readonly signed: Signed },
    from: string | undefined,
    nowMs: number,
  ): void {
    const { accuser, signed } = accusation;
    gossip.spreadAccusation(target, accuser, this.#encodeAccusation(signed), from, nowMs);
  }

  /** What this node says of the member itself, signed. (D1) */
  accuse(entry: Entry, verdict: Accusation["verdict"]): { readonly accuser: string; readonly signed: Signed } {
    const accusation = this.accusation(entry, verdict);
    return { accuser: this.#selfId, signed: signAccusation(accusation, this.#host.signer, this.#host.utf8) };
  }

  /** As this node would sign it. */
  accusation({ nodeId, record }: Entry, verdict: Accusation["verdict"]): Accusation {
    return { verdict, target: nodeId, incarnation: record.incarnation, accuser: this.#selfId };
  }

  /** Tells `to` a record. */
  record(to: string, entry: Pick<Entry, "message">): void {
    this.#host.send(to, this.#encodeRecord(entry));
  }

  /** Tells `to` the member's record, and that it is gone if it is. */
  state(to: string, entry: Entry): void {
    this.record(to, entry);
    if (entry.state !== "suspect" && entry.state !== "down") return;
    this.#host.send(to, this.#encodeAccusation(this.accuse(entry, entry.state).signed));
  }

  /** Tells `to` the hashes of everything. */
  digest(to: string): void {
    this.#send(to, (writer) => {
      writeDigest(writer, this.#members.digest.hashes);
    });
  }

  /** Compares all that is known of members. */
  compare(to: string): void {
    this.digest(to);
    this.#host.compared(to);
  }

  /** Tells `to` that there is news of these members, whatever it is that is known of them. */
  newsOf(to: string, members: readonly string[]): void {
    this.linesOf(to, members);
    this.#host.toldLines(to, members);
  }

  lines(to: string, message: Omit<DigestLinesMessage, "kind">): void {
    this.#send(to, (writer) => {
      writeDigestLines(writer, message);
    });
  }

  /** Tells `to` that there is news of these members. */
  linesOf(to: string, members: readonly string[]): void {
    const entries = members.map((nodeId) => this.#members.get(nodeId)).filter((entry) => entry !== undefined);
    this.lines(to, { parts: [], lines: entries.map(lineOf), asks: false });
  }

  #send(to: string, write: (writer: Writer) => void): void {
    this.#host.send(to, this.#encode(write));
  }

  #encodeRecord({ message }: Pick<Entry, "message">): Uint8Array {
    return this.#encode((writer) => {
      writeRecord(writer, message);
    });
  }

  #encodeAccusation(signed: Signed): Uint8Array {
    return this.#encode((writer) => {
      writeAccusation(writer, signed);
    });
  }

  #encode(write: (writer: Writer) => void): Uint8Array {
    write(this.#writer);
    this.#writer.end();
    return this.#writer.takeLast();
  }
}
