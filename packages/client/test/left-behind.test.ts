/** What a handler has left behind for a client that comes back, or does not. */
import { expect, test } from "vitest";
import { byHand } from "../../core/test/support/mesh-node.js";
import { Mesh } from "../../core/test/support/mesh.js";
import { sessionOf, settled } from "./support/mesh-session.js";

/** A client of a has called `outer`, which was answered and has left a call of `inner` behind, on the node `where`. */
async function left(where: string) {
  const mesh = new Mesh();
  const [a, b] = mesh.cluster("a", "b");
  const runs = where === "a" ? a! : b!;
  for (const fun of ["outer", "inner"]) runs.offer(fun, byHand);
  mesh.settle();
  const client = sessionOf(mesh, ["a"]);
  const call = client.caller.call("outer", [], { timeoutMs: 600_000 });
  await settled(mesh);
  const asked = runs.call("inner", [], { parent: runs.waiting("outer")[0]!, timeoutMs: 600_000 });
  mesh.settle();
  runs.finish("outer", "done");
  await settled(mesh);
  expect(await call).toBe("done");
  return { mesh, a: a!, client, asked };
}

const cancelled = [{ error: { code: "cancelled", message: expect.stringContaining("its client is gone") } }];

const nodes = ["a", "b"] as const;

test.for(nodes)(
  "what was left behind on %s for a client of a that comes back goes on, and ends when that says goodbye (B1)",
  async (where) => {
    const { mesh, client, asked } = await left(where);
    client.platform.sockets.at(-1)!.connection.cut();
    mesh.advance(10_000);
    await settled(mesh);
    expect([client.session.nodeName, asked.ends]).toEqual(["a", []]);
    client.session.close("enough");
    await settled(mesh);
    expect(asked.ends).toMatchObject(cancelled);
    mesh.expectQuiet();
  },
);

test.for(nodes)(
  "what was left behind on %s for a client of a that does not come back ends after resumeMs (B1)",
  async (where) => {
    const { mesh, a, client, asked } = await left(where);
    a.isListening = false;
    client.platform.sockets.at(-1)!.connection.cut();
    mesh.advance(29_000);
    await settled(mesh);
    expect(asked.ends).toEqual([]);
    mesh.advance(1_000);
    expect(asked.ends).toMatchObject(cancelled);
  },
);
