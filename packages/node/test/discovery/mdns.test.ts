/** Nodes that find each other by multicast DNS: real datagrams over the multicast group on loopback. */
import { createSocket } from "node:dgram";
import { encode } from "dns-packet";
import openMulticast, { type MulticastDNS } from "multicast-dns";
import { describe, expect, onTestFinished, test } from "vitest";
import { systemRandom } from "../../src/capabilities.js";
import { Announcer } from "../../src/discovery/mdns/announcer.js";
import { Browser } from "../../src/discovery/mdns/browser.js";
import { type MdnsNode, MdnsSource } from "../../src/discovery/mdns/mdns.js";
import { recordsOf, serviceName } from "../../src/discovery/mdns/records.js";
import { eventually } from "../support/eventually.js";
import { startLog } from "../support/log.js";
import { type StartedSource, freeUdpPort, startSource } from "./support.js";

const loopback = "127.0.0.1";

interface StartedMdns {
  readonly source: MdnsSource;
  readonly started: StartedSource;
  readonly lines: readonly object[];
}

function mdnsNode(id: string, urls: readonly string[] = [`ws://${id}:1`], cluster = "red"): MdnsNode {
  return { id, name: id, cluster, urlsAt: () => urls };
}

function startMdns(node: MdnsNode, port: number, addresses: readonly string[] = [loopback]): StartedMdns {
  const { log, lines } = startLog("info");
  const source = new MdnsSource(node, { addresses, port, lookEveryMs: 20 }, log, systemRandom);
  return { source, started: startSource(source), lines };
}

async function seedsBecome(started: StartedSource, ...urls: readonly string[]): Promise<void> {
  const wanted = JSON.stringify(urls);
  await eventually(`the seeds are ${wanted}`, () => JSON.stringify([...(started.seeds ?? ["?"])].sort()) === wanted);
}

/** Somebody else in the same network. */
async function startStranger(port: number): Promise<MulticastDNS> {
  const stranger = openMulticast({ interface: loopback, bind: "0.0.0.0", port });
  onTestFinished(() => new Promise<void>((resolve) => stranger.destroy(resolve)));
  await new Promise<void>((resolve) => void stranger.on("ready", resolve));
  return stranger;
}

describe("nodes in one network", () => {
  test("find each other, whoever was there first, and not themselves", async () => {
    const port = await freeUdpPort();
    const a = startMdns(mdnsNode("a"), port);
    const b = startMdns(mdnsNode("b", ["ws://b:1", "ws://b:2"]), port);
    await seedsBecome(b.started, "ws://a:1");
    await seedsBecome(a.started, "ws://b:1", "ws://b:2");
    const c = startMdns(mdnsNode("c"), port);
    await seedsBecome(c.started, "ws://a:1", "ws://b:1", "ws://b:2");
    await seedsBecome(a.started, "ws://b:1", "ws://b:2", "ws://c:1");
    expect([...a.lines, ...c.lines]).toEqual([]);
  });

  test("of another cluster are not found (B1)", async () => {
    const port = await freeUdpPort();
    const blue = startMdns(mdnsNode("blue", undefined, "blue"), port);
    const otherBlue = startMdns(mdnsNode("other-blue", undefined, "blue"), port);
    const red = startMdns(mdnsNode("red"), port);
    const otherRed = startMdns(mdnsNode("other-red"), port);
    await seedsBecome(blue.started, "ws://other-blue:1");
    await seedsBecome(otherBlue.started, "ws://blue:1");
    await seedsBecome(red.started, "ws://other-red:1");
    await seedsBecome(otherRed.started, "ws://red:1");
  });

  test("that say goodbye are forgotten at once (B2)", async () => {
    const port = await freeUdpPort();
    const stays = startMdns(mdnsNode("stays"), port);
    const leaves = startMdns(mdnsNode("leaves"), port);
    await seedsBecome(stays.started, "ws://leaves:1");
    await leaves.source.close();
    await seedsBecome(stays.started);
  });

  test("that nobody can reach find the others and are not found", async () => {
    const port = await freeUdpPort();
    const open = startMdns(mdnsNode("open"), port);
    const hidden = startMdns(mdnsNode("hidden", []), port);
    const other = startMdns(mdnsNode("other"), port);
    await seedsBecome(hidden.started, "ws://open:1", "ws://other:1");
    await seedsBecome(open.started, "ws://other:1");
    await seedsBecome(other.started, "ws://open:1");
  });
});

