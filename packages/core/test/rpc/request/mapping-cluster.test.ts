/** Maps in a cluster: nodes that are killed, values that are kept elsewhere. */
import { describe, expect, test } from "vitest";
import { upTo, wait, waited } from "../../support/mapping.js";
import { Mesh } from "../../support/mesh.js";
import { type MeshNode, byHand } from "../../support/mesh-node.js";
import { mapOf, use } from "../../support/requests.js";

/** Nodes a, b and c, linked; `work` may be run again, and is ended by hand on b and c. */
function three(): { readonly mesh: Mesh; readonly a: MeshNode; readonly b: MeshNode; readonly c: MeshNode } {
  const mesh = new Mesh();
  const [a, b, c] = mesh.cluster("a", "b", "c") as [MeshNode, MeshNode, MeshNode];
  return { mesh, a, b, c };
}

const MiB = 1024 * 1024;
const big = (fill: number): Uint8Array => new Uint8Array(MiB / 4).fill(fill);

describe("in a cluster", () => {
  test("the items of a node that is killed run again elsewhere, and the others do not", () => {
    const { mesh, a, b, c } = three();
    for (const node of [b, c]) node.offerAs("wait", byHand, { idempotent: "yes" });
    mesh.settle();
    const asked = a.request([mapOf("all", upTo(12), [wait], { concurrency: 6 })]);
    mesh.settle();
    const lost = waited(b).length;
    expect([lost > 0, lost + waited(c).length]).toEqual([true, 6]);
    mesh.crash(b);
    mesh.advance(5_000);
    while (asked.ends.length === 0) {
      const [next] = c.waiting("wait");
      c.finishThis(next!, waited(c)[0]);
      mesh.advance(100);
    }
    expect(asked.ends).toEqual([{ outputs: [upTo(12)] }]);
    expect(b.invoked.length + c.invoked.length).toBe(12 + lost);
    mesh.expectQuiet();
  });

  test("an item whose function must not run twice fails the map when its node is killed, truthfully", () => {
    const { mesh, a, b, c } = three();
    b.offer("wait", byHand);
    mesh.settle();
    const asked = a.request([mapOf("all", upTo(3), [wait])]);
    mesh.settle();
    mesh.crash(b);
    mesh.advance(5_000);
    expect(asked.ends).toMatchObject([{ error: { code: "node-lost", outcome: "unknown" } }]);
    expect(c.invoked).toEqual([]);
    mesh.expectQuiet();
  });

  test("a list that another node keeps is fetched, as are results of items, and nothing is kept after", () => {
    const { mesh, a, b, c } = three();
    b.offer("load", () => [1, 2, 3].map(big));
    c.offer("grow", (bytes: Uint8Array) => [bytes, bytes[0]]);
    mesh.settle();
    const asked = a.request([{ fun: "load" }, mapOf("all", use("load"), [{ fun: "grow", args: [use("item")] }])]);
    mesh.settle();
    expect(asked.ends).toEqual([{ outputs: [[1, 2, 3].map((fill) => [big(fill), fill])] }]);
    mesh.expectQuiet();
  });

  test("what the items take of another step stays where it is kept until the last has ended (Q4)", () => {
    const { mesh, a, b, c } = three();
    b.offer("load", () => big(7));
    c.offer("wait", byHand);
    mesh.settle();
    const steps = [{ fun: "load" }, mapOf("all", upTo(3), [{ fun: "wait", args: [use("load")] }], { concurrency: 1 })];
    const asked = a.request(steps);
    mesh.settle();
    for (const i of upTo(3)) {
      expect(b.machine.size.kept).toBe(1);
      c.finish("wait", i);
      mesh.settle();
    }
    expect(asked.ends).toEqual([{ outputs: [[0, 1, 2]] }]);
    mesh.expectQuiet();
  });

  test.each([0, 1, 2, 3, 4])(
    "a map that is cancelled while it fetches keeps nothing, and fetches no more (M4): %i",
    (held) => {
      const { mesh, a, b } = three();
      b.offer("load", byHand);
      b.offer("grow", (bytes: Uint8Array) => [bytes, bytes]);
      mesh.settle();
      const client = mesh.client(a);
      const id = client.request([{ fun: "load" }, mapOf("all", use("load"), [{ fun: "grow", args: [use("item")] }])]);
      mesh.settle();
      b.finish("load", [1, 2, 3].map(big));
      const connection = a.connectionTo(b);
      for (const end of connection.ends) connection.from(end).release(held); // and hold what comes then
      mesh.settle();
      expect(client.endsOf(id)).toEqual([]);
      client.cancel(id);
      mesh.settle();
      for (const end of connection.ends) connection.from(end).release();
      mesh.settle();
      expect(client.endsOf(id)).toMatchObject([{ error: { code: "cancelled" } }]);
      mesh.advance(100);
      mesh.expectQuiet();
    },
  );

  /** A map whose item has made something large, and waits for another step of it when its node is killed. */
  function losingItem(idempotent: "yes" | "no") {
    const mesh = new Mesh();
    const [a, b, c, d] = mesh.cluster("a", "b", "c", "d") as [MeshNode, MeshNode, MeshNode, MeshNode];
    for (const node of [b, c]) node.offerAs("grow", big, { idempotent: "yes" });
    d.offerAs("wait", byHand, { idempotent });
    mesh.settle();
    const item = [{ fun: "grow", args: [use("item")] }, { fun: "wait" }];
    const asked = a.request([mapOf("all", [4, 5], item, { result: use("grow"), concurrency: 1 })], {
      timeoutMs: 100_000,
    });
    mesh.settle();
    const kept = [b, c].find(({ machine }) => machine.size.kept > 0)!;
    mesh.crash(kept);
    mesh.advance(5_000);
    d.finish("wait", 0);
    mesh.advance(1_000);
    return { mesh, asked, d };
  }

  test("an item whose result is lost before it was fetched runs again, and no other does (M7)", () => {
    const { mesh, asked, d } = losingItem("yes");
    expect(asked.ends).toEqual([]);
    d.finish("wait", 0); // of the same item
    mesh.settle();
    d.finish("wait", 0);
    mesh.settle();
    expect(asked.ends).toEqual([{ outputs: [[big(4), big(5)]] }]);
    expect(d.invoked).toHaveLength(3);
    mesh.expectQuiet();
  });

  test("an item that may not run twice fails the map when its result is lost, truthfully (M7)", () => {
    const { mesh, asked, d } = losingItem("no");
    expect(asked.ends).toMatchObject([{ error: { code: "result-lost", outcome: "applied" } }]);
    expect(d.invoked).toHaveLength(1);
    mesh.expectQuiet();
  });

  test("an item that ran does not count as not applied while it runs again (M7)", () => {
    const { mesh, asked, d } = losingItem("yes");
    for (const node of [d]) mesh.crash(node);
    mesh.advance(100_000);
    expect(asked.ends).toMatchObject([{ error: { code: "deadline", outcome: "unknown" } }]);
    mesh.expectQuiet();
  });

  /** Both of b and c have `load`; answers who keeps its result. */
  function loaded(idempotent: "yes" | "no" = "yes") {
    const mesh = new Mesh();
    const [a, b, c, d] = mesh.cluster("a", "b", "c", "d") as [MeshNode, MeshNode, MeshNode, MeshNode];
    for (const node of [b, c]) node.offerAs("load", () => [1, 2, 3].map(big), { idempotent: "yes" });
    d.offerAs("wait", byHand, { idempotent });
    mesh.settle();
    return { mesh, a, d, holder: () => [b, c].find(({ machine }) => machine.size.kept > 0)! };
  }

  test("a list that is lost with its node is made again (Q6)", () => {
    const { mesh, a, d, holder } = loaded();
    a.offer("show", (value: unknown) => value);
    const asked = a.request([
      { fun: "load" },
      { fun: "wait" },
      mapOf("all", [use("load", 2), use("wait")], [{ fun: "show", args: [use("item")] }]),
    ]);
    mesh.settle();
    mesh.crash(holder());
    mesh.advance(5_000);
    d.finish("wait", "last");
    mesh.advance(1_000);
    expect(asked.ends).toEqual([{ outputs: [[big(3), "last"]] }]);
    mesh.expectQuiet();
  });

  const withLoaded = mapOf("all", upTo(3), [{ fun: "wait", args: [use("item"), use("load", 0)] }], { concurrency: 1 });

  test("what the items take is made again when it is lost among them, and they run again (Q6)", () => {
    const { mesh, a, d, holder } = loaded();
    const asked = a.request([{ fun: "load" }, withLoaded], { timeoutMs: 100_000 });
    mesh.settle();
    d.finish("wait", 0);
    mesh.settle();
    mesh.crash(holder());
    d.finish("wait", 1);
    mesh.advance(5_000);
    for (let turn = 0; turn < 5 && asked.ends.length === 0; turn++) {
      d.finish("wait", waited(d)[0]);
      mesh.advance(1_000);
    }
    expect(asked.ends).toEqual([{ outputs: [upTo(3)] }]);
    mesh.expectQuiet();
  });

  test("what the items take ends the map truthfully when it is lost and they may not run again", () => {
    const { mesh, a, d, holder } = loaded("no");
    const asked = a.request([{ fun: "load" }, withLoaded], { timeoutMs: 100_000 });
    mesh.settle();
    d.finish("wait", 0);
    mesh.settle();
    mesh.crash(holder());
    d.finish("wait", 1);
    mesh.advance(5_000);
    expect(asked.ends).toMatchObject([{ error: { code: "result-lost", step: "wait[2]", outcome: "applied" } }]);
    mesh.expectQuiet();
  });

  test("a list that is a stream is collected, and so are streams that items come to", () => {
    const { mesh, a, b, c } = three();
    b.offer("count", function* (to: number) {
      for (let i = 0; i < to; i++) yield i;
    });
    c.offer("twice", function* (value: number) {
      yield value;
      yield value;
    });
    mesh.settle();
    const asked = a.request([
      { fun: "count", args: [3] },
      mapOf("all", use("count"), [{ fun: "twice", args: [use("item")] }]),
    ]);
    mesh.settle();
    expect(asked.ends).toEqual([
      {
        outputs: [
          [
            [0, 0],
            [1, 1],
            [2, 2],
          ],
        ],
      },
    ]);
    mesh.expectQuiet();
  });
});
