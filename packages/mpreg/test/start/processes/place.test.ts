import { hostname } from "node:os";
import { afterEach, describe, expect, test, vi } from "vitest";
import { checkProcesses, environmentOf, ownPlace, settingsAt } from "../../../src/start/processes/place.js";
import { Backoff } from "../../../src/start/processes/backoff.js";
import { settle } from "../../../src/start/settings.js";

const place = (number: number) => ({ number, sharedPort: 9001, ports: [9002, 9003, 9004] });

describe("the place of a process", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test("gives its node a name, a port and a data directory of its own, and the others as peers (L1)", async () => {
    const settings = await settle({}, { name: "p", dataDir: "/data/p", peers: ["ws://elsewhere:9001"], processes: 3 });
    const nodes = [1, 2, 3].map((number) => settingsAt(place(number), settings).node);
    expect(nodes.map(({ name, port, sharedPort, dataDir }) => [name, port, sharedPort, dataDir])).toEqual([
      ["p-1", 9002, 9001, "/data/p/1"],
      ["p-2", 9003, 9001, "/data/p/2"],
      ["p-3", 9004, 9001, "/data/p/3"],
    ]);
    expect(nodes[1]!.peers).toEqual(["ws://elsewhere:9001", "ws://127.0.0.1:9002", "ws://127.0.0.1:9004"]);
  });

  test("leaves without a data directory who was told none, and names after the machine who has no name", async () => {
    const { node } = settingsAt(place(2), await settle({}, {}));
    expect([node.name, node.dataDir, node.advertise]).toEqual([`${hostname()}-9001-2`, undefined, undefined]);
  });

  test("advertises what is advertised, each with its own port, and its peers so, too (L1)", async () => {
    const { node } = settingsAt(
      place(1),
      await settle({}, { advertise: ["wss://a.example:1/mpreg", "ws://10.0.0.1"] }),
    );
    expect(node.advertise).toEqual(["wss://a.example:9002/mpreg", "ws://10.0.0.1:9002"]);
    expect(node.peers).toEqual(["wss://a.example:9003/mpreg", "wss://a.example:9004/mpreg"]);
  });

  test.each([
    ["0.0.0.0", "ws://127.0.0.1:9002"],
    ["::", "ws://[::1]:9002"],
    ["::1", "ws://[::1]:9002"],
    ["10.0.0.7", "ws://10.0.0.7:9002"],
  ])("reaches the others at an address where they listen on %s", async (host, url) => {
    expect(settingsAt(place(3), await settle({}, { host })).node.peers?.[0]).toBe(url);
  });

  test("is told over its environment (L2)", () => {
    expect(ownPlace()).toBeUndefined();
    for (const [name, value] of Object.entries(environmentOf(place(2)))) vi.stubEnv(name, value);
    expect(ownPlace()).toEqual(place(2));
  });

  test.each([
    [0, 9001, "processes must be a whole number from 1 to 64, got 0"],
    [65, 9001, "processes must be a whole number from 1 to 64, got 65"],
    [1.5, 9001, "processes must be a whole number from 1 to 64, got 1.5"],
    [2, 65_534, "2 processes take the ports from 65534 to 65536, and the highest port is 65535"],
  ])("is refused where there can be none: %d processes at port %d", async (processes, port, message) => {
    const settings = await settle({}, { port });
    expect(() => {
      checkProcesses(processes, settings);
    }).toThrow(message);
  });

  test("is refused where a door keeps what the others would not know", async () => {
    const settings = await settle({}, { mqtt: { port: 1883 } });
    expect(() => {
      checkProcesses(2, settings);
    }).toThrow("MQTT cannot be served with --processes: last values and sessions are kept by one node");
  });

  test("is refused where each process would listen on the same port for SQS, not where each takes a free one", async () => {
    const settings = await settle({}, { sqs: { port: 9324 } });
    expect(() => {
      checkProcesses(2, settings);
    }).toThrow("--sqs-port 9324 cannot be served with --processes: each process would listen on the same port");
    checkProcesses(2, await settle({}, { sqs: { port: 0 } }));
  });

  test("is there for 64 at the most, up to the highest port", async () => {
    checkProcesses(64, await settle({}, { port: 65_535 - 64 }));
    checkProcesses(1, await settle({}, { port: 0 }));
  });
});

test("who dies again and again is waited with for longer, up to 30 s, until it has run for a minute (B1)", () => {
  const backoff = new Backoff();
  const waits = [10, 10, 10, 59_999, 10, 10, 10, 10].map((ranMs) => backoff.after(ranMs));
  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  expect([backoff.after(60_000), backoff.after(0)]).toEqual([500, 1_000]);
});
