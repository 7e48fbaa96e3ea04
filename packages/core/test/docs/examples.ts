/**
 * The examples of docs/protocol.md: bytes in hexadecimal with what they mean, line by line.
 *
 * A line is `hex ; comment`. A comment `path = literal` states a field of the message that `FrameReader` makes of the
 * bytes; several stand on one line with `;` between them. A line without a comment goes on with the bytes of the line
 * above. A literal is a JavaScript expression; `bytes` are the bytes of the line themselves, `hole(n)` is a hole, and
 * where the field is an encoded value, the literal is the value. Comments of any other form are for people.
 */
import { runInNewContext } from "node:vm";
import { MpregError } from "../../src/base/index.js";
import { createCodec } from "../../src/values/index.js";
import { digestParts } from "../../src/wire/index.js";
import { shapeOf, utf8 } from "../support/wire.js";
import {
  type Written,
  accusationBodyOf,
  entryOf,
  interestEntryOf,
  offersBodyOf,
  recordBodyOf,
} from "../wire/messages.js";

export const codec = createCodec(utf8);

class Hole {
  readonly number: number;

  constructor(number: number) {
    this.number = number;
  }
}

export interface Line {
  readonly bytes: Uint8Array;
  readonly comments: readonly string[];
}

export function linesOf(lines: readonly string[]): Line[] {
  const read: { bytes: Uint8Array; comments: string[] }[] = [];
  for (const text of lines) {
    const [hex = "", ...comments] = text.split(" ;").map((part) => part.trim());
    const digits = hex.replaceAll(" ", "");
    if (!/^([0-9a-f]{2})*$/.test(digits)) throw new Error(`not hexadecimal: ${text}`);
    const bytes = new Uint8Array(Buffer.from(digits, "hex"));
    const last = read.at(-1);
    if (comments.length === 0 && last !== undefined) last.bytes = joined([last.bytes, bytes]);
    else read.push({ bytes, comments });
  }
  return read;
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** The value of a literal, and its bytes. */
export function encoded(literal: string): Uint8Array {
  return codec.encodeTemplate(evaluated(literal), "example", (part) =>
    part instanceof Hole ? part.number : undefined,
  );
}

function evaluated(literal: string): unknown {
  return runInNewContext(`(${literal})`, { hole: (number: number) => new Hole(number) });
}

/** The message that the comments state. `read` is only asked which fields are encoded values. */
export function statedMessage(lines: readonly Line[], read: Written): Written {
  const stated: Record<string, unknown> = { kind: read.kind, ...structuredClone(defaults[read.kind]) };
  state(stated, lines, read);
  if (read.kind === "step") stated["step"] ??= stated["fun"];
  return withSignedBytes(withErrors(stated) as Record<string, unknown>);
}

/** Adds to `stated` the fields that the comments state. */
export function state(stated: Record<string, unknown>, lines: readonly Line[], read: object): void {
  for (const { bytes, comments } of lines) {
    for (const comment of comments) {
      const match = /^([a-z][\w.[\]]*) = (.+)$/i.exec(comment);
      if (match === null) continue;
      const path = match[1]!.split(/[.[\]]+/).filter((segment) => segment !== "");
      const literal = match[2]!;
      const field = partAt(plain(read), path);
      let part: unknown;
      if (literal === "bytes") part = bytes;
      else if (field instanceof Uint8Array) part = encoded(literal);
      else part = evaluated(literal);
      if (part instanceof Uint8Array) requireEnd(bytes, [part], comment);
      else if (literal !== "undefined") requireEnd(bytes, formsOf(part), comment);
      place(stated, path, part);
    }
  }
}

/** Errors as what crosses a link of them. */
export function plain(part: unknown): unknown {
  if (part instanceof MpregError) return shapeOf(part);
  if (part instanceof Uint8Array || typeof part !== "object" || part === null) return part;
  if (Array.isArray(part)) return part.map(plain);
  return Object.fromEntries(Object.entries(part).map(([key, field]) => [key, plain(field)]));
}

function withErrors(part: unknown): unknown {
  if (part instanceof Uint8Array || typeof part !== "object" || part === null) return part;
  if (Array.isArray(part)) return part.map(withErrors);
  const fields = Object.fromEntries(Object.entries(part).map(([key, field]) => [key, withErrors(field)]));
  if (!("outcome" in fields)) return fields;
  return new MpregError(fields["code"] as "malformed", fields["message"] as string, fields);
}

/** What a message has where its optional fields are left out. */
const defaults: Record<Written["kind"], object> = {
  hello: { identity: undefined, credentials: undefined },
  prove: {},
  open: {},
  goodbye: {},
  credit: {},
  ping: {},
  pong: {},
  call: { resources: [], waitForCapacityMs: 0, summary: false, terms: undefined },
  request: { settle: false, summary: false, outputs: [] },
  inspect: {},
  step: { resources: [], behalf: undefined, timings: false, relay: undefined, terms: undefined, bound: [] },
  answer: { timings: undefined, summary: undefined },
  fetch: { holder: undefined, path: [] },
  chunk: { totalBytes: undefined },
  "fetch-more": {},
  "fetch-failed": {},
  "fetch-end": {},
  release: { holder: undefined },
  event: { value: undefined },
  progress: { value: undefined, refusal: undefined },
  failure: {},
  cancel: {},
  "left-end": {},
  heard: {},
  results: { summary: undefined, reports: undefined, outputs: [] },
  record: { record: { urls: [], left: false, observers: [], coordinate: undefined, outlived: undefined } },
  accusation: {},
  offers: { added: [], removed: [] },
  "offers-request": {},
  interest: { added: [], removed: [] },
  "interest-digest": { hashes: Array<number>(digestParts).fill(0) },
  "interest-lines": { parts: [], lines: [], passing: undefined },
  digest: { hashes: Array<number>(digestParts).fill(0) },
  "digest-lines": { parts: [], lines: [] },
  probe: {},
  "probe-ack": {},
  "probe-request": {},
  "probe-report": {},
  drain: { urls: [] },
  "drain-ack": {},
  resume: { relay: undefined },
  watch: { now: false, intermediates: false, behalf: undefined, relay: undefined },
  requests: { node: undefined, behalf: undefined, relay: undefined },
  "topic-report": { node: undefined, behalf: undefined, relay: undefined },
  keep: {},
  publish: {},
  "publish-confirmed": {},
  subscribe: { filter: undefined, group: undefined, replay: undefined, overflow: undefined },
  everywhere: {},
  unsubscribe: { drains: undefined },
  taken: {},
  deliver: {},
  missed: {},
  "subscription-ended": {},
  "publish-refused": {},
  "forwarded-until": {},
  forward: { groups: [], waitedMs: 0, isConfirmed: undefined, tried: undefined, relay: undefined },
  "handed-back": { waitedMs: 0, tried: undefined, sequence: undefined },
  "forward-over": { runs: undefined, waitedMs: 0, isConfirmed: undefined, tried: undefined },
  "told-over": {
    targetRun: undefined,
    ...{ until: undefined, taken: undefined, report: undefined, isUnreached: undefined, handedBack: undefined },
    message: new Uint8Array(0),
  },
  "backlog-ask": {
    filter: undefined,
    keptFilter: undefined,
    from: undefined,
    until: undefined,
    behalf: undefined,
    relay: undefined,
  },
  "forward-report": {},
};

const plainInterest = { plain: false, groups: [] };
const plainOffer = { version: undefined, tags: [], scope: "cluster", concurrencyMax: undefined, idempotent: "no" };

/** Adds the bytes that are signed, or passed on, to what they say. */
function withSignedBytes(stated: Record<string, unknown>): Written {
  const message = stated as unknown as Written;
  if (message.kind === "record") return { ...message, body: recordBodyOf(message.record) };
  if (message.kind === "accusation") return { ...message, body: accusationBodyOf(message.accusation) };
  if (message.kind === "interest") {
    const added = message.added.map(({ interest }) => interestEntryOf({ ...plainInterest, ...interest }));
    return { ...message, added, body: offersBodyOf(message.head) };
  }
  if (message.kind !== "offers") return message;
  const added = message.added.map(({ offer }) => entryOf({ ...plainOffer, ...offer }));
  return { ...message, added, body: offersBodyOf(message.head) };
}

function partAt(whole: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((part, key) => (part as Record<string, unknown> | undefined)?.[key], whole);
}

function place(whole: Record<string, unknown>, path: readonly string[], part: unknown): void {
  let container = whole;
  path.forEach((key, index) => {
    if (index === path.length - 1) container[key] = part;
    else container = (container[key] ??= /^\d+$/.test(path[index + 1]!) ? [] : {}) as Record<string, unknown>;
  });
}

const outcomes = ["not-applied", "applied", "unknown"];
const statuses = ["done", "failed", "skipped"];
const scopes = ["cluster", "federation"];
const idempotences = ["no", "yes", "with-key"];
const verdicts = ["suspect", "down"];
const wishes = ["unwanted", "wanted", "released"];
const confirmLevels = ["local", "subscribers"];
const filterMatches = ["all", "any"];
const replayKinds = ["age", "count", "last"];
const purposes = ["compare", "answer", "confirm"];
const topicWords = [confirmLevels, filterMatches, replayKinds, purposes];
const words = [outcomes, statuses, scopes, idempotences, verdicts, wishes, ...topicWords];

/** In which forms a field's value may stand at the end of its line; none = as part of a byte of flags. */
function formsOf(part: unknown): readonly Uint8Array[] {
  if (typeof part === "number") return [Uint8Array.of(part), u32(part), varint(part), float32(part)];
  if (typeof part === "string") {
    const named = words
      .map((each) => each.indexOf(part))
      .filter((at) => at >= 0)
      .map((at) => Uint8Array.of(at));
    return [text(part), ...named];
  }
  if (!Array.isArray(part)) return [];
  return [
    joined([
      varint(part.length),
      ...part.map((each) => (typeof each === "string" ? text(each) : varint(each as number))),
    ]),
    segments(part),
    joined(part.map((each) => float32(each as number))),
  ];
}

function segments(path: readonly unknown[]): Uint8Array {
  const parts = path.map((each) => {
    return typeof each === "number"
      ? joined([Uint8Array.of(1), varint(each)])
      : joined([Uint8Array.of(0), text(String(each))]);
  });
  return joined([varint(path.length), ...parts]);
}

function text(content: string): Uint8Array {
  const bytes = utf8.encode(content);
  return joined([varint(bytes.length), bytes]);
}

function u32(number: number): Uint8Array {
  return Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number);
}

function float32(number: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, number);
  return bytes;
}

function varint(number: number): Uint8Array {
  const bytes = [];
  let rest = number;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Uint8Array.from([...bytes, rest]);
}

/** A field stands at the end of the line that states it. */
function requireEnd(bytes: Uint8Array, forms: readonly Uint8Array[], comment: string): void {
  const ends = forms.some((form) => Buffer.from(bytes.subarray(bytes.length - form.length)).equals(Buffer.from(form)));
  if (forms.length > 0 && !ends) throw new Error(`the line does not end with what its comment says: ${comment}`);
}
