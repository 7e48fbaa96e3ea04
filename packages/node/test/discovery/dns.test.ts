/** Seeds from SRV records, asked of a DNS server over real datagrams. */
import { describe, expect, test } from "vitest";
import { systemRandom } from "../../src/capabilities.js";
import { DnsSource, srvUrls } from "../../src/discovery/dns.js";
import { eventually } from "../support/eventually.js";
import { startLog } from "../support/log.js";
import { type DnsServer, startDnsServer } from "./dns-server.js";
import { type StartedSource, startSource } from "./support.js";

const service = "_mpreg._tcp.example.com";
const times = { refreshMs: 20, retryMs: 5, timeoutMs: 100 };

interface StartedDns {
  readonly source: StartedSource;
  readonly lines: readonly object[];
}

function startDns({ address }: DnsServer, chosen = times): StartedDns {
  const { log, lines } = startLog("info");
  return { source: startSource(new DnsSource(service, [address], log, systemRandom, chosen)), lines };
}

async function seedsBecome(source: StartedSource, ...urls: readonly string[]): Promise<void> {
  const wanted = JSON.stringify(urls);
  await eventually(`the seeds are ${wanted}`, () => JSON.stringify([...(source.seeds ?? ["?"])].sort()) === wanted);
}

/** Waits until `server` was asked `times` times more. */
async function asked(server: DnsServer, times: number): Promise<void> {
  const before = server.questions.length;
  await eventually(`it is asked ${times} times more`, () => server.questions.length >= before + times);
}

describe("SRV records", () => {
  test("are seeds, all of them, whatever their priority (R1)", async () => {
    const server = await startDnsServer(
      { target: "a.example.com", port: 9001, priority: 1 },
      { target: "b.example.com", port: 9002, priority: 9 },
    );
    const { source, lines } = startDns(server);
    await seedsBecome(source, "ws://a.example.com:9001", "ws://b.example.com:9002");
    expect(server.questions[0]).toBe(service);
    expect(lines).toEqual([]);
  });

  test("are asked for again and again: what is new is told, and what is gone no longer (R3)", async () => {
    const server = await startDnsServer({ target: "a.example.com", port: 1 });
    const { source } = startDns(server);
    await seedsBecome(source, "ws://a.example.com:1");
    server.zone = { kind: "records", records: [{ target: "b.example.com", port: 2 }] };
    await seedsBecome(source, "ws://b.example.com:2");
  });

  test.each(["failing", "silent"] as const)("stay as they were while the server is %s (R2)", async (kind) => {
    const server = await startDnsServer({ target: "a.example.com", port: 1 });
    const { source, lines } = startDns(server);
    await seedsBecome(source, "ws://a.example.com:1");
    server.zone = { kind };
    await eventually("the failure is logged", () => lines.length > 0);
    await asked(server, 5);
    const reason = kind === "failing" ? "ESERVFAIL" : "ETIMEOUT";
    expect(lines).toEqual([{ level: 40, name: service, reason, msg: "no peers from DNS; trying on" }]); // once
    expect(new Set(source.told.map((urls) => urls.join(" ")))).toEqual(new Set(["ws://a.example.com:1"]));
    server.zone = { kind: "records", records: [{ target: "b.example.com", port: 2 }] };
    await seedsBecome(source, "ws://b.example.com:2");
  });

  test.each([
    ["the name does not exist", { kind: "no-such-name" }, "ENOTFOUND"],
    ["it has no such records", { kind: "records", records: [] }, "ENODATA"],
    [
      "the service is decidedly not there",
      { kind: "records", records: [{ target: ".", port: 0 }] },
      "no usable target",
    ],
  ] as const)("are no seeds any more when %s (R2)", async (_case, zone, reason) => {
    const server = await startDnsServer({ target: "a.example.com", port: 1 });
    const { source, lines } = startDns(server);
    await seedsBecome(source, "ws://a.example.com:1");
    server.zone = zone;
    await seedsBecome(source);
    expect(lines).toMatchObject([{ name: service, reason }]);
  });

  test("are asked for soon after a failure, long before the usual time (R3)", async () => {
    const server = await startDnsServer({ target: "a.example.com", port: 1 });
    server.zone = { kind: "failing" };
    const { source } = startDns(server, { refreshMs: 3_600_000, retryMs: 5, timeoutMs: 100 });
    await asked(server, 4);
    server.zone = { kind: "records", records: [{ target: "a.example.com", port: 1 }] };
    await seedsBecome(source, "ws://a.example.com:1");
  });

  test("are not asked for after the close", async () => {
    const server = await startDnsServer({ target: "a.example.com", port: 1 });
    server.zone = { kind: "silent" };
    const { log, lines } = startLog("info");
    const source = new DnsSource(service, [server.address], log, systemRandom, times);
    const { told } = startSource(source);
    await asked(server, 1);
    await source.close();
    server.zone = { kind: "records", records: [{ target: "a.example.com", port: 1 }] };
    await seedsBecome(startDns(server).source, "ws://a.example.com:1");
    expect([told, lines]).toEqual([[], []]);
  });
});

test("the addresses are wss for a service whose name ends in -tls", () => {
  const records = [
    { name: "a.example.com.", port: 9001 },
    { name: "192.0.2.1", port: 2 },
  ];
  expect(srvUrls("_mpreg-tls._tcp.example.com", records)).toEqual(["wss://a.example.com:9001", "wss://192.0.2.1:2"]);
  expect(srvUrls("_mpreg._tcp.my-tls.example.com", records)[0]).toBe("ws://a.example.com:9001");
});
