import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  Writer,
  kinds,
  writeAccusationBody,
  writeOffer,
  writeInterestEntry,
  writeOffersHead,
  writeRecordBody,
} from "../../src/wire/index.js";
import { frameOf, messagesOf, rawMessage, utf8 } from "../support/wire.js";
import { type Written, bytesOf, messageOf, write, writtenKinds } from "./messages.js";

/** Writes as a later version might: a field that nobody knows yet in every list of optional fields. */
class LaterWriter extends Writer {
  added = 0;

  override endFields(): this {
    this.added += 1;
    return this.field(200)
      .raw(Uint8Array.of(1, 2, 3))
      .endField()
      .field(255)
      .endField()
      .u8(0);
  }
}

const withFields = [
  "hello",
  "answer",
  "results",
  "call",
  "request",
  "step",
  "drain",
  "resume",
  "event",
  "watch",
  "requests",
  "topic-report",
  "progress",
  "fetch",
  "chunk",
  "release",
  "publish-confirmed",
  "subscribe",
  "everywhere",
  "backlog-ask",
  "unsubscribe",
  "missed",
  "subscription-ended",
  "publish-refused",
  "forwarded-until",
  "forward",
  "forward-report",
  "handed-back",
  "forward-over",
  "told-over",
  "interest-lines",
] as const;

/** Kinds of which a part is signed; the optional fields stand in that part. */
const signed = ["record", "accusation", "offers", "interest"] as const;

/** The message whose signed parts a later version has written. */
function asLaterWritten(message: Written): Written {
  const later = (part: (writer: Writer) => void): Uint8Array => {
    const writer = new LaterWriter(utf8);
    const bytes = bytesOf(part, writer);
    expect(writer.added).toBe(1);
    return bytes;
  };
  if (message.kind === "record")
    return { ...message, body: later((writer) => writeRecordBody(writer, message.record)) };
  if (message.kind === "accusation") {
    return { ...message, body: later((writer) => writeAccusationBody(writer, message.accusation)) };
  }
  if (message.kind === "interest") {
    const added = message.added.map(({ interest }) => ({
      interest,
      bytes: later((writer) => writeInterestEntry(writer, interest)),
    }));
    return { ...message, added, body: later((writer) => writeOffersHead(writer, message.head)) };
  }
  if (message.kind !== "offers") throw new Error(`nothing of a ${message.kind} is signed`);
  const added = message.added.map(({ offer }) => ({ offer, bytes: later((writer) => writeOffer(writer, offer)) }));
  return { ...message, added, body: later((writer) => writeOffersHead(writer, message.head)) };
}

describe("optional fields", () => {
  test.for(withFields)("a %s with fields that are not known is read without them", (kind) => {
    let added = 0;
    fc.assert(
      fc.property(messageOf[kind], (message) => {
        const writer = new LaterWriter(utf8);
        write(writer, message);
        writer.end();
        added += writer.added;
        expect(messagesOf(writer.take())).toEqual([message]);
      }),
    );
    expect(added).toBeGreaterThan(0);
  });

  test("every kind that has anything to add to has a list of optional fields", () => {
    const having: readonly string[] = [...withFields, ...signed];
    expect(writtenKinds.filter((kind) => !having.includes(kind))).toEqual([
      ...["prove", "open", "goodbye", "credit", "pong", "keep", "drain-ack", "failure", "cancel"],
      ...["fetch-more", "fetch-failed", "fetch-end", "left-end"],
      ...["offers-request", "digest", "digest-lines", "probe", "probe-ack", "probe-request", "probe-report"],
      ...["publish", "taken", "deliver"], // what is said of a message stands in it, and so many are sent
      ...["interest-digest", "heard"],
      ...["ping", "inspect"],
    ]);
  });

  test("fields of a signed part that are not known are passed on as they came, for the signature is of them too", () => {
    fc.assert(
      fc.property(fc.oneof(...signed.map((kind) => messageOf[kind])), (message) => {
        const later = asLaterWritten(message);
        const frame = frameOf((writer) => write(writer, later));
        const [read] = messagesOf(frame);
        expect(read).toEqual(later);
        expect(frameOf((writer) => write(writer, read as Written))).toEqual(frame);
      }),
    );
  });

  test("what a known field has behind the content that is known is skipped", () => {
    // an answer to 1 whose timings (tag 1) have a third number; the value is nil
    const answer = rawMessage(kinds.answer, 0, 0, 0, 1, 1, 0, 0, 0, 3, 10, 20, 30, 0, 0xc0);
    expect(messagesOf(answer)).toEqual([
      { kind: "answer", id: 1, timings: { queueUs: 10, runUs: 20 }, summary: undefined, value: Uint8Array.of(0xc0) },
    ]);
  });

  test("a field whose content is longer than its length is malformed (R1)", () => {
    const call = rawMessage(kinds.call, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0x66, 2, 0, 0, 0, 2, 0, 0, 1, 0, 0, 0xc0);
    expect(messagesOf(call)).toMatchObject([
      {
        kind: "refused",
        id: 1,
        error: { code: "malformed", message: "an optional field is longer than its length says" },
      },
    ]);
  });

  test("a field that comes twice counts as it came last, bound values as they came", () => {
    const step = rawMessage(
      kinds.step,
      0,
      0,
      0,
      1,
      0,
      0,
      0,
      0,
      0,
      0,
      1,
      0x66,
      ...[4, 0, 0, 0, 1, 0x01],
      ...[5, 0, 0, 0, 2, 1, 0x61],
      ...[4, 0, 0, 0, 1, 0x02],
      ...[5, 0, 0, 0, 2, 1, 0x62],
      0,
      0x90,
    );
    expect(messagesOf(step)).toMatchObject([{ kind: "step", step: "b", bound: [Uint8Array.of(1), Uint8Array.of(2)] }]);
  });
});
