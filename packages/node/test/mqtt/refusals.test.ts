/** What the door does not take, and how it says so. */
import type { Policy } from "@mpreg/core";
import type { MpregNode, NodeStatus } from "@mpreg/node";
import { describe, expect, test } from "vitest";
import { clientOf } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { packet, packetTypes, rawClient, rawSocket, text } from "./raw.js";
import { connected, disconnected, listening, startDoor } from "./support.js";

async function nextRefusal(told: AsyncIterator<NodeStatus>): Promise<NodeStatus> {
  for (;;) {
    const { value, done } = await told.next();
    if (done === true) throw new Error("the node has closed");
    const event = value;
    if (event.kind === "mqtt-refused") return event;
  }
}

/** Connects, publishes there, and answers why it was disconnected. */
async function publishRefused(node: MpregNode, topic: string, qos: 0 | 1): Promise<string> {
  const told = node.status();
  const client = await connected(node);
  let isAcknowledged = false;
  client.publish(topic, "x", { qos }, (error) => (isAcknowledged = qos === 1 && error === undefined));
  await disconnected(client);
  expect(isAcknowledged).toBe(false);
  const event = await nextRefusal(told);
  return event.kind === "mqtt-refused" && event.what === "publish" ? event.reason : event.kind;
}

const noSecrets: Policy = (subject, action) => {
  const denied = { allow: false, reason: "secrets are not for everybody" } as const;
  if (action.kind === "publish" && action.topic.startsWith("secret")) return denied;
  if (action.kind === "subscribe" && action.pattern.startsWith("secret")) return denied;
  if (action.kind !== "accept" || subject.kind !== "client" || subject.login === undefined) return { allow: true };
  if (subject.login.door !== "mqtt") return { allow: false, reason: "only MQTT is spoken here" };
  const { username, password } = subject.login;
  const isKnown = username === "ann" && new TextDecoder().decode(password) === "pass";
  return isKnown ? { allow: true } : { allow: false, reason: `${String(username)} is not known` };
};

const ann = { username: "ann", password: "pass" };

