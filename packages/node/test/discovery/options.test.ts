/** Which sources a node has, by its options. */
import { createNode } from "@mpreg/node";
import { describe, expect, test } from "vitest";
import { resolveOptions } from "../../src/options.js";
import { failureOf } from "../support/failure.js";

describe("a discovery option that is wrong is refused by its name", () => {
  test.each<[unknown, string]>([
    [{ mdsn: true }, `discovery has no option "mdsn"; it has mdns, dns, dnsServers, file; did you mean "mdns"?`],
    ["mdns", `discovery: the options must be an object, got string`],
    [{ mdns: "yes" }, `discovery.mdns must be true, false or options, got "yes"`],
    [{ mdns: { port: 0 } }, "discovery.mdns.port must be an integer from 1 to 65535, got 0"],
    [{ mdns: { interface: "eth0" } }, `discovery.mdns has no option "interface"; it has addresses, port`],
    [
      { mdns: { addresses: ["eth0"] } },
      `discovery.mdns.addresses must hold IPv4 addresses of this machine, got "eth0"`,
    ],
    [
      { dns: "_mpreg._tcp.a" },
      `discovery.dns must be an array of names like _mpreg._tcp.example.com, got "_mpreg._tcp.a"`,
    ],
    [{ dns: ["example.com"] }, `discovery.dns must hold names like _mpreg._tcp.example.com, got "example.com"`],
    [
      { dnsServers: ["dns.example.com"] },
      `discovery.dnsServers must hold addresses like 10.0.0.2 or 10.0.0.2:53, got "dns.`,
    ],
    [
      { dnsServers: ["10.0.0.2:70000"] },
      `discovery.dnsServers must hold addresses like 10.0.0.2 or 10.0.0.2:53, got "10.`,
    ],
    [{ file: "" }, `discovery.file must be the path of a file, got ""`],
    [{ file: 7 }, "discovery.file must be the path of a file, got 7"],
  ])("%j", async (discovery, message) => {
    const error = await failureOf(createNode({ discovery: discovery as object }));
    expect(error.code).toBe("invalid-argument");
    expect(error.message.slice(0, message.length)).toBe(message);
  });
});

test("servers are addresses of either family, with or without a port", () => {
  const dnsServers = ["10.0.0.2", "10.0.0.2:8600", "fd00::2", "[fd00::2]:53"];
  expect(resolveOptions({ discovery: { dnsServers } }).discovery.dnsServers).toEqual(dnsServers);
});

describe("multicast DNS", () => {
  const networksOf = (host: string, mdns?: boolean) => resolveOptions({ host, discovery: { mdns } }).discovery.mdns;

  test("is off on loopback unless it is asked for", () => {
    for (const host of ["127.0.0.1", "127.0.0.2", "localhost", "::1"]) expect(networksOf(host)).toBeUndefined();
    expect(resolveOptions({}).discovery.mdns).toBeUndefined();
    expect(networksOf("127.0.0.2", true)).toEqual({ addresses: ["127.0.0.1"], port: 5353 });
    expect(networksOf("::1", true)).toEqual({ addresses: ["127.0.0.1"], port: 5353 });
  });

  test("is on for a node that others can reach, in the networks where they can", () => {
    expect(networksOf("192.0.2.7")).toEqual({ addresses: ["192.0.2.7"], port: 5353 });
    for (const host of ["0.0.0.0", "::", "fd00::2"])
      expect(networksOf(host)).toEqual({ addresses: undefined, port: 5353 });
    expect(networksOf("0.0.0.0", false)).toBeUndefined();
  });

  test("takes the networks and the port that are given", () => {
    const discovery = { mdns: { addresses: ["192.0.2.7"], port: 5354 } };
    expect(resolveOptions({ discovery }).discovery.mdns).toEqual(discovery.mdns);
  });
});
