/** Who is let in over HTTP: origins, host names, subprotocols. */
import { describe, expect, test } from "vitest";
import { lookup } from "node:dns/promises";
import { hostname } from "node:os";
import { connect } from "@mpreg/client";
import { WebSocket } from "ws";
import { clientOf, startNode } from "../support/cluster.js";
import { failureOf } from "../support/failure.js";
import { get, rawConnection, upgradeHeaders } from "../support/http.js";
import { eventually } from "../support/eventually.js";
import { upgradeRequest } from "../support/raw-socket.js";

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

  test("is compared as browsers write it: in lower case, without the port that its scheme has anyway (A4)", async () => {
    const { url } = await startNode({ allowedOrigins: ["HTTPS://App.Example:443/", "chrome-extension://abcdef"] });
    expect(await isAccepted(url, { origin: "https://app.example" })).toBe(true);
    expect(await isAccepted(url, { origin: "chrome-extension://abcdef" })).toBe(true);
    expect(await isAccepted(url, { host: "localhost:80", origin: "http://localhost" })).toBe(true);
    expect(await isAccepted(url, { host: "LOCALHOST:9001", origin: "http://localhost:9001" })).toBe(true);
    await refusalOf(url, { origin: "chrome-extension://fedcba" });
    await refusalOf(url, { origin: "null" });
    await refusalOf(url, { host: "localhost:80", origin: "http://localhost:9001" });
    await refusalOf(url, { host: "localhost:80", origin: "http://localhost@evil.example" });
    await refusalOf(url, { host: "localhost:80", origin: "" });
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

  test.each([
    "[::1].evil.example",
    "[::1]@evil.example",
    "[::1]evil",
    "[127.0.0.1]",
    "[evil.example]",
    "[::1",
    "::1",
    "evil.example@127.0.0.1",
    "localhost@evil.example",
    "localhost:80:80",
    "localhost:evil",
    "localhost, evil.example",
    "localhost/evil.example",
    "localhost..",
    "localhost#",
    "2130706433",
    "127.1",
    "loc\u00e4lhost",
  ])("%s is no host, or none that is known, whatever it holds or begins with (A4)", async (host) => {
    const { url } = await startNode();
    expect(await refusalOf(url, { host })).toContain("is not one this node is known by; add it to allowedHosts");
  });

  test("that is an address, localhost, advertised or allowed is accepted, in whatever case (A4)", async () => {
    const { url } = await startNode({
      allowedHosts: ["Mesh.Example", "dotted.example.", "exact.example:8080"],
      advertise: ["wss://Front.example:443/node"],
    });
    expect(await refusalOf(url, { host: "exact.example:8081" })).toContain("exact.example:8081");
    for (const host of [
      "127.0.0.1:1",
      "127.0.0.1.",
      "[::1]:80",
      "[0:0:0:0:0:0:0:1]",
      "[FE80::1]",
      "localhost",
      "localhost:",
      "localhost.",
      "LocalHost:9001",
      "LOCALHOST.:9001",
      "mesh.example",
      "MESH.EXAMPLE:80",
      "mesh.example.:80",
      "dotted.example",
      "Exact.Example:8080",
      "front.example",
    ])
      expect([host, await isAccepted(url, { host })]).toEqual([host, true]);
  });

  test("that the node was told to listen on is one it is known by", async ({ skip }) => {
    const host = hostname();
    const known = await lookup(host).catch(() => undefined);
    if (known === undefined) return skip(`this machine does not know itself as ${host}`);
    const node = await startNode({ host, insecure: true });
    expect(node.url).toContain(host);
    expect(await (await clientOf(node)).call("echo", [1])).toBe(1);
  });
});

describe("a request that others may read otherwise", () => {
  /** The status line and the body of the answer to `request`, byte by byte as it stands there. */
  async function answerTo(url: string, request: string): Promise<string> {
    const socket = await rawConnection(url);
    let answer = "";
    let ended = false;
    socket.on("data", (piece: Buffer) => (answer += piece.toString())).on("end", () => (ended = true));
    socket.write(request);
    await eventually("the node answers and hangs up", () => ended || socket.destroyed);
    return `${answer.slice(0, answer.indexOf("\r\n"))}; ${answer.slice(answer.indexOf("\r\n\r\n") + 4)}`;
  }
  const upgradeWith = (lines: string): string =>
    upgradeRequest("native").replace("host: 127.0.0.1\r\n", () => `${lines}\r\n`);

  test.each<[string, string, string]>([
    [
      "two hosts",
      "host: 127.0.0.1\r\nhost: evil.example",
      "400 Bad Request; Refused: 2 Host headers; there may be one\n",
    ],
    [
      "one host twice",
      "Host: 127.0.0.1\r\nhOST: 127.0.0.1",
      "400 Bad Request; Refused: 2 Host headers; there may be one\n",
    ],
    [
      "two origins",
      "host: 127.0.0.1\r\norigin: http://127.0.0.1\r\norigin: https://evil.example",
      "400 Bad Request; Refused: 2 Origin headers; there may be one\n",
    ],
    ["no host", "x-host: 127.0.0.1", `403 Forbidden; Refused: host "" is not one`],
    ["an empty host", "host: ", `403 Forbidden; Refused: host "" is not one`],
    // these are refused by the HTTP parser; they stand here so that a change of it is noticed
    ["a host on two lines (obs-fold)", "host: 127.0.0.1\r\n .evil.example", "400 Bad Request; "],
    ["an origin on two lines (obs-fold)", "host: 127.0.0.1\r\norigin: https://evil\r\n\t.example", "400 Bad Request; "],
    ["a space before the colon", "host : 127.0.0.1", "400 Bad Request; "],
    ["a zero byte", "host: 127.0.0.1\0evil.example", "400 Bad Request; "],
    ["a bare carriage return", "host: 127.0.0.1\rx-other: 1", "400 Bad Request; "],
    ["a bare line feed", "host: 127.0.0.1\nx-other: 1", "400 Bad Request; "],
    ["two lengths of a body", "host: 127.0.0.1\r\ncontent-length: 1\r\ncontent-length: 2", "400 Bad Request; "],
    ["a length and chunks", "host: 127.0.0.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked", "400 Bad Request; "],
  ])("for %s, is refused (A3)", async (_what, lines, answer) => {
    const { url } = await startNode({ allowedOrigins: ["*"] });
    expect(await answerTo(url, upgradeWith(lines))).toContain(`HTTP/1.1 ${answer}`);
  });

  test("for a host in its target, is refused (A3)", async () => {
    const { url } = await startNode();
    for (const target of ["http://evil.example/", "http://127.0.0.1/", "*"]) {
      const request = upgradeRequest("native").replace("GET /", () => `GET ${target}`);
      const refusal = `HTTP/1.1 400 Bad Request; Refused: the target ${JSON.stringify(target)} must be a path\n`;
      expect(await answerTo(url, request)).toBe(refusal);
    }
  });

  test("is refused without an upgrade, too", async () => {
    const { url } = await startNode();
    const plain = "GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n";
    expect(await answerTo(url, plain)).toContain("HTTP/1.1 400 Bad Request; ");
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
    "This is an mpreg node. Connect with a client, or open a WebSocket with the subprotocol mpreg.v2. Over HTTP there are /livez, /readyz, /healthz, /metrics.\n",
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
