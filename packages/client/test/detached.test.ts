/** What was asked to outlive its client (`detached`), by clients that cannot come back for it. */
import { describe, expect, test } from "vitest";
import { byHand } from "../../core/test/support/mesh-node.js";
import { Mesh } from "../../core/test/support/mesh.js";
import { type MeshSession, followed, sessionOf, settled } from "./support/mesh-session.js";

const KiB = 1024;

/** How the client leaves. */
const ways = {
  "a goodbye": ({ session }: MeshSession) => {
    session.close("enough");
  },
  "a cut": ({ platform }: MeshSession) => {
    platform.sockets.at(-1)!.connection.cut();
  },
} as const;

/** What the client itself is told: what becomes of its call it will not hear. */
const ends = {
  "a goodbye": ["closed", "unknown", "The connection to ws://a ended before the answer came: enough"],
  "a cut": ["node-lost", "unknown", "The connection to ws://a ended before the answer came: the connection was cut"],
} as const;

const kinds = {
  call: ({ caller }: MeshSession, detached: true | undefined) => {
    return caller.call("hold", [], { detached, timeoutMs: 600_000 });
  },
  graph: ({ caller }: MeshSession, detached: true | undefined) => {
    const graph = caller.graph();
    return graph.run(graph.call("after", [graph.call("hold", [])]), { detached, timeoutMs: 600_000 });
  },
} as const;

function world(place: "asked" | "other", given: Parameters<Mesh["node"]>[1] = {}) {
  const mesh = new Mesh();
  const asked = mesh.node("a", given);
  const other = mesh.node("b", { peers: ["a"] });
  mesh.advance(2_000);
  const node = place === "asked" ? asked : other;
  const ran: unknown[] = [];
  node.offer("hold", byHand);
  node.offer("after", (value: unknown) => ran.push(value));
  mesh.settle();
  const leaver = (reconnect = false): MeshSession => sessionOf(mesh, ["a"], { reconnect, discover: false });
  return { mesh, asked, node, ran, leaver };
}

const cases = (["asked", "other"] as const).flatMap((place) =>
  (["call", "graph"] as const).flatMap((kind) =>
    (["a goodbye", "a cut"] as const).map((way) => ({ place, kind, way })),
  ),
);

describe.for(cases)("a $kind at the $place node of a client without a session that ends with $way", (of) => {
  test("runs to its end where it is detached (N3)", async () => {
    const { mesh, node, ran, leaver } = world(of.place);
    const client = leaver();
    const seen = followed(kinds[of.kind](client, true));
    mesh.settle();
    ways[of.way](client);
    mesh.advance(120_000);
    expect(node.aborted).toEqual([]);
    node.finish("hold", "done");
    mesh.settle();
    expect(ran).toEqual(of.kind === "graph" ? ["done"] : []);
    expect(node.aborted).toEqual([]);
    mesh.expectQuiet();
    await settled(mesh);
    expect(seen.end).toEqual(ends[of.way]);
  });

  test("is cancelled where it is not", async () => {
    const { mesh, node, leaver } = world(of.place);
    const client = leaver();
    const seen = followed(kinds[of.kind](client, undefined));
    mesh.settle();
    ways[of.way](client);
    mesh.settle();
    expect(node.aborted).toMatchObject([{ fun: "hold" }]);
    mesh.expectQuiet();
    await settled(mesh);
    expect(seen.end).toEqual(ends[of.way]);
  });
});

test("of what one client leaves, only what is detached runs on (N3)", async () => {
  const { mesh, node, leaver } = world("asked");
  const client = leaver();
  const seen = ([undefined, true, undefined, true] as const).map((detached) =>
    followed(client.caller.call("hold", [], { detached, timeoutMs: 600_000 })),
  );
  mesh.settle();
  ways["a cut"](client);
  mesh.settle();
  expect([node.aborted.length, node.machine.size.tasks]).toEqual([2, 2]);
  for (let calls = 0; calls < 4; calls++) node.finish("hold", calls);
  mesh.settle();
  mesh.expectQuiet();
  await settled(mesh);
  expect(seen).toEqual(seen.map(() => ({ end: ends["a cut"] })));
});

/** Without a session, and with one that was forgotten for another client's sake. */
test.for([{ reconnect: false }, { reconnect: true }])(
  "of what it ends with nothing is kept where nobody can ask for that, reconnect $reconnect (M3)",
  async ({ reconnect }) => {
    const { mesh, asked, leaver } = world("asked", { rpc: { resumeSessionsMax: 1 } });
    asked.offer("items", function* () {
      yield 1;
    });
    mesh.settle();
    const [client, other] = [leaver(reconnect), leaver(true)];
    const graph = client.caller.graph();
    const held = graph.call("hold", []);
    const items = graph.call("items", [held]);
    const seen = [
      followed(graph.run([held, items], { detached: true, timeoutMs: 600_000 })),
      followed(client.caller.call("hold", [], { detached: true, timeoutMs: 600_000 })),
    ];
    mesh.settle();
    ways["a cut"](client);
    ways["a cut"](other);
    mesh.settle();
    for (let calls = 0; calls < 2; calls++) asked.finish("hold", new Uint8Array(1024 * KiB));
    await settled(mesh);
    if (!reconnect) expect(seen).toEqual(seen.map(() => ({ end: ends["a cut"] })));
    expect(asked.machine.size).toMatchObject({ kept: 0, heldBytes: 0, requests: 0, tasks: 0 });
  },
);

test.for([{ reconnect: false }, { reconnect: true }])(
  "it ends with its node, reconnect $reconnect (N3)",
  ({ reconnect }) => {
    const { mesh, asked, leaver } = world("asked", { rpc: { resumeSessionsMax: 1 } });
    const [client, other] = [leaver(reconnect), leaver(true)];
    client.caller.call("hold", [], { detached: true, timeoutMs: 600_000 }).catch(() => undefined);
    mesh.settle();
    ways["a cut"](client);
    ways["a cut"](other);
    mesh.settle();
    expect(asked.waiting("hold")).toHaveLength(1);
    asked.enter({ kind: "close" });
    mesh.settle();
    expect(asked.aborted).toEqual([{ fun: "hold", reason: "caller-gone" }]);
  },
);
