/** Calls that are under way when a connection is lost: each is answered, and done once, whatever was lost of it. */
import type { MpregError } from "@mpreg/core/base";
import { describe, expect, test } from "vitest";
import { type MeshNode, byHand } from "../../core/test/support/mesh-node.js";
import { Mesh } from "../../core/test/support/mesh.js";
import { seeded } from "../../core/test/support/random.js";
import type { MeshSocket } from "./support/mesh-platform.js";
import { type MeshSession, sessionOf, settled } from "./support/mesh-session.js";

function cluster(...names: readonly string[]) {
  const mesh = new Mesh();
  const nodes = mesh.cluster(...names);
  const runs = new Map<number, number>();
  const work = (call: number): number => {
    runs.set(call, (runs.get(call) ?? 0) + 1);
    return call;
  };
  for (const node of nodes) node.offer("hold", byHand);
  nodes[0]!.offer("work", work);
  mesh.settle();
  return { mesh, nodes, runs, work };
}

async function ended(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: unknown) => {
    const { code, outcome } = error as MpregError;
    return `${code} ${outcome}`;
  });
}

function socketOf({ platform }: MeshSession): MeshSocket {
  return platform.sockets.at(-1)!;
}

function farEndOf({ connection, end }: MeshSocket) {
  return connection.ends.find((each) => each !== end)!;
}

/** Where the client goes when its connection is lost: back to the same node, or to one that has to ask that one. */
describe.for(["a", "b"])("a call whose connection breaks, and that is asked again at %s,", (next) => {
  function start() {
    const world = cluster("a", "b");
    const client = sessionOf(world.mesh, ["a", "b"]);
    const [a, b] = world.nodes as [MeshNode, MeshNode];
    const cut = (): void => {
      if (next === "b") a.isListening = false;
      socketOf(client).connection.cut();
      world.mesh.advance(30);
      expect(client.session.nodeName).toBe(next);
    };
    return { ...world, client, a, b, cut };
  }

  test("while it runs: its end is waited for", async () => {
    const { mesh, client, a, b, cut } = start();
    const call = client.caller.call("hold", [], { target: "a" });
    mesh.settle();
    cut();
    mesh.advance(5_000);
    expect([a, b].map((node) => node.waiting("hold").length)).toEqual([1, 0]);
    a.finish("hold", "done");
    mesh.settle();
    expect(await call).toBe("done");
    expect(a.aborted).toEqual([]);
  });

  test("after it has ended and its answer was lost: the answer is sent again (M1)", async () => {
    const { mesh, client, runs, cut } = start();
    const socket = socketOf(client);
    socket.connection.from(farEndOf(socket)).isHeld = true;
    const call = client.caller.call("work", [1]);
    mesh.settle();
    expect(runs).toEqual(new Map([[1, 1]]));
    cut();
    expect(await call).toBe(1);
    expect(runs).toEqual(new Map([[1, 1]]));
  });

  test("before it has come: it is run then, and once (R1)", async () => {
    const { mesh, client, runs, cut } = start();
    const socket = socketOf(client);
    socket.connection.from(socket.end).isHeld = true;
    const call = client.caller.call("work", [1]);
    mesh.settle();
    expect(runs).toEqual(new Map());
    cut();
    expect(await call).toBe(1);
    expect(runs).toEqual(new Map([[1, 1]]));
  });

  test("while it runs, and ends before the client is back: its end is kept (K4)", async () => {
    const { mesh, client, a, cut } = start();
    const call = client.caller.call("hold", [], { target: "a" });
    mesh.settle();
    const { connection } = socketOf(client);
    if (next === "b") a.isListening = false;
    connection.cut();
    mesh.settle();
    a.finish("hold", "done");
    mesh.settle();
    cut();
    expect(await call).toBe("done");
  });

  test("twice: it is still the same call", async () => {
    const { mesh, client, a, cut } = start();
    const call = client.caller.call("hold", [], { target: "a" });
    mesh.settle();
    cut();
    socketOf(client).connection.cut();
    mesh.advance(30);
    expect(client.session.nodeName).toBe(next);
    a.finish("hold", "done");
    mesh.advance(100);
    expect(await call).toBe("done");
  });

  test("is cancelled by its signal as if nothing had happened", async () => {
    const { mesh, client, a, cut } = start();
    const controller = new AbortController();
    const call = ended(client.caller.call("hold", [], { signal: controller.signal, target: "a" }));
    mesh.settle();
    cut();
    controller.abort();
    mesh.settle();
    expect(await call).toBe("cancelled unknown");
    expect(a.aborted).toMatchObject([{ fun: "hold", reason: "cancelled" }]);
    mesh.advance(70_000);
    mesh.expectQuiet();
  });

  test("is a graph: it goes on where it was", async () => {
    const { mesh, client, a, runs, cut } = start();
    const graph = client.caller.graph();
    const first = graph.call("work", [7]);
    const second = graph.call("hold", [first], { target: "a" });
    const run = graph.run({ first, second });
    mesh.settle();
    cut();
    a.finish("hold", "done");
    mesh.settle();
    expect(await run).toEqual({ first: 7, second: "done" });
    expect(runs).toEqual(new Map([[7, 1]]));
  });
});

