/** Messages of topics as examples of docs/protocol.md have them, and the messages that are published in them. */
import { MpregError } from "../../src/base/index.js";
import { type TopicMessageHead, writeTopicMessage } from "../../src/topics/index.js";
import { createCodec } from "../../src/values/index.js";
import { Writer } from "../../src/wire/index.js";
import { utf8 } from "../support/wire.js";
import type { Written } from "./arbitraries.js";
import type { OfTopics } from "./topic-messages.js";

const { encode } = createCodec(utf8);

/** The bytes of a message that is published. */
export function published(head: TopicMessageHead, payload: unknown): Uint8Array {
  const writer = new Writer(utf8);
  writeTopicMessage(writer, head, encode(payload, "payload"));
  return writer.take().slice();
}

const order = { topic: "orders.eu", id: "a1-7", timestampMs: 1_795_164_200_000 };
const plain = published(order, { total: 12.5 });
const full = published(
  {
    ...order,
    id: "a1-8",
    headers: new Map([
      ["region", "eu"],
      ["urgent", ""],
    ]),
    correlationId: "c-3",
    replyTo: "replies.a1",
    ttlMs: 60_000,
    priority: 9,
  },
  { total: 12.5 },
);

const asked = {
  filter: undefined,
  group: undefined,
  replay: undefined,
  overflow: undefined,
  bufferMessagesMax: undefined,
  bufferBytesMax: undefined,
  windowBytes: undefined,
};
const run = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const node = "6f1d5f0e6a3c4b2d8e7f901122334455";
const noneOfForward = { isConfirmed: undefined, tried: undefined, relay: undefined } as const;
const relay = { target: "6f1d5f0e6a3c4b2d8e7f901122334455", origin: "0a1b2c3d4e5f60718293a4b5c6d7e8f9" };

/** What is the same of several questions. */
const told = { boot: 3, version: 7 } as const;
const whole = {
  filter: undefined,
  keptFilter: undefined,
  from: undefined,
  until: undefined,
  behalf: undefined,
  relay: undefined,
} as const;

