import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Writer, defaultWireLimits, kinds, writeCall, writeInspect, writePing } from "../../src/wire/index.js";
import { frameOf, joined, messagesOf, rawMessage, thrownBy, utf8 } from "../support/wire.js";
import { anyMessage, kindNumbers, messageOf, write, writtenKinds } from "./messages.js";

const cancelOf7 = rawMessage(kinds.cancel, 0, 0, 0, 7);

describe("messages", () => {
  test.for(writtenKinds)("what is written as %s is read as it was", (kind) => {
    fc.assert(
      fc.property(messageOf[kind], (message) => {
        expect(messagesOf(frameOf((writer) => write(writer, message)))).toEqual([message]);
      }),
    );
  });

  test("messages of one frame are read one after the other, and every byte belongs to one", () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 8 }), (messages) => {
        const writes = messages.map((message) => (writer: Writer) => write(writer, message));
        const frame = frameOf(...writes);
        expect(messagesOf(frame)).toEqual(messages);
        expect(frame.length).toBe(writes.reduce((sum, each) => sum + frameOf(each).length, 0));
      }),
    );
  });

  test("end answers the size of the message on the wire", () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const writer = new Writer(utf8);
        write(writer, message);
        const size = writer.end();
        expect(writer.length).toBe(size);
        expect(writer.take().length).toBe(size);
      }),
    );
  });
});

describe("frames", () => {
  test("an unknown kind that expects nothing is skipped (F2) (K1)", () => {
    const frame = joined(rawMessage(0x7f, 1, 2, 3), rawMessage(0x00), cancelOf7);
    expect(messagesOf(frame).map(({ kind }) => kind)).toEqual(["skipped", "skipped", "cancel"]);
  });

  test("an unknown kind that expects an answer is refused with its id as unsupported (F2) (K1)", () => {
    const [refused, next] = messagesOf(joined(rawMessage(0xff, 0, 0, 1, 2, 9, 9), cancelOf7));
    expect(refused).toMatchObject({ kind: "refused", id: 258, error: { code: "unsupported", outcome: "not-applied" } });
    expect(refused).toHaveProperty("error.message", "Messages of kind 0xff are not known here");
    expect(next).toEqual({ kind: "cancel", id: 7 });
  });

  test("every kind that expects an answer, and no other, has the answer bit (K1)", () => {
    const answerable = writtenKinds.filter((kind) => (kindNumbers[kind] & 0x80) !== 0);
    expect(answerable).toEqual([
      ...["ping", "call", "request", "inspect", "resume", "watch", "requests", "step"],
      ...["publish-confirmed", "subscribe", "everywhere", "backlog-ask", "topic-report"],
    ]);
  });

  test("a call that cannot be read costs its sender that call only (F1)", () => {
    const call = frameOf((writer) => {
      writeCall(writer, 5, {
        timeoutMs: 0,
        fun: "f".repeat(2_000),
        resources: [],
        waitForCapacityMs: 0,
        summary: false,
        terms: undefined,
        args: new Uint8Array(0),
      });
    });
    const cutOff = rawMessage(kinds.request, 0, 0, 0, 6, 1);
    const [first, second, third] = messagesOf(joined(call, cutOff, cancelOf7));
    expect(first).toMatchObject({
      kind: "refused",
      id: 5,
      error: { code: "too-large", message: "a name of 2000 bytes; the limit is 1024" },
    });
    expect(second).toMatchObject({ kind: "refused", id: 6, error: { code: "malformed" } });
    expect(third).toEqual({ kind: "cancel", id: 7 });
  });

  test("a message that expects no answer and cannot be read is malformed for the link (F1)", () => {
    expect(thrownBy(() => messagesOf(rawMessage(kinds.cancel, 0, 0, 7))).code).toBe("malformed");
    for (const kind of [kinds.call, 0xff])
      expect(thrownBy(() => messagesOf(rawMessage(kind, 0, 0, 7))).code).toBe("malformed"); // no id
  });

  test.for([
    ["stands before the end of the frame only in part", Uint8Array.of(0, 0, 1)],
    ["stands before nothing", Uint8Array.of(0, 0, 0, 1)],
    ["is zero", Uint8Array.of(0, 0, 0, 0)],
    ["is zero, with a byte behind it", Uint8Array.of(0, 0, 0, 0, 0)],
    ["is longer than the frame", Uint8Array.of(0, 0, 0, 3, kinds.open, 0)],
    ["is longer than any frame", Uint8Array.of(0xff, 0xff, 0xff, 0xff, kinds.open)],
  ] as const)("a length that %s is malformed for the link (F1)", ([, bytes]) => {
    const whole = frameOf((writer) => {
      writePing(writer, 1);
    });
    expect(thrownBy(() => messagesOf(bytes)).code).toBe("malformed");
    expect(thrownBy(() => messagesOf(joined(whole, bytes))).code).toBe("malformed");
    if (bytes.length === 4) expect(thrownBy(() => messagesOf(joined(bytes, whole))).code).toBe("malformed");
  });

  test("a message larger than is accepted costs its sender that message, where it expects an answer (F1)", () => {
    const limits = { ...defaultWireLimits, messageBytesMax: 100 };
    const inspect = (bytes: number): Uint8Array =>
      rawMessage(kinds.inspect, 0, 0, 0, 9, 1, 0x6e, new Uint8Array(bytes - 11));
    expect(messagesOf(joined(inspect(100), inspect(101), cancelOf7), limits)).toMatchObject([
      { kind: "inspect", id: 9 },
      { kind: "refused", id: 9, error: { code: "too-large", message: "A message of 101 bytes; the limit is 100" } },
      { kind: "cancel", id: 7 },
    ]);
    const answer = rawMessage(kinds.answer, new Uint8Array(200));
    expect(thrownBy(() => messagesOf(answer, limits)).code).toBe("too-large");
  });

  test("an empty frame has no message", () => {
    expect(messagesOf(new Uint8Array(0))).toEqual([]);
  });

  test("bytes behind the last field of a message are skipped", () => {
    expect(messagesOf(rawMessage(kinds.cancel, 0, 0, 0, 7, 1, 2, 3))).toEqual([{ kind: "cancel", id: 7 }]);
    const inspect = frameOf((writer) => {
      writeInspect(writer, 1, "nodes");
      writer.u8(200);
    });
    expect(messagesOf(inspect)).toEqual([{ kind: "inspect", id: 1, subject: "nodes" }]);
  });
});
