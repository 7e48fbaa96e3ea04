import { describe, expect, test } from "vitest";
import { MpregError } from "../../src/base/index.js";
import { nodeIdOf } from "../../src/link/index.js";
import { Mesh } from "../support/mesh.js";
import { byHand } from "../support/mesh-node.js";
import { use } from "../support/requests.js";
import { signerOf } from "../support/signer.js";

/** Half a minute in the life of three nodes; everything that they did. */
function life(): unknown {
  const mesh = new Mesh();
  const [a, b, c] = [mesh.node("a"), mesh.node("b", { peers: ["a", "c"] }), mesh.node("c", { peers: ["a", "b"] })];
  for (const node of [a, b, c]) {
    node.offer("f", byHand);
    node.offer("echo", (value: unknown) => value);
  }
  mesh.advance(1_500);
  const client = mesh.client(a);
  for (let i = 0; i < 20; i++) client.call("f", [], { timeoutMs: 100 * i + 1 });
  for (let i = 0; i < 20; i++)
    client.request([
      { fun: "echo", args: [i] },
      { name: "again", fun: "echo", args: [use("echo")] },
    ]);
  mesh.advance(500);
  b.connectionTo(c).cut();
  client.connection!.cut();
  mesh.advance(500);
  for (const node of [a, b, c])
    if (node.waiting("f").length > 0) node.fail("f", new MpregError("handler-error", "broken"));
  mesh.advance(27_500);
  return [a, b, c].map(({ sent, dials, events, invoked, aborted, goodbyes }) => {
    return {
      sent: sent.map((frame) => Buffer.from(frame).toString("hex")),
      dials,
      events,
      invoked: invoked.length,
      aborted,
      goodbyes,
    };
  });
}

describe("the node machine", () => {
  test("the same inputs at the same times have the same effects, byte for byte (Z1)", () => {
    expect(life()).toEqual(life());
  });

  test("a node's id is the fingerprint of its key", () => {
    const node = new Mesh().node("n", { key: "secret" });
    const signer = signerOf("secret");
    expect([node.id, node.machine.name]).toEqual([nodeIdOf(signer.publicKey, signer), "n"]);
    expect(node.id).toMatch(/^[0-9a-f]{32}$/);
  });

  test("a node that waits for nothing is not woken", () => {
    const mesh = new Mesh();
    const node = mesh.node("n");
    node.offer("f", byHand);
    mesh.settle();
    expect(node.machine.nextDueMs).toBe(Infinity);
    const asked = node.call("f", [], { timeoutMs: 1_000 });
    mesh.settle();
    expect(node.machine.nextDueMs).toBe(mesh.nowMs + 1_000);
    node.finish("f", 1);
    mesh.settle();
    expect([asked.ends.length, node.machine.nextDueMs]).toEqual([1, Infinity]);
  });

  test("what is due comes before what happens at the same time", () => {
    const mesh = new Mesh();
    const node = mesh.node("n");
    node.offer("f", byHand);
    const asked = node.call("f", [], { timeoutMs: 1_000 });
    mesh.settle();
    mesh.nowMs += 1_000;
    node.finish("f", "just too late");
    mesh.settle();
    expect(asked.ends).toMatchObject([{ error: { code: "deadline" } }]);
  });

  test("messages of one turn leave in one frame", () => {
    const mesh = new Mesh();
    const node = mesh.node("n");
    node.offer("f", byHand);
    const client = mesh.client(node);
    const ids = [1, 2, 3].map(() => client.call("f"));
    mesh.settle();
    const before = node.sent.length;
    node.machine.handle({ kind: "withdraw", ticket: 1 }, mesh.nowMs); // a turn of several inputs
    for (const { id } of node.waiting("f")) {
      node.machine.handle(
        { kind: "invoked", id, result: Uint8Array.of(0xc0), timings: { queueUs: 0, runUs: 0 } },
        mesh.nowMs,
      );
    }
    node.machine.flush(mesh.nowMs);
    expect(node.sent.length - before).toBe(1);
    mesh.settle();
    expect(ids.map((id) => client.endsOf(id))).toEqual(ids.map(() => [{ value: null }]));
  });
});
