/** Calls of a client that comes back to a node which has no way to the one that it had asked. */
import { describe, expect, test } from "vitest";
import type { MeshNode } from "../../core/test/support/mesh-node.js";
import { network } from "../../core/test/support/network.js";
import { sessionOf, settled } from "./support/mesh-session.js";

/** A client that has asked x, and comes back to a; answers its call. */
function comesBack(names: string, ways: string) {
  const world = network(names, ways);
  const { mesh, node } = world;
  const client = sessionOf(mesh, ["x", "a"], { discover: false });
  expect(client.session.nodeName).toBe("x");
  const [a, x] = [node("a"), node("x")] as [MeshNode, MeshNode];
  const aborting = new AbortController();
  const call = client.caller.call("on-x", [], { signal: aborting.signal }).then(String, String);
  mesh.settle();
  expect(x.waiting("on-x")).toHaveLength(1);
  x.isListening = false;
  client.platform.sockets.at(-1)!.connection.cut();
  mesh.advance(2_500);
  expect(client.session.nodeName).toBe("a");
  return { ...world, client, a, x, call, aborting };
}

describe("a call whose client comes back to a node that cannot reach the one that runs it", () => {
  test("is asked for through a neighbour of both: it is done once, and answered (Q3)", async () => {
    const { mesh, x, call, isLinked } = comesBack("acx", "ac cx");
    expect(isLinked("ax")).toBe(false);
    expect(x.waiting("on-x")).toHaveLength(1);
    x.finish("on-x", "the end");
    await settled(mesh);
    expect(await call).toBe("the end");
    expect(x.invoked.filter(({ fun }) => fun === "on-x")).toHaveLength(1);
    mesh.advance(70_000);
    mesh.expectQuiet();
  });

  test("has its end from there when it had ended before the client came back", async () => {
    const { mesh, node } = network("acx", "ac cx");
    const client = sessionOf(mesh, ["x", "a"], { discover: false });
    const call = client.caller.call("on-x");
    mesh.settle();
    const x = node("x");
    x.isListening = false;
    client.platform.sockets.at(-1)!.connection.cut();
    x.finish("on-x", "kept");
    mesh.advance(2_500);
    await settled(mesh);
    expect(await call).toBe("kept");
    expect(x.invoked).toHaveLength(1);
  });

  test("is cancelled where it runs when the client cancels it", async () => {
    const { mesh, x, call, aborting } = comesBack("acx", "ac cx");
    aborting.abort();
    await settled(mesh);
    expect(await call).toContain("cancelled");
    expect(x.aborted).toEqual([{ fun: "on-x", reason: "cancelled" }]);
    mesh.advance(70_000);
    mesh.expectQuiet();
  });

  test("goes on, and is asked for again, when the neighbour is lost on the way (P3)", async () => {
    for (const lose of ["close", "crash"] as const) {
      const { mesh, node, x, call } = comesBack("acdx", "ac ad cx dx");
      const passing = ["c", "d"].map(node).find((each) => each.machine.size.asked > 0)!;
      if (lose === "crash") mesh.crash(passing);
      else passing.enter({ kind: "close" });
      mesh.advance(3_000);
      expect(x.aborted).toEqual([]);
      x.finish("on-x", "the end");
      await settled(mesh);
      expect(await call).toBe("the end");
      expect(x.invoked).toHaveLength(1);
    }
  });

  test("is asked for again over the same neighbour when that has lost its link to either (Q1)", async () => {
    for (const way of ["ac", "cx"]) {
      const { mesh, node, x, call } = comesBack("acx", "ac cx");
      node(way[0]!).connectionTo(node(way[1]!)).cut();
      x.isListening = true; // for c: there is no way from a
      mesh.advance(3_000);
      expect(x.machine.size.resuming).toBe(1);
      x.finish("on-x", "the end");
      await settled(mesh);
      expect(await call).toBe("the end");
      expect(x.aborted).toEqual([]);
      expect(x.invoked).toHaveLength(1);
    }
  });
});
