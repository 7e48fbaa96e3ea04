/** What `/metrics` tells of the MQTT door. */
import type { MpregNode } from "@mpreg/node";
import { expect, test } from "vitest";
import { clientOf, startNode } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { get } from "../support/http.js";
import { rawClient } from "./raw.js";
import { connected, disconnected, listening, startDoor } from "./support.js";

/** The door's figures of one reading, by name and labels, without what is 0. */
async function read({ url }: MpregNode): Promise<Record<string, number>> {
  const { body } = await get(`${url}/metrics`);
  const figures = body.split("\n").flatMap((line) => {
    const [, name = "", value] = /^mpreg_mqtt_(\S+) (\S+)$/.exec(line) ?? [];
    return value === undefined || value === "0" ? [] : [[name, Number(value)] as const];
  });
  return Object.fromEntries(figures);
}

test("an MQTT door's clients, filters, messages, losses and refusals are counted", async () => {
  const node = await startDoor();
  expect(await read(node)).toEqual({});
  const { client, has } = await listening(node, { "a/+": 1, b: 0 });
  const native = await clientOf(node);
  await client.publishAsync("a/b", "one", { qos: 1 });
  await native.publish("a.b", "two");
  await native.publish("a.b", 2n ** 70n); // has no form in MQTT
  await has(2);
  await expect(client.subscribeAsync("a/b.c")).rejects.toThrow();
  await expect(connected(node, { clean: false, clientId: "x.y", protocolVersion: 5 })).rejects.toThrow();
  const rude = await connected(node);
  rude.publish("$SYS/a", "");
  await disconnected(rude);
  const figures = await eventually("all of it is counted", async () => {
    const told = await read(node);
    return told["connections"] === 1 && told['losses_total{reason="unsendable"}'] === 1 ? told : undefined;
  });
  expect(figures).toEqual({
    connections: 1,
    subscriptions: 2,
    'messages_total{direction="in"}': 1,
    'messages_total{direction="out"}': 2,
    'losses_total{reason="unsendable"}': 1,
    'refusals_total{what="publish"}': 1,
    'refusals_total{what="subscribe"}': 1,
  });
  // they are subscriptions of the node as all others
  const { subscriptions, wanted } = await native.topics();
  expect([subscriptions, wanted.map(({ patterns }) => patterns)]).toEqual([2, [["a.*"], ["b"]]]);
});

test("what is lost to a client that reads nothing, or goes, is counted, too", async () => {
  const node = await startDoor({}, { inflightMax: 1, buffer: { messages: 2 }, overflow: "drop-oldest" });
  const silent = await rawClient(node, "silent");
  await silent.subscribe("a", 1);
  const native = await clientOf(node);
  const load = "x".repeat(200_000); // two of them fill the window of a subscription
  for (let at = 0; at < 6; at++) await native.publish("a", load, { confirm: "local" });
  await eventually("one has come", () => silent.texts.length === 1);
  silent.acknowledge(0);
  await eventually("what found no room is counted", async () => {
    return (await read(node))['losses_total{reason="slow"}'] !== undefined;
  });
  silent.socket.destroy();
  await eventually("what waited for it is counted", async () => {
    const told = await read(node);
    return told["connections"] === undefined && (told['losses_total{reason="gone"}'] ?? 0) > 0;
  });
});

test("a node without an MQTT door tells nothing of MQTT", async () => {
  const { url } = await startNode();
  const { body } = await get(`${url}/metrics`);
  expect(body).not.toMatch(/^mpreg_mqtt/m);
});
