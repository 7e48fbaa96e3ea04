/** What handlers have left behind on other nodes than the one with which the client is linked that they have worked for. */
import { describe, expect, test } from "vitest";
import { MpregError } from "../../src/base/index.js";
import { type ResultRef, writeCancel, writeStep } from "../../src/wire/index.js";
import { Mesh } from "../support/mesh.js";
import { type Asked, type MeshNode, type MeshNodeOptions, byHand, later } from "../support/mesh-node.js";
import { network } from "../support/network.js";
import { codec, use } from "../support/requests.js";
import { messagesOf } from "../support/wire.js";

const gone = { error: { code: "cancelled", message: expect.stringContaining("its client is gone") } };
const long = { timeoutMs: 600_000 };

/** a has the client; b offers `outer`, c `middle` and d `inner`. */
function cluster(rpc: MeshNodeOptions["rpc"] = {}) {
  const mesh = new Mesh();
  const a = mesh.node("a", { rpc });
  const [b, c, d] = ["b", "c", "d"].map((name) => mesh.node(name, { peers: ["a"], rpc }));
  b!.offer("outer", byHand);
  c!.offer("middle", byHand);
  d!.offer("inner", byHand);
  a.offer("second", byHand);
  mesh.advance(2_000);
  const client = mesh.client(a);
  return { mesh, a, b: b!, c: c!, d: d!, client, leaves: leaving(mesh) };
}

/** The oldest handler of `fun` on `node` calls `inner`, and ends before that has. */
function leaving(mesh: Mesh) {
  return (node: MeshNode, fun: string, end: unknown = "done"): Asked => {
    mesh.settle();
    const asked = node.call("inner", [], { parent: node.waiting(fun)[0]!, ...long });
    mesh.settle();
    if (end instanceof MpregError) node.fail(fun, end);
    else node.finish(fun, end);
    mesh.settle();
    return asked;
  };
}

function lefts(...nodes: readonly MeshNode[]): number[] {
  return nodes.map(({ machine }) => machine.size.left);
}

/** The kinds of what `node` has sent since then. */
function sentBy(node: MeshNode): () => string[] {
  node.sent.length = 0;
  return () => node.sent.flatMap((frame) => messagesOf(frame)).map(({ kind }) => kind);
}

