/** Arbitraries over everything that can be sent, and how it is written. */
import fc from "fast-check";
import { parsePattern } from "../../src/base/index.js";
import {
  type InterestRecord,
  type NodeRecord,
  type OfferRecord,
  type StepReport,
  type Writer,
  coordinateDimensions,
  digestParts,
  kinds,
  writeAccusation,
  writeAnnouncement,
  writeAnswer,
  writeCall,
  writeCancel,
  writeChunk,
  writeCredit,
  writeDigest,
  writeDigestLines,
  writeDrain,
  writeDrainAck,
  writeEvent,
  writeProgress,
  writeRequests,
  writeTopicReport,
  writeWatch,
  writeFailure,
  writeHeard,
  writeLeftEnd,
  writeFetch,
  writeFetchEnd,
  writeFetchFailed,
  writeFetchMore,
  writeGoodbye,
  writeHello,
  writeInspect,
  writeInterestDigest,
  writeInterestLines,
  writeKeep,
  writeOffers,
  writeOffersRequest,
  writeOpen,
  writePing,
  writePong,
  writeProbe,
  writeProbeAck,
  writeProbeReport,
  writeProbeRequest,
  writeProve,
  writeRecord,
  writeRelease,
  writeRequest,
  writeResume,
  writeResults,
  writeStep,
} from "../../src/wire/index.js";
import {
  type Written,
  absent,
  bytes,
  name,
  names,
  of,
  questionRelay,
  terms,
  text,
  u32,
  varint,
  error,
  plainError,
} from "./arbitraries.js";
import { accusationBodyOf, entryOf, interestEntryOf, offersBodyOf, recordBodyOf } from "./signed-parts.js";
import { topicMessageOf, writeOfTopics } from "./topic-messages.js";

export type { Written } from "./arbitraries.js";
export { accusationBodyOf, bytesOf, entryOf, interestEntryOf, offersBodyOf, recordBodyOf } from "./signed-parts.js";

export function write(writer: Writer, message: Written): void {
  switch (message.kind) {
    case "hello":
      return writeHello(writer, message);
    case "prove":
      return writeProve(writer, message.signature);
    case "open":
      return writeOpen(writer);
    case "goodbye":
      return writeGoodbye(writer, message.code, message.reason);
    case "credit":
      return writeCredit(writer, message.admittedBytes);
    case "ping":
      return writePing(writer, message.id);
    case "pong":
      return writePong(writer, message.id);
    case "answer":
      return writeAnswer(writer, message.id, message.value, message.timings, message.summary, message.left);
    case "failure":
      return writeFailure(writer, message.id, message.error, message.left);
    case "cancel":
      return writeCancel(writer, message.id);
    case "left-end":
      return writeLeftEnd(writer, message.id);
    case "heard":
      return writeHeard(writer, message.id, message.isHeard);
    case "results":
      return writeResults(writer, message);
    case "fetch":
      return writeFetch(writer, message);
    case "chunk":
      return writeChunk(writer, message.id, message.totalBytes, message.bytes);
    case "fetch-more":
      return writeFetchMore(writer, message.id, message.allowedBytes, message.receivedBytes);
    case "event":
      return writeEvent(writer, message);
    case "watch":
      return writeWatch(writer, message);
    case "requests":
      return writeRequests(writer, message);
    case "topic-report":
      return writeTopicReport(writer, message);
    case "progress":
      return writeProgress(writer, message);
    case "fetch-failed":
      return writeFetchFailed(writer, message.id, message.error);
    case "fetch-end":
      return writeFetchEnd(writer, message.id);
    case "release":
      return writeRelease(writer, message.holder, message.key);
    case "call":
      return writeCall(writer, message.id, message);
    case "request":
      return writeRequest(writer, message.id, message);
    case "step":
      return writeStep(writer, message);
    case "inspect":
      return writeInspect(writer, message.id, message.subject as "nodes");
    case "record":
      return writeRecord(writer, message);
    case "accusation":
      return writeAccusation(writer, message);
    case "digest":
      return writeDigest(writer, message.hashes);
    case "digest-lines":
      return writeDigestLines(writer, message);
    case "offers":
      return writeOffers(writer, { ...message, addedCount: message.added.length });
    case "interest":
      return writeAnnouncement(writer, kinds.interest, { ...message, addedCount: message.added.length });
    case "interest-digest":
      return writeInterestDigest(writer, message.hashes);
    case "interest-lines":
      return writeInterestLines(writer, message);
    case "offers-request":
      return writeOffersRequest(writer, message.nodeId);
    case "probe":
      return writeProbe(writer, message.id);
    case "probe-ack":
      return writeProbeAck(writer, message);
    case "probe-request":
      return writeProbeRequest(writer, message);
    case "probe-report":
      return writeProbeReport(writer, message.id, message.reached);
    case "drain":
      return writeDrain(writer, message.urls);
    case "resume":
      return writeResume(writer, message);
    case "drain-ack":
      return writeDrainAck(writer);
    case "keep":
      return writeKeep(writer, message.wish);
    default:
      return writeOfTopics(writer, message);
  }
}

