import { describe, expect, test } from "vitest";
import { kinds } from "../../src/wire/index.js";
import { frameOf, messagesOf, rawMessage, thrownBy } from "../support/wire.js";
import { write } from "./messages.js";

/** Up to its filter: id 1, number 1, the pattern `a`. */
const subscribeHead = [0, 0, 0, 1, 1, 1, 1, 0x61];
const message = Uint8Array.of(1, 0x61, 0, 0, 0, 0xc0);

describe("messages of topics", () => {
  test("what is published is the rest of its message, as it is (P1)", () => {
    for (const [read] of [
      messagesOf(rawMessage(kinds.publish, message)),
      messagesOf(rawMessage(kinds.publishConfirmed, 0, 0, 0, 1, 0, 0, message)),
      messagesOf(rawMessage(kinds.deliver, 1, 5, message)),
      messagesOf(rawMessage(kinds.forward, 1, 0, message)),
    ])
      expect(read).toMatchObject({ message });
  });

  test("before a message that is published stand 5 bytes, before one that is delivered to one subscription 7 (P2)", () => {
    expect(frameOf((writer) => write(writer, { kind: "publish", message })).length - message.length).toBe(5);
    const deliver = frameOf((writer) => write(writer, { kind: "deliver", numbers: [100], message }));
    expect(deliver.length - message.length).toBe(7);
    expect(frameOf((writer) => write(writer, { kind: "taken", number: 100, bytes: 65_536 })).length).toBe(9);
  });

  test("a message that is delivered to nobody is malformed", () => {
    expect(thrownBy(() => messagesOf(rawMessage(kinds.deliver, 0, message))).code).toBe("malformed");
  });

  test.for([
    ["level of confirmation", [kinds.publishConfirmed, 0, 0, 0, 1, 2, 0]],
    ["match of a filter", [kinds.subscribe, ...subscribeHead, 1, 0, 0, 0, 5, 2, 1, 1, 0x72, 0, 0]],
    ["condition of a filter", [kinds.subscribe, ...subscribeHead, 1, 0, 0, 0, 5, 0, 1, 1, 0x72, 2, 0]],
    ["replay", [kinds.subscribe, ...subscribeHead, 3, 0, 0, 0, 2, 3, 0, 0]],
  ] as const)("a %s that is not known is refused, and not taken for another one (P3)", ([what, [kind, ...body]]) => {
    expect(messagesOf(rawMessage(kind, ...body))).toMatchObject([
      { kind: "refused", id: 1, error: { code: "unsupported", outcome: "not-applied" } },
    ]);
    expect(messagesOf(rawMessage(kind, ...body))).toHaveProperty(
      "0.error.message",
      expect.stringContaining(`The ${what} with the number`),
    );
  });
});
