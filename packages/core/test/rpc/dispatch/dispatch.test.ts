import { describe, expect, test } from "vitest";
import { MpregError } from "../../../src/base/index.js";
import { Mesh } from "../../support/mesh.js";
import { type Asked, type MeshNode, type MeshNodeOptions, byHand } from "../../support/mesh-node.js";

/** Nodes a, b and c, linked; b and c offer `f`, ended by hand. */
function three(options: { readonly [name in "a" | "b" | "c"]?: MeshNodeOptions } = {}) {
  const mesh = new Mesh();
  const a = mesh.node("a", options.a);
  const b = mesh.node("b", { peers: ["a"], ...options.b });
  const c = mesh.node("c", { peers: ["a"], ...options.c });
  for (const node of [b, c]) node.offer("f", byHand);
  mesh.advance(2_000);
  return { mesh, a, b, c };
}

function errorOf({ ends }: Asked): unknown {
  expect(ends).toHaveLength(1);
  return "error" in ends[0]! ? ends[0].error : ends[0];
}

function waiting(...nodes: readonly MeshNode[]): number[] {
  return nodes.map((node) => node.waiting("f").length);
}

describe("where a step runs", () => {
  test("on the node that has the function and all the resources asked for", () => {
    const { mesh, a, b, c } = three({ b: { resources: ["gpu"] }, c: { resources: ["gpu", "model"] } });
    const asked = a.call("f", [], { resources: ["model", "gpu"] });
    mesh.settle();
    expect(waiting(b, c)).toEqual([0, 1]);
    c.finish("f", "here");
    mesh.settle();
    expect(asked.ends).toEqual([{ value: "here" }]);
    mesh.expectQuiet();
  });

  test("on the node itself when it is as good as any, without a word to others", () => {
    const { mesh, b, c } = three();
    b.call("f");
    mesh.settle();
    expect(waiting(b, c)).toEqual([1, 0]);
  });

  test("steps are spread over the nodes by what runs there", () => {
    const { mesh, a, b, c } = three();
    for (let i = 0; i < 100; i++) a.call("f");
    mesh.settle();
    for (const count of waiting(b, c)) expect(count).toBeGreaterThan(40);
  });

  test("arguments that the other node would refuse for their size are not sent, and said so", () => {
    const { mesh, a, b } = three({
      b: { limits: { messageBytesMax: 20_000 } },
      c: { limits: { messageBytesMax: 20_000 } },
    });
    const asked = a.call("f", ["x".repeat(20_000)]);
    mesh.settle();
    expect(errorOf(asked)).toMatchObject({ code: "too-large", outcome: "not-applied", step: "f" });
    const local = b.call("f", ["x".repeat(20_000)]);
    mesh.settle();
    b.finish("f", 1);
    mesh.settle();
    expect(local.ends).toEqual([{ value: 1 }]);
    mesh.expectQuiet();
  });
});