describe("a call whose node is killed with its connection", () => {
  test("ends as lost, for nobody knows whether it took effect (R1)", async () => {
    const { mesh, nodes, runs } = cluster("a", "b");
    const client = sessionOf(mesh, ["a", "b"]);
    const socket = socketOf(client);
    socket.connection.from(farEndOf(socket)).isHeld = true;
    const call = client.caller.call("work", [1]).catch((error: unknown) => error);
    mesh.settle();
    mesh.crash(nodes[0]!);
    nodes[1]!.offer("work", (value: number) => value);
    mesh.advance(60_000);
    const message = 'Node "a", which was asked, is gone, or has forgotten it; whether it took effect is unknown';
    expect(await call).toMatchObject({ code: "node-lost", outcome: "unknown", node: "a", message });
    expect(runs).toEqual(new Map([[1, 1]]));
  });

  test("is run again where the client goes when its functions may run twice (R1)", async () => {
    const { mesh, nodes } = cluster("a", "b");
    for (const node of nodes) node.offerAs("get", (value: number) => value, { idempotent: "yes" });
    mesh.settle();
    const client = sessionOf(mesh, ["a", "b"]);
    const socket = socketOf(client);
    socket.connection.from(farEndOf(socket)).isHeld = true;
    const call = client.caller.call("get", [1]);
    mesh.settle();
    mesh.crash(nodes[0]!);
    mesh.advance(20_000);
    expect(await call).toBe(1);
  });

  test("and started again under its key knows nothing of it: it is another process", async () => {
    const { mesh, nodes, work, runs } = cluster("a");
    const client = sessionOf(mesh, ["a"]);
    const socket = socketOf(client);
    socket.connection.from(farEndOf(socket)).isHeld = true;
    const call = ended(client.caller.call("work", [1]));
    mesh.settle();
    mesh.crash(nodes[0]!);
    mesh.node("a", { incarnation: 5 }).offer("work", work);
    mesh.advance(5_000);
    expect(await call).toBe("node-lost unknown");
    expect(runs).toEqual(new Map([[1, 1]]));
  });
});

test("a node that has forgotten the client does not take its calls for new ones when it is back (M1)", async () => {
  const mesh = new Mesh();
  const node = mesh.node("a", { rpc: { resumeMs: 1_000 } });
  let runs = 0;
  node.offer("work", () => (runs += 1));
  mesh.settle();
  const client = sessionOf(mesh, ["a"]);
  const socket = socketOf(client);
  socket.connection.from(farEndOf(socket)).isHeld = true;
  const call = ended(client.caller.call("work"));
  mesh.settle();
  node.isListening = false;
  socket.connection.cut();
  mesh.advance(5_000);
  expect(node.machine.size).toMatchObject({ gone: 0, links: 0 });
  node.isListening = true;
  mesh.advance(3_000);
  expect(await call).toBe("node-lost unknown");
  expect(runs).toBe(1);
  const other = client.caller.call("work");
  mesh.settle();
  expect(await other).toBe(2);
});