export const topicSamples: Record<OfTopics["kind"], readonly Written[]> = {
  publish: [plain, full].map((message) => ({ kind: "publish", message })),
  "publish-confirmed": [
    { kind: "publish-confirmed", id: 14, confirm: "local", message: plain },
    { kind: "publish-confirmed", id: 15, confirm: "subscribers", message: plain },
  ],
  subscribe: [
    { kind: "subscribe", id: 16, number: 1, patterns: ["orders.*"], ...asked },
    {
      kind: "subscribe",
      id: 17,
      number: 300,
      patterns: ["orders.#", "returns"],
      filter: {
        match: "any",
        headers: [
          ["region", "eu"],
          ["urgent", undefined],
        ],
      },
      group: "billing",
      replay: { kind: "age", value: 60_000 },
      overflow: "block-publisher",
      bufferMessagesMax: 1_000,
      bufferBytesMax: 65_536,
      windowBytes: 16_384,
    },
    { kind: "subscribe", id: 18, number: 2, patterns: ["#"], ...asked, replay: { kind: "count", value: 10 } },
    { kind: "subscribe", id: 19, number: 3, patterns: ["#"], ...asked, replay: { kind: "last", value: 0 } },
    {
      kind: "subscribe",
      id: 20,
      number: 4,
      patterns: ["#"],
      ...asked,
      filter: { match: "all", headers: [["region", "eu"]] },
    },
  ],
  "backlog-ask": [
    { kind: "backlog-ask", id: 24, patterns: ["sensor.#"], replay: { kind: "count", value: 10 }, ...told, ...whole },
    {
      ...{ kind: "backlog-ask", id: 25, patterns: ["lamp.*", "door"], replay: { kind: "last", value: 0 }, ...told },
      filter: { match: "all", headers: [["region", "eu"]] },
      keptFilter: { match: "any", headers: [["retain", undefined]] },
      ...{ from: 300, until: 2_000, behalf: "192.0.2.7", relay: undefined },
    },
    {
      ...{ kind: "backlog-ask", id: 26, patterns: ["#"], replay: { kind: "age", value: 60_000 }, ...told, ...whole },
      ...{ from: 1, until: 4 },
    },
    {
      ...{ kind: "backlog-ask", id: 27, patterns: ["#"], replay: { kind: "last", value: 0 }, ...told, ...whole },
      relay,
    },
  ],
  everywhere: [{ kind: "everywhere", id: 21, number: 1 }],
  unsubscribe: [
    { kind: "unsubscribe", number: 300, drains: undefined },
    { kind: "unsubscribe", number: 300, drains: true },
  ],
  taken: [{ kind: "taken", number: 1, bytes: 65_600 }],
  deliver: [
    { kind: "deliver", numbers: [1], message: plain },
    { kind: "deliver", numbers: [1, 300], message: plain },
  ],
  missed: [{ kind: "missed", number: 300, count: 2 }],
  "subscription-ended": [{ kind: "subscription-ended", number: 300, why: "stalled", lost: 1_000 }],
  "publish-refused": [
    {
      kind: "publish-refused",
      messageId: "x-1",
      error: new MpregError("denied", "no", { outcome: "not-applied", node: "entry" }),
    },
  ],
  "forwarded-until": [{ kind: "forwarded-until", sequence: 299 }],
  forward: [
    { kind: "forward", sequence: 1, groups: [], waitedMs: 0, ...noneOfForward, message: plain },
    { kind: "forward", sequence: 300, groups: ["billing"], waitedMs: 250, ...noneOfForward, relay, message: plain },
    { kind: "forward", sequence: 301, groups: [], waitedMs: 0, ...noneOfForward, isConfirmed: true, message: plain },
    {
      kind: "forward",
      sequence: 302,
      groups: ["billing"],
      waitedMs: 9,
      ...noneOfForward,
      tried: [node],
      message: plain,
    },
  ],
  "handed-back": [
    { kind: "handed-back", groups: ["billing"], waitedMs: 0, tried: undefined, sequence: undefined, message: plain },
    { kind: "handed-back", groups: ["a", "b"], waitedMs: 9, tried: [node], sequence: 301, message: plain },
  ],
  "forward-over": [
    {
      kind: "forward-over",
      origin: node,
      run,
      ends: [
        { target: "b", sequence: 300, groups: ["billing"] },
        { target: "c", sequence: 1, groups: [] },
      ],
      runs: undefined,
      waitedMs: 250,
      isConfirmed: true,
      tried: ["d"],
      message: plain,
    },
    {
      kind: "forward-over",
      origin: node,
      run,
      ends: [
        { target: "b", sequence: 300, groups: ["billing"] },
        { target: "c", sequence: 1, groups: [] },
      ],
      runs: [Uint8Array.of(17, 18, 19, 20, 21, 22, 23, 24), new Uint8Array(8)],
      waitedMs: 250,
      isConfirmed: true,
      tried: ["d"],
      message: plain,
    },
  ],
  "told-over": [
    {
      kind: "told-over",
      origin: node,
      run,
      target: "b",
      targetRun: undefined,
      until: 299,
      taken: 65_536,
      report: { sequence: 301, handed: 3, waiting: 200, lost: 0 },
      isUnreached: undefined,
      handedBack: undefined,
      message: new Uint8Array(0),
    },
    {
      kind: "told-over",
      origin: node,
      run,
      target: "b",
      targetRun: undefined,
      until: undefined,
      taken: undefined,
      report: undefined,
      isUnreached: true,
      handedBack: { groups: ["billing"], waitedMs: 9, tried: ["d"], sequence: 301 },
      message: plain,
    },
    {
      kind: "told-over",
      origin: node,
      run,
      target: "b",
      targetRun: run,
      until: 300,
      taken: undefined,
      report: undefined,
      isUnreached: undefined,
      handedBack: undefined,
      message: new Uint8Array(0),
    },
  ],
  "forward-report": [{ kind: "forward-report", sequence: 301, handed: 3, waiting: 200, lost: 0 }],
};