describe("refusals", () => {
  test("arguments that one node would refuse for their size go to another (D2)", () => {
    const { mesh, a, b, c } = three({ b: { limits: { messageBytesMax: 20_000 } } });
    const asked = Array.from({ length: 10 }, () => a.call("f", ["x".repeat(20_000)]));
    const patient = a.call("f", ["x".repeat(20_000)], { waitForCapacityMs: 60_000 });
    mesh.settle();
    expect(waiting(b, c)).toEqual([0, 11]);
    for (let i = 0; i < 11; i++) c.finish("f", i);
    mesh.settle();
    expect([...asked, patient].flatMap(({ ends }) => ends)).toEqual(
      Array.from({ length: 11 }, (_, i) => ({ value: i })),
    );
    mesh.expectQuiet();
  });

  test("arguments that all would refuse are refused at once, waiting for capacity or not (D2)", () => {
    const small = { limits: { messageBytesMax: 20_000 } };
    const { mesh, a } = three({ b: small, c: small });
    for (const waitForCapacityMs of [0, 60_000]) {
      const asked = a.call("f", ["x".repeat(20_000)], { waitForCapacityMs });
      mesh.settle();
      expect(errorOf(asked)).toMatchObject({ code: "too-large", outcome: "not-applied", step: "f", node: "a" });
    }
    mesh.expectQuiet();
  });

  test("work that a node refuses because it is full goes to the next (D2) (T1)", () => {
    const { mesh, a, b, c } = three({ b: { rpc: { executionsMax: 1, queuedMax: 0 } } });
    b.call("f");
    mesh.settle();
    const asked = [1, 2, 3, 4, 5].map(() => a.call("f"));
    mesh.settle();
    expect(waiting(b, c)).toEqual([1, 5]);
    for (let i = 0; i < 5; i++) c.finish("f", "there");
    b.finish("f", "own");
    mesh.settle();
    expect(asked.map(({ ends }) => ends)).toEqual(asked.map(() => [{ value: "there" }]));
    mesh.expectQuiet();
  });

  test("a node that is full itself gives its own work to others (D2)", () => {
    const { mesh, b, c } = three({ b: { rpc: { executionsMax: 1, queuedMax: 0 } } });
    for (let i = 0; i < 3; i++) b.call("f");
    mesh.settle();
    expect(waiting(b, c)).toEqual([1, 2]);
  });

  test.for([0, 60_000])(
    "when all are full the caller hears so at once, and that nothing was done, waiting %s ms or not (D2)",
    (waitForCapacityMs) => {
      const full = { rpc: { executionsMax: 1, queuedMax: 0 } };
      const { mesh, a, b, c } = three({ b: full, c: full });
      for (const node of [b, c]) node.call("f");
      mesh.settle();
      const asked = a.call("f", [], { waitForCapacityMs });
      mesh.settle();
      expect(errorOf(asked)).toMatchObject({ code: "overloaded", outcome: "not-applied", step: "f" });
      expect((errorOf(asked) as Error).message).toMatch(
        /^Cannot run "f": 1 calls run and 0 wait on this node already$/,
      );
      expect(["b", "c"]).toContain((errorOf(asked) as { node: string }).node);
      for (const node of [b, c]) node.finish("f", 1);
      mesh.settle();
      mesh.expectQuiet();
    },
  );

  test("work for a function that was withdrawn meanwhile goes to the next node (D2)", () => {
    const { mesh, a, b, c } = three();
    // the calls are on their way while b withdraws
    const asked = [1, 2, 3, 4].map(() => a.call("f"));
    b.withdraw("f");
    mesh.settle();
    expect(waiting(b, c)).toEqual([0, 4]);
    for (let i = 0; i < 4; i++) c.finish("f", i);
    mesh.settle();
    expect(asked.every(({ ends }) => ends.length === 1 && "value" in ends[0]!)).toBe(true);
    mesh.expectQuiet();
  });

  test.for(["call", "request"] as const)(
    "a function that is withdrawn before its handler has started is run by another node, for a %s (D2)",
    (kind) => {
      const { mesh, b, c } = three();
      const asked = kind === "call" ? b.call("f") : b.request([{ fun: "f" }]);
      b.withdraw("f"); // the node has chosen itself; its driver finds nothing to run
      mesh.settle();
      expect([b.invoked.length, ...waiting(b, c)]).toEqual([1, 0, 1]);
      c.finish("f", "there");
      mesh.settle();
      expect(asked.ends).toEqual([kind === "call" ? { value: "there" } : { outputs: ["there"] }]);
      mesh.expectQuiet();
    },
  );

  test("when it was the last one the caller hears that nobody offers it, and that nothing was done (D2)", () => {
    const mesh = new Mesh();
    const node = mesh.node("n");
    node.offer("f", byHand);
    mesh.settle();
    const asked = [node.call("f"), node.request([{ fun: "f" }])];
    const patient = node.call("f", [], { waitForCapacityMs: 60_000 });
    node.withdraw("f");
    mesh.settle();
    for (const each of asked) {
      expect(errorOf(each)).toEqual({
        code: "no-provider",
        outcome: "not-applied",
        message: 'Cannot call "f": no node offers a function of that name',
        step: "f",
        node: "n",
      });
    }
    expect([patient.ends, node.machine.size.waiting]).toEqual([[], 1]);
    node.offer("f", () => "back");
    mesh.settle();
    expect(patient.ends).toEqual([{ value: "back" }]);
    mesh.expectQuiet();
  });

  test("a step that another node has sent goes back to it, and is not passed on (D2)", () => {
    const { mesh, a, b, c } = three();
    const asked = a.call("f");
    mesh.settle();
    const [first, second] = b.waiting("f").length > 0 ? [b, c] : [c, b];
    first.fail("f", new MpregError("no-provider", 'Cannot call "f": it was just unregistered'));
    mesh.settle();
    expect(waiting(first, second)).toEqual([0, 1]);
    expect(second.waiting("f")[0]).toMatchObject({ coordinator: a.id });
    second.finish("f", "there");
    mesh.settle();
    expect(asked.ends).toEqual([{ value: "there" }]);
    mesh.expectQuiet();
  });

  test("what a handler says is an end, not a refusal, whatever its code (D2)", () => {
    const { mesh, a, b, c } = three();
    const asked = a.call("f");
    mesh.settle();
    const [one] = [b, c].filter((node) => node.waiting("f").length > 0);
    one!.fail("f", new MpregError("overloaded", "the printer is busy", { outcome: "applied" }));
    mesh.settle();
    expect(errorOf(asked)).toMatchObject({ code: "overloaded", message: "the printer is busy", node: one!.name });
    expect(waiting(b, c)).toEqual([0, 0]);
    mesh.expectQuiet();
  });

  test("a node that does not read is not given more than may wait for it (D2)", () => {
    const { mesh, a, b, c } = three({ a: { link: { queueBytesMax: 3_000 } }, b: { link: { windowBytes: 1_000 } } });
    const connection = a.connectionTo(b);
    for (const end of connection.ends) connection.from(end).isHeld = true;
    for (let i = 0; i < 40; i++) a.call("f", ["x".repeat(500)]);
    mesh.settle();
    expect(waiting(c)[0]).toBeGreaterThan(30);
    connection.cut();
    mesh.settle();
    for (const _ of c.waiting("f")) c.finish("f", 1);
    mesh.settle();
    mesh.expectQuiet();
  });
});