describe("a client that does not come back", () => {
  test("has what it asked cancelled after a while, and nothing is left (N2)", () => {
    const { mesh, nodes } = cluster("a");
    const client = sessionOf(mesh, ["a"]);
    void ended(client.caller.call("hold", [], { timeoutMs: 600_000 }));
    mesh.settle();
    nodes[0]!.isListening = false;
    socketOf(client).connection.cut();
    mesh.advance(29_000);
    expect(nodes[0]!.aborted).toEqual([]);
    expect(nodes[0]!.machine.size).toMatchObject({ gone: 1, tasks: 1 });
    mesh.advance(2_000);
    expect(nodes[0]!.aborted).toEqual([{ fun: "hold", reason: "caller-gone" }]);
    mesh.expectQuiet();
  });

  test("has it cancelled at once when it has said goodbye", () => {
    const { mesh, nodes } = cluster("a");
    const client = sessionOf(mesh, ["a"]);
    void ended(client.caller.call("hold"));
    mesh.settle();
    client.session.close("the client has closed");
    mesh.settle();
    expect(nodes[0]!.aborted).toEqual([{ fun: "hold", reason: "caller-gone" }]);
    mesh.expectQuiet();
  });

  test("has what is detached run to its end, whichever way it went", () => {
    const { mesh, nodes } = cluster("a");
    const [one, other] = [sessionOf(mesh, ["a"]), sessionOf(mesh, ["a"])];
    for (const { caller } of [one, other]) void ended(caller.call("hold", [], { detached: true, timeoutMs: 600_000 }));
    mesh.settle();
    one.session.close("the client has closed");
    nodes[0]!.isListening = false;
    socketOf(other).connection.cut();
    mesh.advance(120_000);
    expect(nodes[0]!.aborted).toEqual([]);
    nodes[0]!.finish("hold", 1);
    nodes[0]!.finish("hold", 2);
    mesh.advance(70_000);
    mesh.expectQuiet();
  });

  test("gives its share of what may be kept back to the others (N2)", async () => {
    const mesh = new Mesh();
    const node = mesh.node("a", { rpc: { resumeBytesMax: 1_000 } });
    node.offer("some", (count: number) => "x".repeat(count));
    mesh.settle();
    for (let clients = 0; clients < 10; clients++) {
      const { caller, session } = sessionOf(mesh, ["a"], { discover: false });
      void ended(caller.call("some", [200]));
      mesh.settle();
      session.close("the client has closed");
      mesh.settle();
    }
    const client = sessionOf(mesh, ["a"], { discover: false });
    const socket = socketOf(client);
    socket.connection.from(farEndOf(socket)).isHeld = true;
    const call = ended(client.caller.call("some", [700]));
    mesh.settle();
    socket.connection.cut();
    mesh.advance(30);
    expect(await call).toBe("x".repeat(700));
  });

  test("in too large a number, or with too much kept, is forgotten early, and told so (N2)", async () => {
    const mesh = new Mesh();
    const node = mesh.node("a", { rpc: { resumeBytesMax: 1_000, resumeSessionsMax: 2 } });
    node.offer("large", () => "x".repeat(2_000));
    node.offer("hold", byHand);
    mesh.settle();
    const client = sessionOf(mesh, ["a"]);
    const socket = socketOf(client);
    socket.connection.from(farEndOf(socket)).isHeld = true;
    const call = ended(client.caller.call("large"));
    mesh.settle();
    socket.connection.cut();
    mesh.advance(30);
    expect(await call).toBe("node-lost unknown");
    const many = [1, 2, 3].map(() => sessionOf(mesh, ["a"]));
    for (const { caller } of many) void ended(caller.call("hold"));
    mesh.settle();
    node.isListening = false;
    for (const each of many) socketOf(each).connection.cut();
    mesh.settle();
    expect(node.machine.size.gone).toBe(2);
    expect(node.aborted).toHaveLength(1);
  });
});