describe("what a handler leaves behind on another node than its client's", () => {
  test("goes on while the client is there, and ends when it is gone (S1)", () => {
    const { mesh, a, b, d, client, leaves } = cluster();
    const id = client.call("outer", [], long);
    const asked = leaves(b, "outer");
    expect([client.endsOf(id), lefts(a, b)]).toEqual([[{ value: "done" }], [2, 1]]); // a: the client's, and the id
    mesh.advance(120_000);
    expect(asked.ends).toEqual([]);
    const sent = sentBy(b);
    client.connection!.cut();
    mesh.settle();
    expect(asked.ends).toMatchObject([gone]);
    expect(d.aborted).toMatchObject([{ fun: "inner" }]);
    expect(sent()).not.toContain("left-end"); // (S3)
    mesh.expectQuiet();
  });

  test("is kept by nobody when it has come to its end: nothing is cancelled then (S1)", () => {
    const { mesh, a, b, d, client, leaves } = cluster();
    client.call("outer", [], long);
    const asked = leaves(b, "outer");
    const sent = sentBy(b);
    d.finish("inner", 3);
    mesh.settle();
    expect([asked.ends, lefts(a, b)]).toEqual([[{ value: 3 }], [0, 0]]);
    expect(sent().filter((kind) => kind === "left-end")).toHaveLength(1);
    const cancels = sentBy(a);
    client.connection!.cut();
    mesh.settle();
    expect(cancels()).not.toContain("cancel");
    mesh.expectQuiet();
  });

  test("ends so although the handler has failed", () => {
    const { mesh, b, client, leaves } = cluster();
    const id = client.call("outer", [], long);
    const asked = leaves(b, "outer", new MpregError("handler-error", "it hurts", { outcome: "applied" }));
    expect(client.endsOf(id)).toMatchObject([{ error: { message: "it hurts" } }]);
    expect(asked.ends).toEqual([]);
    client.connection!.cut();
    mesh.settle();
    expect(asked.ends).toMatchObject([gone]);
    mesh.expectQuiet();
  });

  test("ends so although its answer was larger than the asking node accepts", () => {
    const { mesh, a, leaves } = cluster();
    const b = mesh.node("e", { peers: ["a"], rpc: { inlineBytesMax: 2 ** 20, leftPerLinkMax: 1 } });
    b.offer("large", byHand);
    mesh.advance(2_000);
    const narrow = mesh.node("f", { peers: ["a", "e"], limits: { messageBytesMax: 20_000 } });
    mesh.advance(2_000);
    const client = mesh.client(narrow);
    const id = client.call("large", [], long);
    const asked = leaves(b, "large", "x".repeat(30_000));
    expect(client.endsOf(id)).toMatchObject([{ error: { code: "too-large" } }]);
    expect(lefts(narrow, b)).toEqual([2, 1]);
    client.connection!.cut();
    mesh.settle();
    expect(asked.ends).toMatchObject([gone]);
    expect(lefts(a, b)).toEqual([0, 0]);
    mesh.expectQuiet();
  });

  test.for(["cancelled", "gone"])("of a request that runs on ends when that is %s", (how) => {
    const { mesh, b, client, leaves } = cluster();
    const id = client.request([{ fun: "outer" }, { fun: "second", args: [use("outer")] }], long);
    const asked = leaves(b, "outer");
    expect(asked.ends).toEqual([]);
    if (how === "cancelled") client.cancel(id);
    else client.connection!.cut();
    mesh.settle();
    expect(asked.ends).toMatchObject([gone]);
    mesh.expectQuiet();
  });

  test("of a request that has ended goes on until its client is gone", () => {
    const { mesh, a, b, client, leaves } = cluster();
    const id = client.request([{ fun: "outer" }, { fun: "second", args: [use("outer")] }], long);
    const asked = leaves(b, "outer");
    a.finish("second", 2);
    mesh.settle();
    client.cancel(id); // too late for that
    mesh.settle();
    expect(asked.ends).toEqual([]);
    client.connection!.cut();
    mesh.settle();
    expect(asked.ends).toMatchObject([gone]);
    mesh.expectQuiet();
  });

  test("ends when its client leaves while the answer is on its way", () => {
    const { mesh, a, b, client } = cluster();
    client.call("outer", [], long);
    mesh.settle();
    const asked = b.call("inner", [], { parent: b.waiting("outer")[0]!, ...long });
    mesh.settle();
    const connection = b.connectionTo(a);
    for (const end of connection.ends) connection.from(end).isHeld = true;
    b.finish("outer", 1);
    mesh.settle();
    client.connection!.cut();
    mesh.settle();
    expect([asked.ends, lefts(a, b)]).toEqual([[], [0, 1]]);
    for (const end of connection.ends) connection.from(end).release();
    mesh.settle();
    expect(asked.ends).toMatchObject([gone]);
    mesh.expectQuiet();
  });

  test("goes on for a call that is detached, whoever is gone", () => {
    const { mesh, b, d, client, leaves } = cluster();
    client.call("outer", [], { ...long, detached: true });
    const asked = leaves(b, "outer");
    client.connection!.cut();
    mesh.settle();
    expect(asked.ends).toEqual([]);
    d.finish("inner", 3);
    mesh.settle();
    expect(asked.ends).toEqual([{ value: 3 }]);
    mesh.expectQuiet();
  });

  test("goes on where it was asked for as detached, and is kept by nobody after the rest", () => {
    const { mesh, b, d, client } = cluster();
    client.call("outer", [], long);
    mesh.settle();
    const parent = b.waiting("outer")[0]!;
    const [stays, ends] = [true, false].map((detached) => b.call("inner", [], { parent, ...long, detached }));
    mesh.settle();
    b.finish("outer", 1);
    mesh.settle();
    client.connection!.cut();
    mesh.settle();
    expect([stays!.ends, ends!.ends]).toMatchObject([[], [gone]]);
    const sent = sentBy(b);
    d.finish("inner", 3);
    mesh.settle();
    expect(stays!.ends).toEqual([{ value: 3 }]);
    expect(sent()).not.toContain("left-end"); // (S3)
    mesh.expectQuiet();
  });

  test("is over for both sides when their link breaks (S5)", () => {
    const { mesh, a, b, client, leaves } = cluster();
    client.call("outer", [], long);
    const asked = leaves(b, "outer");
    a.connectionTo(b).cut();
    mesh.settle();
    expect(asked.ends).toMatchObject([gone]);
    expect(lefts(a, b)).toEqual([0, 0]);
    mesh.expectQuiet();
  });

  test("by a run that is lost ends with the client while the call waits to be run again", () => {
    const { mesh, b, client, leaves } = cluster();
    b.offerAs("again", byHand, { idempotent: "yes" });
    mesh.settle();
    client.call("again", [], long);
    const asked = leaves(b, "again", new MpregError("thread-lost", "The thread ended", { outcome: "unknown" }));
    expect(asked.ends).toEqual([]);
    client.connection!.cut();
    mesh.settle();
    expect(asked.ends).toMatchObject([gone]);
    mesh.expectQuiet();
  });

  test("by the handlers of a map's items goes on until its client is gone", () => {
    const { mesh, b, client, leaves } = cluster();
    const steps = [{ fun: "outer", args: [use("item")] }];
    const id = client.request([{ name: "all", fun: "", map: { list: [1], steps } }], long);
    const asked = leaves(b, "outer");
    expect(client.endsOf(id)).toMatchObject([{ outputs: expect.anything() }]);
    expect(asked.ends).toEqual([]);
    client.connection!.cut();
    mesh.settle();
    expect(asked.ends).toMatchObject([gone]);
    mesh.expectQuiet();
  });

  test("goes on for a program of another node until it has come to its end", () => {
    const { mesh, a, b, d, leaves } = cluster();
    const called = a.call("outer", [], long);
    const asked = leaves(b, "outer");
    mesh.advance(120_000);
    expect([called.ends, asked.ends]).toEqual([[{ value: "done" }], []]);
    d.finish("inner", 3);
    mesh.settle();
    expect(asked.ends).toEqual([{ value: 3 }]);
    mesh.expectQuiet();
  });
});

