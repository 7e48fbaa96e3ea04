import { describe, expect, test } from "vitest";
import type { Subject } from "../../src/base/index.js";
import { kinds, writeAnswer, writeProbe, writeStep } from "../../src/wire/index.js";
import { Mesh } from "../support/mesh.js";
import { byHand } from "../support/mesh-node.js";
import { recordOf, tellRecord } from "../support/news.js";
import { callOf } from "../support/requests.js";
import { rawMessage } from "../support/wire.js";

function stepOf(id: number, fun: string, args: readonly unknown[] = []) {
  const { args: template } = callOf(fun, args);
  return {
    id,
    timeoutMs: 1_000,
    request: 1,
    depth: 0,
    fun,
    step: fun,
    resources: [],
    behalf: undefined,
    timings: false,
    relay: undefined,
    terms: undefined,
    bound: [],
    template,
  };
}

describe("what is taken from whom", () => {
  test("clients call, and nodes may as well (I1) (I2)", () => {
    const mesh = new Mesh();
    const node = mesh.node("n");
    node.offer("f", () => 1);
    mesh.settle();
    for (const client of [mesh.client(node), mesh.client(node, { node: "other" })]) {
      const ids = [client.call("f"), client.request([{ fun: "f" }])];
      mesh.settle();
      expect(ids.map((id) => client.endsOf(id))).toEqual([[{ value: 1 }], [{ outputs: [1] }]]);
    }
  });

  test("a step of a client is denied, and of a node it is run (I2)", () => {
    const mesh = new Mesh();
    const node = mesh.node("n");
    node.offer("double", (n: number) => 2 * n);
    mesh.settle();
    const [client, other] = [mesh.client(node), mesh.client(node, { node: "other" })];
    for (const each of [client, other])
      each.say(9, (writer) => {
        writeStep(writer, stepOf(9, "double", [4]));
      });
    mesh.settle();
    expect(client.endsOf(9)).toMatchObject([{ error: { code: "denied", node: "n", outcome: "not-applied" } }]);
    expect(client.ends).toEqual([]);
    expect(other.endsOf(9)).toEqual([{ value: 8 }]);
    mesh.expectQuiet();
  });

  test("a step for a function that is not here is not passed on", () => {
    const mesh = new Mesh();
    const [a, b] = mesh.cluster("a", "b");
    b!.offer("f", () => 1);
    mesh.settle();
    const other = mesh.client(a!, { node: "other" });
    other.say(9, (writer) => {
      writeStep(writer, stepOf(9, "f"));
    });
    mesh.settle();
    const message = 'Cannot call "f": this node does not offer it';
    expect(other.endsOf(9)).toMatchObject([
      { error: { code: "no-provider", message, outcome: "not-applied", node: "a" } },
    ]);
    expect(b!.invoked).toEqual([]);
  });

  test.for(["record", "probe"] as const)("a client that sends a %s is let go (I2)", (kind) => {
    const mesh = new Mesh();
    const node = mesh.node("n");
    const client = mesh.client(node);
    client.say(0, (writer) => {
      if (kind === "record") tellRecord(recordOf("evil"))(writer);
      else writeProbe(writer, 1);
    });
    mesh.advance(1_000);
    expect(client.ends).toEqual([{ code: "malformed", reason: `a client has sent a ${kind}` }]);
    expect([node.dials, node.inspect("functions")]).toEqual([[], []]);
  });

  test("answers to what was never asked change nothing", () => {
    const mesh = new Mesh();
    const node = mesh.node("n");
    const client = mesh.client(node);
    client.say(1, (writer) => {
      writeAnswer(writer, 1, new Uint8Array(1));
    });
    client.connection!.send(client, rawMessage(0x7e, 1, 2, 3));
    mesh.settle();
    expect([client.heard, client.ends]).toEqual([[], []]);
  });

  test("a message that cannot be read, or is not known, is answered with what is wrong", () => {
    const mesh = new Mesh();
    const node = mesh.node("n");
    const client = mesh.client(node);
    client.connection!.send(client, rawMessage(0xe0, 0, 0, 0, 5));
    client.connection!.send(client, rawMessage(kinds.call, 0, 0, 0, 6));
    mesh.settle();
    expect(client.endsOf(5)).toMatchObject([{ error: { code: "unsupported", node: "n", outcome: "not-applied" } }]);
    expect(client.endsOf(6)).toMatchObject([{ error: { code: "malformed", node: "n" } }]);
    expect(client.ends).toEqual([]);
  });

  test("the policy sees who a link belongs to (I1) (P1)", () => {
    const mesh = new Mesh();
    const seen: Subject[] = [];
    const node = mesh.node("n", {
      policy: (subject, action) => {
        if (action.kind === "accept") seen.push(subject);
        return { allow: true };
      },
    });
    mesh.client(node);
    const other = mesh.client(node, { node: "other" });
    expect(other.link.open).toBe(true);
    expect(seen).toMatchObject([
      { kind: "client", address: "10.0.0.1" },
      { kind: "node", name: "other", cluster: "default", address: "10.0.0.1" },
    ]);
  });
});

