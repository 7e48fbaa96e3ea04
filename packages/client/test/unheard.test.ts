/**
 * Streams and large results that a client has begun to read when its node falls silent or its connection is gone for good:
 * they end as their call would.
 */
import type { MpregError } from "@mpreg/core/base";
import { describe, expect, test } from "vitest";
import { type MeshNode, later } from "../../core/test/support/mesh-node.js";
import { Mesh } from "../../core/test/support/mesh.js";
import { clientOf } from "../../node/test/support/cluster.js";
import { startProcess } from "../../node/test/support/processes.js";
import { startProxy } from "../../node/test/support/proxy.js";
import { type MeshSession, followed, sessionOf, settled } from "./support/mesh-session.js";

const MiB = 1024 * 1024;
/** How long what names no time waits for a connection. */
const patienceMs = 30_000;

/** A client of `a`, whose calls have ten minutes unless they say otherwise. */
function world() {
  const mesh = new Mesh();
  const a = mesh.node("a", { rpc: { timeoutMs: 600_000 } });
  a.offer("ten", function* () {
    for (let i = 0; i < 10; i++) yield i;
    for (;;) yield later;
  });
  a.offer("five", function* () {
    for (let i = 0; i < 5; i++) yield i;
  });
  a.offer("large", () => new Uint8Array(8 * MiB));
  mesh.advance(1_000);
  return { mesh, a, client: sessionOf(mesh, ["a"], { discover: false }) };
}

/** The ways in which a node is not heard any more. */
const silences = {
  "is frozen": (_a: MeshNode, { platform }: MeshSession): void => {
    const { connection } = platform.sockets.at(-1)!;
    for (const end of connection.ends) connection.from(end).isHeld = true;
  },
  "is gone for good": (a: MeshNode, { platform }: MeshSession): void => {
    a.isListening = false;
    platform.sockets.at(-1)!.connection.cut();
  },
};

/** Takes `count` items; what `next` gives then is followed. */
async function taken(mesh: Mesh, items: AsyncIterableIterator<unknown>, count: number) {
  const got: unknown[] = [];
  while (got.length < count) {
    const next = items.next();
    await settled(mesh);
    got.push((await next).value);
  }
  expect(got).toEqual([...Array(count).keys()]);
  return followed(items.next());
}

async function streamOf(mesh: Mesh, { caller }: MeshSession, fun: string, timeoutMs?: number) {
  const call = caller.call<AsyncIterableIterator<unknown>>(fun, [], { timeoutMs });
  await settled(mesh);
  return call;
}

async function after(mesh: Mesh, ms: number): Promise<void> {
  mesh.advance(ms);
  await settled(mesh);
}

