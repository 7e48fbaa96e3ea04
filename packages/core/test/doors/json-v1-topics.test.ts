/** Topics on the JSON protocol: what was captured of the reference, byte by byte, and what is better on purpose. */
import { describe, expect, test } from "vitest";
import type { MpregError } from "../../src/base/index.js";
import { type Participant, type TopicMessageHead, priorityDefault } from "../../src/topics/index.js";
import { messageOf, readerOf } from "../topics/support.js";
import { FakeHost, type FakeHostOptions } from "./fake-host.js";

const publisher = "pubsub_client_01M7W1ZSWWPQMHXYMKMGXE7VAR";

function messageText(topic: string, id: string, payload: string, timestamp: string, more = ""): string {
  return `{"topic":"${topic}","payload":${payload},"timestamp":${timestamp},"message_id":"${id}","publisher":"${publisher}","headers":{${more}},"routing_path":null,"current_hop":null}`;
}

function publishText(u: string, message: string): string {
  return `{"role":"pubsub-publish","message":${message},"u":"${u}"}`;
}

function subscribeText(u: string, id: string, patterns: readonly string[], more = `"get_backlog":false`): string {
  const all = patterns.map((pattern) => `{"pattern":"${pattern}","exact_match":false}`).join(",");
  return `{"role":"pubsub-subscribe","subscription":{"subscription_id":"${id}","patterns":[${all}],"subscriber":"${publisher}","created_at":1795164203.0612953,${more}},"u":"${u}"}`;
}

const unsubscribeText = (u: string, id: string) => `{"role":"pubsub-unsubscribe","subscription_id":"${id}","u":"${u}"}`;

const ack = (u: string) => `{"role":"pubsub-ack","operation_id":"${u}","success":true,"error":null,"u":"ack_${u}"}`;

const notified = (message: string, messageId: string, id: string, more = "") =>
  `{"role":"pubsub-notification","message":${message},"subscription_id":"${id}","u":"notification_${messageId}_${id}"${more}}`;

/** What a door says to `frames`. */
function said(host: FakeHost, ...frames: readonly string[]): string[] {
  const before = host.replies.length;
  for (const frame of frames) host.exchange(frame);
  return host.replies.slice(before);
}

interface Ack {
  readonly success: boolean;
  readonly error: string | null;
  readonly details?: { readonly code: string; readonly node: string; readonly outcome: string };
}

/** The answer to a frame that is refused. */
function refused(host: FakeHost, frame: string | object): Ack {
  const reply = JSON.parse(host.exchange(frame)!) as Ack & { readonly role: string };
  expect([reply.role, reply.success]).toEqual(["pubsub-ack", false]);
  return reply;
}

/** A participant that speaks no JSON. */
class Native implements Participant {
  readonly id: number;
  readonly isCluster = false;
  readonly heard: TopicMessageHead[] = [];
  readonly payloads: unknown[] = [];
  readonly #host: FakeHost;
  readonly #reader = readerOf();

  constructor(host: FakeHost, id: number) {
    this.#host = host;
    this.id = id;
  }

  publish(head: Partial<TopicMessageHead>, payload: unknown): void {
    const encoded = payload instanceof RawBytes ? payload.bytes : this.#host.codec.encode(payload, "payload");
    const message = messageOf({ topic: "a", id: "n", timestampMs: 1_500, ...head }, encoded);
    this.#host.topics.publish(this, message, undefined, 0);
    this.#host.settle();
  }

  subscribe(pattern: string): void {
    this.#host.topics.subscribe(this, 1, { patterns: [pattern] }, 0);
  }