describe.for([1, 2, 3, 4, 5, 6, 7, 8])("whatever is lost (seed %i)", (seed) => {
  test("no call is done twice, and every call ends; without kills every call is answered", async () => {
    const random = seeded(seed);
    const { mesh, nodes, runs, work } = cluster("a", "b", "c");
    for (const node of nodes) node.offer("work", work);
    mesh.settle();
    const clients = ["a", "b", "c"].map((name) => sessionOf(mesh, [name]));
    const kills = seed % 2 === 0;
    const ends: { readonly call: number; readonly end: unknown }[] = [];
    let calls = 0;
    for (let turn = 0; turn < 400; turn++) {
      for (const { caller } of clients) {
        for (let count = Math.floor(random.next() * 3); count > 0; count--) {
          const call = calls++;
          void ended(caller.call("work", [call])).then((end) => ends.push({ call, end }));
        }
      }
      const client = clients[Math.floor(random.next() * clients.length)]!;
      const socket = socketOf(client);
      const draw = random.next();
      if (draw < 0.1)
        socket.connection.from(farEndOf(socket)).isHeld = true; // answers stay away
      else if (draw < 0.2)
        socket.connection.from(socket.end).holdsAfter = 0; // calls do
      else if (draw < 0.35) socket.connection.cut();
      else if (draw < 0.4)
        socket.connection.cutFor(socket.end); // only the client knows
      else if (draw < 0.5) for (const node of mesh.nodes) node.isListening = random.next() < 0.6;
      else if (draw < 0.51 && kills && mesh.nodes.length === 3) {
        const node = mesh.nodes[Math.floor(random.next() * 3)]!;
        mesh.crash(node);
        mesh.node(node.name, { incarnation: 10 + turn, peers: mesh.nodes.map(({ name }) => name) }).offer("work", work);
      }
      mesh.advance(random.next() < 0.2 ? 60 : 3);
    }
    for (const node of mesh.nodes) node.isListening = true;
    for (const client of clients) socketOf(client).connection.cut();
    mesh.advance(40_000);
    await settled(mesh);
    expect([...runs].filter(([, count]) => count > 1)).toEqual([]);
    expect(ends).toHaveLength(calls);
    const failed = ends.filter(({ call, end }) => call !== end);
    for (const { call, end } of failed) {
      if (end === "node-lost unknown" || end === "closed unknown") continue;
      expect([call, end]).toEqual([call, "node-lost not-applied"]);
    }
    if (!kills) expect(failed).toEqual([]);
    for (const { call } of ends.filter(({ call, end }) => call === end)) expect(runs.get(call)).toBe(1);
    for (const { session } of clients) session.close("done");
    mesh.advance(120_000);
    mesh.expectQuiet();
  });
});

describe("a call whose client goes back and forth between nodes", () => {
  function start() {
    const { mesh, nodes } = cluster("a", "b");
    const [a, b] = nodes as [MeshNode, MeshNode];
    const client = sessionOf(mesh, ["a", "b"]);
    mesh.settle();
    const call = client.caller.call("hold", [], { target: "a", timeoutMs: 200_000 });
    mesh.settle();
    const go = (to: "a" | "b"): void => {
      a.isListening = to === "a";
      b.isListening = to === "b";
      socketOf(client).connection.cut();
      mesh.advance(6_000);
      expect(client.session.nodeName).toBe(to);
    };
    return { mesh, a, call, go };
  }

  test("goes on however long it takes after that", async () => {
    const { mesh, a, call, go } = start();
    for (const to of ["b", "a"] as const) go(to);
    mesh.advance(40_000);
    expect(a.aborted).toEqual([]);
    a.finish("hold", "done");
    mesh.advance(100);
    expect(await ended(call)).toBe("done");
  });

  test("is answered where the client is in the end", async () => {
    const { mesh, a, call, go } = start();
    for (const to of ["b", "a", "b"] as const) go(to);
    a.finish("hold", "done");
    mesh.advance(100);
    expect(await ended(call)).toBe("done");
  });
});

