import type { MpregNode } from "@mpreg/node";
import { describe, expect, test } from "vitest";
import { clientOf, startMesh } from "../support/cluster.js";
import { rawClient } from "./raw.js";
import { connected, listenOver, listening, startDoor } from "./support.js";

describe("retained messages", () => {
  test("come to who subscribes later, with the flag, and to who was there, without it", async () => {
    const node = await startDoor();
    const early = await listening(node, { "lamp/#": 0 });
    const publisher = await connected(node);
    await publisher.publishAsync("lamp/1", "on", { qos: 1, retain: true });
    await publisher.publishAsync("lamp/2", "never kept", { qos: 1 });
    await publisher.publishAsync("lamp/1", "passing", { qos: 1 });
    await early.has(3);
    expect(early.got.some(({ retain }) => retain)).toBe(false);
    const late = await listening(node, { "lamp/+": 1 });
    await late.has(1);
    await publisher.publishAsync("lamp/1", "off", { qos: 1, retain: true });
    await late.has(2);
    expect(late.got.map(({ text, retain }) => [text, retain])).toEqual([
      ["on", true],
      ["off", false],
    ]);
  });

  test("come again to who subscribes again, and are cleared by an empty one", async () => {
    const node = await startDoor();
    const { client, got, has } = await listening(node, { "lamp/1": 1 });
    await client.publishAsync("lamp/1", "on", { qos: 1, retain: true });
    await has(1);
    await client.subscribeAsync({ "lamp/1": { qos: 1 } });
    await has(2);
    await client.publishAsync("lamp/1", "", { qos: 1, retain: true });
    await has(3);
    const late = await listening(node, { "lamp/#": 1 });
    await client.publishAsync("lamp/1", "live", { qos: 1 });
    await late.has(1);
    await has(4);
    expect(got.map(({ text, retain }) => [text, retain])).toEqual([
      ["on", false],
      ["on", true],
      ["", false],
      ["live", false],
    ]);
    expect(late.got.map(({ text }) => text)).toEqual(["live"]);
  });

  test("are set by native clients with a header, and read by them as the backlog", async () => {
    const node = await startDoor();
    const native = await clientOf(node);
    await native.publish("lamp.2", "natively", { headers: { "mqtt-retain": "1" }, confirm: "local" });
    const { client, got, has } = await listening(node, { "lamp/2": 0 });
    await has(1);
    expect(got).toEqual([{ topic: "lamp/2", text: "natively", qos: 0, retain: true }]);
    await client.publishAsync("lamp/3", "kept", { qos: 1, retain: true });
    const filter = { match: "all", headers: { "mqtt-retain": true } } as const;
    const subscription = await native.subscribe("lamp.3", { backlog: "last", filter });
    const first = await subscription[Symbol.asyncIterator]().next();
    expect(first.value).toMatchObject({ topic: "lamp.3", payload: new TextEncoder().encode("kept") });
  });

  test("are taken from the backlog as fast as the client reads, and none is lost for it", async () => {
    const node = await startDoor();
    const publisher = await connected(node);
    const count = 2_000;
    for (let at = 0; at < count; at++) {
      const sent = publisher.publishAsync(`kept/${at}`, `${at} ${"x".repeat(5_000)}`, { qos: 1, retain: true });
      if (at % 100 === 99) await sent;
    }
    const paused = await rawClient(node, "paused");
    await paused.subscribe("kept/#", 0);
    const other = await connected(node);
    const { got, has } = await listenOver(other, { "kept/#": 0 });
    await has(count);
    expect(got.every(({ retain }) => retain)).toBe(true);
  });

  test("come from whatever node has them, the newest of all, and are cleared for all by an empty one at another", async () => {
    const door = { mqtt: { port: 0 } };
    const [first, second, third] = (await startMesh(door, door, door)) as [MpregNode, MpregNode, MpregNode];
    const [one, three] = [await connected(first), await connected(third)];
    await one.publishAsync("lamp/1", "old", { qos: 1, retain: true });
    for (const node of [second, third]) await (await listening(node, { "lamp/+": 1 })).has(1);
    await three.publishAsync("lamp/1", "new", { qos: 1, retain: true });
    await three.publishAsync("lamp/2", "other", { qos: 1, retain: true });
    const kept = await listening(second, { "lamp/+": 1 });
    await kept.has(2);
    expect(kept.got.map(({ topic, text, retain }) => [topic, text, retain])).toEqual([
      ["lamp/1", "new", true],
      ["lamp/2", "other", true],
    ]);
    await one.publishAsync("lamp/1", "", { qos: 1, retain: true });
    await kept.has(3);
    for (const node of [first, second, third]) {
      const late = await listening(node, { "lamp/+": 1 });
      await late.has(1);
      await late.client.publishAsync("lamp/3", "live", { qos: 1 });
      await late.has(2);
      expect(late.got.map(({ topic, text, retain }) => [topic, text, retain])).toEqual([
        ["lamp/2", "other", true],
        ["lamp/3", "live", false],
      ]);
    }
  });
});
