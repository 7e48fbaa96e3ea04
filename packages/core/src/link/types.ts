/**
 * What can happen on one link, and what it asks of its surroundings.
 */
import type { Decision, Random, Signer, Utf8 } from "../base/index.js";
import type { Message, NodeIdentity, SessionHello, TextCache, WireLimits } from "../wire/index.js";

/** Number of a transport connection, given by the driver and never used twice by one node. */
export type LinkId = number;

/** Why a link ended. `code` is one of a few words a program can act on. */
export interface Goodbye {
  readonly code: GoodbyeCode;
  readonly reason: string;
}

export type GoodbyeCode =
  /** The side that says it is shutting down or no longer needs the link. */
  | "closing"
  /** The policy or the protocol refuses the other side. */
  | "refused"
  /** The two nodes have another link. */
  | "duplicate"
  /** Neither side has a use for the link. */
  | "idle"
  /** A node reached itself. */
  | "self"
  /** Bytes that are no message. */
  | "malformed"
  /** Nothing was heard for too long, or the handshake took too long. */
  | "silent"
  /** The other side reads too slowly. */
  | "slow"
  /** The transport broke or could not be opened. */
  | "transport";

/** How a link has ended. */
export interface LinkEnd {
  readonly goodbye: Goodbye;
  /** This side has said goodbye, the far side has, or the transport broke and nobody did. */
  readonly by: "here" | "there" | "transport";
}

/** The far side, as it introduced itself. */
export type Remote =
  | {
      readonly kind: "client";
      readonly credentials: Uint8Array | undefined;
      /** What its links have in common, where it has said so. */
      readonly session: SessionHello | undefined;
    }
  | {
      readonly kind: "node";
      readonly nodeId: string;
      readonly identity: NodeIdentity;
      /** It keeps what this client has asked when the link ends. */
      readonly resumes: boolean;
      /** What it gives a call of this client that names no time limit, in ms; 0 where it does not say. */
      readonly callTimeoutMs: number;
    };

export interface LinkOptions {
  readonly limits: WireLimits;
  /** Bytes the other side may send before they are admitted. */
  readonly windowBytes: number;
  /** Bytes that may wait here for a slow reader; four times as many of answers. */
  readonly queueBytesMax: number;
  readonly handshakeTimeoutMs: number;
  /** Silence after which the other side is asked for a sign of life; 0 = never. */
  readonly pingIntervalMs: number;
  /** Silence after which the link is given up, or `pingIntervalMs` later: that it is silent is looked for now and then. */
  readonly silenceMsMax: number;
}

export const defaultLinkOptions: Omit<LinkOptions, "limits"> = {
  windowBytes: 16 * 1024 * 1024,
  queueBytesMax: 128 * 1024 * 1024,
  handshakeTimeoutMs: 10_000,
  pingIntervalMs: 5_000,
  silenceMsMax: 15_000,
};

/** What a link needs from the one who owns it. */
export interface LinkHost {
  /** This side as a node; `undefined` for a client. */
  readonly identity: NodeIdentity | undefined;
  readonly credentials: Uint8Array | undefined;
  /** What all links of this client have in common; of nodes nothing. */
  readonly session?: SessionHello | undefined;
  /** Whether this side, a node, keeps what a client with a session has asked when their link ends. */
  readonly resumes?: boolean | undefined;
  /** What this side, a node, gives a client's call that names no time limit, in ms. */
  readonly callTimeoutMs?: number | undefined;
  /** Proves this side's key and checks the other's; a client has none and takes the other's word. */
  readonly signer: Signer | undefined;
  readonly random: Random;
  readonly utf8: Utf8;
  /** Names that messages repeat; one cache serves all links. */
  readonly texts: TextCache;
  /** The link has something to send: {@link Link.flush} it before the turn ends. Called once per batch. */
  queued(link: LinkId): void;
  /** Sends a batch; answers how many bytes now wait in the transport. */
  send(link: LinkId, batch: Uint8Array): number;
  /** Whether `send` has no use for a batch any more where it answers 0: its memory is written to again. */
  readonly releasesBatches?: boolean | undefined;
  /** Closes the transport connection. `link-closed` need not follow: the link is already gone. */
  close(link: LinkId, goodbye: Goodbye): void;
  /** May this remote join? Asked once, before anything of it is believed. */
  admit(remote: Remote): Decision;
  opened(nowMs: number): void;
  /** What is queued for the far side will never be sent, since the link ends: answers a whole message to be said before the goodbye, if there is one. */
  unsent?(): Uint8Array | undefined;
  /** A message that is not about the link itself. */
  message(message: Message, nowMs: number): void;
  /** The link is gone, whoever ended it. Called once, for an open link and for one that never opened. */
  closed(goodbye: Goodbye, nowMs: number): void;
}