describe("clients that do not read", () => {
  const kilobytes = (count: number): string => "x".repeat(count * 1_024);

  /** A node on which 1,000 KiB may wait for all of them, and clients of it to which nothing gets through. */
  function unread(count: number) {
    const mesh = new Mesh();
    const node = mesh.node("n", { rpc: { answersBytesMax: 1_000 * 1_024 } });
    node.offer("make", kilobytes);
    mesh.settle();
    const clients = Array.from({ length: count }, () => {
      const client = mesh.client(node, { link: { windowBytes: 1_000 } });
      const connection = client.connection!;
      connection.from(connection.ends[1]).isHeld = true; // what the node sends
      return { client, connection };
    });
    const ask = (index: number, count: number): number => {
      const id = clients[index]!.client.call("make", [count]);
      mesh.settle();
      return id;
    };
    return { mesh, node, clients, ask };
  }

  test("they have so much together; the one for which most waits is ended, whoever comes last (I4) (K3)", () => {
    const { node, ask } = unread(3);
    for (let i = 0; i < 3; i++) ask(0, 90);
    for (let i = 0; i < 6; i++) ask(1, 90);
    for (let i = 0; i < 2; i++) ask(2, 90);
    expect(node.goodbyes).toEqual([]);
    ask(2, 90);
    expect(node.goodbyes).toMatchObject([
      { code: "slow", reason: expect.stringMatching(/^55\d{4} bytes wait to be read$/) },
    ]);
    for (let i = 0; i < 5; i++) ask(2, 90); // there is room again
    expect(node.goodbyes).toHaveLength(1);
  });

  test("inspections count as well (I4)", () => {
    const { mesh, node, clients, ask } = unread(2);
    for (let i = 0; i < 400; i++) node.offer(`function-${i}`, byHand);
    for (let i = 0; i < 9; i++) ask(0, 90);
    expect(node.goodbyes).toEqual([]);
    for (let i = 0; i < 10; i++) clients[1]!.client.inspect("functions");
    mesh.settle();
    expect(node.goodbyes).toMatchObject([{ code: "slow" }]);
  });

  test("what has been read meanwhile, or waited for somebody who has left, does not count (I4)", () => {
    const { mesh, node, clients, ask } = unread(3);
    for (let i = 0; i < 6; i++) ask(0, 90);
    clients[0]!.connection.from(clients[0]!.connection.ends[1]).release();
    mesh.settle();
    for (let i = 0; i < 6; i++) ask(1, 90);
    clients[1]!.connection.cut();
    mesh.settle();
    for (let i = 0; i < 10; i++) ask(2, 90);
    expect(node.goodbyes).toEqual([]);
  });
});