describe("the MQTT door refuses", () => {
  test.each([
    ["a/b.c", 1, /could not be told from a "\/"/],
    ["a/b.c", 0, /could not be told from a "\/"/],
    ["$SYS/broker", 1, /mpreg\/#/],
    ["mpreg/node/x", 1, /belongs to the cluster/],
    ["mpreg", 0, /belongs to the cluster/],
  ] as const)(
    "to publish to %s with QoS %i: it disconnects, acknowledges nothing, and tells the node why",
    async (topic, qos, why) => {
      const node = await startDoor();
      expect(await publishRefused(node, topic, qos)).toMatch(why);
    },
  );

  test.each([
    ["a/b*", /could not be told/],
    ["$SYS/#", /mpreg\/#/],
    ["$share/group/a", /MQTT 5/],
    ["a+", /by itself/],
  ])(
    "to subscribe to %s, by the return code, while other filters of the same packet are granted",
    async (filter, why) => {
      const node = await startDoor();
      const told = node.status();
      const raw = await rawClient(node, "raw");
      await raw.subscribe(filter, 1);
      expect(raw.of(packetTypes.suback)[0]?.body[2]).toBe(0x80);
      expect(await nextRefusal(told)).toMatchObject({
        what: "subscribe",
        reason: expect.stringMatching(why) as string,
      });
      await raw.subscribe("mpreg/#", 1);
      expect(raw.of(packetTypes.suback)[1]?.body[2]).toBe(1);
    },
  );

  test("whom the policy does not let in, and what it does not let them do, by the name they give", async () => {
    const node = await startDoor({ policy: noSecrets });
    await expect(connected(node, { username: "eve", password: "pass" })).rejects.toThrow(/Not authorized/);
    await expect(connected(node)).rejects.toThrow(/Not authorized/);
    const { client, got, has } = await listening(node, { open: 1 }, ann);
    await client.publishAsync("open", "yes", { qos: 1 });
    await has(1);
    expect(got[0]?.text).toBe("yes");
    await expect(client.subscribeAsync("secret/a")).rejects.toThrow();
    client.publish("secret/a", "no", { qos: 1 });
    await disconnected(client);
  });

  test("sessions that are to outlast their connection, and wills that could not be published", async () => {
    const node = await startDoor();
    const told = node.status();
    await expect(connected(node, { clean: false, clientId: "kept" })).rejects.toThrow(/Identifier rejected/);
    expect(await nextRefusal(told)).toMatchObject({ clientId: "kept", what: "connect" });
    const will = { topic: "a.b", payload: Buffer.from("x"), qos: 0, retain: false } as const;
    await expect(connected(node, { will })).rejects.toThrow(/Not authorized/);
  });

  test("clients that speak another version of MQTT", async () => {
    const node = await startDoor();
    await expect(connected(node, { protocolVersion: 5 })).rejects.toThrow(/protocol version/);
  });

  test("to wait for those who have said nothing, when the node closes", async () => {
    const node = await startDoor({ limits: { handshakeTimeoutMs: 600_000 } });
    const [stranger, client] = [await rawSocket(node), await rawClient(node, "client")];
    await node.close();
    await eventually("both are hung up on", () => stranger.isClosed && client.isClosed);
  });

  test("to keep those who let their keep-alive pass", async () => {
    const node = await startDoor();
    const { got, has } = await listening(node, { will: 0 });
    const silent = await rawSocket(node);
    const will = [text("will"), text("it was silent")];
    const head = [text("MQTT"), Buffer.from([4, 6, 0, 1])]; // a clean session with a will, and one second
    silent.socket.write(packet(packetTypes.connect, 0, Buffer.concat([...head, text("silent"), ...will])));
    await has(1);
    expect(got[0]?.text).toBe("it was silent");
    await eventually("it is hung up on", () => silent.isClosed);
  });

  test("more filters of a client than it may have", async () => {
    const node = await startDoor({}, { subscriptionsMax: 2 });
    const raw = await rawClient(node, "raw");
    for (const filter of ["a", "b", "b", "c"]) await raw.subscribe(filter, 0);
    expect(raw.of(packetTypes.suback).map(({ body }) => body[2])).toEqual([0, 0, 0, 0x80]);
  });

  test("packets that are too long, before they have come, and what is no MQTT", async () => {
    const node = await startDoor({ limits: { messageBytesMax: 100_000, helloBytesMax: 1_000 } });
    const long = packet(packetTypes.connect, 0, Buffer.alloc(100), 1_000);
    const wrong = [
      long,
      Buffer.from(`GET / HTTP/1.1\r\n${"x".repeat(100)}`),
      packet(packetTypes.pingreq, 0, Buffer.alloc(0)),
    ];
    for (const bytes of wrong) {
      const stranger = await rawSocket(node);
      stranger.socket.write(bytes);
      await eventually("it is hung up on", () => stranger.isClosed);
    }
    const known = await rawClient(node, "known");
    known.socket.write(packet(packetTypes.publish, 0, Buffer.alloc(100), 200_000));
    await eventually("it is hung up on, too", () => known.isClosed);
    await connected(node);
  });

  test.each([
    ["a topic that is no UTF-8", packetTypes.publish, 2, [0, 3, 0x61, 0xed, 0xa0, 0, 1, 0x78]],
    ["a topic with U+0000", packetTypes.publish, 0, [0, 3, 0x61, 0, 0x62]],
    ["a message of QoS 1 with the number 0", packetTypes.publish, 2, [0, 1, 0x61, 0, 0, 0x78]],
    ["a SUBSCRIBE with the number 0", packetTypes.subscribe, 2, [0, 0, 0, 1, 0x61, 0]],
    ["a filter that is no UTF-8", packetTypes.subscribe, 2, [0, 1, 0, 1, 0x61, 0, 0, 2, 0xff, 0xfe, 0]],
    ["a filter with U+0000", packetTypes.subscribe, 2, [0, 1, 0, 1, 0, 0]],
    ["an UNSUBSCRIBE without filters", packetTypes.unsubscribe, 2, [0, 1]],
    ["a filter to leave that is no UTF-8", packetTypes.unsubscribe, 2, [0, 1, 0, 1, 0xff]],
    ["packets that only nodes send", packetTypes.suback, 0, [0, 1, 0]],
  ])("%s: it hangs up, and does nothing of it (W1, W2, W3)", async (_what, type, flags, body) => {
    const node = await startDoor();
    const heard = await node.subscribe("#");
    const raw = await rawClient(node, "raw");
    raw.socket.write(packet(type, flags, Buffer.from(body)));
    await eventually("it is hung up on", () => raw.isClosed);
    expect(raw.got.map((each) => each.type)).toEqual([packetTypes.connack]);
    await node.publish("last", "");
    expect((await heard[Symbol.asyncIterator]().next()).value?.topic).toBe("last");
  });

  test.each([
    ["an identifier that is no UTF-8", 0x02, Buffer.from([0, 1, 0xff])],
    ["an identifier with U+0000", 0x02, text("a\0")],
    ["a will of QoS 3", 0x1e, Buffer.concat([text("a"), text("will"), text("")])],
    ["a will whose topic is no UTF-8", 0x06, Buffer.concat([text("a"), Buffer.from([0, 1, 0xff]), text("")])],
    ["a password without a name", 0x42, Buffer.concat([text("a"), text("pass")])],
    ["a name that is no UTF-8", 0x82, Buffer.concat([text("a"), Buffer.from([0, 1, 0xff])])],
  ])("a CONNECT with %s (W1, W3)", async (_what, flags, fields) => {
    const node = await startDoor();
    const raw = await rawSocket(node);
    const head = [text("MQTT"), Buffer.from([4, flags, 0, 0])];
    raw.socket.write(packet(packetTypes.connect, 0, Buffer.concat([...head, fields])));
    await eventually("it is hung up on", () => raw.isClosed);
    expect(raw.got).toEqual([]);
  });

  test("connections beyond those that the port may have", async () => {
    const node = await startDoor({ limits: { strangersMax: 2 } });
    const strangers = [await rawSocket(node), await rawSocket(node), await rawSocket(node)];
    await eventually("the third is hung up on", () => strangers[2]?.isClosed);
    expect(strangers[0]?.isClosed).toBe(false);
    strangers[0]?.socket.destroy();
    await eventually("there is room again", () => connected(node));
  });

  test("options that are out of range, with what would work", async () => {
    const wrong = [
      { port: 70_000 },
      { overflow: "drop" },
      { buffer: { messages: 0 } },
      { inflightMax: 0 },
      { ports: 1 },
    ];
    for (const mqtt of wrong) await expect(startDoor({ mqtt: mqtt as never })).rejects.toThrow(/mqtt/);
    const first = await startDoor();
    const port = Number(new URL(first.mqttUrl ?? "").port);
    await expect(startDoor({ mqtt: { port } })).rejects.toThrow(/the port is in use/);
    await expect(startDoor({ mqtt: { port: 0, host: "0.0.0.0" } })).rejects.toThrow(/without encryption/);
  });
});

describe("the MQTT door acknowledges", () => {
  test("a message of QoS 1 when the node has taken it: not while a subscription keeps its publisher waiting", async () => {
    const node = await startDoor();
    const native = await clientOf(node);
    const slow = await native.subscribe("a", { overflow: "block-publisher", windowBytes: 1, buffer: { messages: 1 } });
    const client = await connected(node);
    const acknowledged: number[] = [];
    const sent = [1, 2, 3].map(async (number) => {
      await client.publishAsync("a", `${number}`, { qos: 1 });
      acknowledged.push(number);
    });
    await Promise.all(sent.slice(0, 2));
    await listening(node, { b: 1 }); // somebody else comes and goes meanwhile
    expect(acknowledged).toEqual([1, 2]);
    const messages = slow[Symbol.asyncIterator]();
    for (let left = 3; left > 0; left--) await messages.next();
    await Promise.all(sent);
    expect(acknowledged).toEqual([1, 2, 3]);
  });

  test("nothing of a client that has gone: what the node had not taken of it is lost, but not its will", async () => {
    const node = await startDoor();
    const native = await clientOf(node);
    const slow = await native.subscribe("a", { overflow: "block-publisher", windowBytes: 1, buffer: { messages: 1 } });
    const { client, has } = await listening(node, { a: 0 });
    const sent = [1, 2].map((number) => client.publishAsync("a", `${number}`, { qos: 1 }));
    await Promise.all(sent);
    await has(2);
    const going = await connected(node, { will: { topic: "gone", payload: Buffer.from(""), qos: 0, retain: false } });
    const { has: isGone } = await listening(node, { gone: 0 });
    await new Promise((resolve) => {
      going.publish("a", "never taken", { qos: 0 }, resolve);
    });
    going.stream.end(); // behind what it has said
    await eventually("the door knows that it has gone", async () => {
      await isGone(1);
      return true;
    });
    const messages = slow[Symbol.asyncIterator]();
    for (let left = 2; left > 0; left--) await messages.next();
    await native.publish("a", "last");
    const { value } = await messages.next();
    expect(value?.payload).toBe("last");
  });
});
