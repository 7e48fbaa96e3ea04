/** What one client publishes: the ids of its messages, and how many may have been lost. */
import { expect, test } from "vitest";
import {
  MessageWriter,
  PublishLedger,
  TopicMessageReader,
  defaultTopicMessageLimits,
} from "../../../src/topics/index.js";
import { TextCache, Writer } from "../../../src/wire/index.js";
import { seeded } from "../../support/random.js";
import { utf8 } from "../../support/wire.js";

function idsOf(writer: MessageWriter, count: number): string[] {
  const reader = new TopicMessageReader(new TextCache(utf8), utf8, 1_024, defaultTopicMessageLimits);
  return Array.from({ length: count }, () => {
    const out = new Writer(utf8);
    writer.writePlain(out.begin(0), "a", 1, Uint8Array.of(1));
    out.end();
    return reader.open(out.take().slice(5)).id;
  });
}

test("each message has an id of its own, that begins with its client's prefix; two clients have two prefixes (W1)", () => {
  const one = new MessageWriter(seeded(1), utf8);
  const other = new MessageWriter(seeded(2), utf8);
  const ids = [...idsOf(one, 5_000), ...idsOf(other, 5_000), one.takeId()];
  expect(new Set(ids).size).toBe(10_001);
  expect(ids.slice(0, 5_000).every((id) => id.startsWith(one.prefix))).toBe(true);
  expect(one.prefix).not.toBe(other.prefix);
});

test("topics and times may change from message to message: each is written as it is (W2)", () => {
  const writer = new MessageWriter(seeded(1), utf8);
  const reader = new TopicMessageReader(new TextCache(utf8), utf8, 1_024, defaultTopicMessageLimits);
  const topics = ["a", "a", "a", "b.ü", "b.ü", "a", "", "", "a"];
  const ids = new Set<string>();
  topics.forEach((topic, index) => {
    const out = new Writer(utf8);
    const timestampMs = 1_700_000_000_000 + (index >> 1) * 1e12;
    writer.writePlain(out.begin(0), topic, timestampMs, Uint8Array.of(index));
    out.end();
    const read = reader.open(out.take().slice(5));
    expect([read.topic, read.timestampMs, [...read.payload]]).toEqual([topic, timestampMs, [index]]);
    ids.add(read.id);
  });
  expect([...ids].map((id) => id.slice(-1)).join("")).toBe("123456789");
});

test("what is not known to have arrived counts as lost; what the far side has admitted does not (E1)", () => {
  const ledger = new PublishLedger();
  for (let i = 1; i <= 1_000; i++) ledger.published(i * 200, 0);
  expect(ledger.unknown(0)).toBe(1_000);
  const unknown = ledger.unknown(100_000);
  expect(unknown).toBeGreaterThanOrEqual(500);
  expect(unknown).toBeLessThan(500 + 200);
  expect(ledger.unknown(200_000)).toBeLessThan(200);
  expect(ledger.unknown(50_000)).toBe(ledger.unknown(200_000)); // it never unlearns
});

test("it asks now and then whether what was published has arrived, and knows of each message before that (E2)", () => {
  const ledger = new PublishLedger();
  expect(ledger.asks(0, 0, 1_000)).toBe(false); // nothing was published
  for (let i = 1; i <= 10; i++) ledger.published(i * 100, 0);
  expect(ledger.asks(1_000, 0, 1_000)).toBe(true);
  expect(ledger.asks(1_000, 0, 2_000)).toBe(false); // nothing since
  for (let i = 11; i <= 15; i++) ledger.published(i * 100, 0);
  expect(ledger.asks(1_500, 0, 1_050)).toBe(false); // it has just asked
  expect(ledger.unknown(999)).toBe(15);
  expect(ledger.unknown(1_000)).toBe(5);
  expect(ledger.asks(1_500, 1_000, 1_100)).toBe(true);
  expect(ledger.unknown(1_500)).toBe(0);
  ledger.published(1_600, 1_500);
  expect(ledger.asks(1_600, 1_500, 500)).toBe(true); // the clock was set back
  expect(ledger.unknown(1_500)).toBe(1);
});