describe("a client that does not read", () => {
  test("it is ended when more waits for it than may, and only then (I3) (K2)", () => {
    const mesh = new Mesh();
    const node = mesh.node("n", { link: { queueBytesMax: 5_000 } });
    node.offer("big", () => "x".repeat(1_000));
    mesh.settle();
    const [slow, quick] = [mesh.client(node, { link: { windowBytes: 1_000 } }), mesh.client(node)];
    const connection = slow.connection!;
    connection.from(connection.ends[1]).isHeld = true; // what the node sends
    for (let i = 0; i < 5; i++) slow.call("big");
    mesh.settle();
    expect(node.goodbyes).toEqual([]);
    for (let i = 0; i < 20; i++) slow.call("big");
    const id = quick.call("big");
    mesh.settle();
    expect(node.goodbyes).toMatchObject([
      { code: "slow", reason: expect.stringMatching(/^\d+ bytes wait to be read$/) },
    ]);
    expect(quick.endsOf(id)).toHaveLength(1);
    mesh.expectQuiet();
  });

  test("what it asked for and still runs is stopped (I3)", () => {
    const mesh = new Mesh();
    const node = mesh.node("n", { link: { queueBytesMax: 5_000 } });
    node.offer("big", () => "x".repeat(1_000));
    node.offer("long", byHand);
    mesh.settle();
    const slow = mesh.client(node, { link: { windowBytes: 1_000 } });
    slow.connection!.from(slow.connection!.ends[1]).isHeld = true;
    slow.call("long");
    for (let i = 0; i < 25; i++) slow.call("big");
    mesh.settle();
    expect(node.aborted).toEqual([{ fun: "long", reason: "caller-gone" }]);
    mesh.expectQuiet();
  });

  test("inspections count as well (I3)", () => {
    const mesh = new Mesh();
    const node = mesh.node("n", { link: { queueBytesMax: 2_000 } });
    for (let i = 0; i < 50; i++) node.offer(`function-${i}`, byHand);
    mesh.settle();
    const slow = mesh.client(node, { link: { windowBytes: 10 } });
    slow.connection!.from(slow.connection!.ends[1]).isHeld = true;
    for (let i = 0; i < 5; i++) slow.inspect("functions");
    mesh.settle();
    expect(node.goodbyes).toMatchObject([{ code: "slow" }]);
  });
});

describe("a link on which many answers wait", () => {
  test("a client that asks for the nodes meanwhile keeps it (I3)", () => {
    const mesh = new Mesh();
    const node = mesh.node("n", { link: { queueBytesMax: 5_000 } });
    node.offer("big", () => "x".repeat(1_000));
    mesh.settle();
    const client = mesh.client(node, { link: { windowBytes: 1_000 } });
    const direction = client.connection!.from(client.connection!.ends[1]);
    direction.isHeld = true; // what the node sends
    const asked = Array.from({ length: 12 }, () => client.call("big"));
    mesh.settle();
    asked.push(client.inspect("nodes"), client.inspect("nothing"));
    mesh.settle();
    expect(node.goodbyes).toEqual([]);
    direction.release();
    mesh.settle();
    expect(asked.map((id) => client.endsOf(id).length)).toEqual(asked.map(() => 1));
    expect(client.ends).toEqual([]);
  });

  test("what the cluster has to know does not end it, and arrives (G3)", () => {
    const mesh = new Mesh();
    const b = mesh.node("b", { link: { queueBytesMax: 20_000 } });
    const a = mesh.node("a", { peers: ["b"], link: { windowBytes: 1_000 } });
    b.offer("big", () => "x".repeat(1_000));
    mesh.advance(2_000);
    const connection = b.connectionTo(a);
    const direction = connection.from(connection.ends[1]); // what b sends
    direction.isHeld = true;
    const calls = Array.from({ length: 50 }, () => a.call("big"));
    mesh.settle();
    b.offer("new", () => 1);
    mesh.settle();
    expect(b.goodbyes).toEqual([]);
    expect(calls.flatMap(({ ends }) => ends)).toEqual([]);
    direction.release();
    mesh.settle();
    expect(calls.map(({ ends }) => ends.length)).toEqual(calls.map(() => 1));
    const asked = a.call("new");
    mesh.settle();
    expect(asked.ends).toEqual([{ value: 1 }]);
  });

  test("a client that is let go hears why, although its line is full (I3)", () => {
    const mesh = new Mesh();
    const node = mesh.node("n", { link: { queueBytesMax: 500_000 } });
    node.offer("big", () => "x".repeat(200_000));
    mesh.settle();
    const slow = mesh.client(node);
    const direction = slow.connection!.from(slow.connection!.ends[1]);
    direction.isHeld = true; // what the node sends
    for (let i = 0; i < 40; i++) {
      slow.call("big");
      mesh.settle();
    }
    expect(node.goodbyes).toMatchObject([{ code: "slow" }]);
    direction.release();
    mesh.settle();
    expect(slow.ends).toMatchObject([{ code: "slow", reason: expect.stringMatching(/bytes wait to be read$/) }]);
  });
});