const identity = fc.record(
  {
    publicKey: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    name,
    cluster: name,
    urls: fc.array(name, { maxLength: 16 }),
    run: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  },
  { requiredKeys: ["publicKey", "name", "cluster", "urls"] },
);

const segment = fc.oneof(name, varint);
const path = fc.array(segment, { maxLength: 5 });
const ref = fc.record({ holder: name, key: varint, bytes: varint, path, isStream: fc.boolean() });
/** A value, or a reference to one. */
const kept = fc.oneof(bytes, ref);
const binding = fc.record({ step: varint, path });
const bindings = fc.array(binding, { maxLength: 5 });
const requestStep = fc.record({ name, fun: name, timeoutMs: u32, resources: names, bindings, terms, template: bytes });
const report = fc.oneof(
  fc.record({ status: fc.constant("done" as const) }),
  fc.record({ status: fc.constant("failed" as const), error }),
  fc.record({ status: fc.constant("skipped" as const), because: varint }),
);
const timings = fc.record({ queueUs: varint, runUs: varint });

const u8 = fc.nat(255);
const signature = fc.uint8Array({ minLength: 64, maxLength: 64 });
/** What a float32 can say. */
const float = fc.float({ noNaN: true });
const coordinate = fc.record({
  vector: fc.array(float, { minLength: coordinateDimensions, maxLength: coordinateDimensions }),
  heightMs: float,
  error: float,
});
const record: fc.Arbitrary<NodeRecord> = fc.record(
  {
    publicKey: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    run: fc.uint8Array({ minLength: 8, maxLength: 8 }),
    name,
    cluster: name,
    urls: fc.array(name, { maxLength: 16 }),
    incarnation: varint,
    sequence: varint,
    boot: varint,
    left: fc.boolean(),
    observers: names,
    coordinate: fc.oneof(absent, coordinate),
    outlived: fc.oneof(absent, fc.record({ run: fc.uint8Array({ minLength: 8, maxLength: 8 }), began: varint })),
    draining: fc.constant(true as const),
    topics: fc.constant(true as const),
  },
  {
    requiredKeys: [
      "publicKey",
      "run",
      "name",
      "cluster",
      "urls",
      "incarnation",
      "sequence",
      "boot",
      "left",
      "observers",
      "coordinate",
      "outlived",
    ],
  },
);
const accusation = fc.record({
  verdict: fc.constantFrom("suspect" as const, "down" as const),
  target: name,
  incarnation: varint,
  accuser: name,
});
const line = fc.record({
  nodeId: name,
  incarnation: varint,
  standing: u8,
  sequence: varint,
  boot: varint,
  version: varint,
});
const head = fc.record({
  nodeId: name,
  boot: varint,
  version: varint,
  digest: fc.uint8Array({ minLength: 32, maxLength: 32 }),
});
/** Every optional field of an offer, there and not. What only its own node may call is not written. */
const offer: fc.Arbitrary<OfferRecord> = fc.record({
  fun: name,
  resources: names,
  version: fc.oneof(absent, name),
  tags: names,
  scope: fc.constantFrom("cluster" as const, "federation" as const),
  concurrencyMax: fc.oneof(absent, varint),
  idempotent: fc.constantFrom("no" as const, "yes" as const, "with-key" as const),
});

const interest: fc.Arbitrary<InterestRecord> = fc.record({
  pattern: fc.constantFrom("", "#", "a.*.b", "user.*.login", "é.#", ".").map((text) => parsePattern(text)),
  plain: fc.boolean(),
  groups: names,
});

