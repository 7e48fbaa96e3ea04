/** Who is let in over HTTP: origins, host names, subprotocols. */
import { describe, expect, test } from "vitest";
import { hostname } from "node:os";
import { connect } from "@mpreg/client";
import { WebSocket } from "ws";
import { clientOf, startNode } from "../support/cluster.js";
import { failureOf } from "../support/failure.js";
import { get, upgradeHeaders } from "../support/http.js";

async function refusalOf(url: string, headers: Readonly<Record<string, string>>): Promise<string> {
  const { status, body } = await get(url, { ...upgradeHeaders, ...headers });
  expect(status).toBe(403);
  return body;
}

async function isAccepted(url: string, headers: Readonly<Record<string, string>>): Promise<boolean> {
  return (await get(url, { ...upgradeHeaders, ...headers })).status === 101;
}

describe("an origin", () => {
  test.each(["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost.evil.example"])(
    "%s is refused with the reason (A1)",
    async (origin) => {
      const { url } = await startNode();
      expect(await refusalOf(url, { origin })).toBe(
        `Refused: origin ${JSON.stringify(origin)} may not connect; add it to allowedOrigins\n`,
      );
    },
  );

  test("of the node itself, none at all, or one that is allowed is accepted", async () => {
    const { url } = await startNode({ allowedOrigins: ["https://app.example"] });
    expect(await isAccepted(url, {})).toBe(true);
    expect(await isAccepted(url, { origin: url.replace("ws", "http") })).toBe(true);
    expect(await isAccepted(url, { origin: "https://app.example" })).toBe(true);
    await refusalOf(url, { origin: "https://other.example" });
  });

  test("of any kind is accepted where all are allowed", async () => {
    const { url } = await startNode({ allowedOrigins: ["*"] });
    expect(await isAccepted(url, { origin: "https://anything.example" })).toBe(true);
  });
});

describe("a host name", () => {
  test.each(["evil.example", "evil.example:9001", "localhost.evil.example", "127.0.0.1.evil.example"])(
    "%s is refused with the reason: it may be a site that points at this machine (A2)",
    async (host) => {
      const { url } = await startNode();
      expect(await refusalOf(url, { host })).toBe(
        `Refused: host ${JSON.stringify(host)} is not one this node is known by; add it to allowedHosts\n`,
      );
    },
  );

  test("that is an address, localhost, advertised or allowed is accepted, in whatever case", async () => {
    const { url } = await startNode({ allowedHosts: ["Mesh.Example"], advertise: ["wss://Front.example:443/node"] });
    for (const host of [
      "127.0.0.1:1",
      "[::1]:80",
      "localhost",
      "LocalHost:9001",
      "mesh.example",
      "MESH.EXAMPLE:80",
      "front.example",
    ])
      expect([host, await isAccepted(url, { host })]).toEqual([host, true]);
  });

  test("that the node was told to listen on is one it is known by", async ({ skip }) => {
    const host = hostname();
    const node = await startNode({ host, insecure: true }).catch(() => undefined);
    if (node === undefined) return skip(`this machine does not know itself as ${host}`);
    expect(node.url).toContain(host);
    expect(await (await clientOf(node)).call("echo", [1])).toBe(1);
  });
});

describe("a subprotocol", () => {
  test("that is not known is refused with those that are", async () => {
    const { url } = await startNode();
    expect(await refusalOf(url, { "sec-websocket-protocol": "mpreg.v9, chat" })).toBe(
      `Refused: none of the subprotocols "mpreg.v9, chat" is known; this node speaks mpreg.v2\n`,
    );
  });

  test("may be one of several that are offered", async () => {
    const { url } = await startNode();
    const { status, headers } = await get(url, { ...upgradeHeaders, "sec-websocket-protocol": "mpreg.v9, mpreg.v2" });
    expect([status, headers["sec-websocket-protocol"]]).toEqual([101, "mpreg.v2"]);
  });
});

test("a plain HTTP request is told what this is; one with a foreign host is refused alike", async () => {
  const { url } = await startNode();
  const { status, body, headers } = await get(url);
  expect([status, headers.upgrade]).toEqual([426, "websocket"]);
  expect(body).toBe(
    "This is an mpreg node. Connect with a client, or open a WebSocket with the subprotocol mpreg.v2.\n",
  );
  expect((await get(url, { host: "evil.example" })).status).toBe(403);
});

test("a client that is refused over HTTP is told so", async () => {
  const { url } = await startNode();
  const named = url.replace("127.0.0.1", "evil.localhost"); // resolves to this machine, and is not known
  const error = await failureOf(connect(named));
  expect(error.code).toBe("not-connected");
  expect(error.message).toMatch(
    /^Cannot connect to ws:\/\/evil\.localhost:\d+: (Unexpected server response: 403|getaddrinfo)/,
  );
});

test("a browser's WebSocket, which always sends its origin, is let in from an allowed page only", async () => {
  const { url } = await startNode({ allowedOrigins: ["https://app.example"] });
  const opened = (origin: string): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = new WebSocket(url, "mpreg.v2", { origin });
      socket.on("open", () => {
        socket.close();
        resolve(true);
      });
      socket.on("error", () => {
        resolve(false);
      });
    });
  expect([await opened("https://app.example"), await opened("https://evil.example")]).toEqual([true, false]);
});
