/** What multicast DNS says of a node. */
import { describe, expect, test } from "vitest";
import { decode, encode } from "dns-packet";
import {
  type Answer,
  type Sighting,
  clusterText,
  isAskedFor,
  recordsOf,
  serviceName,
  sightingsIn,
} from "../../src/discovery/mdns/records.js";

const node = { id: "0a1b", name: "primary", cluster: "red", urls: ["ws://192.0.2.7:9001"] };
const instance = `0a1b.${serviceName}`;

/** What is read of `records` after they have travelled. */
function read(records: readonly Answer[]): readonly Sighting[] {
  return sightingsIn(decode(encode({ type: "response", answers: [...records] })));
}

function text(name: string, ...data: readonly (string | Buffer)[]): Answer {
  return { name, type: "TXT", ttl: 120, data: [...data] };
}

describe("the records of a node", () => {
  test("name its service, its address for any browser, and all addresses in its text", () => {
    expect(recordsOf(node)).toEqual([
      { name: "_services._dns-sd._udp.local", type: "PTR", ttl: 120, data: serviceName },
      { name: serviceName, type: "PTR", ttl: 120, data: instance },
      {
        name: instance,
        type: "SRV",
        ttl: 120,
        flush: true,
        data: { port: 9001, target: "0a1b.local", priority: 0, weight: 0 },
      },
      {
        name: instance,
        type: "TXT",
        ttl: 120,
        flush: true,
        data: ["txtvers=1", "cluster=red", "url=ws://192.0.2.7:9001", "name=primary"],
      },
      { name: "0a1b.local", type: "A", ttl: 120, flush: true, data: "192.0.2.7" },
    ]);
  });

  test("have the address of an IPv6 node, and the name of one that is reached by name", () => {
    const [, , , , six] = recordsOf({ ...node, urls: ["ws://[fd00::2]:9001"] });
    expect(six).toMatchObject({ name: "0a1b.local", type: "AAAA", data: "fd00::2" });
    const named = recordsOf({ ...node, urls: ["wss://node-1.example.com"] });
    expect(named[2]).toMatchObject({ data: { target: "node-1.example.com", port: 443 } });
    expect(named).toHaveLength(4);
  });

  test("are none for a node that nobody can reach", () => {
    expect(recordsOf({ ...node, urls: [] })).toEqual([]);
  });

  test("are read as they were written", () => {
    const urls = ["ws://192.0.2.7:9001", "wss://node-1.example.com:9001/mesh", "ws://[fd00::2]:1"];
    expect(read(recordsOf({ ...node, urls }))).toEqual([{ id: "0a1b", cluster: "red", urls, ttlS: 120 }]);
    expect(read(recordsOf({ ...node, urls }, 0))).toMatchObject([{ id: "0a1b", ttlS: 0 }]);
  });

  test("fit into a datagram, however many addresses there are and however long the names (D2)", () => {
    const urls = Array.from(
      { length: 16 },
      (_, i) => `ws://${`${i}-`.padEnd(60, "x")}.${"y".repeat(60)}.example.com:9001`,
    );
    const long = {
      ...node,
      name: "n".repeat(1024),
      cluster: "c".repeat(1024),
      urls: [`ws://h/${"p".repeat(300)}`, ...urls],
    };
    const records = recordsOf(long);
    expect(encode({ type: "response", answers: [...records] }).length).toBeLessThan(1_472);
    const [sighting] = read(records);
    expect(sighting!.urls).toEqual(urls.slice(0, sighting!.urls.length));
    expect(sighting!.urls.length).toBeGreaterThan(3);
    expect(sighting!.cluster).toBe(clusterText("c".repeat(1024)));
    expect(sighting!.cluster).not.toBe(clusterText(`${"c".repeat(1023)}d`));
  });

  test("can be sent for an address whose name DNS does not allow", () => {
    const urls = [`ws://${"x".repeat(70)}.example.com:9001`];
    expect(read(recordsOf({ ...node, urls }))).toMatchObject([{ urls }]);
  });
});

describe("a response", () => {
  test("counts by its texts of our service only, and of these what is well-formed (D1)", () => {
    const bad = [
      text(`a._http._tcp.local`, "cluster=red", "url=ws://a:1"),
      text(serviceName, "cluster=red", "url=ws://a:1"),
      text(`${"x".repeat(63)}.${"y".repeat(63)}.${serviceName}`, "cluster=red", "url=ws://a:1"),
      text(`b.${serviceName}`, "url=ws://a:1"),
      text(`c.${serviceName}`, Buffer.from([0xff, 0xfe]), "=", "cluster"),
    ];
    expect(read(bad)).toEqual([]);
    const odd = text(
      `D.${serviceName.toUpperCase()}`,
      "Cluster=red",
      "cluster=blue",
      "url=http://a",
      "url=ws://b:1",
      "url2=ws://c:2",
      "url3=7",
    );
    expect(read([odd])).toEqual([{ id: "d", cluster: "red", urls: ["ws://c:2"], ttlS: 120 }]);
  });
});

describe("a question", () => {
  const records = recordsOf(node);
  const asked = (name: string, type: string, answers: readonly Answer[] = []): boolean =>
    isAskedFor(records, { questions: [{ name, type: type as "PTR" }], answers: [...answers] });

  test("is for the node when it names its service, its instance or its host", () => {
    const asks = [
      [serviceName, "PTR"],
      ["_MPREG._tcp.LOCAL", "ANY"],
      ["_services._dns-sd._udp.local", "PTR"],
      [instance, "TXT"],
      [instance, "SRV"],
      ["0a1b.local", "A"],
    ] as const;
    for (const [name, type] of asks) expect([name, type, asked(name, type)]).toEqual([name, type, true]);
    for (const [name, type] of [
      ["_http._tcp.local", "PTR"],
      [instance, "A"],
      [`0a.${serviceName}`, "TXT"],
    ] as const)
      expect([name, type, asked(name, type)]).toEqual([name, type, false]);
  });

  test("needs no answer from a node that the asker knows well", () => {
    const known = (ttl: number): Answer => ({ name: serviceName, type: "PTR", ttl, data: instance });
    expect(asked(serviceName, "PTR", [known(60)])).toBe(false);
    expect(asked(serviceName, "PTR", [known(59)])).toBe(true);
    expect(asked(serviceName, "PTR", [{ ...known(60), data: `other.${serviceName}` } as Answer])).toBe(true);
  });
});
