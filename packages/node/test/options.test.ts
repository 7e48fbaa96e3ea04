/** Options of a node: each wrong one is refused by its name; nothing is left behind when a start fails. */
import { networkInterfaces } from "node:os";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { readdir } from "node:fs/promises";
import { createNode } from "@mpreg/node";
import { describe, expect, onTestFinished, test } from "vitest";
import { clientOf, meshed, startMesh, startNode } from "./support/cluster.js";
import { failureOf, told } from "./support/failure.js";
import { temporaryFolder } from "./support/folders.js";
import { startLog } from "./support/log.js";
import { freePort } from "./support/proxy.js";

test("an option or a limit that does not exist is refused with the nearest that does", async () => {
  const messageOf = async (options: unknown): Promise<string> =>
    (await failureOf(createNode(options as never))).message;
  expect(await messageOf({ prot: 9001 })).toMatch(/^createNode has no option "prot"; .*; did you mean "port"\?$/);
  expect(await messageOf({ limits: { timeout: 1 } })).toMatch(
    /^limits has no "timeout"; .*; did you mean "timeoutMs"\?$/,
  );
  expect(await messageOf(null)).toBe("createNode: the options must be an object, got null");
});

describe("an option out of range is refused by its name", () => {
  test.each<[object, string]>([
    [{ prot: 9001 }, `createNode has no option "prot"; it has name, host, port`],
    [{ port: -1 }, "port must be an integer from 0 to 65535, got -1"],
    [{ port: "9001" }, "port must be an integer from 0 to 65535, got 9001"],
    [{ name: "" }, "name must be a text of 1 to 1024 bytes"],
    [{ name: "n".repeat(1025) }, "name must be a text of 1 to 1024 bytes"],
    [{ name: 7 }, "name must be a text of 1 to 1024 bytes"],
    [{ cluster: "" }, "cluster must be a text of 1 to 1024 bytes"],
    [{ resources: "gpu" }, "createNode: resources must be an array of texts of 1 to 1024 bytes"],
    [{ peers: ["127.0.0.1:9001"] }, `peers must hold URLs like ws://127.0.0.1:9001, got "127.0.0.1:9001"`],
    [
      { peers: "ws://127.0.0.1:9001" },
      `peers must be an array of URLs like ws://127.0.0.1:9001, got "ws://127.0.0.1:9001"`,
    ],
    [
      { peers: ["http://127.0.0.1:9001"] },
      `peers must hold URLs like ws://127.0.0.1:9001, got "http://127.0.0.1:9001"`,
    ],
    [{ peers: ["http://me:secret@h"] }, 'peers must hold URLs like ws://127.0.0.1:9001, got "http://***@h"'],
    [{ peers: "ws://me:secret@h" }, 'peers must be an array of URLs like ws://127.0.0.1:9001, got "ws://***@h"'],
    [
      { advertise: ["ws://me:secret@h"] },
      "advertise must hold URLs without a user and a password: every node and every client is told them",
    ],
    [{ advertise: ["nowhere"] }, `advertise must hold URLs like ws://127.0.0.1:9001, got "nowhere"`],
    [{ advertise: Array.from({ length: 17 }, (_, i) => `ws://h${i}`) }, "advertise may hold 16 URLs, got 17"],
    [{ log: "loud" }, `log must be fatal, error, warn, info, debug, trace or silent, or a pino logger, got "loud"`],
    [{ policy: "allow" }, "policy must be a function, got string"],
    [{ loopBlockedMsMax: 99 }, "loopBlockedMsMax must be 0 (off) or a whole number from 100 to 2147483647, got 99"],
    [
      { loopBlockedMsMax: 100.5 },
      "loopBlockedMsMax must be 0 (off) or a whole number from 100 to 2147483647, got 100.5",
    ],
    [{ loopBlockedMsMax: "1s" }, "loopBlockedMsMax must be 0 (off) or a whole number from 100 to 2147483647, got 1s"],
    [{ limits: { depth: 3 } }, `limits has no "depth"; it has messageBytesMax`],
    [{ limits: { timeoutMs: 0 } }, "limits.timeoutMs must be a whole number from 1 to 2147483647, got 0"],
    [{ limits: { stepsMax: 0.5 } }, "limits.stepsMax must be a whole number of at least 1, got 0.5"],
    [{ limits: { queuedMax: 0.5 } }, "limits.queuedMax must be a whole number of at least 0, got 0.5"],
    [{ limits: { timeoutMs: 1.5 } }, "limits.timeoutMs must be a whole number from 1 to 2147483647, got 1.5"],
    [{ limits: { executionsMax: "many" } }, "limits.executionsMax must be a whole number of at least 1, got many"],
    [{ limits: { depthMax: 300 } }, "limits.depthMax must be a whole number from 0 to 255, got 300"],
    [
      { limits: { messageBytesMax: 2 ** 32 } },
      "limits.messageBytesMax must be a whole number from 1 to 4294967295, got 4294967296",
    ],
    [
      { limits: { windowBytes: 2 ** 33 } },
      "limits.windowBytes must be a whole number from 1 to 4294967295, got 8589934592",
    ],
    [
      { host: "0.0.0.0" },
      "Cannot listen on 0.0.0.0: that would let other machines in without encryption. Listen on 127.0.0.1, give `tls` a certificate and key, or set `insecure: true` if the network is yours",
    ],
    [{ host: "0.0.0.0", insecure: "false" }, "insecure must be true or false, got string"],
    [{ exposeStacks: 1 }, "exposeStacks must be true or false, got number"],
    [{ allowedHosts: "mesh.example" }, "allowedHosts must be an array of texts, got string"],
    [{ allowedOrigins: [/example/] }, "allowedOrigins must be an array of texts, got object in it"],
    [{ limits: 5 }, "limits must be an object, got 5"],
    [{ tls: "cert.pem" }, "tls: the options must be an object, got string"],
    [{ tls: { crt: "garbage", key: "garbage" } }, `tls has no option "crt"; it has cert, key, ca`],
    [
      { tls: {} },
      "tls is empty: give it a `cert` and `key` to listen with TLS, a `ca` to trust other nodes, or leave it out",
    ],
    [{ tls: { cert: undefined, key: undefined } }, "tls is empty: give it a `cert` and `key`"],
    [{ tls: { cert: "garbage" } }, "tls has a `cert` but no `key`: listening with TLS needs both"],
    [{ tls: { cert: "garbage", key: "garbage" } }, "Cannot use the certificate and key of `tls`: "],
  ])("%j", async (options, message) => {
    const error = await failureOf(createNode(options));
    expect(error.code).toBe("invalid-argument");
    expect(error.message.slice(0, message.length)).toBe(message);
  });

  test("more resources than one function may have", async () => {
    const resources = Array.from({ length: 300 }, (_, i) => `resource ${i}`);
    const { message } = await failureOf(createNode({ resources }));
    expect(message).toBe("createNode: resources may hold 256 names, got 300");
  });

  test("an address that this machine does not have", async () => {
    const error = await failureOf(createNode({ host: "192.0.2.1", insecure: true }));
    expect(told(error)).toMatchObject({
      code: "invalid-argument",
      message: "Cannot listen on 192.0.2.1:0: this machine does not have that address",
    });
  });

  test("a port in use, whose data directory stays free", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const dataDir = await temporaryFolder();
    expect((await failureOf(createNode({ port, dataDir }))).message).toBe(
      `Cannot listen on 127.0.0.1:${port}: the port is in use; take another one, or 0 for any free one`,
    );
    expect(await readdir(dataDir)).toEqual(["node-key.pem", "store"]);
    await startNode({ dataDir });
  });
});

