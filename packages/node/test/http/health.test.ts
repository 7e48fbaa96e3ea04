/** Health over HTTP: what probes and people are told, and who is told it. */
import { createDefaultPolicy, type Action, type Subject } from "@mpreg/core";
import { describe, expect, test } from "vitest";
import { tls } from "../support/certificate.js";
import { clientOf, startMesh, startNode } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { ask, get } from "../support/http.js";
import { Latch } from "../support/latch.js";
import { readyz } from "../../src/http/health.js";

const paths = ["/livez", "/readyz", "/healthz", "/metrics"];

test("a node that runs lives and is ready", async () => {
  const node = await startNode();
  for (const path of ["/livez", "/readyz"]) {
    const { status, body, headers } = await get(node.url + path);
    expect([status, body]).toEqual([200, "ok\n"]);
    expect(headers["cache-control"]).toBe("no-store"); // (R3)
  }
});

test("its health is what it counts: members, functions, links, and what runs (F1)", async () => {
  const [first, second] = await startMesh({ name: "first", cluster: "zoo" }, { name: "second", cluster: "zoo" });
  const client = await clientOf(first!);
  const gate = new Latch();
  first!.register("slow", () => gate.passed);
  const call = client.call("slow");
  const read = async () => JSON.parse((await get(`${first!.url}/healthz`)).body) as Record<string, unknown>;
  const health = await eventually("the call runs", async () => {
    const now = await read();
    return now.running === 1 ? now : undefined;
  });
  expect(health).toMatchObject({ status: "ok", name: "first", id: first!.id, cluster: "zoo", functions: 3, links: 2 });
  expect(health.members).toEqual({ alive: 2, suspect: 0, down: 0, left: 0 });
  expect(health.version).toMatch(/^\d+\.\d+\.\d+/);
  expect((await read()).uptimeSeconds).toBeGreaterThan(health.uptimeSeconds as number);
  gate.open();
  await call;
  await second!.close();
  const after = await eventually("the second has left", async () => {
    const now = await read();
    return (now.members as { alive: number }).alive === 1 ? now : undefined;
  });
  expect(after).toMatchObject({ running: 0, links: 1, members: { alive: 1, left: 1 } });
});

test("a node that does not take work is not ready, and says why (F2)", () => {
  expect(readyz({ unreadyReason: undefined }).status).toBe(200);
  const { status, body } = readyz({ unreadyReason: "the node is closing" });
  expect([status, body]).toEqual([503, "not ready: the node is closing\n"]);
});

test("a node that drains lives and is not ready, while it finishes what runs (F2)", async () => {
  const node = await startNode();
  const client = await clientOf(node);
  const gate = new Latch();
  node.register("slow", () => gate.passed);
  const call = client.call("slow");
  await eventually("it runs", () => node.nodes()[0]?.running === 1);
  const drained = node.drain();
  const { status, body } = await get(`${node.url}/readyz`);
  expect([status, body]).toEqual([503, "not ready: the node is draining\n"]);
  expect((await get(`${node.url}/livez`)).status).toBe(200);
  const health = await get(`${node.url}/healthz`);
  expect([health.status, JSON.parse(health.body)]).toMatchObject([503, { status: "unready", running: 1 }]);
  gate.open();
  await Promise.all([call, drained]);
});

describe("HTTP beside the WebSockets", () => {
  test("HEAD answers as GET without the body; other methods are told what works (R2)", async () => {
    const node = await startNode();
    for (const path of paths) {
      const got = await get(node.url + path);
      const head = await ask("HEAD", node.url + path);
      expect([head.status, head.body, head.headers["content-type"]]).toEqual([200, "", got.headers["content-type"]]);
      const posted = await ask("POST", node.url + path);
      expect([posted.status, posted.headers.allow]).toEqual([405, "GET, HEAD"]);
      expect(posted.body).toContain(path);
    }
  });

  test("an unknown path is told which there are (R2), the root how to connect", async () => {
    const node = await startNode();
    const unknown = await get(`${node.url}/health?full`);
    expect(unknown.status).toBe(404);
    expect(unknown.body).toBe('There is no "/health" here; there are /livez, /readyz, /healthz, /metrics.\n');
    const root = await get(node.url);
    expect([root.status, root.headers.upgrade]).toEqual([426, "websocket"]);
    for (const path of ["/constructor", "/__proto__", "/livez/", "//livez", "/livez%00"]) {
      expect((await get(node.url + path)).status).toBe(404);
    }
  });

  test("a page of another web site is told nothing", async () => {
    const node = await startNode();
    for (const path of paths) {
      const { status, body } = await get(node.url + path, { origin: "https://evil.example" });
      expect(status).toBe(403);
      expect(body).toContain("allowedOrigins");
      expect((await get(node.url + path, { host: "evil.example" })).status).toBe(403);
    }
  });

  test("with TLS it is the same", async () => {
    const node = await startNode({ tls });
    const { status, body } = await ask("GET", `${node.url}/readyz`, { ca: tls.ca });
    expect([status, body]).toEqual([200, "ok\n"]);
  });
});

describe("who is told", () => {
  test("the policy is asked about each path, as it is about calls (R1)", async () => {
    const asked: [Subject, Action][] = [];
    const node = await startNode({
      policy: (subject, action) => {
        if (action.kind !== "observe") return { allow: true };
        asked.push([subject, action]);
        return { allow: false, reason: "not today" };
      },
    });
    for (const path of paths) {
      const { status, body } = await get(node.url + path);
      expect([status, body]).toEqual([403, "Refused: not today\n"]);
    }
    const subject = { kind: "client", address: "127.0.0.1", credentials: undefined, via: undefined };
    expect(asked).toEqual(paths.map((path) => [subject, { kind: "observe", what: path.slice(1) }]));
  });

  test("by default, other machines learn whether the node lives and is ready, and nothing else", () => {
    const policy = createDefaultPolicy({ cluster: "default" });
    const toldTo = (address: string): string[] => {
      const subject: Subject = { kind: "client", address, credentials: undefined, via: undefined };
      const all = ["livez", "readyz", "healthz", "metrics"] as const;
      return all.filter((what) => policy(subject, { kind: "observe", what }).allow);
    };
    expect(toldTo("10.0.0.9")).toEqual(["livez", "readyz"]);
    expect(toldTo("127.evil.example")).toEqual(["livez", "readyz"]);
    for (const own of ["127.0.0.1", "::1", "::ffff:127.0.0.1"]) expect(toldTo(own)).toHaveLength(4);
  });
});
