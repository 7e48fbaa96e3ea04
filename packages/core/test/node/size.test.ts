/** What a node counts of itself: after quiet nothing may be left, so nothing may be left out. */
import { describe, expect, test } from "vitest";
import { Mesh } from "../support/mesh.js";
import { byHand } from "../support/mesh-node.js";
import { utf8 } from "../support/wire.js";

/** Two nodes; b offers `outer` and c `inner`, ended by hand. */
function two() {
  const mesh = new Mesh();
  const [b, c] = mesh.cluster("b", "c");
  b!.offer("outer", byHand);
  c!.offer("inner", byHand);
  mesh.settle();
  return { mesh, b: b!, c: c! };
}

describe("what a node counts", () => {
  test("a call of a client that runs elsewhere: asked here, sent there, and due (V3)", () => {
    const { mesh, b, c } = two();
    const client = mesh.client(b);
    client.call("inner");
    mesh.settle();
    expect(b.machine.size).toMatchObject({ asked: 1, sent: 1, tasks: 1, running: 0, timers: 1, tickets: 0 });
    expect(c.machine.size).toMatchObject({ asked: 1, sent: 0, tasks: 1, running: 1, timers: 1 });
    c.finish("inner", 1);
    mesh.settle();
    mesh.expectQuiet();
  });

  test("what a handler has asked for, and what is due of it (V3)", () => {
    const { mesh, b, c } = two();
    b.call("outer");
    mesh.settle();
    const [parent] = b.waiting("outer");
    b.call("inner", [], { parent: parent! });
    b.request([{ fun: "inner" }], { parent: parent! });
    mesh.settle();
    // a task for each call, its deadline with it, and the request with its own
    expect(b.machine.size).toMatchObject({ nested: 2, tickets: 3, tasks: 3, sent: 2, requests: 1, timers: 3 });
    for (let i = 0; i < 2; i++) c.finish("inner", i);
    mesh.settle();
    expect(b.machine.size).toMatchObject({ nested: 0, tickets: 1, tasks: 1, sent: 0, requests: 0, timers: 1 });
    b.finish("outer", 1);
    mesh.settle();
    mesh.expectQuiet();
  });

  test("connections of other protocols, and what is asked over them (V3)", () => {
    const { mesh, b } = two();
    const send = mesh.socket(b, "json-v1");
    mesh.settle();
    const cmds = [{ name: "x", fun: "outer", args: [] }];
    send(utf8.encode(JSON.stringify({ role: "rpc", u: "1", cmds })));
    mesh.settle();
    expect(b.machine.size).toMatchObject({ links: 1, doors: 1, asked: 1, requests: 1, tasks: 1 });
    b.finish("outer", 1);
    mesh.settle();
    expect(b.machine.size).toMatchObject({ doors: 1, asked: 0 });
    mesh.expectQuiet();
  });

  test("steps that wait, wherever they do (V3)", () => {
    const { mesh, b } = two();
    b.call("nowhere", [], { waitForCapacityMs: 60_000 });
    mesh.settle();
    expect(b.machine.size).toMatchObject({
      tasks: 1,
      waiting: 1,
      awaiting: 1,
      queued: 0,
      running: 0,
      sent: 0,
      timers: 1,
    });
    mesh.advance(30_000);
    mesh.expectQuiet();
  });

  test("who is there and who is remembered; nobody a day after the last one is gone (M5)", () => {
    const mesh = new Mesh();
    const [a, b, c] = mesh.cluster("a", "b", "c");
    b!.offer("f", byHand);
    mesh.settle();
    expect(a!.machine.size).toMatchObject({ peers: 2, members: 3, announced: 1, wanted: 2, timers: 0 });
    for (const node of [b!, c!]) mesh.crash(node);
    mesh.advance(60_000);
    expect(a!.machine.size).toMatchObject({ peers: 0, members: 3, announced: 1, wanted: 0, dialing: 0, timers: 0 });
    mesh.advance(24 * 3_600_000);
    expect(a!.machine.size).toMatchObject({ peers: 0, members: 1, announced: 0, wanted: 0, dialing: 0, timers: 0 });
  });
});