describe("however many nodes lie between a client and what goes on for it, that ends with it", () => {
  test("where a handler has called one that has left it", () => {
    const { mesh, a, b, c, client, leaves } = cluster();
    client.call("outer", [], long);
    mesh.settle();
    b.call("middle", [], { parent: b.waiting("outer")[0]!, ...long });
    const asked = leaves(c, "middle");
    b.finish("outer", 1);
    mesh.settle();
    expect([asked.ends, lefts(a, b, c)]).toEqual([[], [2, 2, 1]]);
    client.connection!.cut();
    mesh.settle();
    expect(asked.ends).toMatchObject([gone]);
    mesh.expectQuiet();
  });

  test("where what a handler has left behind leaves something in turn", () => {
    const { mesh, a, b, c, d, client, leaves } = cluster();
    client.call("outer", [], long);
    mesh.settle();
    b.call("middle", [], { parent: b.waiting("outer")[0]!, ...long });
    mesh.settle();
    b.finish("outer", 1);
    const asked = leaves(c, "middle");
    expect([asked.ends, lefts(a, b, c)]).toEqual([[], [2, 2, 1]]);
    client.connection!.cut();
    mesh.settle();
    expect(asked.ends).toMatchObject([gone]);
    expect(d.aborted).toHaveLength(1);
    mesh.expectQuiet();
  });

  test("and all of them forget it when it comes to its end first", () => {
    const { mesh, a, b, c, d, client, leaves } = cluster();
    client.call("outer", [], long);
    mesh.settle();
    b.call("middle", [], { parent: b.waiting("outer")[0]!, ...long });
    leaves(c, "middle");
    b.finish("outer", 1);
    mesh.settle();
    d.finish("inner", 1);
    mesh.settle();
    expect(lefts(a, b, c, d)).toEqual([0, 0, 0, 0]);
    mesh.expectQuiet();
  });

  test("where a step has travelled through a neighbour", () => {
    const { mesh, node } = network("acx", "ac cx");
    const client = mesh.client(node("a"));
    client.call("on-x", [], long);
    mesh.settle();
    node("x").offer("own", byHand);
    mesh.settle();
    const asked = node("x").call("own", [], { parent: node("x").waiting("on-x")[0]!, ...long });
    mesh.settle();
    node("x").finish("on-x", 1);
    mesh.settle();
    expect([asked.ends, lefts(node("a"), node("c"), node("x"))]).toEqual([[], [2, 2, 1]]);
    client.connection!.cut();
    mesh.settle();
    expect(asked.ends).toMatchObject([gone]);
    mesh.expectQuiet();
  });

  test("where it runs on the client's node, called from another one", () => {
    const { mesh, a, b, client, leaves } = cluster();
    client.call("outer", [], long);
    mesh.settle();
    b.call("second", [], { parent: b.waiting("outer")[0]!, ...long });
    const asked = leaves(a, "second");
    b.finish("outer", 1);
    mesh.settle();
    expect(asked.ends).toEqual([]);
    const connection = a.connectionTo(b);
    client.connection!.cut();
    mesh.settle();
    expect(asked.ends).toMatchObject([gone]);
    connection.cut();
    mesh.settle();
    mesh.expectQuiet();
  });
});

