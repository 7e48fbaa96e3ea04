/** Steps that find no room on the link to the only node that offers their function. */
import { describe, expect, test } from "vitest";
import { Mesh } from "../support/mesh.js";
import { type Asked, type MeshNode, byHand } from "../support/mesh-node.js";
import type { Connection } from "../support/connection.js";
import { codec } from "../support/requests.js";

const kilobyte = "x".repeat(1_000);

/** a sends to b, which offers `f`; a little more than ten kilobytes may wait, and b admits one at a time. */
function narrow(): {
  readonly mesh: Mesh;
  readonly a: MeshNode;
  readonly b: MeshNode;
  readonly connection: Connection;
} {
  const mesh = new Mesh();
  const a = mesh.node("a", { link: { queueBytesMax: 10_000 } });
  const b = mesh.node("b", { peers: ["a"], link: { windowBytes: 1_000 } });
  b.offer("f", (n: number) => n);
  b.offer("long", byHand);
  mesh.advance(2_000);
  return { mesh, a, b, connection: a.connectionTo(b) };
}

/** Stops what b sends, its credit included. */
function stall(connection: Connection): void {
  for (const end of connection.ends) connection.from(end).isHeld = true;
}

function release(connection: Connection): void {
  for (const end of connection.ends) connection.from(end).release();
}

function errorOf({ ends }: Asked): unknown {
  expect(ends).toHaveLength(1);
  return "error" in ends[0]! ? ends[0].error : ends[0];
}

