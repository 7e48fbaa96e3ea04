/** What a consumer gets, read from the bytes when it is asked for something. */
import { expect, test } from "vitest";
import { MessageOpener, ReceivedMessage } from "../../../src/topics/index.js";
import { codec } from "../../support/requests.js";
import { utf8 } from "../../support/wire.js";
import { message } from "./support.js";

const received = (bytes: Uint8Array): ReceivedMessage => new ReceivedMessage(bytes, new MessageOpener(codec, utf8), 0);

test("all that the publisher has said is there; two messages of one client do not mix (R1)", () => {
  const opener = new MessageOpener(codec, utf8);
  const headers = new Map([["__proto__", "data"]]);
  const one = new ReceivedMessage(message("1", { n: 1 }, { headers, correlationId: "c", ttlMs: 5 }), opener, 3);
  const other = new ReceivedMessage(message("2", [2], { topic: "x", replyTo: "r", priority: 0 }), opener, 0);
  expect([one.id, other.id, one.topic, other.topic]).toEqual(["1", "2", "a.b", "x"]);
  expect([one.correlationId, other.correlationId, one.replyTo, other.replyTo]).toEqual([
    "c",
    undefined,
    undefined,
    "r",
  ]);
  expect([one.priority, other.priority, one.ttlMs, other.ttlMs]).toEqual([4, 0, 5, 0]);
  expect(Object.entries(one.headers)).toEqual([["__proto__", "data"]]);
  expect([one.payload, other.payload, one.missedBefore]).toEqual([{ n: 1 }, [2], 3]);
  expect(one.payload).toBe(one.payload);
});

test("one that cannot be read says so where it is asked, with its topic where that can be read (R2)", () => {
  const whole = message("1", "text");
  const cut = received(whole.slice(0, -2));
  expect(cut.id).toBe("1");
  expect(() => cut.payload).toThrow('The payload of a message of topic "a.b" cannot be read');
  const broken = received(whole.slice(0, 6));
  expect(() => broken.payload).toThrow("Cannot read the message of a topic");
  expect(() => broken.topic).toThrow("Cannot read the message of a topic");
});

test("written as JSON and looked at it is what it says (R3)", () => {
  const inspect = Symbol.for("nodejs.util.inspect.custom");
  const looked = (of: ReceivedMessage): unknown => (of as unknown as Record<symbol, () => unknown>)[inspect]?.();
  const headers = new Map([["region", "eu"]]);
  const whole = received(message("1", { n: 1 }, { headers, replyTo: "r" }));
  const said = {
    topic: "a.b",
    payload: { n: 1 },
    id: "1",
    headers: { region: "eu" },
    replyTo: "r",
    priority: 4,
    missedBefore: 0,
  };
  expect(JSON.parse(JSON.stringify(whole))).toMatchObject(said);
  expect(looked(whole)).toMatchObject(said);
  expect(looked(received(message("1", "text").slice(0, -2)))).toMatchObject({ code: "malformed" }); // and throws nothing
});
