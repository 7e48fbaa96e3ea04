/** What a node tells of a link that is lost: who has ended it, and why. */
import { describe, expect, test } from "vitest";
import { writeGoodbye } from "../../src/wire/index.js";
import { Mesh } from "../support/mesh.js";
import type { MeshNode } from "../support/mesh-node.js";

function lossesOf({ events }: MeshNode): unknown[] {
  return events.flatMap((event) =>
    event.kind === "link-lost" ? [[event.endedBy, event.reason.code, event.reason.reason]] : [],
  );
}

/** a and b, linked; a is the one that has dialled. */
function linked(): { readonly mesh: Mesh; readonly a: MeshNode; readonly b: MeshNode } {
  const mesh = new Mesh();
  const b = mesh.node("b", { link: { pingIntervalMs: 1_000, silenceMsMax: 3_000, queueBytesMax: 20_000 } });
  const a = mesh.node("a", { peers: ["b"], link: { windowBytes: 100 } });
  mesh.advance(2_000);
  return { mesh, a, b };
}

/** Nothing that b sends arrives any more. */
function hold(a: MeshNode, b: MeshNode): void {
  const connection = a.connectionTo(b);
  for (const end of connection.ends) connection.from(end).isHeld = true;
}

describe("a link that is lost", () => {
  test("because its transport broke: nobody has ended it, and both tell what the transport said", () => {
    const { mesh, a, b } = linked();
    a.connectionTo(b).cut();
    mesh.settle();
    for (const node of [a, b]) expect(lossesOf(node)).toEqual([["transport", "transport", "the connection was cut"]]);
  });

  test("because the far side closes: it has ended it, with its words", () => {
    const { mesh, a, b } = linked();
    a.enter({ kind: "close" });
    mesh.settle();
    expect(lossesOf(b)).toEqual([["there", "closing", expect.stringContaining("closing")]]);
  });

  test("because nothing was heard: this side has ended it", () => {
    const { mesh, a, b } = linked();
    hold(a, b);
    mesh.advance(5_000);
    expect(lossesOf(b)).toEqual([["here", "silent", "nothing heard for 3000 ms"]]);
  });

  test("because what it has to know is not read: this side has ended it, and says how much waits", () => {
    const { mesh, a, b } = linked();
    hold(a, b);
    // the first goes out, the second waits, the third is too much
    for (const part of ["x", "y", "z"]) {
      b.together(() => {
        for (let i = 0; i < 15; i++) b.offer(`${part}${i}`.padEnd(1_000, part), () => 1);
      });
      mesh.settle();
    }
    expect(lossesOf(b)).toEqual([["here", "slow", expect.stringMatching(/^\d+ bytes wait to be read$/)]]);
  });

  test("tells at most 256 characters of what the far side says", () => {
    const mesh = new Mesh();
    const node = mesh.node("n");
    const rogue = mesh.client(node, { node: "rogue" });
    mesh.settle();
    rogue.say(0, (writer) => {
      writeGoodbye(writer, "closing", "x".repeat(1_000));
    });
    mesh.settle();
    expect(lossesOf(node)).toEqual([["there", "closing", "x".repeat(256)]]);
  });
});
