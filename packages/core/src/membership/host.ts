/** What membership needs from the node around it. */
import type { Random, Signer, Timers, Utf8 } from "../base/index.js";
import type { NodeRecord, Writer } from "../wire/index.js";
import type { Member, MemberChange } from "./types.js";

export interface MembershipHost extends Timers {
  readonly random: Random;
  readonly signer: Signer;
  readonly utf8: Utf8;
  /** The node that has this public key. */
  idOf(publicKey: Uint8Array): string;
  /** The nodes there are open links to. */
  links(): Iterable<string>;
  isLinked(nodeId: string): boolean;
  /** Links that either side wants to keep. */
  observers(): readonly string[];
  /** When anything was heard from a linked node last. */
  heardMs(nodeId: string): number;
  /** Queues a whole message on the link to the node; without one it is lost. */
  send(nodeId: string, message: Uint8Array): void;
  /** Queues a message that costs no credit on the link to the node. */
  control(nodeId: string, write: (writer: Writer) => void): void;
  /** Handlers that run on this node. */
  running(): number;
  /** A member was found, or its state or record has changed. */
  changed(change: MemberChange, nowMs: number): void;
  /** Whether work may be sent to the member may have changed. (B6) */
  usable(nodeId: string, nowMs: number): void;
  /** A link to the member is to be kept, or no longer. */
  want(member: Member, wanted: boolean, nowMs: number): void;
  /** An attempt to reach the member is worth while, for the moment. */
  tryReach(member: Member, nowMs: number): void;
  /** This node's incarnation is to be remembered over restarts. */
  incarnation(incarnation: number): void;
  /** `from` has told what cannot be believed; or what is not taken here, through no fault of its own. (B7) */
  refused(from: string, reason: string, isFault: boolean, nowMs: number): void;
  /**
   * Two live processes use the key of the node, this one's own or another; `other` is what the older one says of itself,
   * for this node the other one. With `yields` this process is the one that has to leave.
   */
  keyShared(nodeId: string, other: NodeRecord, yields: boolean, nowMs: number): void;
  /** Tells the node `to` what `nodeId` offers. */
  tellOffers(to: string, nodeId: string): void;
  /** The node was sent the hashes of what is known of members: what else two nodes know of them is compared now, too. */
  compared(to: string): void;
  /** The node was told that there is news of these members. */
  toldLines(to: string, members: readonly string[]): void;
  /** Nothing is known of the member any more. */
  forgotten(nodeId: string): void;
}