describe("the ids under which it is kept", () => {
  test.for([
    { side: "asking", asking: 1, running: 100_000 },
    { side: "running", asking: 100_000, running: 1 },
  ])("are bounded on the $side side: what more is left goes on until its time is over (S4)", (idsMax) => {
    const { mesh, a, client, leaves } = cluster({ leftPerLinkMax: idsMax.asking });
    const e = mesh.node("e", { peers: ["a"], rpc: { leftPerLinkMax: idsMax.running } });
    e.offer("elsewhere", byHand);
    mesh.advance(2_000);
    const asked = [1, 2, 3].map(() => {
      client.call("elsewhere", [], { timeoutMs: 60_000 });
      return leaves(e, "elsewhere");
    });
    expect(lefts(a, e)).toEqual([2, 3]); // a: the client's, and one id
    client.connection!.cut();
    mesh.settle();
    expect(asked.map(({ ends }) => ends)).toMatchObject([[gone], [], []]);
    mesh.advance(60_000);
    expect(asked.map(({ ends }) => ends)).toMatchObject([
      [gone],
      ...[1, 2].map(() => [{ error: { code: "deadline" } }]),
    ]);
    mesh.expectQuiet();
  });

  test("that the asking node does not keep are for other steps, which a cancellation is about from then on (S2)", () => {
    const mesh = new Mesh();
    const [b] = mesh.cluster("b");
    for (const fun of ["outer", "inner"]) b!.offer(fun, byHand);
    const old = mesh.client(b!, { node: "old" });
    const plain = { request: 1, depth: 0, resources: [], behalf: undefined, timings: false, relay: undefined };
    const step = (): number =>
      old.say(7, (writer) => {
        const template = codec.encode([], "the arguments");
        const named = { fun: "outer", step: "outer", terms: undefined, bound: [] };
        writeStep(writer, { id: 7, timeoutMs: 600_000, ...plain, ...named, template });
      });
    const leaves = leaving(mesh);
    step();
    const first = leaves(b!, "outer");
    expect(lefts(b!)).toEqual([1]);
    step();
    mesh.settle();
    b!.finish("outer", 2);
    mesh.settle();
    old.say(7, (writer) => {
      writeCancel(writer, 7);
    });
    mesh.settle();
    expect([old.endsOf(7).length, first.ends, lefts(b!)]).toEqual([2, [], [1]]);
    b!.finish("inner", 3);
    mesh.settle();
    expect(first.ends).toEqual([{ value: 3 }]);
    expect(old.heard.map(({ kind }) => kind)).not.toContain("left-end");
    step();
    const second = leaves(b!, "outer");
    old.say(7, (writer) => {
      writeCancel(writer, 7);
    });
    mesh.settle();
    expect(second.ends).toMatchObject([gone]);
    mesh.expectQuiet();
  });

  test("cost calls nothing that leave nothing behind", () => {
    const { mesh, a, b, client } = cluster();
    const sent = sentBy(b);
    client.call("outer", [], long);
    mesh.settle();
    b.finish("outer", 1);
    mesh.settle();
    const answers = b.sent.flatMap((frame) => messagesOf(frame)).filter(({ kind }) => kind === "answer");
    expect(answers).toMatchObject([{ left: undefined }]);
    expect(sent()).not.toContain("left-end");
    expect(lefts(a, b)).toEqual([0, 0]);
    mesh.expectQuiet();
  });
});