describe("defaults", () => {
  test("are a loopback address, a free port, and a name made of machine and port", async () => {
    const node = await startNode();
    const { hostname, port } = new URL(node.url);
    expect(hostname).toBe("127.0.0.1");
    expect(node.name).toMatch(new RegExp(`-${port}$`));
    expect(node.urls).toEqual([node.url]);
  });

  test("hold for options that are there and undefined", async () => {
    const node = await startNode({
      name: undefined,
      port: undefined,
      peers: undefined,
      limits: undefined,
      log: undefined,
    });
    expect(new URL(node.url).hostname).toBe("127.0.0.1");
  });
});

test("a node may remember no trace at all", async () => {
  expect(await (await startNode({ limits: { tracesMax: 0 } })).call("echo", [1])).toBe(1);
});

test("a port that is named is the one listened on", async () => {
  const port = await freePort();
  expect((await startNode({ port })).url).toBe(`ws://127.0.0.1:${port}`);
});

test("a node that listens everywhere tells an address at which others reach it", async () => {
  const node = await startNode({ name: "open", host: "0.0.0.0", insecure: true });
  expect(new URL(node.url).hostname).not.toBe("0.0.0.0");
  const { port } = new URL(node.url);
  expect(await (await clientOf({ url: `ws://127.0.0.1:${port}` })).call("echo", [1])).toBe(1);
});

test("a node listens on the IPv6 loopback address and is reached there", async ({ skip }) => {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  if (!addresses.some(({ address }) => address === "::1")) return skip("this machine has no IPv6");
  const node = await startNode({ name: "six", host: "::1" });
  expect(node.url).toMatch(/^ws:\/\/\[::1\]:\d+$/);
  const other = await startNode({ name: "other", peers: [node.url] });
  await meshed([node, other]);
});

test("resources of a node are those of each of its functions", async () => {
  const [a] = await startMesh({ name: "a", resources: ["gpu", "model-a", "gpu"] });
  const registration = a!.register("f", () => 1, { resources: ["data", "gpu"] });
  expect(registration.resources).toEqual(["data", "gpu"]);
  const f = a!.functions().find(({ name }) => name === "f")!;
  expect(f.offers[0]!.resources).toEqual(["data", "gpu", "model-a"]);
});

test("a logger that is given is used, at its own level, with the node's name", async () => {
  const { log, lines } = startLog("debug");
  const node = await startNode({ name: "logged", log });
  node.register("fail", () => {
    throw new Error("payload-free");
  });
  await failureOf(node.call("fail", ["secret argument"]));
  expect(lines).toEqual([expect.objectContaining({ node: "logged", msg: "handler threw", fun: "fail" })]);
  expect(JSON.stringify(lines)).not.toContain("secret argument");
});
