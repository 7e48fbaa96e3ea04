/** Nodes that nobody told about each other meet: over a file, DNS, multicast DNS. */
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { meshed, startNode } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { temporaryFolder } from "../support/folders.js";
import { startLog } from "../support/log.js";
import { freePort } from "../support/proxy.js";
import { startDnsServer } from "./dns-server.js";
import { freeUdpPort } from "./support.js";

const limits = { redialMsMin: 5, redialMsMax: 50 };

describe("a watched file", () => {
  test("brings a node to those it names, also when it names them later, and while others of it are down", async () => {
    const folder = await temporaryFolder();
    const file = join(folder, "peers.txt");
    const first = await startNode({ name: "first" });
    const second = await startNode({ name: "second", discovery: { file }, limits });
    expect(second.nodes()).toHaveLength(1);
    await writeFile(join(folder, "new"), `# peers\nws://127.0.0.1:${await freePort()}\n${first.url}\n`);
    await rename(join(folder, "new"), file);
    await meshed([first, second]);
  });

  test("names nodes of which one that comes up later is linked to as soon as it is there", async () => {
    const file = join(await temporaryFolder(), "peers.json");
    const port = await freePort();
    await writeFile(file, JSON.stringify([`ws://127.0.0.1:${port}`]));
    const { log, lines } = startLog("warn");
    const waiting = await startNode({ name: "waiting", discovery: { file }, limits, log });
    await eventually("it was tried", () => lines.some(({ msg }) => msg === "peer not reached; trying on"));
    const late = await startNode({ name: "late", port });
    await meshed([waiting, late]);
  });
});

test("SRV records bring a node to their targets", async () => {
  const first = await startNode({ name: "first" });
  const server = await startDnsServer({ target: "localhost", port: Number(new URL(first.url).port) });
  const discovery = { dns: ["_mpreg._tcp.example.com"], dnsServers: [server.address] };
  const second = await startNode({ name: "second", discovery, limits });
  await meshed([first, second]);
  expect(server.questions[0]).toBe("_mpreg._tcp.example.com");
});

describe("multicast DNS", () => {
  test("brings nodes of one cluster together, and leaves those of another alone", async () => {
    const discovery = { mdns: { port: await freeUdpPort() } };
    const red = [
      await startNode({ name: "red-1", cluster: "red", discovery, limits }),
      await startNode({ name: "red-2", cluster: "red", discovery, limits }),
      await startNode({ name: "red-3", cluster: "red", discovery, limits }),
    ];
    const { log, lines } = startLog("warn");
    const blue = [
      await startNode({ name: "blue-1", cluster: "blue", discovery, limits, log }),
      await startNode({ name: "blue-2", cluster: "blue", discovery, limits, log }),
    ];
    await meshed(red);
    await meshed(blue);
    expect(lines).toEqual([]); // nobody was dialled that had to be refused
  });

  test("tells each network the address that a node which listens everywhere has there", async () => {
    const discovery = { mdns: { port: await freeUdpPort(), addresses: ["127.0.0.1"] } };
    const { log, lines } = startLog("debug");
    const everywhere = await startNode({ name: "everywhere", host: "0.0.0.0", insecure: true, discovery, limits });
    const beside = await startNode({ name: "beside", discovery, limits, log });
    await meshed([everywhere, beside]);
    const urls = [`ws://127.0.0.1:${new URL(everywhere.url).port}`];
    const found = await eventually("it is told", () => lines.find(({ msg }) => msg === "peers found"));
    expect(found).toMatchObject({ source: "mdns", urls });
  });

  test("tells nobody any more of a node that has left", async () => {
    const discovery = { mdns: { port: await freeUdpPort() } };
    const { log, lines } = startLog("debug");
    const stays = await startNode({ name: "stays", discovery, limits, log });
    const leaves = await startNode({ name: "leaves", discovery, limits });
    await meshed([stays, leaves]);
    await leaves.close();
    await eventually("it is no seed any more", () => {
      return lines.some(({ msg, urls }) => msg === "peers found" && (urls as unknown[]).length === 0);
    });
  });

  test("of which nothing can be used does not keep a node from serving", async () => {
    const discovery = { mdns: { port: await freeUdpPort(), addresses: ["192.0.2.250"] } };
    const { log, lines } = startLog("warn");
    const node = await startNode({ name: "alone", discovery, log });
    await eventually("the trouble is logged", () => lines.length > 0);
    expect(await node.call("echo", [1])).toBe(1);
    expect(lines).toMatchObject([{ address: "192.0.2.250", msg: "no multicast DNS; trying on" }]);
  });
});
