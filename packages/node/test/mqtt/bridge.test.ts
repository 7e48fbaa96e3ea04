import type { MqttClient } from "mqtt";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { tls } from "../support/certificate.js";
import { clientOf, meshed, startNode } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { connectPacket, packet, packetTypes, rawSocket, text } from "./raw.js";
import { connected, connectedTo, disconnected, listenOver, listening, startDoor } from "./support.js";

const texts = (got: readonly { readonly text: string }[]): string[] => got.map(({ text }) => text);

function opened(socket: WebSocket): Promise<unknown> {
  return new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
}

describe("MQTT clients", () => {
  test("get what other clients publish, with the QoS that was granted: 2 as 1", async () => {
    const node = await startDoor();
    const client = await connected(node);
    const granted = await client.subscribeAsync({ "a/0": { qos: 0 }, "a/1": { qos: 1 }, "a/2": { qos: 2 } });
    expect(granted.map(({ topic, qos }) => [topic, qos])).toEqual([
      ["a/0", 0],
      ["a/1", 1],
      ["a/2", 1],
    ]);
    const { got, has } = await listenOver(client, {});
    for (const qos of [0, 1, 2] as const) await client.publishAsync(`a/${qos}`, `with ${qos}`, { qos });
    await has(3);
    expect(got).toEqual([
      { topic: "a/0", text: "with 0", qos: 0, retain: false },
      { topic: "a/1", text: "with 1", qos: 1, retain: false },
      { topic: "a/2", text: "with 2", qos: 1, retain: false },
    ]);
  });

  test("get a message once, however many of their filters match it, and none that wildcards hide", async () => {
    const node = await startDoor();
    const { got, has, client } = await listening(node, { "#": 0, "+/b": 1, "a/#": 0, "a//": 0 });
    for (const topic of ["a/b", "$hidden/b", "a", "a//", "/"]) await client.publishAsync(topic, topic, { qos: 1 });
    await has(4);
    expect(got.map(({ topic, qos }) => [topic, qos])).toEqual([
      ["a/b", 1],
      ["a", 0],
      ["a//", 0],
      ["/", 0],
    ]);
  });

  test("get a message with the QoS of the filter that is its topic, where that is 0, and others are not held up for it", async () => {
    const node = await startDoor({}, { inflightMax: 1 });
    const { got, has, client } = await listening(node, { "#": 1, a: 0 });
    for (const topic of ["a", "a", "b", "a", "b"]) await client.publishAsync(topic, "", { qos: 1 });
    await has(5);
    expect(got.map(({ topic, qos }) => [topic, qos])).toEqual([
      ["a", 0],
      ["a", 0],
      ["b", 1],
      ["a", 0],
      ["b", 1],
    ]);
  });

  test("come in over WebSocket, too, where the rules of the node's port hold", async () => {
    const node = await startDoor({}, { port: undefined });
    expect(node.mqttUrl).toBeUndefined();
    const client = await connectedTo(`${node.url}/mqtt`);
    const { got, has } = await listenOver(client, { "a/+": 1 });
    await client.publishAsync("a/b", "over WebSocket", { qos: 1 });
    await has(1);
    expect(texts(got)).toEqual(["over WebSocket"]);
    const refused = (path: string, origin?: string): Promise<unknown> =>
      opened(new WebSocket(`${node.url}${path}`, "mqtt", origin === undefined ? {} : { origin }));
    await expect(refused("/mqtt", "https://evil.example")).rejects.toThrow(/403/);
    await expect(refused("/")).rejects.toThrow(/403/);
    const without = await startNode();
    await expect(opened(new WebSocket(`${without.url}/mqtt`, "mqtt"))).rejects.toThrow(/403/);
  });

  test("come in over TLS where the node has a certificate, and only so", async () => {
    const node = await startDoor({ tls });
    expect(node.mqttUrl).toMatch(/^mqtts:/);
    const client = await connected(node, { ca: tls.ca, rejectUnauthorized: true });
    const { has } = await listenOver(client, { a: 1 });
    await client.publishAsync("a", "in secret", { qos: 1 });
    await has(1);
    await expect(connectedTo((node.mqttUrl ?? "").replace("mqtts", "mqtt"))).rejects.toThrow();
  });

  test("publish to native clients of other nodes, as bytes, and get what those publish", async () => {
    const door = await startDoor({ name: "door" });
    const other = await startDoor({ name: "other", peers: [door.url] }, {});
    await meshed([door, other]);
    const native = await clientOf(other);
    const mine = await native.subscribe("house.*.temperature");
    const { client, got, has } = await listening(door, { "house/#": 1 });
    const away = await listening(other, { "house/+/temperature": 0 });
    await mine.everywhere();
    const everywhere = await native.subscribe("house.#");
    await everywhere.everywhere();
    await client.publishAsync("house/kitchen/temperature", Buffer.from([0xff, 0, 21]), { qos: 1 });
    const [message] = await Promise.all([mine[Symbol.asyncIterator]().next(), has(1), away.has(1)]);
    expect(message.value).toMatchObject({ topic: "house.kitchen.temperature", payload: Uint8Array.of(0xff, 0, 21) });
    expect(message.value?.headers).toEqual({ "content-type": "application/octet-stream" });
    await eventually("the other node knows what is wanted here", async () => {
      await native.publish("house.known", "");
      return got.some(({ topic }) => topic === "house/known");
    });
    await native.publish("house.cellar", "text, é");
    await native.publish("house.cellar", { degrees: 7, at: new Date(0), tags: new Set(["a"]), nothing: undefined });
    await native.publish("house.cellar", Uint8Array.of(65, 66));
    await native.publish("house.cellar", undefined);
    const cellar = (): string[] => texts(got.filter(({ topic }) => topic === "house/cellar"));
    await eventually("all have come", () => cellar().length === 4);
    expect(cellar()).toEqual(["text, é", '{"degrees":7,"at":"1970-01-01T00:00:00.000Z","tags":["a"]}', "AB", ""]);
  });

  test("get no message whose topic or payload MQTT cannot carry; that is counted and told", async () => {
    const node = await startDoor();
    const native = await clientOf(node);
    const { client, got, has } = await listening(node, { "#": 0 }, { clientId: "listener" });
    const told = node.status();
    await native.publish("a/b", "no name");
    await native.publish("a.b", 2n ** 70n);
    await native.publish("a.b", "after");
    await has(1);
    expect(texts(got)).toEqual(["after"]);
    expect((await told.next()).value).toMatchObject({ kind: "mqtt-missed", clientId: "listener", count: 2 });
    expect(client.connected).toBe(true);
  });

  test("unsubscribe, and are forgotten with all they had when they go", async () => {
    const node = await startDoor();
    const publisher = await connected(node);
    const { client, got, has } = await listening(node, { "a/#": 1, b: 0 });
    await client.unsubscribeAsync("a/#");
    await publisher.publishAsync("a/b", "not any more", { qos: 1 });
    await publisher.publishAsync("b", "still", { qos: 1 });
    await has(1);
    expect(texts(got)).toEqual(["still"]);
    const native = await clientOf(node);
    const heard = async (): Promise<number> => (await native.publish("b", "who hears?", { confirm: "local" })).handed;
    expect(await heard()).toBe(1);
    await client.endAsync();
    await eventually("nothing of it is left", async () => (await heard()) === 0);
  });

  test("that go without a word leave their will, also when the node ends, and others leave none", async () => {
    const node = await startDoor();
    const { got, has } = await listening(node, { "gone/+": 1 });
    const dying = (name: string): Promise<MqttClient> =>
      connected(node, { will: { topic: `gone/${name}`, payload: Buffer.from("will"), qos: 1, retain: false } });
    const [lost, polite] = [await dying("lost"), await dying("polite")];
    await polite.endAsync();
    lost.stream.destroy();
    await has(1);
    expect(got).toEqual([{ topic: "gone/lost", text: "will", qos: 1, retain: false }]);
    const native = await clientOf(node);
    const wills = await native.subscribe("gone.*");
    await dying("at the end");
    const first = wills[Symbol.asyncIterator]().next();
    await node.close();
    expect((await first).value?.topic).toBe("gone.at the end");
  });

  test("need not wait for CONNACK: what they send at once is taken, however much (R5)", async () => {
    const node = await startDoor();
    const { got, has } = await listening(node, { a: 0 });
    const hasty = await rawSocket(node);
    const count = 5_000; // more than one piece of a socket has
    const publishes = Array.from({ length: count }, (_, at) => {
      return packet(packetTypes.publish, 0, Buffer.concat([text("a"), Buffer.from(`${at}${"y".repeat(30)}`)]));
    });
    hasty.socket.write(Buffer.concat([connectPacket("hasty"), ...publishes]));
    await has(count);
    expect(got.every((each, at) => Number.parseInt(each.text) === at)).toBe(true);
  });

  test("that take an identifier take it from whoever had it", async () => {
    const node = await startDoor();
    const first = await connected(node, { clientId: "one" });
    const closed = disconnected(first);
    const second = await connected(node, { clientId: "one" });
    await closed;
    await second.publishAsync("a", "still here", { qos: 1 });
  });
});
