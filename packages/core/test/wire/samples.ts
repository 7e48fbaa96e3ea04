/** One message of every kind, and a second one where optional fields make it look different: the examples of docs/protocol.md. */
import { MpregError } from "../../src/base/index.js";
import { utf8 } from "../support/wire.js";
import { counting, helloSamples } from "./hello-samples.js";
import { parsePattern } from "../../src/base/index.js";
import { type Written, accusationBodyOf, entryOf, interestEntryOf, offersBodyOf, recordBodyOf } from "./messages.js";
import { failureSamples } from "./failure-samples.js";
import { requestSamples } from "./request-samples.js";
import { topicSamples } from "./topic-samples.js";
import { createCodec } from "../../src/values/index.js";
import type { Accusation, NodeRecord, OffersHead, ResultRef } from "../../src/wire/index.js";

const { encode } = createCodec(utf8);

function value(content: unknown): Uint8Array {
  return encode(content, "value");
}

const hole0 = Uint8Array.of(0x91, 0xd4, 0x48, 0x00); // [hole 0]

const storage = "00112233445566778899aabbccddeeff";
const hidden = "ffeeddccbbaa99887766554433221100";

/** What `storage` keeps, a MiB. */
const keptResult: ResultRef = { holder: storage, key: 77_000, bytes: 1_048_576, path: [], isStream: false };

/** As a node writes it first. */
const hiddenNode: NodeRecord = {
  publicKey: counting(32, 0),
  run: counting(8, 32),
  name: "hidden",
  cluster: "default",
  urls: [],
  incarnation: 1,
  sequence: 1,
  boot: 1,
  left: false,
  observers: [],
  coordinate: undefined,
  outlived: undefined,
};

/** With all there is to say. */
const placedNode: NodeRecord = {
  publicKey: counting(32, 64),
  run: counting(8, 96),
  name: "storage",
  cluster: "default",
  urls: ["ws://127.0.0.1:9002", "ws://[::1]:9002"],
  incarnation: 300,
  sequence: 4,
  boot: 299,
  left: true,
  observers: [hidden],
  coordinate: { vector: [1, -2, 0.5, 0, 0, 0, 0, 16], heightMs: 0.25, error: 0.75 },
  outlived: { run: counting(8, 160), began: 298 },
};

const suspected: Accusation = { verdict: "suspect", target: storage, incarnation: 300, accuser: hidden };
const wentDown: Accusation = { ...suspected, verdict: "down" };
const firstHead: OffersHead = { nodeId: storage, boot: 299, version: 1, digest: counting(32, 192) };
const secondHead: OffersHead = { ...firstHead, version: 2, digest: counting(32, 224) };

