/** What a node serves to others: what is refused is told, and what nobody reads any more is let go. */
import { describe, expect, test } from "vitest";
import { streamWindowBytes } from "../../../src/rpc/index.js";
import { HeldBytes } from "../../../src/rpc/held-bytes.js";
import { Kept, KeptResults } from "../../../src/rpc/results/kept.js";
import { ClientKept } from "../../../src/rpc/results/client-kept.js";
import { idleMsMax } from "../../../src/rpc/results/stream.js";
import { type ResultRef, writeFetch, writeRelease } from "../../../src/wire/index.js";
import { Mesh } from "../../support/mesh.js";
import type { MeshNode } from "../../support/mesh-node.js";
import { seeded } from "../../support/random.js";

const KiB = 1024;
const MiB = KiB * KiB;

function two() {
  const mesh = new Mesh();
  const [a, b, c] = mesh.cluster("a", "b", "c") as [MeshNode, MeshNode, MeshNode];
  b.offer("load", () => new Uint8Array(3 * MiB));
  b.offer("blocks", function* () {
    for (;;) yield new Uint8Array(KiB);
  });
  b.offer("count", function* () {
    for (let index = 0; ; index++) yield index;
  });
  mesh.settle();
  return { mesh, a, b, c };
}

test("a second reader of a stream is told at another node that it was read already (M1) (S3)", async () => {
  const { mesh, a } = two();
  const asked = a.call("count");
  mesh.settle();
  const { value: stream } = asked.ends[0] as { readonly value: ResultRef };
  const [first, second] = [a.read(stream).next(), a.read(stream).next()];
  mesh.settle();
  expect(await first).toEqual({ done: false, value: 0 });
  await expect(second).rejects.toMatchObject({ code: "invalid-argument", node: "b", step: "count" });
});

describe("who comes too late", () => {
  /** A stream of b that was read, and then let go. */
  async function read({ mesh, a }: ReturnType<typeof two>): Promise<ResultRef> {
    const asked = a.call("count");
    mesh.settle();
    const { value: stream } = asked.ends[0] as { readonly value: ResultRef };
    const reader = a.read(stream);
    const first = reader.next();
    mesh.settle();
    expect(await first).toEqual({ done: false, value: 0 });
    await reader.return();
    mesh.settle();
    mesh.expectQuiet();
    return stream;
  }

  async function refusalOf(mesh: Mesh, node: MeshNode, stream: ResultRef): Promise<unknown> {
    const next = node.read(stream).next();
    mesh.settle();
    return next.then(
      () => "an item",
      (error: unknown) => error,
    );
  }

  test("for a stream hears that it was read, and not that it was lost, wherever he is (K4)", async () => {
    const here = two();
    const stream = await read(here);
    const read1 = { code: "invalid-argument", step: "count", node: "b" };
    expect(await refusalOf(here.mesh, here.c, stream)).toMatchObject(read1);
    expect(await refusalOf(here.mesh, here.b, stream)).toMatchObject(read1);
  });

  test("hears no more than that it is gone when many others have been let go since (K4)", () => {
    const due: Kept[] = [];
    const kept = new KeptResults({
      nodeId: "b",
      random: seeded(1),
      held: new HeldBytes(0),
      schedule: (each) => {
        if (each instanceof Kept) due.push(each);
      },
      unschedule: () => undefined,
      release: () => undefined,
    });
    const lend = (): number => {
      const keptFor = { kind: "client", client: new ClientKept() } as const;
      return kept.lend(new Uint8Array(1), { step: "f", keptFor, untilMs: 1 }).key;
    };
    const first = lend();
    for (let others = 0; others < 999; others++) lend();
    for (const each of due) each.onDue();
    expect(kept.absence(first, "b").message).toContain("is let go after 60000 ms");
    lend();
    due.at(-1)!.onDue();
    expect(kept.absence(first, "b").message).toBe('Node "b" does not have the result any more');
  });

  test.each([
    ["was not fetched in time hears that, and how long that is", true],
    ["was let go hears nothing of times", false],
  ])("for a result that %s (K4)", (_, isLate) => {
    const { mesh, a } = two();
    const client = mesh.client(a);
    client.isDownloading = false;
    client.call("load", [], { timeoutMs: 200_000 });
    mesh.settle();
    const { key } = (client.heard[0] as { readonly value: ResultRef }).value;
    if (isLate) mesh.advance(idleMsMax);
    else client.say(8, (writer) => writeRelease(writer, undefined, key));
    client.say(9, (writer) => {
      writeFetch(writer, { id: 9, holder: undefined, key, path: [], offset: 0, allowedBytes: 100_000 });
    });
    mesh.settle();
    const gone = 'Node "a" does not have the result any more';
    const why = isLate ? "; what a client does not fetch is let go after 60000 ms" : "";
    expect(client.heard.at(-1)).toMatchObject({
      kind: "fetch-failed",
      error: { code: "result-lost", message: gone + why },
    });
  });
});

