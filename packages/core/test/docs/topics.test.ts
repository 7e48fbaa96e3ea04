/** docs/protocol.md, "Topics": the messages that are published, why subscriptions end, and the bounds. */
import { describe, expect, test } from "vitest";
import {
  type SubscriptionEnd,
  type TopicMessageHead,
  defaultTopicsLimits,
  writeTopicMessage,
} from "../../src/topics/index.js";
import { Writer } from "../../src/wire/index.js";
import { utf8 } from "../support/wire.js";
import { readerOf } from "../topics/support.js";
import { topicSamples } from "../wire/topic-samples.js";
import { blocksOf, hexOf, tableOf } from "./document.js";
import { joined, linesOf, state } from "./examples.js";

/** What a topic message says, with the headers as its example states them. */
interface Stated extends Omit<TopicMessageHead, "headers"> {
  readonly headers: readonly (readonly [string, string])[];
  readonly payload: Uint8Array;
}

function readOf(bytes: Uint8Array): Stated {
  const { topic, id, timestampMs, headers, correlationId, replyTo, ttlMs, priority, payload } = readerOf().open(bytes);
  return { topic, id, timestampMs, headers: [...headers], correlationId, replyTo, ttlMs, priority, payload };
}

function written({ headers, ttlMs, payload, ...head }: Stated): Uint8Array {
  const writer = new Writer(utf8);
  writeTopicMessage(writer, { ...head, headers: new Map(headers), ttlMs: ttlMs === 0 ? undefined : ttlMs }, payload);
  return writer.take();
}

describe("topic messages", () => {
  const examples = blocksOf("text topic-message");
  const published = topicSamples.publish.map((sample) => (sample.kind === "publish" ? hexOf(sample.message) : ""));

  test("there is one with nothing optional, and one with all of it", () => {
    expect(examples.length).toBe(2);
  });

  test.for(examples)("that of line $line is read and written as it says, and published in a fixture", ({ lines }) => {
    const parts = linesOf(lines);
    const bytes = joined(parts.map((part) => part.bytes));
    const read = readOf(bytes);
    const stated: Record<string, unknown> = { headers: [], ttlMs: 0, priority: 4 };
    state(stated, parts, read);
    expect(stated).toEqual(read);
    expect(hexOf(written(stated as unknown as Stated))).toBe(hexOf(bytes));
    expect(published).toContain(hexOf(bytes));
  });
});

describe("tables of topics", () => {
  test("why a subscription ends is what the code says", () => {
    const ends: Record<SubscriptionEnd, true> = { overflow: true, stalled: true, overloaded: true };
    expect(tableOf("why", "meaning").rows.map(([why]) => why)).toEqual(Object.keys(ends));
  });

  test("the bounds are the code's", () => {
    const bounds = Object.entries(defaultTopicsLimits).flatMap(([name, bound]: [string, number | object]) => {
      if (typeof bound === "number") return [[name, bound]];
      return Object.entries(bound).map(([inner, value]) => [`${name}.${inner}`, value as number]);
    });
    const { rows } = tableOf("bound", "default", "of", "beyond");
    expect(rows.map(([bound, value]) => [bound, Number(value!.replaceAll(",", ""))])).toEqual(bounds);
  });
});
