/** Where a node listens, and that strangers who hold a connection do not hold the node. */
import { createHash } from "node:crypto";
import { createNode } from "@mpreg/node";
import { expect, test } from "vitest";
import { clientOf, startNode } from "../support/cluster.js";
import { tls } from "../support/certificate.js";
import { eventually } from "../support/eventually.js";
import { freePort } from "../support/proxy.js";
import { failureOf } from "../support/failure.js";
import { rawConnection, upgradeHeaders } from "../support/http.js";

test.each(["0.0.0.0", "::", "192.168.0.1", "example.com", "127.0.0.1.example.com", "128.0.0.1"])(
  "%s is not listened on without TLS or the word of the user (L1)",
  async (host) => {
    const error = await failureOf(createNode({ host, log: "silent" }));
    expect(error.code).toBe("invalid-argument");
    expect(error.message).toContain(`Cannot listen on ${host}: that would let other machines in without encryption`);
  },
);

test.each(["localhost", "127.0.0.1", "127.1.2.3"])("%s is listened on as it is", async (host) => {
  const node = await startNode({ host });
  expect(await (await clientOf(node)).call("echo", [1])).toBe(1);
});

test("TLS will do for every address, and so will the user's word", async () => {
  expect((await startNode({ host: "0.0.0.0", tls })).url).toMatch(/^wss:/);
  expect((await startNode({ host: "0.0.0.0", insecure: true })).url).toMatch(/^ws:/);
});

test("a node that cannot be put together does not listen any more when it says so", async () => {
  const resources = Array.from({ length: 300 }, (_, index) => `resource-${index}`);
  const free = await freePort();
  for (const attempt of [1, 2]) {
    const error = await failureOf(createNode({ port: free, resources, peers: [], log: "silent" }));
    expect([attempt, error.code, error.message]).toEqual([
      attempt,
      "invalid-argument",
      expect.stringContaining("got 300"),
    ]);
  }
});

const head = (headers: Readonly<Record<string, string>>): string =>
  `GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("")}\r\n`;

test("a connection that is refused is closed from this side, however long the stranger holds on (L2)", async () => {
  const node = await startNode();
  const socket = await rawConnection(node.url);
  let answer = "";
  let closed = false;
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
  socket.on("close", () => (closed = true));
  socket.write(head({ ...upgradeHeaders, origin: "https://evil.example" }));
  await eventually("the answer is complete", () => answer.endsWith("allowedOrigins\n"));
  expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
  await eventually("a write of the stranger finds nobody any more", () => {
    if (!closed) socket.write("still here");
    return closed;
  });
});

test.each<[string, string]>([
  ["has said nothing", ""],
  ["has said half a request", "GET / HTTP/1.1\r\nhost: 127"],
  ["was refused", head({ ...upgradeHeaders, origin: "https://evil.example" })],
  ["has opened a WebSocket and says nothing", head(upgradeHeaders)],
  [
    "has opened a WebSocket for JSON and says nothing",
    head({ ...upgradeHeaders, "sec-websocket-protocol": "" }).replace(/sec-websocket-protocol: \r\n/, ""),
  ],
])("a stranger who %s does not keep a node from closing", async (_what, said) => {
  const node = await startNode();
  const socket = await rawConnection(node.url);
  let ended = false;
  socket.on("end", () => (ended = true));
  socket.resume();
  socket.write(said);
  await (await clientOf(node)).call("echo"); // the node has seen what was written before
  await node.close();
  await eventually("the stranger is told, too", () => ended || socket.destroyed);
});

test("a stranger who connects to a TLS port and says nothing does not keep it from closing", async () => {
  const node = await startNode({ tls });
  const socket = await rawConnection(node.url);
  socket.resume();
  await (await clientOf(node, { ca: tls.ca })).call("echo");
  await node.close();
});

test("the WebSocket handshake is answered as RFC 6455 has it", async () => {
  const node = await startNode();
  const socket = await rawConnection(node.url);
  let answer = "";
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
  socket.write(head(upgradeHeaders));
  await eventually("the answer is there", () => answer.includes("\r\n\r\n"));
  const accept = createHash("sha1")
    .update(`${upgradeHeaders["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest("base64");
  expect(answer).toMatch(/^HTTP\/1\.1 101 /);
  expect(answer).toContain(`Sec-WebSocket-Accept: ${accept}`);
  expect(answer).not.toContain("permessage-deflate");
});
