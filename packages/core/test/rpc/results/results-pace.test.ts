/** How fast large results travel: as fast as the reader allows, and never so much that the link's other messages wait. */
import { expect, test } from "vitest";
import { type ResultRef, writeFetch, writeFetchMore } from "../../../src/wire/index.js";
import { Mesh } from "../../support/mesh.js";
import type { MeshNode } from "../../support/mesh-node.js";

const KiB = 1024;
const MiB = KiB * KiB;

/** What `from` sends to `to`. */
function wayOf(from: MeshNode, to: MeshNode) {
  const connection = from.connectionTo(to);
  const own = new Set([...from.connections.values()].map(({ end }) => end));
  return connection.from(connection.ends.find((end) => own.has(end as never))!);
}

function two(messageBytesMax: number) {
  const mesh = new Mesh();
  const b = mesh.node("b");
  const a = mesh.node("a", { peers: ["b"], limits: { messageBytesMax } });
  b.offer("load", (bytes: number) => new Uint8Array(bytes).fill(7));
  mesh.advance(2_000);
  return { mesh, a, b };
}

test.for([100 * KiB, 1_000_000])(
  "a node that takes messages of %i bytes gets no chunk that is longer (V2)",
  (messageBytesMax) => {
    const { mesh, a } = two(messageBytesMax);
    const asked = a.call("load", [9 * MiB]);
    mesh.settle();
    const [end] = asked.ends as { readonly value: Uint8Array }[];
    expect(end).toMatchObject({ value: { length: 9 * MiB } });
    mesh.expectQuiet();
  },
);

test("a client that takes messages of 100 KiB gets what another node keeps in such chunks (V2)", () => {
  const { mesh, a } = two(4 * MiB);
  const client = mesh.client(a, { limits: { messageBytesMax: 100 * KiB } });
  const id = client.call("load", [3 * MiB]);
  mesh.settle();
  expect(client.endsOf(id)).toMatchObject([{ value: { length: 3 * MiB } }]);
  mesh.expectQuiet();
});

test("a node that takes messages of 100 KiB gets the items of a stream in such chunks, however long they are (V2)", async () => {
  const { mesh, a, b } = two(100 * KiB);
  b.offer("items", function* () {
    for (let index = 0; index < 3; index++) yield new Uint8Array(300 * KiB).fill(index);
  });
  mesh.settle();
  const asked = a.call("items");
  mesh.settle();
  const reader = a.read((asked.ends[0] as { readonly value: ResultRef }).value);
  const seen: unknown[] = [];
  for (let step = reader.next(); ; step = reader.next()) {
    mesh.settle();
    const { done, value } = await step;
    if (done === true) break;
    seen.push([(value as Uint8Array).length, (value as Uint8Array)[0]]);
  }
  expect(seen).toEqual([0, 1, 2].map((index) => [300 * KiB, index]));
  mesh.settle();
  mesh.expectQuiet();
});

test("no more is sent than the reader has allowed, to the byte (S1)", () => {
  const { mesh, b } = two(4 * MiB);
  const client = mesh.client(b);
  client.isDownloading = false;
  client.call("load", [MiB]);
  mesh.settle();
  const { key } = (client.heard[0] as { readonly value: ResultRef }).value;
  client.say(9, (writer) => {
    writeFetch(writer, {
      id: 9,
      holder: undefined,
      key,
      path: [],
      offset: 1_000,
      allowedBytes: 500_000,
      again: undefined,
    });
  });
  mesh.settle();
  const sentBytes = (): number =>
    client.heard.reduce((sum, message) => sum + (message.kind === "chunk" ? message.bytes.length : 0), 0);
  expect(sentBytes()).toBe(499_000);
  client.say(9, (writer) => {
    writeFetchMore(writer, 9, 500_001, undefined);
  });
  mesh.settle();
  expect(sentBytes()).toBe(499_001);
});

test("where the link is slow, no more than 2 MiB and a chunk wait on it, whatever the readers allow (S1)", () => {
  const { mesh, a, b } = two(4 * MiB);
  const way = wayOf(b, a);
  way.holdsAfter = 0;
  const asked = [1, 2, 3].map(() => a.call("load", [3 * MiB]));
  way.release(1); // the answers, which say that the values are kept
  mesh.settle();
  expect(b.machine.size.kept).toBe(3);
  expect(way.waitingBytes).toBeGreaterThan(MiB);
  expect(way.waitingBytes).toBeLessThan(2 * MiB + 300 * KiB);
  way.release();
  mesh.settle();
  expect(asked.map(({ ends }) => ends)).toMatchObject([1, 2, 3].map(() => [{ value: { length: 3 * MiB } }]));
  mesh.expectQuiet();
});
