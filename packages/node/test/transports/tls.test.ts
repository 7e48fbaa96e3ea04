/** TLS: clients and peers over `wss:`. */
import { connect } from "@mpreg/client";
import { expect, test } from "vitest";
import { clientOf, meshed, offered, startNode } from "../support/cluster.js";
import { tls } from "../support/certificate.js";
import { eventually } from "../support/eventually.js";
import { failureOf } from "../support/failure.js";
import { startLog } from "../support/log.js";

test("a client that trusts the certificate calls over TLS; one that does not is told why it cannot", async () => {
  const node = await startNode({ name: "safe", tls });
  expect(node.url).toMatch(/^wss:\/\/127\.0\.0\.1:\d+$/);
  const client = await clientOf(node, { ca: tls.ca });
  expect(await client.call("echo", ["x".repeat(100_000)])).toHaveLength(100_000);
  const error = await failureOf(connect(node.url));
  expect(error.code).toBe("not-connected");
  expect(error.message).toBe(`Cannot connect to ${node.url}: self-signed certificate`);
});

test("a certificate may be bytes, for the node and for the client", async () => {
  const { cert, key } = tls;
  const node = await startNode({ tls: { cert: Buffer.from(cert), key: Buffer.from(key) } });
  const client = await clientOf(node, { ca: new TextEncoder().encode(tls.ca) });
  expect(await client.call("echo", [1])).toBe(1);
});

test("nodes link over TLS when they trust each other's certificate, and run each other's steps", async () => {
  const entry = await startNode({ name: "entry", tls });
  const worker = await startNode({ name: "worker", tls, peers: [entry.url] });
  worker.register("work", (text: string) => text.toUpperCase());
  await meshed([entry, worker]);
  await offered("work", 1, entry);
  expect(await (await clientOf(entry, { ca: tls.ca })).call("work", ["done"])).toBe("DONE");
});

test("a node without TLS of its own links to one that has it, given the certificate to trust", async () => {
  const entry = await startNode({ name: "entry", tls });
  const plain = await startNode({ name: "plain", tls: { ca: tls.ca }, peers: [entry.url] });
  expect(plain.url).toMatch(/^ws:/);
  await meshed([entry, plain]);
});

test("a node that does not trust the certificate of its peer does not link, and says so in its log", async () => {
  const entry = await startNode({ name: "entry", tls });
  const { log, lines } = startLog("debug");
  const wary = await startNode({ name: "wary", peers: [entry.url], log });
  await eventually("a dial has failed", () => lines.length > 0);
  expect(lines[0]).toMatchObject({
    msg: "peer not reached; trying on",
    url: entry.url,
    reason: "self-signed certificate",
  });
  expect(wary.nodes()).toHaveLength(1);
});

test("a client that speaks plain WebSocket to a TLS port, or TLS to a plain one, cannot connect", async () => {
  const [secure, plain] = [await startNode({ tls }), await startNode()];
  for (const url of [secure.url.replace("wss", "ws"), plain.url.replace("ws", "wss")]) {
    expect((await failureOf(connect(url, { ca: tls.ca }))).code).toBe("not-connected");
  }
});