describe("what was heard", () => {
  const brief = (ttl: number) => recordsOf({ id: "brief", name: "brief", cluster: "red", urls: ["ws://brief:1"] }, ttl);

  test("is asked for again before its time is over, and holds as long as it is answered (B2)", async () => {
    const port = await freeUdpPort();
    const stranger = await startStranger(port);
    let questions = 0;
    stranger.on("query", () => {
      questions += 1;
      stranger.respond([...brief(1)]);
    });
    const { started } = startMdns(mdnsNode("a"), port);
    await seedsBecome(started, "ws://brief:1");
    await eventually("it is asked for more often than the doubling waits would", () => questions >= 5);
    expect(started.told).toEqual([["ws://brief:1"]]);
  });

  test("is forgotten when its time is over and nobody answers (B2)", async () => {
    const port = await freeUdpPort();
    const stranger = await startStranger(port);
    const { started } = startMdns(mdnsNode("a"), port);
    await eventually("it is heard", () => {
      if (started.told.length === 0) stranger.respond([...brief(1)]);
      return started.told.length > 0;
    });
    await seedsBecome(started);
    expect(started.told).toEqual([["ws://brief:1"], []]);
  });

  test("is bounded, and what is no packet, or not of multicast DNS, is nothing (B4, U3)", async () => {
    const port = await freeUdpPort();
    const stranger = await startStranger(port);
    const { started, lines } = startMdns(mdnsNode("a"), port);
    const other = createSocket("udp4"); // from a port of its own, as who is not on the local link has to
    onTestFinished(() => void other.close());
    const textOf = (id: string) =>
      recordsOf({ id, name: id, cluster: "red", urls: [`ws://${id}:1`] }).filter(({ type }) => type === "TXT");
    const forged = encode({ type: "response", answers: textOf("forged") });
    const crowd = Array.from({ length: 300 }, (_, i) => textOf(`crowd-${i}`)).flat();
    await eventually("the crowd is heard", () => {
      other.send(Buffer.from("garbage"), port, loopback);
      other.send(forged, port, loopback, () => {
        stranger.respond(crowd);
      });
      return started.seeds !== undefined;
    });
    expect(started.seeds).toHaveLength(256);
    expect(started.seeds).not.toContain("ws://forged:1");
    expect(lines).toEqual([]);
  });
});

describe("an announcement", () => {
  /** An announcer without a network, and the times to live of what it said. */
  function startAnnouncer() {
    const said: (number | undefined)[] = [];
    const announcer = new Announcer({
      random: systemRandom,
      announcementAt: () => ({ id: "a", name: "a", cluster: "red", urls: ["ws://a:1"] }),
      respond: async ([first]) => void said.push(first?.type === "PTR" ? first.ttl : undefined),
    });
    onTestFinished(() => announcer.close());
    announcer.opened(loopback);
    return { announcer, said };
  }

  test("is made twice unasked, and taken back at the close (A1)", async () => {
    const { announcer, said } = startAnnouncer();
    await eventually("it is made twice", () => said.length >= 2);
    expect(said).toEqual([120, 120]);
    await announcer.close();
    expect(said).toEqual([120, 120, 0]);
  });

  test("answers many questions once (A2, A3)", async () => {
    const { announcer, said } = startAnnouncer();
    const question = { questions: [{ name: serviceName, type: "PTR" as const }] };
    for (let i = 0; i < 100; i++) announcer.query(question, loopback);
    announcer.query(question, "192.0.2.1"); // a network that it is not in
    await eventually("it answers", () => said.length > 1);
    expect(said).toEqual([120, 120]);
  });
});

test("a goodbye is heard at once, and says nothing of a node that nobody knew (B2)", () => {
  const told: (readonly string[])[] = [];
  const browser = new Browser("a", "red", {
    random: systemRandom,
    ask: () => undefined,
    found: (urls) => void told.push(urls),
  });
  onTestFinished(() => {
    browser.close();
  });
  const sighting = { id: "b", cluster: "red", urls: ["ws://b:1"] };
  for (const ttlS of [0, 120, 0]) browser.heard([{ ...sighting, ttlS }]);
  expect(told).toEqual([["ws://b:1"], []]);
});

test("a node that has heard of nobody and has nobody to ask waits for nothing", async () => {
  const warnings: string[] = [];
  const warned = ({ name }: Error): void => void warnings.push(name);
  process.on("warning", warned);
  const browser = new Browser("a", "red", { random: systemRandom, ask: () => undefined, found: () => undefined });
  onTestFinished(() => {
    browser.close();
    process.off("warning", warned);
  });
  browser.heard([]);
  await new Promise((resolve) => setImmediate(resolve)); // warnings come with the next turn
  expect(warnings).toEqual([]);
});

describe("trouble with multicast", () => {
  test("in one network leaves the others alone, and is logged once (M1)", async () => {
    const port = await freeUdpPort();
    const a = startMdns(mdnsNode("a"), port, ["192.0.2.250", loopback]);
    const b = startMdns(mdnsNode("b"), port);
    await seedsBecome(a.started, "ws://b:1");
    await seedsBecome(b.started, "ws://a:1");
    const reason = "this machine does not have that address";
    expect(a.lines).toEqual([{ level: 40, address: "192.0.2.250", port, reason, msg: "no multicast DNS; trying on" }]);
  });

  test("of a port that somebody keeps for himself is logged once, and over when he leaves (U1)", async () => {
    const squatter = createSocket("udp4");
    await new Promise<void>((resolve) => {
      squatter.bind(0, resolve);
    });
    const { port } = squatter.address();
    const a = startMdns(mdnsNode("a"), port);
    await eventually("it is logged", () => a.lines.length > 0);
    await new Promise<void>((resolve) => {
      squatter.close(resolve);
    });
    const b = startMdns(mdnsNode("b"), port);
    await seedsBecome(a.started, "ws://b:1");
    await seedsBecome(b.started, "ws://a:1");
    expect(a.lines).toEqual([
      { level: 40, address: loopback, port, reason: "EADDRINUSE", msg: "no multicast DNS; trying on" },
    ]);
  });
});
