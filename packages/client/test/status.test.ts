/** What a program is told of its connection by `client.status()`. */
import { type ClientStatus, connect } from "@mpreg/client";
import { expect, test } from "vitest";
import { startNode } from "../../node/test/support/cluster.js";
import { startProxy } from "../../node/test/support/proxy.js";

async function all(status: AsyncIterable<ClientStatus>): Promise<readonly ClientStatus[]> {
  const events: ClientStatus[] = [];
  for await (const event of status) events.push(event);
  return events;
}

test("tells first that it is connected and to whom, then that it was closed, and ends", async () => {
  const node = await startNode({ name: "home" });
  const client = await connect(node.url);
  const [one, other] = [all(client.status()), all(client.untyped.status())];
  await client.close();
  const reason = { code: "closing", reason: "the client has closed" };
  const events = [
    { kind: "connected", url: node.url, node: "home" },
    { kind: "disconnected", url: node.url, reason, isClosed: true },
  ];
  expect(await one).toEqual(events);
  expect(await other).toEqual(events);
});

test("tells whoever comes later how things are: the connection is gone", async () => {
  const node = await startNode({ name: "home" });
  const client = await connect(node.url, { reconnect: false });
  await node.close();
  const [last] = (await all(client.status())).slice(-1);
  expect(last).toMatchObject({ kind: "disconnected", isClosed: false, reason: { code: "closing" } });
  expect(await all(client.status())).toEqual([last]);
});

test("tells that a connection broke without a word", async () => {
  const proxy = await startProxy(await startNode({ name: "home" }));
  const client = await connect(proxy.url, { reconnect: false });
  const events = all(client.status());
  proxy.cut();
  expect((await events)[1]).toMatchObject({ kind: "disconnected", isClosed: false, reason: { code: "transport" } });
});

test("ends when its signal aborts; the connection stays", async () => {
  const node = await startNode({ name: "home" });
  await using client = await connect(node.url);
  const controller = new AbortController();
  const read: string[] = [];
  for await (const { kind } of client.status({ signal: controller.signal })) {
    read.push(kind);
    controller.abort();
  }
  expect(read).toEqual(["connected"]);
  expect(await client.call("echo", [1])).toBe(1);
});

test("tells that it looks for a node and has found one, over real sockets; calls meanwhile are answered", async () => {
  const proxy = await startProxy(await startNode({ name: "home" }));
  await using client = await connect([proxy.url], { discover: false });
  const status = client.status();
  const kinds: string[] = [];
  proxy.cut();
  for await (const { kind } of status) {
    kinds.push(kind);
    if (kind === "disconnected") expect(await client.call("echo", ["meanwhile"])).toBe("meanwhile");
    if (kind === "reconnected") break;
  }
  expect(kinds).toEqual(["connected", "disconnected", "connecting", "reconnected"]);
});