describe("inspection", () => {
  test("a node tells which nodes there are, itself first, with figures that are counted", () => {
    const mesh = new Mesh();
    const [a, b, c] = mesh.cluster("a", "b", "c");
    const common = { incarnation: 1, forMs: 2_000 };
    const measured = {
      state: "alive",
      linked: true,
      running: 0,
      roundTripMs: 0,
      distanceMs: expect.any(Number) as number,
    };
    for (const fun of ["f", "g"]) b!.offer(fun, byHand);
    mesh.settle();
    const client = mesh.client(a!);
    client.call("f");
    mesh.settle();
    const id = client.inspect("nodes");
    mesh.settle();
    expect(client.endsOf(id)).toEqual([
      {
        value: [
          {
            ...common,
            id: a!.id,
            name: "a",
            state: "self",
            linked: false,
            urls: ["ws://a"],
            functions: 0,
            running: 0,
            inFlight: 0,
          },
          { ...common, ...measured, id: b!.id, name: "b", urls: ["ws://b"], functions: 2, inFlight: 1 },
          { ...common, ...measured, id: c!.id, name: "c", urls: ["ws://c"], functions: 0, inFlight: 0 },
        ],
      },
    ]);
  });

  test("a node tells which functions there are, and who offers them", () => {
    const mesh = new Mesh();
    const [a, b] = mesh.cluster("a", "b");
    b!.offer("g", byHand, "gpu");
    b!.offer("f", byHand);
    a!.offer("f", byHand, "x");
    mesh.settle();
    const client = mesh.client(b!);
    const id = client.inspect("functions");
    mesh.settle();
    const offerOf = (node: string, ...resources: string[]): unknown => ({
      node,
      nodeId: (node === "a" ? a! : b!).id,
      resources,
      tags: [],
      ...(node === "b" ? { load: { running: 0, abandoned: 0, queued: 0, limit: 100, refused: 0 } } : {}),
    });
    const [end] = client.endsOf(id) as [{ value: { name: string; offers: unknown[] }[] }];
    expect(end.value.map(({ name }) => name)).toEqual(["f", "g"]);
    expect(end.value[0]!.offers).toEqual(expect.arrayContaining([offerOf("a", "x"), offerOf("b")]));
    expect(end.value[1]!.offers).toEqual([offerOf("b", "gpu")]);
  });

  test("there is nothing else to be told", () => {
    const mesh = new Mesh();
    const node = mesh.node("n");
    const client = mesh.client(node);
    const id = client.inspect("secrets");
    mesh.settle();
    expect(client.endsOf(id)).toMatchObject([{ error: { code: "unsupported", node: "n" } }]);
    expect(client.ends).toEqual([]);
  });
});
