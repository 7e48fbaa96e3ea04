/** A link that is ended at the end of a turn, because its far side does not read: what the turn has done before and after. */
import { describe, expect, test } from "vitest";
import type { Connection } from "../support/connection.js";
import { Mesh } from "../support/mesh.js";
import { type Asked, type MeshNode, byHand } from "../support/mesh-node.js";
import { messagesOf } from "../support/wire.js";

const kilobyte = "x".repeat(1_000);

/** a, b and c; 20,000 bytes of news may wait for b at a, of which `waiting` do, and b reads nothing any more. */
function stalled(offered: readonly ("b" | "c")[], waiting = 25_000) {
  const mesh = new Mesh();
  const a = mesh.node("a", { link: { queueBytesMax: 20_000 } });
  const b = mesh.node("b", { peers: ["a"], link: { windowBytes: 100 } });
  const c = mesh.node("c", { peers: ["a"] });
  for (const node of [b, c]) if (offered.includes(node.name as "b" | "c")) node.offer("f", byHand);
  mesh.advance(2_000);
  const connection: Connection = a.connectionTo(b);
  for (const end of connection.ends) connection.from(end).isHeld = true;
  // the first of these goes out beyond the window, the second waits for it to be read
  for (const [part, bytes] of [
    ["x", 1_000],
    ["y", waiting],
  ] as const) {
    a.together(() => {
      for (let i = 0; i < bytes / 1_000; i++) a.offer(`${part}${i}`.padEnd(1_000, "x"), byHand);
    });
    mesh.settle();
  }
  return { mesh, a, b, c, connection };
}

/** What a tells everybody so that the link to b overflows. */
function overflow(node: MeshNode): void {
  for (const name of ["one more", "and another", "and yet another"]) node.offer(name.padEnd(1_000), byHand);
}

describe("a link that is ended at the end of a turn", () => {
  test("the others hear in the same turn that its node is gone (I3)", () => {
    const { mesh, a, b } = stalled([]);
    a.sent.length = 0;
    let sent: readonly Uint8Array[] = [];
    a.together(() => {
      overflow(a);
    });
    mesh.post(() => (sent = [...a.sent])); // what the turn has sent, and nothing after it
    mesh.settle();
    expect(a.goodbyes).toMatchObject([{ code: "slow" }]);
    // c is asked whether it reaches b
    expect(sent.flatMap((frame) => messagesOf(frame)).filter(({ kind }) => kind === "probe-request")).toMatchObject([
      { kind: "probe-request", target: b.id },
    ]);
  });

  test("a step for it goes to another node (D1)", () => {
    const { mesh, a, c } = stalled(["b", "c"]);
    a.together(() => {
      overflow(a);
      for (let i = 0; i < 20; i++) a.call("f", [kilobyte]);
    });
    mesh.settle();
    expect(c.waiting("f")).toHaveLength(20);
    expect(a.machine.size).toMatchObject({ tasks: 20, sent: 20, waiting: 0 });
  });

  test("a step that only it could run gets there through another node, whose word is taken for it (D6) (X1)", () => {
    const { mesh, a, b } = stalled(["b"]);
    let asked: Asked | undefined;
    a.together(() => {
      overflow(a);
      asked = a.call("f", [kilobyte]);
    });
    for (const node of [a, b]) node.isListening = false;
    mesh.advance(1_000);
    b.finish("f", "through c");
    mesh.settle();
    expect(asked?.ends).toEqual([{ value: "through c" }]);
  });

  test("a step that found room all the same is lost with the link, outcome unknown (D3)", () => {
    const { mesh, a } = stalled(["b"], 18_000);
    let asked: Asked | undefined;
    a.together(() => {
      asked = a.call("f", [kilobyte]);
      overflow(a); // does not fit any more: the link will be ended
    });
    mesh.settle();
    expect(asked?.ends).toMatchObject([{ error: { code: "node-lost", outcome: "unknown", node: "b" } }]);
    mesh.expectQuiet();
  });

  test("a client whose link overflows while the turn ends is let go in the same turn (I3)", () => {
    const { mesh, a, b, connection } = stalled(["b"]);
    const client = mesh.client(a, { link: { windowBytes: 100 } });
    client.connection!.from(client.connection!.ends[1]).isHeld = true;
    for (let i = 0; i < 1_200; i++) client.call("f", [kilobyte]);
    mesh.settle();
    const [fromB] = connection.ends
      .map((end) => connection.from(end))
      .filter((_, i) => connection.ends[i] !== endOf(a, connection));
    connection.from(endOf(a, connection)).release();
    b.withdraw("f");
    mesh.settle();
    // frame by frame, until there is room for the steps that are held: they fail, and the failures do not fit
    for (let frames = 0; a.machine.size.waiting > 0 && frames < 100; frames++) {
      expect(a.goodbyes).toEqual([]);
      fromB!.release(1);
      mesh.settle();
    }
    expect(a.goodbyes).toMatchObject([{ code: "slow" }]);
    connection.cut();
    mesh.settle();
    mesh.expectQuiet();
  });
});

function endOf(node: MeshNode, connection: Connection): Connection["ends"][0] {
  return connection.ends.find((end) => [...node.connections.values()].some((each) => each.end === end))!;
}