export const samples: Record<Written["kind"], readonly Written[]> = {
  hello: helloSamples,
  prove: [{ kind: "prove", signature: counting(64, 0) }],
  open: [{ kind: "open" }],
  goodbye: [{ kind: "goodbye", code: "closing", reason: 'Node "primary" is closing' }],
  credit: [{ kind: "credit", admittedBytes: 4_194_304 }],
  ping: [{ kind: "ping", id: 1 }],
  pong: [{ kind: "pong", id: 1 }],
  call: [
    {
      kind: "call",
      id: 1,
      timeoutMs: 0,
      fun: "echo",
      resources: [],
      waitForCapacityMs: 0,
      summary: false,
      terms: undefined,
      detached: undefined,
      resume: undefined,
      watch: undefined,
      intermediates: undefined,
      args: value(["hi there!"]),
    },
    {
      kind: "call",
      id: 2,
      timeoutMs: 1_500,
      fun: "classify",
      resources: ["gpu", "model-b"],
      waitForCapacityMs: 60_000,
      summary: true,
      detached: undefined,
      resume: undefined,
      watch: undefined,
      intermediates: undefined,
      terms: { retries: 3, idempotencyKey: "order-7" },
      args: value([{ rows: [1, 2.5, null] }]),
    },
    {
      kind: "call",
      id: 7,
      timeoutMs: 900,
      fun: "echo",
      resources: [],
      waitForCapacityMs: 0,
      summary: false,
      terms: undefined,
      detached: true,
      resume: [{ publicKey: counting(32, 64), run: counting(8, 160) }],
      watch: undefined,
      intermediates: undefined,
      args: value(["hi there!"]),
    },
  ],
  request: requestSamples,
  inspect: [{ kind: "inspect", id: 4, subject: "functions" }],
  step: [
    {
      kind: "step",
      id: 5,
      timeoutMs: 30_000,
      request: 1,
      depth: 0,
      fun: "echo",
      step: "echo",
      resources: [],
      behalf: undefined,
      connection: undefined,
      timings: false,
      relay: undefined,
      terms: undefined,
      bound: [],
      refs: undefined,
      keepMs: undefined,
      template: value(["hi there!"]),
    },
    {
      kind: "step",
      id: 6,
      timeoutMs: 250,
      request: 300,
      depth: 2,
      fun: "clean",
      step: "second clean",
      resources: ["dataset-1"],
      behalf: "127.0.0.1",
      connection: undefined,
      timings: true,
      relay: undefined,
      terms: { idempotencyKey: "order-7", version: "2.1.0" },
      bound: [value([1, 2, 3])],
      refs: undefined,
      keepMs: undefined,
      template: hole0,
    },
    {
      kind: "step",
      id: 7,
      timeoutMs: 250,
      request: 301,
      depth: 0,
      fun: "clean",
      step: "clean",
      resources: [],
      behalf: undefined,
      connection: undefined,
      timings: false,
      relay: { target: "6f1d5f0e6a3c4b2d8e7f901122334455", origin: "0a1b2c3d4e5f60718293a4b5c6d7e8f9", hopsLeft: 2 },
      terms: { trace: Uint8Array.of(...counting(16, 16), ...counting(8, 64), 1, 0x61, 0x3d, 0x62), watched: true },
      bound: [],
      refs: undefined,
      keepMs: undefined,
      template: value([1]),
    },
    {
      kind: "step",
      id: 8,
      timeoutMs: 250,
      request: 302,
      depth: 0,
      fun: "clean",
      step: "clean",
      resources: [],
      behalf: "127.0.0.1",
      connection: 300,
      timings: false,
      relay: undefined,
      terms: { priority: 9 },
      bound: [],
      refs: undefined,
      keepMs: undefined,
      template: hole0,
    },
    {
      kind: "step",
      id: 9,
      timeoutMs: 250,
      request: 303,
      depth: 0,
      fun: "clean",
      step: "clean",
      resources: [],
      behalf: undefined,
      connection: undefined,
      timings: false,
      relay: undefined,
      terms: undefined,
      bound: [new Uint8Array(0)],
      refs: [{ index: 0, ref: { ...keptResult, path: ["rows"] } }],
      keepMs: 30_000,
      template: hole0,
    },
  ],
  answer: [
    { kind: "answer", id: 1, timings: undefined, summary: undefined, value: value("hi there!") },
    {
      kind: "answer",
      id: 2,
      timings: { queueUs: 120, runUs: 4_500 },
      summary: value({ totalMs: 4.6 }),
      value: value(null),
    },
    { kind: "answer", id: 3, timings: undefined, summary: undefined, value: keptResult },
    { kind: "answer", id: 5, timings: undefined, summary: undefined, left: true, value: value(true) },
  ],
  fetch: [
    { kind: "fetch", id: 1, holder: undefined, key: 77_000, path: [], offset: 0, allowedBytes: 4_194_304 },
    { kind: "fetch", id: 2, holder: storage, key: 77_000, path: ["rows", 0], offset: 262_144, allowedBytes: 4_456_448 },
    {
      kind: "fetch",
      id: 3,
      holder: undefined,
      key: 78_000,
      path: [],
      offset: 9_000,
      allowedBytes: 271_144,
      again: true,
    },
  ],
  chunk: [
    { kind: "chunk", id: 1, totalBytes: 1_048_576, bytes: counting(4, 1) },
    { kind: "chunk", id: 1, totalBytes: undefined, bytes: counting(4, 5) },
  ],
  "fetch-more": [
    { kind: "fetch-more", id: 1, allowedBytes: 6_291_456 },
    { kind: "fetch-more", id: 3, allowedBytes: 393_216, receivedBytes: 262_144 },
  ],
  "fetch-failed": [
    {
      kind: "fetch-failed",
      id: 1,
      error: new MpregError("result-lost", 'Node "storage" does not have the result any more', { node: "storage" }),
    },
  ],
  "fetch-end": [{ kind: "fetch-end", id: 1 }],
  event: [
    { kind: "event", id: 3, missed: 0, value: undefined, event: value({ kind: "step-ready", step: "clean" }) },
    {
      kind: "event",
      id: 3,
      missed: 2,
      value: value(42),
      event: value({ kind: "result-available", step: "clean", node: "storage", bytes: 1 }),
    },
  ],
  watch: [
    {
      kind: "watch",
      id: 9,
      requestId: "0f1e2d3c-1a",
      now: false,
      intermediates: true,
      behalf: undefined,
      relay: undefined,
    },
    {
      kind: "watch",
      id: 10,
      requestId: "0f1e2d3c-1a",
      now: true,
      intermediates: false,
      behalf: "192.0.2.7",
      relay: undefined,
    },
  ],
  requests: [
    { kind: "requests", id: 11, node: undefined, behalf: undefined, relay: undefined },
    { kind: "requests", id: 12, node: "storage", behalf: undefined, relay: undefined },
    { kind: "requests", id: 13, node: undefined, behalf: "192.0.2.7", relay: undefined },
  ],
  "topic-report": [
    { kind: "topic-report", id: 14, most: 0, node: undefined, behalf: undefined, relay: undefined },
    { kind: "topic-report", id: 15, most: 100, node: "storage", behalf: undefined, relay: undefined },
    { kind: "topic-report", id: 16, most: 1, node: undefined, behalf: "192.0.2.7", relay: undefined },
  ],
  progress: [
    { kind: "progress", id: 5, missed: 0, value: value({ done: 40, of: 100 }), refusal: undefined },
    { kind: "progress", id: 5, missed: 3, value: undefined, refusal: "it takes 20000 bytes; at most 16384 are told" },
    { kind: "progress", id: 5, missed: 7, value: undefined, refusal: undefined },
  ],
  release: [{ kind: "release", holder: undefined, key: 77_000 }],
  failure: failureSamples,
  cancel: [{ kind: "cancel", id: 3 }],
  "left-end": [{ kind: "left-end", id: 5 }],
  heard: [
    { kind: "heard", id: 5, isHeard: false },
    { kind: "heard", id: 5, isHeard: true },
  ],
  results: [
    { kind: "results", id: 3, summary: undefined, reports: undefined, outputs: [value(true), undefined] },
    {
      kind: "results",
      id: 3,
      summary: value({ totalMs: 12 }),
      reports: [
        { status: "done" },
        {
          status: "failed",
          error: new MpregError("deadline", "The time ran out", { outcome: "unknown", step: "clean" }),
        },
        { status: "skipped", because: 1 },
      ],
      outputs: [value({ unit: "°C" }), undefined, undefined],
    },
  ],
  record: [
    {
      kind: "record",
      hopsLeft: 3,
      signature: counting(64, 0),
      record: hiddenNode,
      body: recordBodyOf(hiddenNode),
    },
    {
      kind: "record",
      hopsLeft: 3,
      signature: counting(64, 64),
      record: placedNode,
      body: recordBodyOf(placedNode),
    },
  ],
  accusation: [suspected, wentDown].map((accusation) => ({
    kind: "accusation",
    signature: counting(64, 128),
    accusation,
    body: accusationBodyOf(accusation),
  })),
  offers: [
    {
      kind: "offers",
      hopsLeft: 3,
      signature: counting(64, 0),
      head: firstHead,
      body: offersBodyOf(firstHead),
      base: 0,
      added: [
        entryOf({
          fun: "echo",
          resources: [],
          version: undefined,
          tags: [],
          scope: "cluster",
          concurrencyMax: undefined,
          idempotent: "no",
        }),
        entryOf({
          fun: "train",
          resources: ["dataset-v2", "gpu"],
          version: "2.1.0",
          tags: ["slow", "tuned"],
          scope: "federation",
          concurrencyMax: 2,
          idempotent: "with-key",
        }),
      ],
      removed: [],
    },
    {
      kind: "offers",
      hopsLeft: 3,
      signature: counting(64, 64),
      head: secondHead,
      body: offersBodyOf(secondHead),
      base: 1,
      added: [],
      removed: ["train"],
    },
  ],
  "offers-request": [{ kind: "offers-request", nodeId: storage }],
  interest: [
    {
      kind: "interest",
      hopsLeft: 3,
      signature: counting(64, 0),
      head: firstHead,
      body: offersBodyOf(firstHead),
      base: 0,
      added: [
        interestEntryOf({ pattern: parsePattern("user.*.login"), plain: true, groups: ["audit", "mail"] }),
        interestEntryOf({ pattern: parsePattern("order.#"), plain: false, groups: ["billing"] }),
        interestEntryOf({ pattern: parsePattern(""), plain: true, groups: [] }),
      ],
      removed: [],
    },
    {
      kind: "interest",
      hopsLeft: 3,
      signature: counting(64, 64),
      head: secondHead,
      body: offersBodyOf(secondHead),
      base: 1,
      added: [interestEntryOf({ pattern: parsePattern("user.*.login"), plain: true, groups: [] })],
      removed: ["order.#"],
    },
  ],
  "interest-digest": [
    { kind: "interest-digest", hashes: Array.from({ length: 64 }, (_, part) => (part === 3 ? 0xc0de_0001 : 0)) },
  ],
  "interest-lines": [
    {
      kind: "interest-lines",
      purpose: "compare",
      parts: [3, 40],
      lines: [
        { nodeId: storage, boot: 5, version: 12 },
        { nodeId: hidden, boot: 300, version: 1 },
      ],
      passing: undefined,
    },
    {
      kind: "interest-lines",
      purpose: "answer",
      parts: [],
      lines: [{ nodeId: storage, boot: 0, version: 0 }],
      passing: undefined,
    },
    {
      kind: "interest-lines",
      purpose: "confirm",
      parts: [],
      lines: [{ nodeId: storage, boot: 5, version: 12 }],
      passing: { target: hidden, origin: storage },
    },
  ],
  digest: [{ kind: "digest", hashes: Array.from({ length: 64 }, (_, part) => (part === 3 ? 0xc0de_0001 : 0)) }],
  "digest-lines": [
    {
      kind: "digest-lines",
      asks: false,
      parts: [3, 40],
      lines: [
        { nodeId: storage, incarnation: 7, standing: 0, sequence: 2, boot: 5, version: 12 },
        { nodeId: hidden, incarnation: 300, standing: 2, sequence: 4, boot: 300, version: 0 },
      ],
    },
    {
      kind: "digest-lines",
      asks: true,
      parts: [],
      lines: [{ nodeId: storage, incarnation: 0, standing: 0, sequence: 0, boot: 0, version: 0 }],
    },
  ],
  probe: [{ kind: "probe", id: 1 }],
  "probe-ack": [{ kind: "probe-ack", id: 1, running: 300, coordinate: placedNode.coordinate! }],
  "probe-request": [{ kind: "probe-request", id: 2, hopsLeft: 1, target: storage }],
  "probe-report": [{ kind: "probe-report", id: 2, reached: true }],
  drain: [
    { kind: "drain", urls: [] },
    { kind: "drain", urls: ["ws://127.0.0.1:9002"] },
  ],
  "drain-ack": [{ kind: "drain-ack" }],
  resume: [
    {
      kind: "resume",
      id: 2_147_483_649,
      session: counting(16, 96),
      run: counting(8, 160),
      ask: 7,
      relay: undefined,
    },
    {
      kind: "resume",
      id: 2_147_483_650,
      session: counting(16, 96),
      run: counting(8, 160),
      ask: 7,
      relay: { target: "6f1d5f0e6a3c4b2d8e7f901122334455", origin: "0a1b2c3d4e5f60718293a4b5c6d7e8f9" },
    },
  ],
  keep: (["unwanted", "wanted", "released"] as const).map((wish) => ({ kind: "keep", wish })),
  ...topicSamples,
};
