/** What strangers can send. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MpregError } from "../../src/base/index.js";
import { FrameReader, type Message, TextCache, defaultWireLimits, kinds } from "../../src/wire/index.js";
import { frameOf, joined, messagesOf, rawMessage, thrownBy, utf8 } from "../support/wire.js";
import { anyMessage, messageOf, write, writtenKinds } from "./messages.js";

/** The messages of a frame up to the error that ends it, which may only be one of two. */
function readAll(frame: Uint8Array): Message[] {
  const reader = new FrameReader(new TextCache(utf8), defaultWireLimits);
  const messages: Message[] = [];
  reader.open(frame);
  try {
    for (let message = reader.next(); message !== undefined; message = reader.next()) messages.push(message);
  } catch (error) {
    expect(error).toBeInstanceOf(MpregError);
    expect(["malformed", "too-large"]).toContain((error as MpregError).code);
  }
  expect(reader.position).toBeLessThanOrEqual(frame.length);
  return messages;
}

const change = fc.record({ at: fc.nat(), byte: fc.nat(255) });
const frames = fc.array(anyMessage, { minLength: 1, maxLength: 3 }).map((messages) => {
  return frameOf(...messages.map((message) => (writer: Parameters<typeof write>[0]) => write(writer, message)));
});

/** A varint of 2^49 - 1, as many as there are bytes for it. */
const hugeVarint = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];

function filled(length: number): number[] {
  return Array<number>(length).fill(0);
}

/** Up to the base of an `offers`: hops, signature, and the head of a node without an id. */
const emptyHead = [0, ...filled(64), 36, 0, 1, 1, ...filled(32), 0];

/** Kinds with an opaque value that runs to their end. */
const opaqueEnds = [
  ...["answer", "call", "step", "chunk", "event"],
  ...["publish", "publish-confirmed", "deliver", "forward", "handed-back", "forward-over", "told-over"],
];