describe("a link that breaks", () => {
  test("everything that was running behind it ends as lost, outcome unknown (D3) (D1)", () => {
    const { mesh, a, b, c } = three();
    const asked = Array.from({ length: 20 }, () => a.call("f", []));
    mesh.settle();
    const [behindB] = waiting(b);
    a.connectionTo(b).cut();
    mesh.settle();
    const message =
      'The link to node "b" broke (the connection was cut) while "f" was running there; whether it took effect is unknown';
    const lost = asked.filter(({ ends }) => ends.length > 0);
    expect(lost.map(errorOf)).toEqual(
      lost.map(() => ({ code: "node-lost", message, outcome: "unknown", step: "f", node: "b" })),
    );
    expect(lost).toHaveLength(behindB!);
    expect(b.aborted).toEqual(lost.map(() => ({ fun: "f", reason: "caller-gone" })));
    for (const _ of c.waiting("f")) c.finish("f", 1);
    mesh.settle();
    expect(asked.every(({ ends }) => ends.length === 1)).toBe(true);
    mesh.expectQuiet();
  });

  test("the request whose step is lost fails, and its other steps are stopped wherever they run (Q5)", () => {
    const { mesh, a, b, c } = three();
    b.offer("on-b", byHand);
    c.offer("on-c", byHand);
    mesh.settle();
    const asked = a.request([{ fun: "on-b" }, { fun: "on-c" }]);
    mesh.settle();
    a.connectionTo(b).cut();
    mesh.settle();
    expect(errorOf(asked)).toMatchObject({ code: "node-lost", outcome: "unknown", step: "on-b", node: "b" });
    expect(c.aborted).toEqual([{ fun: "on-c", reason: "cancelled" }]);
    mesh.expectQuiet();
  });

  test("an answer that arrives after the task was given up changes nothing (T2) (D4)", () => {
    const { mesh, a, b, c } = three();
    const asked = a.call("f");
    mesh.settle();
    const [one] = [b, c].filter((node) => node.waiting("f").length > 0);
    a.enter({ kind: "withdraw", ticket: asked.ticket });
    one!.finish("f", "crossing");
    mesh.settle();
    expect(asked.ends).toMatchObject([{ error: { code: "cancelled" } }]);
    mesh.expectQuiet();
  });
});
