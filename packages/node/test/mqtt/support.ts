/** MQTT clients of nodes in this process. */
import type { MpregNode, MqttOptions } from "@mpreg/node";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { onTestFinished } from "vitest";
import { WebSocket, createWebSocketStream } from "ws";
import { startNode } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";

// mqtt looks for it on the class, where ws has it for whoever requires it: the test runner makes that an import
Object.assign(WebSocket, { createWebSocketStream });

/** What a client has got. */
export interface Got {
  readonly topic: string;
  readonly text: string;
  readonly qos: number;
  readonly retain: boolean;
}

export interface Listening {
  readonly client: MqttClient;
  readonly got: readonly Got[];
  /** Waits until it has got so many. */
  readonly has: (count: number) => Promise<void>;
}

/** A node with a door, on free ports. */
export function startDoor(options: Parameters<typeof startNode>[0] = {}, door: MqttOptions = {}): Promise<MpregNode> {
  return startNode({ mqtt: { port: 0, ...door }, ...options });
}

/** A client of it, over TCP. */
export function connected(node: MpregNode, options: IClientOptions = {}): Promise<MqttClient> {
  return connectedTo(node.mqttUrl ?? "no MQTT", options);
}

export async function connectedTo(url: string, options: IClientOptions = {}): Promise<MqttClient> {
  const client = await mqtt.connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0, ...options }, false);
  client.on("error", () => undefined); // what a test does not ask about
  onTestFinished(async () => {
    await client.endAsync(true);
  });
  return client;
}

/** Is fulfilled when the connection of `client` is closed. */
export function disconnected(client: MqttClient): Promise<void> {
  return new Promise((resolve) => {
    client.once("close", () => {
      resolve();
    });
  });
}

/** A client with subscriptions, and what it gets. */
export async function listening(
  node: MpregNode,
  filters: Readonly<Record<string, 0 | 1 | 2>>,
  options: IClientOptions = {},
): Promise<Listening> {
  const client = await connected(node, options);
  return { client, ...(await listenOver(client, filters)) };
}

export async function listenOver(
  client: MqttClient,
  filters: Readonly<Record<string, 0 | 1 | 2>>,
): Promise<Omit<Listening, "client">> {
  const got: Got[] = [];
  client.on("message", (topic, payload, { qos, retain }) => {
    got.push({ topic, text: payload.toString(), qos, retain });
  });
  const wanted = Object.fromEntries(Object.entries(filters).map(([filter, qos]) => [filter, { qos }]));
  if (Object.keys(wanted).length > 0) await client.subscribeAsync(wanted);
  const has = async (count: number): Promise<void> => {
    await eventually(`${count} messages have come`, () => got.length >= count);
  };
  return { got, has };
}