describe("a call whose node closes while it runs", () => {
  function closing(idempotent: "yes" | "no") {
    const { mesh, nodes } = cluster("a", "b", "c");
    const [a, b] = nodes as [MeshNode, MeshNode];
    for (const node of nodes) node.offerAs("act", byHand, { idempotent });
    mesh.settle();
    const client = sessionOf(mesh, ["a", "b"]);
    const call = client.caller.call("act", [], { timeoutMs: 20_000 });
    mesh.settle();
    a.isListening = false;
    a.enter({ kind: "close" });
    mesh.advance(3_000);
    return { mesh, client, a, b, call, runsAt: () => nodes.filter((node) => node.waiting("act").length > 0) };
  }

  test("is asked again of another node, which runs it if it may run twice (C8)", async () => {
    const { mesh, client, call, b, runsAt } = closing("yes");
    expect(client.session.nodeName).toBe("b");
    for (const node of runsAt()) node.finish("act", "done");
    mesh.settle();
    expect(await call).toBe("done");
    expect(b.machine.size.asked).toBe(0);
  });

  test("ends as unknown when it may not (C8)", async () => {
    const { call } = closing("no");
    expect(await ended(call)).toBe("closed unknown");
  });
});

describe("an answer whose value is gone with its node while the client fetches it", () => {
  async function losing(idempotent: "yes" | "no") {
    const { mesh, nodes } = cluster("a", "b", "c");
    const [a, b, c] = nodes as [MeshNode, MeshNode, MeshNode];
    const load = (): Uint8Array => new Uint8Array(20 * 1024 * 1024).fill(7);
    b.offerAs("load", load, { idempotent });
    mesh.settle();
    const client = sessionOf(mesh, ["a"]);
    const connection = a.connectionTo(b);
    const fromB = connection.ends.find((end) => [...b.connections.values()].some((each) => each.end === end))!;
    connection.from(fromB).release(4); // frames that get through
    const call = client.caller.call<Uint8Array>("load", [], { timeoutMs: 25_000 });
    mesh.settle();
    c.offerAs("load", load, { idempotent });
    mesh.settle();
    expect(b.invoked).toHaveLength(1);
    mesh.crash(b);
    mesh.advance(12_000);
    const end = await ended(call.then((value) => value.length));
    return { end, runs: c.invoked.length, left: a.machine.size.kept };
  }

  test("is asked for anew when all of it may run twice (C9)", async () => {
    expect(await losing("yes")).toEqual({ end: 20 * 1024 * 1024, runs: 1, left: 0 });
  });

  test("ends as lost when it may not: it is known to have run (C9)", async () => {
    expect(await losing("no")).toEqual({ end: "result-lost applied", runs: 0, left: 0 });
  });
});

test("whether a call may run again is decided when the node that is asked knows who offers it (R3) (X2)", async () => {
  const { mesh, nodes } = cluster("a", "b");
  const [a, b] = nodes as [MeshNode, MeshNode];
  b.offerAs("act", byHand, { idempotent: "yes" });
  mesh.settle();
  const client = sessionOf(mesh, ["a", "c"]);
  const call = client.caller.call("act", [], { timeoutMs: 20_000 });
  mesh.settle();
  b.isListening = false;
  const c = mesh.node("c", { peers: ["b"] });
  mesh.crash(a);
  mesh.advance(1_000);
  expect([client.session.nodeName, c.machine.size.resuming]).toEqual(["c", 1]);
  b.isListening = true;
  mesh.advance(4_500);
  expect(c.machine.size.resuming).toBe(0);
  b.finish("act", "done");
  b.finish("act", "done"); // the run for a was called off
  mesh.settle();
  expect(await ended(call)).toBe("done");
});
