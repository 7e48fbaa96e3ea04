/**
 * Messages by which an ask survives its link: where it was asked before, and the question of one node to another what has
 * become of it. Layouts: docs/protocol.md, "Resuming".
 */
import { kinds } from "./kinds.js";
import { type Reader, readU32 } from "./reader.js";
import type { Writer } from "./writer.js";

/** A node that was asked before: one process of it. */
export interface ResumePlace {
  /** Raw ed25519 public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 8 random bytes of the process. */
  readonly run: Uint8Array;
}

/** Node to node: what has become of this ask of a client? */
export interface ResumeMessage {
  readonly kind: "resume";
  readonly id: number;
  /** 16 bytes: the client. */
  readonly session: Uint8Array;
  /** The process that was asked, 8 bytes. */
  readonly run: Uint8Array;
  /** Number of the ask. */
  readonly ask: number;
  readonly relay: QuestionRelay | undefined;
}

/** The way of a question to a node that its asker cannot reach: over one neighbour of both. */
export interface QuestionRelay {
  /** Id of the node that is asked. */
  readonly target: string;
  /** Id of the node that asks. */
  readonly origin: string;
}

/** The tag of {@link QuestionRelay} in every question. */
export const relayTag = 32;

export function writeRelayField(writer: Writer, { target, origin }: QuestionRelay): void {
  writer.field(relayTag).text(target).text(origin).endField();
}

export function readRelayField(reader: Reader): QuestionRelay {
  return { target: reader.name(), origin: reader.name() };
}

/** The tags of what is said of a whole ask, in calls and requests alike. */
export const askTags = { detached: 24, resume: 25, watch: 27, intermediates: 31 } as const;

const publicKeyBytes = 32;
const runBytes = 8;
const sessionBytes = 16;
/** Places that an ask may name. */
export const resumePlacesMax = 8;

export function writeResumeField(writer: Writer, places: readonly ResumePlace[]): void {
  writer.field(askTags.resume);
  for (const { publicKey, run } of places) writer.raw(publicKey).raw(run);
  writer.endField();
}

export function readResumeField(reader: Reader): readonly ResumePlace[] {
  const places: ResumePlace[] = [];
  const count = Math.min(resumePlacesMax, Math.floor(reader.fieldLength / (publicKeyBytes + runBytes)));
  for (let left = count; left > 0; left--) {
    places.push({ publicKey: reader.raw(publicKeyBytes).slice(), run: reader.raw(runBytes).slice() });
  }
  return places;
}

export function writeResume(writer: Writer, { id, session, run, ask, relay }: Omit<ResumeMessage, "kind">): void {
  writer.begin(kinds.resume).u32(id).raw(session).raw(run).u32(ask);
  if (relay !== undefined) writeRelayField(writer, relay);
  writer.endFields();
}

export function readResume(reader: Reader): ResumeMessage {
  const id = reader.u32();
  const session = reader.raw(sessionBytes).slice();
  const run = reader.raw(runBytes).slice();
  const ask = reader.u32();
  let relay: QuestionRelay | undefined;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === relayTag) relay = readRelayField(reader);
    reader.skipField();
  }
  return { kind: "resume", id, session, run, ask, relay };
}

/** What a node knows of an ask. */
export type ResumeVerdict =
  /** It does not know any more, or never did. */
  | { readonly kind: "forgotten" }
  /** It has not got the ask, and never will. */
  | { readonly kind: "not-received" }
  /** The message that ends it. */
  | { readonly kind: "ended"; readonly message: Uint8Array };

const verdicts = { forgotten: 0, "not-received": 1, ended: 2 } as const;

/** The value of the answer to a `resume`. */
export function encodeVerdict(verdict: ResumeVerdict): Uint8Array {
  const message = verdict.kind === "ended" ? verdict.message : undefined;
  const bytes = new Uint8Array(1 + (message?.length ?? 0));
  bytes[0] = verdicts[verdict.kind];
  if (message !== undefined) bytes.set(message, 1);
  return bytes;
}

/** A verdict that is not known here says as little as one that is forgotten. */
export function decodeVerdict(bytes: Uint8Array): ResumeVerdict {
  if (bytes[0] === verdicts["not-received"]) return { kind: "not-received" };
  if (bytes[0] === verdicts.ended) return { kind: "ended", message: bytes.subarray(1) };
  return { kind: "forgotten" };
}

const endKinds: ReadonlySet<number> = new Set([kinds.answer, kinds.failure, kinds.results]);
const idStart = 5;

/** Tells of every message of `batch` that ends an ask. */
export function eachEnd(batch: Uint8Array, found: (id: number, message: Uint8Array) => void): void {
  for (let at = 0; at + idStart <= batch.length;) {
    const end = at + 4 + readU32(batch, at);
    if (endKinds.has(batch[at + 4] as number)) found(readU32(batch, at + idStart), batch.subarray(at, end));
    at = end;
  }
}
