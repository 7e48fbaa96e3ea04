/**
 * Messages that open, keep and end a link. Layouts: docs/protocol.md, "Handshake" and "Link".
 */
import { kinds } from "./kinds.js";
import type { Reader } from "./reader.js";
import type { Writer } from "./writer.js";

/** What a side offers of itself as a node; clients leave it out. */
export interface NodeIdentity {
  /** Raw ed25519 public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly name: string;
  readonly cluster: string;
  /** Where others can dial it. */
  readonly urls: readonly string[];
  /** 8 random bytes of the process: a node that is started again, or twice, has others. */
  readonly run?: Uint8Array | undefined;
}

/** How a client that may come back calls itself. */
export interface SessionHello {
  /** 16 random bytes, the same on all links of the client. */
  readonly token: Uint8Array;
  /** The number of its last ask: whoever meets it now for the first time knows of no ask until here. */
  readonly lastAsk: number;
}

/** First message of both sides. */
export interface HelloMessage {
  readonly kind: "hello";
  readonly versionMin: number;
  readonly versionMax: number;
  /** 32 random bytes. */
  readonly nonce: Uint8Array;
  /** Largest message this side accepts. */
  readonly messageBytesMax: number;
  /** Bytes the other side may send before they are admitted. */
  readonly windowBytes: number;
  readonly identity: NodeIdentity | undefined;
  readonly credentials: Uint8Array | undefined;
  /** A client's, where it may come back over another link. Whoever says so knows `drain`, too. */
  readonly session?: SessionHello | undefined;
  /** A node's, to a client with a session: it keeps what the client has asked when their link ends. */
  readonly resumes?: boolean | undefined;
  /** A node's, to a client: the ms that it gives a call or request which names no time limit. */
  readonly callTimeoutMs?: number | undefined;
}

/** Proof that the sender of a hello holds the key it named. */
export interface ProveMessage {
  readonly kind: "prove";
  readonly signature: Uint8Array;
}

/** The acceptor has what it needs: the link is open. */
export interface OpenMessage {
  readonly kind: "open";
}

/** The sender is about to close the link, and why. `code` is machine readable. */
export interface GoodbyeMessage {
  readonly kind: "goodbye";
  readonly code: string;
  readonly reason: string;
}

/** How many bytes of messages the sender has admitted since the link opened. */
export interface CreditMessage {
  readonly kind: "credit";
  readonly admittedBytes: number;
}

/** The sender is about to leave: nothing new is to be asked of it, and these others may be asked instead. */
export interface DrainMessage {
  readonly kind: "drain";
  readonly urls: readonly string[];
}

/** The sender has heard `drain` and asks for nothing more on this link. */
export interface DrainAckMessage {
  readonly kind: "drain-ack";
}

export interface PingMessage {
  readonly kind: "ping";
  readonly id: number;
}

export interface PongMessage {
  readonly kind: "pong";
  readonly id: number;
}

const nonceBytes = 32;
const keyBytes = 32;
const runBytes = 8;
const signatureBytes = 64;
const sessionBytes = 16;
const urlsMax = 16;
/** Addresses that a `drain` may name. */
export const drainUrlsMax = 64;
const helloTags = { identity: 1, credentials: 2, session: 3, resumes: 4, callTimeoutMs: 5 } as const;

export function writeHello(writer: Writer, message: HelloMessage): void {
  writer.begin(kinds.hello).u8(message.versionMin).u8(message.versionMax).raw(message.nonce);
  writer.u32(message.messageBytesMax).u32(message.windowBytes);
  const { identity, credentials, session, resumes, callTimeoutMs } = message;
  if (identity !== undefined) {
    writer.field(helloTags.identity).raw(identity.publicKey);
    writer.text(identity.name).text(identity.cluster).texts(identity.urls);
    if (identity.run !== undefined) writer.raw(identity.run);
    writer.endField();
  }
  if (credentials !== undefined) writer.field(helloTags.credentials).raw(credentials).endField();
  if (session !== undefined) writer.field(helloTags.session).raw(session.token).u32(session.lastAsk).endField();
  if (resumes === true) writer.field(helloTags.resumes).endField();
  if (callTimeoutMs !== undefined) writer.field(helloTags.callTimeoutMs).u32(callTimeoutMs).endField();
  writer.endFields();
}

export function readHello(reader: Reader): HelloMessage {
  const versionMin = reader.u8();
  const versionMax = reader.u8();
  const nonce = reader.raw(nonceBytes).slice();
  const messageBytesMax = reader.u32();
  const windowBytes = reader.u32();
  let identity: NodeIdentity | undefined;
  let credentials: Uint8Array | undefined;
  let session: SessionHello | undefined;
  let resumes: boolean | undefined;
  let callTimeoutMs: number | undefined;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === helloTags.identity) {
      const publicKey = reader.raw(keyBytes).slice();
      identity = { publicKey, name: reader.name(), cluster: reader.name(), urls: reader.names(urlsMax) };
      const rest = reader.field();
      if (rest.length >= runBytes) identity = { ...identity, run: rest.slice(0, runBytes) };
    } else if (tag === helloTags.credentials) {
      credentials = reader.field().slice();
    } else if (tag === helloTags.session) {
      session = { token: reader.raw(sessionBytes).slice(), lastAsk: reader.u32() };
    } else if (tag === helloTags.resumes) {
      resumes = true;
    } else if (tag === helloTags.callTimeoutMs) {
      callTimeoutMs = reader.u32();
    }
    reader.skipField();
  }
  const limits = { messageBytesMax, windowBytes };
  const fields = { identity, credentials, session, resumes, callTimeoutMs };
  return { kind: "hello", versionMin, versionMax, nonce, ...limits, ...fields };
}

export function writeProve(writer: Writer, signature: Uint8Array): void {
  writer.begin(kinds.prove).raw(signature);
}

export function readProve(reader: Reader): ProveMessage {
  return { kind: "prove", signature: reader.raw(signatureBytes).slice() };
}

export function writeOpen(writer: Writer): void {
  writer.begin(kinds.open);
}

export function writeGoodbye(writer: Writer, code: string, reason: string): void {
  writer.begin(kinds.goodbye).text(code).text(reason);
}

export function readGoodbye(reader: Reader): GoodbyeMessage {
  return { kind: "goodbye", code: reader.name(), reason: reader.text() };
}

export function writeCredit(writer: Writer, admittedBytes: number): void {
  writer.begin(kinds.credit).varint(admittedBytes);
}

export function readCredit(reader: Reader): CreditMessage {
  return { kind: "credit", admittedBytes: reader.varint() };
}

export function writeDrain(writer: Writer, urls: readonly string[]): void {
  writer.begin(kinds.drain).texts(urls).endFields();
}

export function readDrain(reader: Reader): DrainMessage {
  const urls = reader.names(drainUrlsMax);
  reader.skipFields();
  return { kind: "drain", urls };
}

export function writeDrainAck(writer: Writer): void {
  writer.begin(kinds.drainAck);
}

export function writePing(writer: Writer, id: number): void {
  writer.begin(kinds.ping).u32(id);
}

export function writePong(writer: Writer, id: number): void {
  writer.begin(kinds.pong).u32(id);
}