  deliver(_numbers: readonly number[], _count: number, message: Uint8Array): boolean {
    const { topic, id, timestampMs, headers, correlationId, replyTo, ttlMs, priority, payload } =
      this.#reader.open(message);
    this.heard.push({ topic, id, timestampMs, headers, correlationId, replyTo, ttlMs, priority });
    this.payloads.push(this.#host.codec.decode(payload));
    return true;
  }

  missed(): void {
    throw new Error("nothing gets lost here");
  }

  ended(): void {
    throw new Error("nothing ends here");
  }

  refused(_id: string, error: MpregError): void {
    throw error;
  }

  hold(): number {
    throw new Error("nobody waits here");
  }

  admit(): void {
    throw new Error("nobody waits here");
  }
}

class RawBytes {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** A host whose connection has the subscription `s` to `patterns`. */
function subscribed(patterns: readonly string[] = ["#"], options: FakeHostOptions = {}): FakeHost {
  const host = new FakeHost(options);
  expect(said(host, subscribeText("0", "s", patterns))).toEqual([ack("0")]);
  return host;
}

interface Notification {
  readonly message: {
    readonly payload: unknown;
    readonly message_id: string;
    readonly timestamp: number;
    readonly publisher: string;
    readonly headers: Readonly<Record<string, unknown>>;
  };
  readonly subscription_id: string;
  readonly u: string;
  readonly missed_before?: number | null;
  readonly notices?: readonly string[];
}

const notifications = (frames: readonly string[]) =>
  frames.filter((frame) => frame.startsWith('{"role":"pubsub-not')).map((frame) => JSON.parse(frame) as Notification);

describe("what the reference answers is answered in the same bytes (Y4)", () => {
  test("a publish that nobody wants, a subscription of two patterns, and what matches it, before its answer (P2, P3)", () => {
    const host = new FakeHost();
    const early = messageText("user.1.login", "01M7W1ZSWWH1P8QR8B29Q71FR6", `{"early":true}`, "1795164202.9085133");
    expect(said(host, publishText("01M7W1ZSWWA27HJVZTWGFY0N09", early))).toEqual([ack("01M7W1ZSWWA27HJVZTWGFY0N09")]);
    const id = "01M7W1ZT1N6QSXAF6KMWJ636N4";
    const subscribe = subscribeText("01M7W1ZT1NJ4JHQEBFCGKSFHGC", id, ["user.*.login", "order.#"]);
    expect(said(host, subscribe)).toEqual([ack("01M7W1ZT1NJ4JHQEBFCGKSFHGC")]);
    const login = messageText(
      "user.123.login",
      "01M7W1ZT7Y6K6MGJW4F9PA74ES",
      `{"username":"alice"}`,
      "1795164203.2627647",
    );
    expect(said(host, publishText("01M7W1ZT7Y8C1Y6AX67BBQAR2Z", login))).toEqual([
      notified(login, "01M7W1ZT7Y6K6MGJW4F9PA74ES", id),
      ack("01M7W1ZT7Y8C1Y6AX67BBQAR2Z"),
    ]);
    const order = messageText("order", "01M7W1ZTCXCSHFWYXEMHZ9WXA2", `{"n":1}`, "1795164203.421432");
    expect(said(host, publishText("01M7W1ZTCX2DTXAVTEV5PJ9EK9", order))).toEqual([
      notified(order, "01M7W1ZTCXCSHFWYXEMHZ9WXA2", id),
      ack("01M7W1ZTCX2DTXAVTEV5PJ9EK9"),
    ]);
    const profile = messageText(
      "user.123.profile.login",
      "01M7W1ZTHM4CXTVJ8VNTCB9EZV",
      `{"n":2}`,
      "1795164203.5728655",
    );
    expect(said(host, publishText("01M7W1ZTHMP0R27DMZQ7GJ3X18", profile))).toEqual([ack("01M7W1ZTHMP0R27DMZQ7GJ3X18")]);
    expect(said(host, unsubscribeText("01M7W1ZTPCWMWDW1R6SQBK2MVC", id))).toEqual([ack("01M7W1ZTPCWMWDW1R6SQBK2MVC")]);
    expect(said(host, publishText("p", login))).toEqual([ack("p")]);
  });

  test("a message with everything that the protocol knows comes as it was sent (O1)", () => {
    const host = subscribed();
    const headers = `"content_type":"text","correlation_id":"c","reply_to":"r.1","priority":7,"ttl_seconds":2.5,"mine":{"deep":[1,null,9007199254740993]},"__proto__":"x"`;
    const message = `{"topic":"a","payload":[1,-1.5,"ünïcödé",{"deep":[null,true]},9007199254740993],"timestamp":1795164203.25,"message_id":"m","publisher":"p","headers":{${headers}},"routing_path":["n1","n2"],"current_hop":2}`;
    expect(said(host, publishText("1", message))).toEqual([notified(message, "m", "s"), ack("1")]);
  });

  test("one that several patterns of a subscription match comes once, and to each subscription of a connection", () => {
    const host = subscribed(["a.*", "a.#", "#"]);
    said(host, subscribeText("t", "t", ["a.b"]));
    const message = messageText("a.b", "m", "1", "1.5");
    expect(said(host, publishText("1", message))).toEqual([
      notified(message, "m", "s"),
      notified(message, "m", "t"),
      ack("1"),
    ]);
  });
});

describe("subscriptions", () => {
  test("get the backlog of as many seconds as they ask for, behind the answer, where the reference sends nothing (B1)", () => {
    const host = new FakeHost();
    const [old, young] = [messageText("a", "old", "1", "1.5"), messageText("a", "young", "2", "1.5")];
    const publish = (at: number, text: string) => {
      host.door.receive(new TextEncoder().encode(publishText("p", text)), at);
    };
    publish(0, old);
    publish(400_000, young);
    const ids = (more: string) => {
      const before = host.replies.length;
      host.door.receive(new TextEncoder().encode(subscribeText("s", `s${before}`, ["a"], more)), 410_000);
      host.settle();
      expect(host.replies[before]).toBe(ack("s"));
      return notifications(host.replies.slice(before)).map(({ message, subscription_id: id, u }) => {
        expect(u).toBe(`backlog_${message.message_id}_${id}`);
        return message.message_id;
      });
    };
    expect(ids(`"get_backlog":true,"backlog_seconds":3600`)).toEqual(["old", "young"]);
    expect(ids(`"get_backlog":true,"backlog_seconds":300`)).toEqual(["young"]);
    expect(ids(`"zzz":1`)).toEqual(["young"]);
    expect(ids(`"get_backlog":true,"backlog_seconds":0.5`)).toEqual([]);
    expect(ids(`"get_backlog":false,"backlog_seconds":3600`)).toEqual([]);
    publish(410_000, messageText("a", "live", "3", "1.5"));
    expect(notifications(host.replies.slice(-6)).map(({ u }) => u.split("_")[0])).toEqual(
      new Array(5).fill("notification"),
    );
  });

  test("are named by their connection: the id of another one is never meant (P1)", () => {
    const host = subscribed();
    const second = new SharedHost(host);
    expect(refused(second, unsubscribeText("u", "s"))).toEqual({
      role: "pubsub-ack",
      operation_id: "u",
      success: false,
      error: 'This connection has no subscription "s"',
      u: "ack_u",
      details: { code: "invalid-argument", step: null, node: "entry", outcome: "not-applied" },
    });
    expect(said(second, subscribeText("1", "s", ["b"]))).toEqual([ack("1")]); // the same id, another subscription
    const message = messageText("b", "m", "1", "1.5");
    expect(said(host, publishText("p", message))).toEqual([notified(message, "m", "s"), ack("p")]);
    expect(second.replies.at(-1)).toBe(notified(message, "m", "s"));
    expect(said(second, unsubscribeText("2", "s"))).toEqual([ack("2")]);
    expect(said(host, publishText("p", message))).toEqual([notified(message, "m", "s"), ack("p")]);
    expect(refused(host, subscribeText("3", "s", ["b"])).error).toBe('This connection has a subscription "s" already');
  });

  test("leave nothing when their connection is gone (P5)", () => {
    const host = subscribed(["a.#", "b.#"]);
    const message = messageText("a.b", "m", "1", "1.5");
    host.door.closed(0);
    expect(host.topics.figures).toMatchObject({ subscriptions: 0, outlets: 0, sources: 0 });
    const frames = host.replies.length;
    const native = new Native(host, 99);
    native.publish({ topic: "a.b" }, 1);
    expect(said(host, publishText("1", message))).toEqual([]);
    expect(host.replies.length).toBe(frames);
  });

  test("lose the oldest messages while nothing leaves, and are told how many are missing (P4)", () => {
    const host = subscribed(["a"], { topicsLimits: { bufferMessagesMax: 2, outletWindowBytes: 1 } });
    const publish = (id: string) => said(host, publishText(id, messageText("a", id, "1", "1.5")));
    host.waitingBytes = 3 * 1024 * 1024;
    expect(notifications(publish("1")).length).toBe(1);
    for (const id of ["2", "3", "4", "5"]) expect(publish(id)).toEqual([ack(id)]);
    expect(host.topics.figures.dropped).toBe(2);
    host.waitingBytes = 0;
    const before = host.replies.length;
    host.door.writable(0);
    host.settle();
    const told = notifications(host.replies.slice(before)).map(({ message, missed_before }) => [
      message.message_id,
      missed_before,
    ]);
    expect(told).toEqual([
      ["4", 2],
      ["5", undefined],
    ]);
    expect(notifications(publish("6")).map(({ missed_before }) => missed_before)).toEqual([undefined]);
    expect(host.topics.figures.waitingBytes).toBe(0);
  });

  test("are told null where nobody knows how many messages are missing", () => {
    const host = subscribed(["a"]);
    host.topics.exchange.missedElsewhere(Infinity);
    const told = notifications(said(host, publishText("1", messageText("a", "1", "1", "1.5"))));
    expect(told.map(({ missed_before }) => missed_before)).toEqual([null]);
  });

  test("are at most 1,000 of a connection", () => {
    const host = new FakeHost();
    for (let at = 0; at < 1_000; at++) host.exchange(subscribeText(`${at}`, `s${at}`, ["a"]));
    expect(refused(host, subscribeText("u", "one more", ["a"])).details?.code).toBe("overloaded");
    said(host, unsubscribeText("u", "s7"));
    expect(said(host, subscribeText("u", "one more", ["a"]))).toEqual([ack("u")]);
  });
});

describe("refusals say why, in the answer", () => {
  const message = JSON.parse(messageText("a", "m", "1", "1.5")) as object;
  const publish = (fields: object) => ({ role: "pubsub-publish", u: "u", message: { ...message, ...fields } });
  const subscribe = (fields: object) => ({
    role: "pubsub-subscribe",
    u: "u",
    subscription: { subscription_id: "s", patterns: [{ pattern: "a" }], ...fields },
  });
  const cases: readonly (readonly [frame: object, code: string, error: string | RegExp])[] = [
    [publish({ topic: "mpreg.cluster.x" }), "denied", /^Cannot publish to "mpreg.cluster.x": "mpreg.#" belongs/],
    [publish({ topic: "mpreg" }), "denied", /belongs to the cluster/],
    [publish({ topic: 7 }), "invalid-argument", "message.topic must be a text, got number"],
    [publish({ topic: "a.*" }), "invalid-argument", /a\.\*/],
    [publish({ message_id: "" }), "invalid-argument", /^message.message_id must be a name that is not empty/],
    [publish({ message_id: "x".repeat(300) }), "too-large", /its id has 300 bytes; the limit is 256/],
    [publish({ timestamp: "now" }), "invalid-argument", /^message.timestamp must be seconds since 1970, got/],
    [publish({ timestamp: -1 }), "invalid-argument", /^message.timestamp must be seconds since 1970, got -1/],
    [publish({ timestamp: 1e300 }), "invalid-argument", /^message.timestamp must be seconds since 1970, got 1e\+300/],
    [publish({ publisher: 1 }), "invalid-argument", /^message.publisher must be a text/],
    [publish({ headers: [] }), "invalid-argument", /^message.headers must be an object/],
    [publish({ headers: { a: "x".repeat(20_000) } }), "too-large", /its headers have \d+ bytes/],
    [publish({ headers: { a: "\ud800" } }), "invalid-argument", /half of a surrogate pair/],
    [publish({ routing_path: "n" }), "invalid-argument", /^message.routing_path must be null or an array of texts/],
    [publish({ current_hop: 0.5 }), "invalid-argument", /^message.current_hop must be null or an integer, got 0.5/],
    [publish({ payload: nested(101) }), "not-encodable", /payload/],
    [{ role: "pubsub-publish", u: "u" }, "invalid-argument", /^message must be an object, got undefined/],
    [{ role: "pubsub-publish" }, "invalid-argument", `The message's "u" must be a text, got undefined`],
    [subscribe({ patterns: [] }), "invalid-argument", /at least one pattern/],
    [
      subscribe({ patterns: ["a"] }),
      "invalid-argument",
      /^subscription.patterns\[0\] must be an object with a pattern/,
    ],
    [subscribe({ patterns: [{}] }), "invalid-argument", /^subscription.patterns\[0\].pattern must be a text/],
    [subscribe({ patterns: "a" }), "invalid-argument", /^subscription.patterns must be an array/],
    [subscribe({ subscription_id: 1 }), "invalid-argument", /^subscription.subscription_id must be a name/],
    [subscribe({ subscription_id: "x".repeat(2_000) }), "too-large", /more than the 1024 bytes/],
    [subscribe({ get_backlog: "yes" }), "invalid-argument", /^subscription.get_backlog must be true or false/],
    [subscribe({ backlog_seconds: -1 }), "invalid-argument", /^subscription.backlog_seconds must be .* got -1/],
    [{ role: "pubsub-subscribe", u: "u", subscription: [] }, "invalid-argument", /^subscription must be an object/],
    [{ role: "pubsub-unsubscribe", u: "u" }, "invalid-argument", /^subscription_id must be a name/],
  ];

  test.for(cases)("$1: $2", ([frame, code, error]) => {
    const host = new FakeHost();
    const ack = refused(host, frame);
    expect(ack.details).toEqual({ code, step: null, node: "entry", outcome: "not-applied" });
    expect(ack.error).toMatch(error);
    expect(host.closedWith).toBeUndefined();
    expect([host.door.isKnown, host.topics.figures.subscriptions]).toEqual([false, 0]);
    said(host, subscribeText("after", "s", ["a"]));
    expect(host.door.isKnown).toBe(true);
  });

  test("the policy's too, which is asked about the far side of the connection", () => {
    const asked: unknown[] = [];
    const host = new FakeHost({
      policy: (subject, action) => {
        asked.push([subject, action]);
        return action.kind === "publish" || (action.kind === "subscribe" && action.pattern === "b")
          ? { allow: false, reason: "not today" }
          : { allow: true };
      },
    });
    expect(refused(host, publish({})).error).toBe('Cannot publish to "a": not today');
    expect(refused(host, subscribe({ patterns: [{ pattern: "a" }, { pattern: "b" }] })).error).toBe(
      'Cannot subscribe to "b": not today',
    );
    const { subject } = host;
    expect(asked).toEqual([
      [subject, { kind: "publish", topic: "a", onBehalfOf: undefined }],
      [subject, { kind: "subscribe", pattern: "a", onBehalfOf: undefined }],
      [subject, { kind: "subscribe", pattern: "b", onBehalfOf: undefined }],
    ]);
    expect(host.topics.figures.subscriptions).toBe(0);
  });
});

describe("beside native clients", () => {
  test("what a JSON client publishes comes with everything that means something natively", () => {
    const host = new FakeHost();
    const native = new Native(host, 99);
    native.subscribe("a");
    const headers = `"reply_to":"r.1","correlation_id":"c","priority":9,"ttl_seconds":0.5,"n":3`;
    said(host, publishText("1", messageText("a", "m", `{"x":[1,9007199254740993]}`, "1795164203.2627647", headers)));
    const [heard] = native.heard;
    expect(heard).toMatchObject({ id: "m", timestampMs: 1_795_164_203_263, replyTo: "r.1", correlationId: "c" });
    expect(heard).toMatchObject({ ttlMs: 500, priority: 9 });
    expect(native.payloads).toEqual([{ x: [1, 9_007_199_254_740_993n] }]);
    const { "mpreg-json-v1": rest, ...others } = Object.fromEntries(heard!.headers!);
    expect(others).toEqual({ reply_to: "r.1", correlation_id: "c", priority: "9", ttl_seconds: "0.5", n: "3" });
    expect(JSON.parse(rest!)).toMatchObject({ publisher, timestamp: 1795164203.2627647 });
    said(host, publishText("2", messageText("a", "odd", "1", "1.5", `"priority":"high","ttl_seconds":-1`)));
    expect(native.heard[1]).toMatchObject({ priority: priorityDefault, ttlMs: 0 });
  });

  test("what a native client publishes is told with its fields under the names of the reference's", () => {
    const host = subscribed();
    const native = new Native(host, 99);
    const headers = new Map([["region", "eu"]]);
    native.publish({ headers, correlationId: "c", replyTo: "r", ttlMs: 1_500, priority: 0 }, { a: 1 });
    const message = `{"topic":"a","payload":{"a":1},"timestamp":1.5,"message_id":"n","publisher":"","headers":{"region":"eu","correlation_id":"c","reply_to":"r","priority":0,"ttl_seconds":1.5},"routing_path":null,"current_hop":null}`;
    expect(host.replies.at(-1)).toBe(notified(message, "n", "s"));
  });

  test("values that JSON lacks are told as the results of requests are; what it cannot say, as that (O3)", () => {
    const host = subscribed();
    const native = new Native(host, 99);
    const bytes = Uint8Array.of(1, 2);
    native.publish({}, [
      12n,
      new Map([["k", 1]]),
      new Map([[1, 2]]),
      new Set(["s"]),
      bytes,
      new Date(0),
      undefined,
      NaN,
    ]);
    native.publish({}, 2n ** 64n);
    native.publish({}, new RawBytes(Uint8Array.of(0xc1)));
    const [values, wide, broken] = notifications(host.replies);
    expect(values!.message.payload).toEqual([
      12,
      { k: 1 },
      [[1, 2]],
      ["s"],
      [1, 2],
      "1970-01-01T00:00:00.000Z",
      null,
      null,
    ]);
    expect(values!.notices).toBeUndefined();
    expect([wide!.message.payload, wide!.notices]).toEqual([
      null,
      ["Cannot answer with the payload as JSON: it is an integer of more than 64 bits"],
    ]);
    expect([broken!.message.payload, broken!.notices]).toEqual([null, [expect.stringMatching(/0xc1/)]]);
    expect(host.closedWith).toBeUndefined();
  });

  test("a header of ours that somebody else has made is a header like any other", () => {
    const host = subscribed();
    const native = new Native(host, 99);
    const deep = `{"headers":{"a":${"[".repeat(500)}${"]".repeat(500)}}}`;
    const texts = ["no JSON", "[]", "{}", deep, '{"headers":[]}', '{"timestamp":"x"}', '{"publisher":1}'];
    const wrong = [...texts, '{"routing_path":1}', '{"current_hop":"x"}', '{"timestamp":1e999}'];
    for (const text of wrong) native.publish({ headers: new Map([["mpreg-json-v1", text]]) }, 1);
    const told = notifications(host.replies).map(({ message }) => message.headers["mpreg-json-v1"]);
    expect(told).toEqual(wrong.map((text) => (text === "{}" ? undefined : text)));
    const own = messageText("a", "m", "1", "1.5", `"mpreg-json-v1":"mine"`);
    expect(said(host, publishText("1", own))).toEqual([notified(own, "m", "s"), ack("1")]);
  });

  test("a publish that has to wait is answered when it was taken, and so many may wait (G4)", () => {
    const host = new FakeHost({ asksMax: 2 });
    const slow = new Native(host, 99);
    const wish = { patterns: ["a"], overflow: "block-publisher", windowBytes: 1, bufferMessagesMax: 1 } as const;
    host.topics.subscribe(slow, 2, wish, 0);
    const publish = (u: string) => said(host, publishText(u, messageText("a", u, "1", "1.5")));
    expect([publish("1"), publish("2"), publish("3"), publish("4")]).toEqual([[ack("1")], [ack("2")], [], []]);
    expect(host.door.size).toBe(2);
    expect((JSON.parse(publish("5")[0]!) as Ack).details?.code).toBe("overloaded");
    const before = host.replies.length;
    for (let left = 4; left > 0; left--) {
      host.topics.exchange.taken(99, 2, 1_000, 0);
      host.settle();
    }
    expect(host.replies.slice(before)).toEqual([ack("3"), ack("4")]);
    expect([host.door.size, slow.heard.map(({ id }) => id)]).toEqual([0, ["1", "2", "3", "4"]]);
    for (const u of ["6", "7", "8"]) publish(u);
    host.door.closed(0);
    expect(host.topics.figures).toMatchObject({ blockedPublishes: 0, lostPublishes: 1 });
  });
});

/** Another connection of the node of `host`. */
class SharedHost extends FakeHost {
  override readonly link = 8;

  constructor(host: FakeHost) {
    super({ topics: host.topics });
  }
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let left = depth; left > 0; left--) value = [value];
  return value;
}