const place = fc.record({
  publicKey: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  run: fc.uint8Array({ minLength: 8, maxLength: 8 }),
});
/** Fields of a whole ask; an empty list is not written. */
const askFields = {
  detached: fc.oneof(absent, fc.constant(true)),
  watch: fc.oneof(absent, fc.constant(true)),
  intermediates: fc.oneof(absent, fc.constant(true)),
  resume: fc.oneof(absent, fc.array(place, { minLength: 1, maxLength: 8 })),
};

/** One arbitrary per kind. */
export const messageOf: Record<Written["kind"], fc.Arbitrary<Written>> = {
  hello: of("hello", {
    versionMin: fc.nat(255),
    versionMax: fc.nat(255),
    nonce: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    messageBytesMax: u32,
    windowBytes: u32,
    identity: fc.oneof(absent, identity),
    credentials: fc.oneof(absent, bytes),
    session: fc.oneof(absent, fc.record({ token: fc.uint8Array({ minLength: 16, maxLength: 16 }), lastAsk: u32 })),
    resumes: fc.oneof(absent, fc.constant(true)),
    callTimeoutMs: fc.oneof(absent, u32),
  }),
  prove: of("prove", { signature: fc.uint8Array({ minLength: 64, maxLength: 64 }) }),
  open: of("open", {}),
  goodbye: of("goodbye", { code: name, reason: text }),
  credit: of("credit", { admittedBytes: varint }),
  ping: of("ping", { id: u32 }),
  pong: of("pong", { id: u32 }),
  answer: of("answer", {
    id: u32,
    timings: fc.oneof(absent, timings),
    summary: fc.oneof(absent, bytes),
    left: fc.oneof(absent, fc.constant(true)),
    value: kept,
  }),
  failure: of("failure", { id: u32, error, left: fc.oneof(absent, fc.constant(true)) }),
  cancel: of("cancel", { id: u32 }),
  "left-end": of("left-end", { id: u32 }),
  heard: of("heard", { id: u32, isHeard: fc.boolean() }),
  results: of("results", {
    id: u32,
    summary: fc.oneof(absent, bytes),
    reports: fc.oneof(absent, fc.array<StepReport>(report, { maxLength: 5 })),
    outputs: fc.array(fc.oneof(absent, kept), { maxLength: 5 }),
  }),
  fetch: of("fetch", {
    id: u32,
    holder: fc.oneof(absent, name),
    key: varint,
    path,
    offset: varint,
    allowedBytes: varint,
    again: fc.oneof(absent, fc.constant(true)),
  }),
  chunk: of("chunk", { id: u32, totalBytes: fc.oneof(absent, fc.nat()), bytes }),
  "fetch-more": of("fetch-more", { id: u32, allowedBytes: varint, receivedBytes: fc.oneof(absent, varint) }),
  "fetch-failed": of("fetch-failed", {
    id: u32,
    error: plainError,
  }),
  "fetch-end": of("fetch-end", { id: u32 }),
  event: of("event", { id: u32, missed: varint, value: fc.oneof(absent, bytes), event: bytes }),
  watch: of("watch", {
    id: u32,
    requestId: name,
    now: fc.boolean(),
    intermediates: fc.boolean(),
    behalf: fc.oneof(absent, name),
    relay: questionRelay,
  }),
  requests: of("requests", {
    id: u32,
    node: fc.oneof(absent, name),
    behalf: fc.oneof(absent, name),
    relay: questionRelay,
  }),
  "topic-report": of("topic-report", {
    id: u32,
    most: varint,
    node: fc.oneof(absent, name),
    behalf: fc.oneof(absent, name),
    relay: questionRelay,
  }),
  progress: of("progress", {
    id: u32,
    missed: varint,
    value: fc.oneof(absent, bytes),
    refusal: fc.oneof(absent, fc.string()),
  }),
  release: of("release", { holder: fc.oneof(absent, name), key: varint }),
  call: of("call", {
    id: u32,
    timeoutMs: u32,
    fun: name,
    resources: names,
    waitForCapacityMs: u32,
    summary: fc.boolean(),
    terms,
    ...askFields,
    args: bytes,
  }),
  request: of("request", {
    id: u32,
    timeoutMs: u32,
    waitForCapacityMs: u32,
    settle: fc.boolean(),
    summary: fc.boolean(),
    ...askFields,
    steps: fc.array(requestStep, { maxLength: 4 }),
    outputs: bindings,
  }),
  step: of("step", {
    id: u32,
    timeoutMs: u32,
    request: varint,
    depth: fc.nat(255),
    fun: name,
    step: name,
    resources: names,
    behalf: fc.oneof(absent, name),
    timings: fc.boolean(),
    relay: fc.oneof(absent, fc.record({ target: name, origin: name, hopsLeft: u8 })),
    terms,
    connection: fc.constant(undefined),
    bound: fc.array(bytes, { maxLength: 4 }),
    refs: fc.oneof(absent, fc.array(fc.record({ index: varint, ref }), { minLength: 1, maxLength: 3 })),
    keepMs: fc.oneof(absent, u32),
    template: bytes,
  }),
  inspect: of("inspect", { id: u32, subject: name }),
  record: fc.record({ hopsLeft: u8, signature, record }).map((fields): Written => {
    return { kind: "record", ...fields, body: recordBodyOf(fields.record) };
  }),
  accusation: fc.record({ signature, accusation }).map((fields): Written => {
    return { kind: "accusation", ...fields, body: accusationBodyOf(fields.accusation) };
  }),
  digest: of("digest", { hashes: fc.array(u32, { minLength: digestParts, maxLength: digestParts }) }),
  "digest-lines": of("digest-lines", {
    parts: fc.array(u8, { maxLength: digestParts }),
    lines: fc.array(line, { maxLength: 4 }),
    asks: fc.boolean(),
  }),
  offers: fc
    .record({ hopsLeft: u8, signature, head, base: varint, added: fc.array(offer, { maxLength: 4 }), removed: names })
    .map(({ head: drawn, base: other, added, ...fields }): Written => {
      const version = Math.max(drawn.version, other);
      const base = Math.min(drawn.version, other);
      const ordered = { ...drawn, version };
      return { kind: "offers", ...fields, head: ordered, body: offersBodyOf(ordered), base, added: added.map(entryOf) };
    }),
  "offers-request": of("offers-request", { nodeId: name }),
  interest: fc
    .record({
      hopsLeft: u8,
      signature,
      head,
      base: varint,
      added: fc.array(interest, { maxLength: 4 }),
      removed: names,
    })
    .map(({ head: drawn, base: other, added, ...fields }): Written => {
      const ordered = { ...drawn, version: Math.max(drawn.version, other) };
      const base = Math.min(drawn.version, other);
      const entries = added.map(interestEntryOf);
      return { kind: "interest", ...fields, head: ordered, body: offersBodyOf(ordered), base, added: entries };
    }),
  "interest-digest": of("interest-digest", {
    hashes: fc.array(u32, { minLength: digestParts, maxLength: digestParts }),
  }),
  "interest-lines": of("interest-lines", {
    purpose: fc.constantFrom("compare" as const, "answer" as const, "confirm" as const),
    parts: fc.array(u8, { maxLength: digestParts }),
    lines: fc.array(fc.record({ nodeId: name, boot: varint, version: varint }), { maxLength: 4 }),
    passing: fc.oneof(absent, fc.record({ target: name, origin: name })),
  }),
  probe: of("probe", { id: u32 }),
  "probe-ack": of("probe-ack", { id: u32, running: varint, coordinate }),
  "probe-request": of("probe-request", { id: u32, target: name, hopsLeft: u8 }),
  "probe-report": of("probe-report", { id: u32, reached: fc.boolean() }),
  drain: of("drain", { urls: names }),
  "drain-ack": of("drain-ack", {}),
  resume: of("resume", {
    id: u32,
    session: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    run: fc.uint8Array({ minLength: 8, maxLength: 8 }),
    ask: u32,
    relay: questionRelay,
  }),
  keep: of("keep", { wish: fc.constantFrom("unwanted" as const, "wanted" as const, "released" as const) }),
  ...topicMessageOf,
};

/** The number of each kind that this version writes, by the name of its messages: `probe-ack` where the code has `probeAck`. */
export const kindNumbers: Readonly<Record<Written["kind"], number>> = Object.fromEntries(
  Object.entries(kinds).map(([key, number]) => [
    key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    number,
  ]),
) as Record<Written["kind"], number>;

/** The kinds that this version writes. */
export const writtenKinds = Object.keys(kindNumbers) as Written["kind"][];

export const anyMessage: fc.Arbitrary<Written> = fc.oneof(...Object.values(messageOf));
