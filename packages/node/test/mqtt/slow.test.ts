/** Clients that do not read. With the broker library's own ways one of them stopped all others for good. */
import type { MpregNode, NodeStatus } from "@mpreg/node";
import type { MqttClient } from "mqtt";
import { describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.js";
import { packetTypes, rawClient } from "./raw.js";
import { connected, listening, startDoor } from "./support.js";

/** Four times what the sockets between two programs take. */
const count = 10_000;
const load = "x".repeat(4_000);

/** What the node tells of its clients, kept from now on. */
function following(node: MpregNode): NodeStatus[] {
  const told: NodeStatus[] = [];
  void (async () => {
    for await (const event of node.status()) told.push(event);
  })();
  return told;
}

function missedOf(told: readonly NodeStatus[], clientId: string): number {
  return told.reduce((sum, event) => {
    return event.kind === "mqtt-missed" && event.clientId === clientId ? sum + event.count : sum;
  }, 0);
}

/** Publishes so many messages, the number of each in front of it; waits for `taken` now and then. */
async function publishMany(client: MqttClient, count: number, taken: (count: number) => Promise<void>): Promise<void> {
  for (let number = 1; number <= count; number++) {
    const sent = client.publishAsync("load/a", `${number} ${load}`, { qos: number === count ? 1 : 0 });
    if (number % 100 > 0 && number < count) continue;
    await sent;
    await taken(number);
  }
}

describe("an MQTT client that does not read", () => {
  test("keeps nobody else from getting everything, gets what its buffer has kept, and what is lost to it is counted", async () => {
    const node = await startDoor({}, { buffer: { messages: 150 } });
    const told = following(node);
    const paused = await rawClient(node, "paused");
    await paused.subscribe("load/#", 0);
    paused.socket.pause();
    const other = await listening(node, { "load/#": 0 }, { clientId: "other" });
    await publishMany(await connected(node), count, other.has);
    expect(other.got.map(({ text }) => Number.parseInt(text))).toEqual(
      Array.from({ length: count }, (_, at) => at + 1),
    );
    expect(missedOf(told, "other")).toBe(0);
    paused.socket.resume();
    await eventually("it has the last", () => paused.texts.at(-1)?.startsWith(`${count} `) === true);
    await eventually("every message has come or is counted", () => {
      return paused.texts.length + missedOf(told, "paused") === count;
    });
    expect(paused.texts.length).toBeLessThan(count / 2); // what waited for it, and what the sockets between took
    const numbers = paused.texts.map((each) => Number.parseInt(each));
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(numbers.slice(-150)).toEqual(Array.from({ length: 150 }, (_, at) => count - 149 + at));
  });

  test("and acknowledges nothing gets so many of QoS 1, and no more; others get all", async () => {
    const node = await startDoor({}, { inflightMax: 5, buffer: { messages: 110 } });
    const told = following(node);
    const silent = await rawClient(node, "silent");
    await silent.subscribe("load/#", 1);
    const other = await listening(node, { "load/#": 1 });
    const publisher = await connected(node);
    await publishMany(publisher, 200, other.has);
    await eventually("five have come", () => silent.texts.length === 5);
    const publishes = silent.of(packetTypes.publish);
    const ids = publishes.map(({ body }) => body.readUInt16BE(2 + body.readUInt16BE(0)));
    expect(new Set(ids).size).toBe(5);
    for (const id of ids) silent.socket.write(Buffer.from([0x40, 2, id >> 8, id & 255]));
    await eventually("five more have come", () => silent.texts.length === 10);
    await silent.subscribe("done", 1); // it is served
    expect(silent.texts.length).toBe(10);
    for (let acknowledged = 5; silent.texts.at(-1)?.startsWith("200 ") !== true; acknowledged += 1) {
      const next = await eventually("another one has come", () => silent.of(packetTypes.publish)[acknowledged]);
      const id = next.body.readUInt16BE(2 + next.body.readUInt16BE(0));
      silent.socket.write(Buffer.from([0x40, 2, id >> 8, id & 255]));
    }
    await eventually("the others are counted", () => silent.texts.length + missedOf(told, "silent") === 200);
  });

  test("keeps publishers waiting where the door wants that, and nothing is lost", async () => {
    const node = await startDoor({}, { overflow: "block-publisher", inflightMax: 1, buffer: { messages: 2 } });
    const silent = await rawClient(node, "silent");
    await silent.subscribe("load/#", 1);
    const large = "x".repeat(200_000); // the second fills the window
    const publisher = await connected(node);
    let acknowledged = 0;
    const count = 12;
    const sent = Array.from({ length: count }, async (_, at) => {
      await publisher.publishAsync("load/a", `${at} ${large}`, { qos: 1 });
      acknowledged += 1;
    });
    await eventually("one has come", () => silent.texts.length === 1);
    const other = await listening(node, { other: 1 });
    await other.client.publishAsync("other", "", { qos: 1 }); // the node serves others meanwhile
    expect(acknowledged).toBeLessThan(count);
    for (let at = 0; at < count; at++) {
      await eventually("the next one has come", () => silent.texts.length > at);
      silent.acknowledge(at);
    }
    await Promise.all(sent);
    expect(silent.texts.map((each) => Number.parseInt(each.slice(0, 3)))).toEqual(
      Array.from({ length: count }, (_, at) => at),
    );
  });

  test("is disconnected where the door wants that, and the log says so", async () => {
    const node = await startDoor({}, { overflow: "disconnect", buffer: { messages: 5 } });
    const told = following(node);
    const paused = await rawClient(node, "paused");
    await paused.subscribe("load/#", 0);
    paused.socket.pause();
    await publishMany(await connected(node), 5_000, () => Promise.resolve());
    const ended = await eventually("it is told", () => told.find(({ kind }) => kind === "mqtt-ended"));
    expect(ended).toMatchObject({ clientId: "paused", reason: expect.stringContaining("overflow") as string });
    paused.socket.resume();
    await eventually("it is disconnected", () => paused.isClosed);
  });
});