describe("hostile frames", () => {
  test("random bytes are read or refused, never anything else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (frame) => void readAll(frame)),
      { numRuns: 2_000 },
    );
  });

  test("random bytes behind a kind are read or refused, never anything else", () => {
    const kind = fc.constantFrom(...Object.values(kinds));
    fc.assert(
      fc.property(kind, fc.uint8Array({ maxLength: 120 }), (each, body) => void readAll(rawMessage(each, body))),
      { numRuns: 3_000 },
    );
  });

  test("a valid frame with some bytes changed is read or refused, never anything else", () => {
    fc.assert(
      fc.property(frames, fc.array(change, { minLength: 1, maxLength: 4 }), (frame, changes) => {
        const changed = frame.slice();
        for (const { at, byte } of changes) changed[at % changed.length] = byte;
        readAll(changed);
      }),
      { numRuns: 2_000 },
    );
  });

  test.for(writtenKinds.filter((kind) => kind !== "open"))(
    "every %s that is cut off anywhere is refused or has lost optional or opaque bytes only",
    (kind) => {
      fc.assert(
        fc.property(messageOf[kind], fc.nat(), (message, cut) => {
          const whole = frameOf((writer) => write(writer, message));
          const body = whole.subarray(4, 4 + (cut % (whole.length - 4)));
          if (body.length === 0) return;
          for (const read of readAll(rawMessage(body[0]!, body.subarray(1)))) {
            if (read.kind === "refused") expect(read.error.code).toBe("malformed");
            else if (read.kind === "failure")
              expect(read.error.retryAfterMs).toBeUndefined(); // an older one ends there
            else if (read.kind === "fetch-more")
              expect(read.receivedBytes).toBeUndefined(); // as well
            else expect(opaqueEnds).toContain(read.kind);
          }
        }),
      );
    },
  );

  test.for([
    ["a call's resources", [kinds.call, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0x66, 1, 0, 0, 0, 8, ...hugeVarint, 0, 0]],
    ["a call's optional field", [kinds.call, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0x66, 9, 0xff, 0xff, 0xff, 0xff, 0]],
    ["a call's name", [kinds.call, 0, 0, 0, 1, 0, 0, 0, 0, ...hugeVarint, 0x66]],
    ["a request's steps", [kinds.request, 0, 0, 0, 1, ...Array<number>(9).fill(0), 0, 0x90, 0x4e, 1]],
    [
      "a request's template",
      [kinds.request, 0, 0, 0, 1, ...Array<number>(9).fill(0), 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...hugeVarint, 1],
    ],
    [
      "a request's bindings",
      [kinds.request, 0, 0, 0, 1, ...Array<number>(9).fill(0), 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xa0, 0x8d, 6, 0, 0],
    ],
    ["a step's bound value", [kinds.step, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0x66, 4, 0x7f, 0xff, 0xff, 0xff, 0]],
    ["an inspected subject", [kinds.inspect, 0, 0, 0, 1, ...hugeVarint]],
    ["a subscription's patterns", [kinds.subscribe, 0, 0, 0, 1, 1, 0xe8, 7, 1, 0x61]],
    ["a filter's conditions", [kinds.subscribe, 0, 0, 0, 1, 1, 1, 1, 0x61, 1, 0, 0, 0, 3, 0, 0xe8, 7, 0]],
    ["a header's value", [kinds.subscribe, 0, 0, 0, 1, 1, 1, 1, 0x61, 1, 0, 0, 0, 6, 0, 1, 1, 0x72, 1, 9, 0]],
  ] as const)("a length without the bytes for it is refused: %s (R2)", ([, bytes]) => {
    const [message] = readAll(rawMessage(bytes[0], Uint8Array.from(bytes.slice(1))));
    expect(message).toMatchObject({
      kind: "refused",
      id: 1,
      error: { code: expect.stringMatching(/^(malformed|too-large)$/) },
    });
  });

  test.for([
    ["outputs", [kinds.results, 0, 0, 0, 1, 0, ...hugeVarint]],
    ["step reports", [kinds.results, 0, 0, 0, 1, 2, 0, 0, 0, 8, ...hugeVarint, 0, 0, 0]],
    ["the urls of a record", [kinds.record, 0, ...filled(64 + 40), 0, 0, 16, 0]],
    ["the observers of a record", [kinds.record, 0, ...filled(64 + 40), 0, 0, 0, 0, 0, 0, 0, 64, 0]],
    ["the coordinate of a record", [kinds.record, 0, ...filled(64 + 40), 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 40, 0]],
    ["the target of an accusation", [kinds.accusation, ...filled(64), 0, 100, 0x66]],
    ["the head of offers", [kinds.offers, 0, ...filled(64), ...hugeVarint, ...filled(36)]],
    ["offers", [kinds.offers, ...emptyHead, 0, 0xa0, 0x8d, 6, 0]],
    ["an offer", [kinds.offers, ...emptyHead, 0, 1, ...hugeVarint, 1, 0x66, 0, 0, 0]],
    ["names", [kinds.offers, ...emptyHead, 0, 0, 0xa0, 0x8d, 6, 0]],
    ["the parts of lines", [kinds.digestLines, 0, 64, 1]],
    ["lines", [kinds.digestLines, 0, 0, 0xa0, 0x8d, 6, 0]],
    ["hashes", [kinds.digest, ...filled(255)]],
    ["a coordinate", [kinds.probeAck, 0, 0, 0, 1, 0, ...filled(39)]],
    ["a text", [kinds.goodbye, 0, ...hugeVarint]],
    ["numbers of subscriptions", [kinds.deliver, ...hugeVarint, 1]],
    ["groups", [kinds.forward, 1, 1, 0, 0, 0, 2, 0xe8, 7, 0]],
  ] as const)("a length without the bytes for it ends the link: %s (R2)", ([, bytes]) => {
    expect(thrownBy(() => messagesOf(rawMessage(bytes[0], Uint8Array.from(bytes.slice(1))))).code).toBe("malformed");
  });

  test("a count that the bytes do not back is refused before any item is read (R2)", () => {
    let decoded = 0;
    const counting = {
      encode: utf8.encode,
      decode: (...of: Parameters<typeof utf8.decode>) => (decoded++, utf8.decode(...of)),
    };
    const reader = new FrameReader(new TextCache(counting), defaultWireLimits);
    // three names are announced, the bytes are there for one: 1 0x66
    reader.open(rawMessage(kinds.offers, ...emptyHead, 0, 0, 3, 1, 0x66));
    expect(thrownBy(() => reader.next()).code).toBe("malformed");
    expect(decoded).toBe(0); // an empty text is nothing to decode
  });

  test("a message is read to its own end, not into the next (R1)", () => {
    const cut = rawMessage(kinds.inspect, 0, 0, 0, 1, 5, 0x6e);
    const [first, second] = messagesOf(joined(cut, rawMessage(kinds.cancel, 0, 0, 0, 7)));
    expect(first).toMatchObject({ kind: "refused", error: { message: "a message ends before its last field" } });
    expect(second).toEqual({ kind: "cancel", id: 7 });
  });
});