describe("a link without room", () => {
  test("steps wait for it and all are run in the end (D5)", () => {
    const { mesh, a, connection } = narrow();
    stall(connection);
    const asked = Array.from({ length: 100 }, (_, n) => a.call("f", [n, kilobyte]));
    mesh.settle();
    expect(asked.every(({ ends }) => ends.length === 0)).toBe(true);
    release(connection);
    mesh.settle();
    expect(asked.map(({ ends }) => ends)).toEqual(asked.map((_, n) => [{ value: n }]));
    mesh.expectQuiet();
  });

  test("they go when the transport has room again, whatever else happens (D5)", () => {
    const mesh = new Mesh();
    const a = mesh.node("a", { link: { queueBytesMax: 1_000_000 } });
    const b = mesh.node("b", { peers: ["a"] });
    b.offer("f", (n: number) => n);
    mesh.advance(2_000);
    const connection = a.connectionTo(b);
    stall(connection);
    const asked = Array.from({ length: 80 }, (_, n) => a.call("f", [n, "x".repeat(100_000)]));
    mesh.settle();
    expect(asked.every(({ ends }) => ends.length === 0)).toBe(true);
    release(connection);
    mesh.settle();
    expect(asked.map(({ ends }) => ends)).toEqual(asked.map((_, n) => [{ value: n }]));
    mesh.expectQuiet();
  });

  test("another node that offers the function takes them meanwhile (D5)", () => {
    const { mesh, a, connection } = narrow();
    const c = mesh.node("c", { peers: ["a"] });
    c.offer("f", (n: number) => n);
    mesh.advance(2_000);
    stall(connection);
    const asked = Array.from({ length: 100 }, (_, n) => a.call("f", [n, kilobyte]));
    mesh.settle();
    expect(asked.filter(({ ends }) => ends.length === 1).length).toBeGreaterThan(80);
    release(connection);
    mesh.settle();
    expect(asked.every(({ ends }) => ends.length === 1)).toBe(true);
    mesh.expectQuiet();
  });

  test("one that waits in vain ends at its deadline, and was not applied (D5)", () => {
    const { mesh, a, connection } = narrow();
    stall(connection);
    const asked = Array.from({ length: 30 }, () => a.call("f", [1, kilobyte], { timeoutMs: 500 }));
    mesh.advance(500);
    const outcomes = asked.map((each) => (errorOf(each) as { code: string; outcome: string }).outcome);
    expect(new Set(outcomes)).toEqual(new Set(["unknown", "not-applied"]));
    const held = asked.at(-1);
    expect(held && errorOf(held)).toMatchObject({
      outcome: "not-applied",
      message: 'The time allowed for "f" ran out while it waited for room on the link to the node that offers it',
    });
    mesh.expectQuiet();
  });

  test("one that is cancelled while it waits was not applied, and does not run (D4) (Q5)", () => {
    const { mesh, a, b, connection } = narrow();
    stall(connection);
    for (let i = 0; i < 30; i++) a.call("f", [1, kilobyte]);
    const asked = [a.call("long", [kilobyte]), a.request([{ fun: "long", args: [kilobyte] }])];
    mesh.settle();
    for (const { ticket } of asked) a.enter({ kind: "withdraw", ticket });
    mesh.settle();
    for (const each of asked) expect(errorOf(each)).toMatchObject({ code: "cancelled", outcome: "not-applied" });
    release(connection);
    mesh.settle();
    expect(b.waiting("long")).toEqual([]);
    mesh.expectQuiet();
  });

  test("what runs there can be cancelled, however much waits (V2)", () => {
    const { mesh, a, b, connection } = narrow();
    const running = [1, 2, 3].map(() => a.call("long"));
    mesh.settle();
    stall(connection);
    // the smallest steps come last: less room is left than three cancellations take
    for (const bytes of [1_000, 100, 0]) for (let i = 0; i < 30; i++) a.call("f", [1, "x".repeat(bytes)]);
    mesh.settle();
    for (const { ticket } of running) a.enter({ kind: "withdraw", ticket });
    mesh.settle();
    release(connection);
    mesh.settle();
    expect(b.aborted).toEqual(running.map(() => ({ fun: "long", reason: "cancelled" })));
    mesh.expectQuiet();
  });

  test("when the link breaks they go elsewhere, or are told that nobody offers it any more (D1)", () => {
    const { mesh, a, b, connection } = narrow();
    a.offer("f", () => "here");
    mesh.settle();
    a.withdraw("f");
    mesh.settle();
    stall(connection);
    const asked = Array.from({ length: 30 }, () => a.call("f", [1, kilobyte]));
    mesh.settle();
    for (const node of [a, b]) node.isListening = false;
    connection.cut();
    mesh.advance(12_000); // it may be back
    const codes = asked.map((each) => (errorOf(each) as { code: string }).code);
    expect(new Set(codes)).toEqual(new Set(["node-lost", "no-provider"]));
    mesh.expectQuiet();
  });

  test("of a request that has failed nothing starts any more (Q5)", () => {
    const { mesh, a, b, connection } = narrow();
    stall(connection);
    for (let i = 0; i < 30; i++) a.call("f", [1, kilobyte]);
    mesh.settle();
    // both steps are held: the second one could run on c, the first one nowhere
    const asked = a.request([
      { fun: "f", args: [kilobyte] },
      { fun: "long", args: [kilobyte] },
    ]);
    mesh.settle();
    const c = mesh.node("c", { peers: ["a"] });
    c.offer("long", byHand);
    b.withdraw("f"); // which a hears from c
    mesh.advance(2_000);
    b.isListening = false;
    connection.cut();
    mesh.settle();
    expect(errorOf(asked)).toMatchObject({ code: "no-provider", step: "f" });
    expect(c.invoked).toEqual([]);
    mesh.expectQuiet();
  });

  test("a step that takes more than half of what may wait, waits until it fits (D5)", () => {
    const { mesh, a, b, connection } = narrow();
    stall(connection);
    const asked = [1, 2, 3].map((n) => a.call("f", [n, "x".repeat(1_100)]));
    const large = a.call("f", [4, "x".repeat(8_000)]);
    mesh.settle();
    expect(a.machine.size).toMatchObject({ waiting: 1, holding: 1 });
    release(connection);
    mesh.settle();
    expect([...asked, large].map(({ ends }) => ends)).toEqual([1, 2, 3, 4].map((n) => [{ value: n }]));
    expect(b.invoked).toHaveLength(4);
    mesh.expectQuiet();
  });

  test("they go in the order in which they came (D5)", () => {
    const { mesh, a, b, connection } = narrow();
    stall(connection);
    for (let n = 0; n < 60; n++) a.call("f", [n, kilobyte]);
    mesh.settle();
    release(connection);
    mesh.settle();
    const order = b.invoked.map(({ template, bound }) => (codec.decodeTemplate(template, bound) as number[])[0]);
    expect(order).toEqual([...Array(60).keys()]);
  });

  test("no more than a bounded number waits, and they are counted", () => {
    const mesh = new Mesh();
    const a = mesh.node("a", { link: { queueBytesMax: 10_000 }, rpc: { waitingMax: 5 } });
    const b = mesh.node("b", { peers: ["a"], link: { windowBytes: 1_000 } });
    b.offer("f", () => 1);
    mesh.advance(2_000);
    const connection = a.connectionTo(b);
    stall(connection);
    const asked = Array.from({ length: 40 }, () => a.call("f", [kilobyte]));
    mesh.settle();
    const refused = asked.filter(({ ends }) => ends.length > 0);
    expect(refused.length).toBeGreaterThan(10);
    for (const each of refused) expect(errorOf(each)).toMatchObject({ code: "overloaded", outcome: "not-applied" });
    expect(a.machine.size).toMatchObject({ waiting: 5, holding: 5 });
    release(connection);
    mesh.settle();
    expect(asked.every(({ ends }) => ends.length === 1)).toBe(true);
    mesh.expectQuiet();
  });
});