test("what is fetched for a client that is gone is not fetched any more, and let go where it is kept (S3) (K1)", () => {
  const { mesh, a, b } = two();
  const client = mesh.client(a);
  client.isDownloading = false;
  client.call("load");
  mesh.settle();
  const { key } = (client.heard[0] as { readonly value: ResultRef }).value;
  client.say(9, (writer) => {
    writeFetch(writer, { id: 9, holder: undefined, key, path: [], offset: 0, allowedBytes: 100_000 });
  });
  mesh.settle();
  expect([a.machine.size.fetches, b.machine.size.kept]).toEqual([1, 1]);
  client.connection!.cut();
  mesh.settle();
  expect(a.machine.size).toMatchObject({ fetches: 0, kept: 0 });
  expect(b.machine.size.kept).toBe(0);
  mesh.expectQuiet();
});

test("a client that does not read what it asked for is told, and nothing more is fetched for it (S5)", () => {
  const mesh = new Mesh();
  const b = mesh.node("b");
  const a = mesh.node("a", { peers: ["b"], link: { queueBytesMax: 64 * KiB } });
  b.offer("load", () => new Uint8Array(3 * MiB));
  mesh.advance(2_000);
  const client = mesh.client(a, { link: { windowBytes: 256 * KiB } });
  client.isDownloading = false;
  client.call("load");
  mesh.settle();
  const { key } = (client.heard[0] as { readonly value: ResultRef }).value;
  const { connection } = client;
  const toClient = connection!.from(connection!.ends.find((end) => end !== client)!);
  toClient.isHeld = true;
  client.say(9, (writer) => {
    writeFetch(writer, { id: 9, holder: undefined, key, path: [], offset: 0, allowedBytes: 2 ** 40 });
  });
  mesh.settle();
  expect(a.machine.size.fetches).toBe(0);
  expect(toClient.waitingBytes).toBeLessThan(2 * MiB);
  toClient.release();
  mesh.settle();
  expect(client.heard.at(-1)).toMatchObject({ kind: "fetch-failed", id: 9, error: { code: "overloaded" } });
});

describe("the items of a stream", () => {
  test("are not kept any longer when their reader has said that it has them (M3)", async () => {
    const { mesh, a, b } = two();
    const asked = a.call("blocks");
    mesh.settle();
    const reader = a.read((asked.ends[0] as { readonly value: ResultRef }).value);
    for (let taken = 0; taken < 1_000; taken++) {
      const next = reader.next();
      mesh.settle();
      expect((await next).done).toBe(false);
    }
    expect(b.machine.size.heldBytes).toBeLessThan(streamWindowBytes + 2 * KiB);
  });

  test("end when their reader is lost for a while, and are let go after as long again (M5)", async () => {
    const { mesh, a, b, c } = two();
    const asked = a.call("blocks", [], { timeoutMs: 600_000 });
    mesh.settle();
    const first = c.read((asked.ends[0] as { readonly value: ResultRef }).value).next();
    mesh.settle();
    expect((await first).done).toBe(false);
    mesh.crash(c);
    mesh.advance(idleMsMax - 1_000);
    expect(b.machine.size).toMatchObject({ running: 1, kept: 1 });
    mesh.advance(2_000);
    expect(b.machine.size).toMatchObject({ running: 0, kept: 1 });
    mesh.advance(idleMsMax);
    expect(b.machine.size).toMatchObject({ kept: 0, heldBytes: 0 });
  });
});