describe("what the handler of a stream leaves behind", () => {
  /** A stream of b, of one item and what `make` adds, that a client of a reads; its handler has called `inner`. */
  async function streamed() {
    const { mesh, a, b, d, client } = cluster();
    b.offer("items", function* () {
      yield 1;
      yield later;
    });
    mesh.settle();
    const id = client.call("items", [], long);
    mesh.settle();
    const [end] = client.endsOf(id) as [{ readonly value: ResultRef }];
    const items = client.read(end.value);
    const first = items.next();
    mesh.settle();
    expect(await first).toEqual({ done: false, value: 1 });
    const asked = b.call("inner", [], { parent: b.invoked.find(({ fun }) => fun === "items")!, ...long });
    mesh.settle();
    const finish = async (): Promise<void> => {
      const last = items.next();
      mesh.settle();
      b.make("items");
      mesh.settle();
      expect(await last).toEqual({ done: true, value: undefined });
      mesh.settle();
    };
    return { mesh, a, b, d, client, items, asked, finish };
  }

  test("goes on when the stream has ended, and ends when the client is gone (M7)", async () => {
    const { mesh, client, asked, finish } = await streamed();
    await finish();
    mesh.advance(200_000); // nobody keeps the stream any more
    expect(asked.ends).toEqual([]);
    client.connection!.cut();
    mesh.settle();
    expect(asked.ends).toMatchObject([gone]);
    mesh.expectQuiet();
  });

  test("is kept by nobody when it has come to its end, before its handler or after it (M7)", async () => {
    for (const isBefore of [true, false]) {
      const { mesh, a, b, d, client, asked, finish } = await streamed();
      if (!isBefore) await finish();
      d.finish("inner", 3);
      mesh.settle();
      expect(asked.ends).toEqual([{ value: 3 }]);
      if (isBefore) await finish();
      mesh.advance(200_000);
      expect(lefts(a, b)).toEqual([0, 0]);
      client.connection!.cut();
      mesh.settle();
      mesh.expectQuiet();
    }
  });

  test("ends with its handler when the reader leaves, and nobody keeps anything of it (M6) (M7)", async () => {
    const { mesh, a, b, client, items, asked } = await streamed();
    await items.return();
    mesh.settle();
    expect(asked.ends).toMatchObject([{ error: { code: "cancelled" } }]);
    expect(lefts(a, b)).toEqual([0, 0]);
    client.connection!.cut();
    mesh.settle();
    mesh.expectQuiet();
  });

  test("ends with its handler when the client leaves before that has ended (V1)", async () => {
    const { mesh, client, asked } = await streamed();
    client.connection!.cut();
    mesh.settle();
    mesh.advance(200_000);
    expect(asked.ends).toMatchObject([{ error: { code: "cancelled" } }]);
    mesh.expectQuiet();
  });
});
