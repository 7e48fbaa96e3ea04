/** A node that drains, and its MQTT clients. */
import { describe, expect, test } from "vitest";
import { clientOf, meshed } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { rawClient, rawSocket } from "./raw.js";
import { connected, connectedTo, disconnected, startDoor } from "./support.js";

describe("a node that drains", () => {
  test("sends its MQTT clients away and lets nobody else in, by the code for that; wills are published (D4)", async () => {
    const [node, other] = [await startDoor({ name: "node" }), await startDoor({ name: "other" })];
    const third = await startDoor({ name: "third", peers: [node.url, other.url] });
    await meshed([node, other, third]);
    const native = await clientOf(other);
    const wills = await native.subscribe("gone");
    await wills.everywhere();
    const client = await connectedTo(`${node.url}/mqtt`, {
      will: { topic: "gone", payload: Buffer.from("away"), qos: 1, retain: false },
    });
    const silent = await rawClient(node, "silent");
    await silent.subscribe("a", 1);
    await client.publishAsync("a", "not acknowledged yet", { qos: 1 });
    await eventually("it has come", () => silent.texts.length === 1);
    const away = disconnected(client);
    const drained = node.drain({ graceMs: 60_000 });
    await away;
    expect(Buffer.from((await wills[Symbol.asyncIterator]().next()).value?.payload as Uint8Array).toString()).toBe(
      "away",
    );
    // the node waits for the one that has not acknowledged everything, so the door is still there
    await expect(connected(node)).rejects.toThrow(/Server unavailable/);
    expect(silent.isClosed).toBe(false);
    silent.acknowledge(0);
    await eventually("it has got everything", () => silent.isClosed);
    await drained;
    await connected(other);
  });

  test("delivers what waits for a client, however much, before it sends it away (S6)", async () => {
    const node = await startDoor({}, { buffer: { bytes: 16 * 1024 * 1024 } });
    const slow = await rawClient(node, "slow");
    await slow.subscribe("load", 0);
    slow.socket.pause();
    const native = await clientOf(node);
    const load = "x".repeat(10_000);
    const count = 700; // more than the sockets and the window take; the rest waits in the exchange
    for (let at = 0; at < count; at++) void native.publish("load", `${at} ${load}`);
    await native.publish("load", "last", { confirm: "local" });
    const drained = node.drain();
    await eventually("nobody is let in", () =>
      connected(node).then(
        () => false,
        () => true,
      ),
    );
    slow.socket.resume();
    await eventually("it is sent away", () => slow.isClosed);
    expect([slow.texts.length, slow.texts.at(-1)]).toEqual([count + 1, "last"]);
    await drained;
  });

  test("takes what a client has published before it knew, and hands nothing more to it (R4, S6)", async () => {
    const node = await startDoor();
    const heard = await node.subscribe("a");
    const raw = await rawClient(node, "raw");
    await raw.subscribe("mine", 0);
    const { socket } = raw;
    const ended = new Promise((resolve) => socket.once("end", resolve));
    socket.allowHalfOpen = true;
    const drained = node.drain();
    await ended;
    expect((await node.publish("mine", "", { confirm: "local" })).handed).toBe(0); // nobody would get it
    socket.end(Buffer.from([0x30, 5, 0, 1, 0x61, 0x68, 0x69]));
    const { value } = await heard[Symbol.asyncIterator]().next();
    expect(Buffer.from(value?.payload as Uint8Array).toString()).toBe("hi");
    await drained;
  });

  test("waits for its MQTT clients as long as its grace, and not for those that have said nothing", async () => {
    const node = await startDoor();
    const silent = await rawClient(node, "silent");
    await silent.subscribe("a", 1);
    const client = await connected(node);
    await client.publishAsync("a", "never acknowledged", { qos: 1 });
    const stranger = await rawSocket(node);
    await node.drain({ graceMs: 300 });
    await eventually("so are they", () => stranger.isClosed);
    await eventually("it is hung up on", () => silent.isClosed);
  });
});
