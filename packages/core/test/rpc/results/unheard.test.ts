/**
 * Streams and large results that a node's program or another step has begun to read when the node that has them falls
 * silent: they end when the time allowed is over, before anybody has found out that the node is gone.
 */
import { describe, expect, test } from "vitest";
import type { ItemReader } from "../../../src/rpc/index.js";
import type { ResultRef } from "../../../src/wire/index.js";
import { profiles } from "../../../src/membership/index.js";
import { Mesh } from "../../support/mesh.js";
import { type MeshNode, later } from "../../support/mesh-node.js";
import { use } from "../../support/requests.js";

const MiB = 1024 * 1024;

/** Nodes a, b and c, linked; it takes them long to find out that one is gone. */
function three() {
  const mesh = new Mesh();
  const membership = { ...profiles.wan };
  const [a, b, c] = ["a", "b", "c"].map((name) =>
    mesh.node(name, { membership, peers: name === "a" ? [] : ["a"] }),
  ) as [MeshNode, MeshNode, MeshNode];
  mesh.advance(2_000);
  b.offer("ten", function* () {
    for (let i = 0; i < 10; i++) yield i;
    for (;;) yield later;
  });
  b.offer("large", () => new Uint8Array(8 * MiB));
  c.offer("sum", async (items: ItemReader) => {
    let total = 0;
    for await (const item of items) total += item as number;
    return total;
  });
  mesh.settle();
  return { mesh, a, b, c };
}

/** Nothing comes from the node or to it any more. */
function freeze(node: MeshNode): void {
  node.isListening = false;
  for (const { connection } of node.connections.values()) {
    for (const end of connection.ends) connection.from(end).isHeld = true;
  }
}

function thaw(node: MeshNode): void {
  node.isListening = true;
  for (const { connection } of node.connections.values()) {
    for (const end of connection.ends) connection.from(end).release();
  }
}

async function settled(mesh: Mesh): Promise<void> {
  for (let turns = 0; turns < 50; turns++) {
    mesh.settle();
    await Promise.resolve();
  }
  mesh.settle();
}

async function after(mesh: Mesh, ms: number): Promise<void> {
  await settled(mesh);
  mesh.advance(ms);
  await settled(mesh);
}

describe("when the node that has it is frozen", () => {
  test("a stream that the node's program reads ends with the time of its call (R3)", async () => {
    const { mesh, a, b } = three();
    const asked = a.call("ten", [], { timeoutMs: 3_000 });
    mesh.settle();
    const reader = a.read((asked.ends as { readonly value: ResultRef }[])[0]!.value);
    const taken: unknown[] = [];
    const ends: unknown[] = [];
    const reading = async (): Promise<void> => {
      for await (const item of reader) taken.push(item);
    };
    reading().catch((error: unknown) => ends.push(error));
    await after(mesh, 1_000);
    expect(taken).toHaveLength(10);
    freeze(b);
    await after(mesh, 1_900);
    expect(ends).toEqual([]);
    await after(mesh, 700);
    expect(ends).toMatchObject([
      {
        code: "deadline",
        outcome: "unknown",
        node: "b",
        message: "The time allowed ran out before the stream had ended: 50 bytes of it had come",
      },
    ]);
    expect(a.machine.size.fetches).toBe(0);
    thaw(b);
    await after(mesh, 200_000);
    mesh.expectQuiet();
  });

  test("a large result that the node's program has asked for ends with the time of its call: it was applied (D6)", async () => {
    const { mesh, a, b } = three();
    const connection = a.connectionTo(b);
    const end = [...b.connections.values()].find((each) => each.connection === connection)!.end;
    connection.from(end).isHeld = true;
    const asked = a.call("large", [], { timeoutMs: 3_000 });
    mesh.settle();
    connection.from(end).release(1); // the answer, and nothing of the value
    mesh.settle();
    freeze(b);
    await after(mesh, 2_900);
    expect(a.machine.size.fetches).toBe(1);
    expect(asked.ends).toEqual([]);
    await after(mesh, 700);
    expect(asked.ends).toMatchObject([{ error: { code: "deadline", outcome: "applied" } }]);
    expect(a.machine.size.fetches).toBe(0);
  });

  test.for(["b", "c"])("a step that reads a stream ends with the time of the request: %s is frozen", async (frozen) => {
    const { mesh, a, b, c } = three();
    const asked = a.request([{ fun: "ten" }, { fun: "sum", args: [use("ten")] }], { timeoutMs: 3_000 });
    await after(mesh, 1_000);
    expect(b.pulls).toBe(11);
    freeze(frozen === "b" ? b : c);
    await after(mesh, 1_900);
    expect(asked.ends).toEqual([]);
    await after(mesh, 1_000);
    expect(asked.ends).toMatchObject([{ error: { code: "deadline" } }]);
  });
});