describe.for(Object.entries(silences))("when the node %s", ([, fallSilent]) => {
  test("a stream ends with the time of its call, half a second later at most, and says how much of it had come (L6)", async () => {
    const { mesh, a, client } = world();
    const items = await streamOf(mesh, client, "ten", 4_000);
    const rest = await taken(mesh, items, 10);
    await after(mesh, 2_000);
    fallSilent(a, client);
    await after(mesh, 1_900);
    expect(rest.end).toBe("none");
    await after(mesh, 600);
    const message = "The time allowed ran out before the stream had ended: 10 items of it had come";
    expect(rest.end).toEqual(["deadline", "unknown", message]);
    client.session.close("enough");
  });

  test("a stream that nobody reads at the moment gives what had come, and then its end (L6)", async () => {
    const { mesh, a, client } = world();
    const items = await streamOf(mesh, client, "ten", 4_000);
    const first = items.next();
    await settled(mesh);
    expect(await first).toEqual({ done: false, value: 0 });
    fallSilent(a, client);
    await after(mesh, 60_000);
    const rest: unknown[] = [];
    const reading = (async () => {
      for await (const item of items) rest.push(item);
    })();
    await expect(reading).rejects.toMatchObject({ code: "deadline", outcome: "unknown" });
    expect(rest).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("a stream all of which had come ends well, whenever it is read", async () => {
    const { mesh, a, client } = world();
    const items = await streamOf(mesh, client, "five", 4_000);
    const rest = items.next();
    await settled(mesh);
    fallSilent(a, client);
    await after(mesh, 60_000);
    expect(await rest).toEqual({ done: false, value: 0 });
    for (const value of [1, 2, 3, 4]) expect(await items.next()).toEqual({ done: false, value });
    expect(await items.next()).toEqual({ done: true, value: undefined });
  });

  test("a large result ends with the time of its call: the call was applied", async () => {
    const { mesh, a, client } = world();
    const { platform } = client;
    const { connection, end } = platform.sockets[0]!;
    const far = connection.from(connection.ends.find((each) => each !== end)!);
    far.isHeld = true;
    const call = followed(client.caller.call("large", [], { timeoutMs: 4_000 }));
    await settled(mesh);
    far.release(1); // the answer, and nothing of the value
    await settled(mesh);
    fallSilent(a, client);
    await after(mesh, 3_900);
    expect(call.end).toBe("none");
    await after(mesh, 600);
    const message = "The time allowed ran out before all of the answer had come";
    expect(call.end).toEqual(["deadline", "applied", message]);
  });
});

test("the error names the step whose items they are, of a call and of a graph", async () => {
  const { mesh, a, client } = world();
  const graph = client.caller.graph();
  const steps = [graph.call("five", [], { name: "first" }), graph.call("ten", [], { name: "second" })];
  const called = await streamOf(mesh, client, "ten", 4_000);
  const running = graph.run(steps, { timeoutMs: 4_000 });
  await settled(mesh);
  const [, second] = (await running) as AsyncIterableIterator<unknown>[];
  const ends = [called, second!].map(async (items) => {
    for await (const item of items) expect(item).toBeLessThan(10);
  });
  await settled(mesh);
  silences["is frozen"](a, client);
  const seen = Promise.allSettled(ends);
  await after(mesh, 5_000);
  const errors = (await seen).map((end) => end.status === "rejected" && (end.reason as MpregError));
  expect(errors).toMatchObject([
    { code: "deadline", step: "ten" },
    { code: "deadline", step: "second" },
  ]);
});

test("a stream is ended where it is made when its client is heard again (L6)", async () => {
  const { mesh, a, client } = world();
  const items = await streamOf(mesh, client, "ten", 4_000);
  await taken(mesh, items, 10);
  silences["is frozen"](a, client);
  await after(mesh, 3_990);
  expect(a.aborted).toEqual([]);
  const { connection } = client.platform.sockets[0]!;
  await after(mesh, 600);
  for (const end of connection.ends) connection.from(end).release();
  await after(mesh, 100);
  expect(a.aborted.map(({ fun }) => fun)).toEqual(["ten"]);
  mesh.expectQuiet();
});

describe("what names no time", () => {
  test("a stream waits for a connection as long as its call would have, and is lost then (L7)", async () => {
    const { mesh, a, client } = world();
    const items = await streamOf(mesh, client, "ten");
    const rest = await taken(mesh, items, 10);
    await after(mesh, 100_000);
    silences["is gone for good"](a, client);
    await after(mesh, patienceMs - 100);
    expect(rest.end).toBe("none");
    await after(mesh, 200);
    const message = `There was no connection to any node for ${patienceMs} ms before the stream had ended: 10 items of it had come`;
    expect(rest.end).toEqual(["node-lost", "unknown", message]);
  });

  test("a large result does so, too (L7)", async () => {
    const { mesh, a, client } = world();
    const { connection, end } = client.platform.sockets[0]!;
    const far = connection.from(connection.ends.find((each) => each !== end)!);
    far.isHeld = true;
    const call = followed(client.caller.call("large"));
    await settled(mesh);
    far.release(1);
    await settled(mesh);
    silences["is gone for good"](a, client);
    await after(mesh, patienceMs - 100);
    expect(call.end).toBe("none");
    await after(mesh, 200);
    const message = `There was no connection to any node for ${patienceMs} ms before all of the answer had come`;
    expect(call.end).toEqual(["node-lost", "applied", message]);
  });

  test("waits anew each time that the connection is lost (L7)", async () => {
    const { mesh, a, client } = world();
    const items = await streamOf(mesh, client, "ten");
    const rest = await taken(mesh, items, 10);
    for (let round = 0; round < 3; round++) {
      silences["is gone for good"](a, client);
      await after(mesh, patienceMs / 2);
      a.isListening = true;
      await after(mesh, patienceMs / 2);
      expect(client.session.nodeName).toBe("a");
    }
    await after(mesh, patienceMs);
    expect(rest.end).toBe("none");
    client.session.close("enough");
    await settled(mesh);
    expect(rest.end).toMatchObject(["closed", "unknown", expect.anything()]);
  });
});

test("a stream with more time than a client waits for a connection has that time (L7)", async () => {
  const { mesh, a, client } = world();
  const items = await streamOf(mesh, client, "ten", 120_000);
  const rest = await taken(mesh, items, 10);
  silences["is gone for good"](a, client);
  await after(mesh, 119_000);
  expect(rest.end).toBe("none");
  await after(mesh, 1_600);
  expect(rest.end).toMatchObject(["deadline", "unknown", expect.anything()]);
});

test("so has a large result (L7)", async () => {
  const { mesh, a, client } = world();
  const { connection, end } = client.platform.sockets[0]!;
  const far = connection.from(connection.ends.find((each) => each !== end)!);
  far.isHeld = true;
  const call = followed(client.caller.call("large", [], { timeoutMs: 120_000 }));
  await settled(mesh);
  far.release(1);
  await settled(mesh);
  silences["is gone for good"](a, client);
  await after(mesh, 119_000);
  expect(call.end).toBe("none");
  await after(mesh, 1_600);
  expect(call.end).toMatchObject(["deadline", "applied", expect.anything()]);
});

describe("over real sockets", () => {
  /** How a loop over ten items ends, of which `fallSilent` is called after the last. */
  async function loopEnds(url: string, fallSilent: () => void): Promise<unknown> {
    const client = await clientOf({ url }, { discover: false });
    const items = await client.call<AsyncIterable<number>>("items, then silence", [10], { timeoutMs: 3_000 });
    try {
      for await (const item of items) if (item === 9) fallSilent();
      return "well";
    } catch (error) {
      const { code, outcome, message } = error as MpregError;
      return [code, outcome, message];
    }
  }

  const end = ["deadline", "unknown", "The time allowed ran out before the stream had ended: 10 items of it had come"];

  test("a loop over a stream ends when its node is stopped", async () => {
    const node = await startProcess();
    expect(await loopEnds(node.url, () => node.kill("SIGSTOP"))).toEqual(end);
  });

  test("a loop over a stream ends when its connection is cut, and nobody is there any more", async () => {
    const proxy = await startProxy(await startProcess());
    const cut = (): void => {
      proxy.target = undefined;
      proxy.cut();
    };
    expect(await loopEnds(proxy.url, cut)).toEqual(end);
  });
});
