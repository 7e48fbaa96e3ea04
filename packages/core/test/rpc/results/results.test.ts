/** Results that stay where they were made: who fetches them, over which links they travel, and when they are let go. */
import { describe, expect, test } from "vitest";
import { type ResultRef, writeFetch } from "../../../src/wire/index.js";
import { Mesh } from "../../support/mesh.js";
import { type MeshNode, byHand } from "../../support/mesh-node.js";
import { type CallOptions, use } from "../../support/requests.js";

const MiB = 1024 * 1024;
const big = (bytes: number, fill = 7): Uint8Array => new Uint8Array(bytes).fill(fill);

/** Nodes a, b and c, linked. */
function three(rpc = {}) {
  const mesh = new Mesh();
  const [a, b, c] = ["a", "b", "c"].map((name) => mesh.node(name, { peers: name === "a" ? [] : ["a"], rpc })) as [
    MeshNode,
    MeshNode,
    MeshNode,
  ];
  mesh.advance(2_000);
  return { mesh, a, b, c };
}

/** Bytes that the node has sent since the last call. */
function sentBytes(node: MeshNode): number {
  const bytes = node.sent.reduce((sum, frame) => sum + frame.length, 0);
  node.sent.length = 0;
  return bytes;
}

describe("a result above inlineBytesMax", () => {
  test("goes from the node that made it to the one that needs it, and not through the coordinator (S1)", () => {
    const { mesh, a, b, c } = three();
    b.offer("load", () => big(3 * MiB));
    c.offer("count", (bytes: Uint8Array) => bytes.length);
    mesh.settle();
    for (const node of [a, b, c]) sentBytes(node);
    const asked = a.request([{ fun: "load" }, { fun: "count", args: [use("load")] }]);
    mesh.settle();
    expect(asked.ends).toEqual([{ outputs: [3 * MiB] }]);
    expect(sentBytes(a)).toBeLessThan(10_000);
    expect(sentBytes(b)).toBeGreaterThan(3 * MiB);
    mesh.expectQuiet();
  });

  test("is fetched by several steps, whole and in parts, and let go when the last has ended (Q4)", () => {
    const { mesh, a, b, c } = three();
    b.offer("load", () => ({ rows: big(MiB), more: big(2 * MiB, 9) }));
    c.offer("count", byHand);
    mesh.settle();
    const asked = a.request([
      { fun: "load" },
      { name: "rows", fun: "count", args: [use("load", "rows")] },
      { name: "more", fun: "count", args: [use("load", "more")] },
      { name: "all", fun: "count", args: [use("load")] },
    ]);
    mesh.settle();
    expect(b.machine.size.kept).toBe(1);
    for (let left = 3; left > 0; left--) {
      expect(b.machine.size.kept).toBe(1);
      c.finish("count", left);
      mesh.settle();
    }
    expect(b.machine.size.kept).toBe(0);
    expect(asked.ends).toMatchObject([{ outputs: [3, 2, 1] }]);
    mesh.expectQuiet();
  });

  test("that lacks the part a step takes fails that step with the path", () => {
    const { mesh, a, b, c } = three();
    b.offer("load", () => ({ rows: big(MiB) }));
    c.offer("count", byHand);
    mesh.settle();
    const asked = a.request([{ fun: "load" }, { fun: "count", args: [use("load", "columns", "first")] }]);
    mesh.settle();
    expect(asked.ends).toMatchObject([
      {
        error: {
          code: "path-missing",
          message: 'Cannot take load.columns.first: load has no "columns"',
          step: "count",
          outcome: "applied",
        },
      },
    ]);
    mesh.expectQuiet();
  });

  test("reaches the client that wants it through its node, which keeps nothing of it (S4)", () => {
    const { mesh, a, b } = three();
    b.offer("load", () => big(5 * MiB));
    mesh.settle();
    const client = mesh.client(a);
    const id = client.call("load");
    mesh.settle();
    const [end, ...more] = client.endsOf(id) as { readonly value: Uint8Array }[];
    expect([end!.value.length, end!.value.every((byte) => byte === 7), more]).toEqual([5 * MiB, true, []]);
    mesh.expectQuiet();
  });

  test("of a step of the coordinator is fetched from there", () => {
    const { mesh, a, b } = three();
    a.offer("load", () => big(MiB));
    b.offer("count", (bytes: Uint8Array) => bytes.length);
    mesh.settle();
    const asked = a.request([{ fun: "load" }, { fun: "count", args: [use("load")] }]);
    mesh.settle();
    expect(asked.ends).toEqual([{ outputs: [MiB] }]);
    expect(a.machine.size.kept).toBe(0);
    mesh.expectQuiet();
  });

  test("may be larger than any message", () => {
    const { mesh, a, b, c } = three();
    b.offer("load", () => big(70 * MiB));
    c.offer("grow", (bytes: Uint8Array) => [bytes, bytes.length]);
    mesh.settle();
    const client = mesh.client(a);
    const id = client.request([{ fun: "load" }, { fun: "grow", args: [use("load")] }]);
    mesh.settle();
    const [end] = client.endsOf(id) as [{ readonly outputs: readonly [readonly [Uint8Array, number]] }];
    expect([end.outputs[0][0].length, end.outputs[0][1]]).toEqual([70 * MiB, 70 * MiB]);
    mesh.expectQuiet();
  });

  test("for a function that is withdrawn while it is fetched fails the step, which was not begun (D10)", () => {
    const { mesh, a, b, c } = three();
    b.offer("load", () => big(5 * MiB));
    c.offer("count", byHand);
    mesh.settle();
    const link = b.connectionTo(c);
    const ownEnd = [...b.connections.values()].find(({ connection }) => connection === link)!.end;
    link.from(ownEnd).isHeld = true;
    const asked = a.request([{ fun: "load" }, { fun: "count", args: [use("load")] }]);
    mesh.settle();
    c.withdraw("count");
    mesh.settle();
    link.from(ownEnd).release();
    mesh.settle();
    expect(c.invoked).toEqual([]);
    expect(asked.ends).toMatchObject([{ error: { code: "no-provider", step: "count", outcome: "applied" } }]);
    mesh.expectQuiet();
  });

  test("is let go when its request is cancelled, and when its caller is gone (Q5)", () => {
    const { mesh, a, b, c } = three();
    b.offer("load", () => big(MiB));
    c.offer("count", byHand);
    mesh.settle();
    const client = mesh.client(a);
    const steps = [{ fun: "load" }, { fun: "count", args: [use("load")] }];
    const id = client.request(steps);
    mesh.settle();
    expect(b.machine.size.kept).toBe(1);
    client.cancel(id);
    mesh.settle();
    expect(b.machine.size.kept).toBe(0);
    client.request(steps);
    mesh.settle();
    expect(b.machine.size.kept).toBe(1);
    client.connection!.cut();
    mesh.settle();
    expect(b.machine.size.kept).toBe(0);
    mesh.expectQuiet();
  });

  test("is let go by the node that kept it when its coordinator is down (K1)", () => {
    const { mesh, a, b, c } = three();
    b.offer("load", () => big(MiB));
    c.offer("count", byHand);
    mesh.settle();
    a.request([{ fun: "load" }, { fun: "count", args: [use("load")] }], { timeoutMs: 60_000 });
    mesh.settle();
    expect(b.machine.size.kept).toBe(1);
    mesh.crash(a);
    mesh.advance(10_000);
    expect(b.machine.size.kept).toBe(0);
    mesh.expectQuiet();
  });

  test("is let go when the time of its request is over, whatever was heard of it (K1)", () => {
    const { mesh, a, b, c } = three();
    b.offer("load", () => big(MiB));
    c.offer("count", byHand);
    mesh.settle();
    const client = mesh.client(a);
    client.isDownloading = false;
    client.call("load");
    client.request([{ fun: "load" }, { fun: "count", args: [use("load")] }], { timeoutMs: 2_000 });
    mesh.settle();
    mesh.advance(70_000);
    expect([a, b, c].map(({ machine }) => machine.size.kept)).toEqual([0, 0, 0]);
    mesh.expectQuiet();
  });
});

describe("a node that is lost with the results it keeps", () => {
  const steps = [{ fun: "load" }, { fun: "wait" }, { fun: "count", args: [use("load"), use("wait")] }];

  test("has them made again, when their functions are idempotent, and what they were made of (Q6) (V1)", () => {
    const mesh = new Mesh();
    const [a, b, c, d] = mesh.cluster("a", "b", "c", "d") as [MeshNode, MeshNode, MeshNode, MeshNode];
    for (const node of [b, c]) {
      node.offerAs("load", () => big(MiB), { idempotent: "yes" });
      node.offerAs("copy", (bytes: Uint8Array) => bytes.slice(), { idempotent: "yes" });
    }
    d.offer("wait", byHand);
    d.offer("count", (bytes: Uint8Array) => bytes.length);
    mesh.settle();
    const asked = a.request([
      { fun: "load" },
      { fun: "copy", args: [use("load")] },
      { fun: "wait" },
      { fun: "count", args: [use("copy"), use("wait")] },
    ]);
    mesh.settle();
    const [holder] = [b, c].filter(({ machine }) => machine.size.kept > 0) as [MeshNode];
    mesh.crash(holder);
    mesh.advance(5_000);
    expect(asked.ends).toEqual([]);
    d.finish("wait", 1);
    mesh.advance(1_000);
    expect(asked.ends).toEqual([{ outputs: [MiB] }]);
    mesh.expectQuiet();
  });

  test("is not forgotten when they cannot be made again: what the first run did stands (A4)", () => {
    const { mesh, a, b, c } = three();
    b.offerAs("load", () => big(MiB), { idempotent: "yes" });
    mesh.settle();
    const asked = a.request([{ fun: "load" }, { fun: "count", args: [use("load")] }], {
      timeoutMs: 60_000,
      waitForCapacityMs: 60_000,
    });
    mesh.settle();
    expect(b.machine.size.kept).toBe(1);
    mesh.crash(b);
    mesh.advance(8_000);
    c.offer("count", (bytes: Uint8Array) => bytes.length);
    mesh.advance(60_000); // nobody offers "load" any more
    expect(b.invoked).toHaveLength(1);
    expect(asked.ends).toMatchObject([{ error: { code: "deadline", outcome: "applied" } }]);
    mesh.expectQuiet();
  });

  test("ends the request truthfully when a step that is needed may not be run again (V1)", () => {
    const { mesh, a, b, c } = three();
    b.offer("load", () => big(MiB));
    c.offer("wait", byHand);
    c.offer("count", byHand);
    mesh.settle();
    const asked = a.request(steps);
    mesh.settle();
    mesh.crash(b);
    mesh.advance(8_000);
    c.finish("wait", 1);
    mesh.advance(3_000);
    expect(asked.ends).toMatchObject([
      { error: { code: "result-lost", outcome: "applied", step: "count", node: "b" } },
    ]);
    expect(asked.ends).toMatchObject([{ error: { message: expect.stringContaining('step "load" is not run again') } }]);
    expect(c.invoked.map(({ fun }) => fun)).toEqual(["wait"]);
    mesh.expectQuiet();
  });
});

describe("an answer whose value is gone with its node while a program fetches it", () => {
  function losing(idempotent: "yes" | "no", options: CallOptions = {}) {
    const { mesh, a, b, c } = three();
    b.offerAs("load", () => big(20 * MiB), { idempotent });
    mesh.settle();
    const connection = a.connectionTo(b);
    const fromB = connection.ends.find((end) => [...b.connections.values()].some((each) => each.end === end))!;
    connection.from(fromB).release(4); // frames that get through
    const asked = a.call("load", [], options);
    mesh.settle();
    c.offerAs("load", () => big(20 * MiB), { idempotent });
    mesh.settle();
    expect([asked.ends, b.invoked.length]).toEqual([[], 1]);
    mesh.crash(b);
    mesh.advance(12_000);
    return { mesh, asked, c };
  }

  test("is made again where all of it may run twice (D3)", () => {
    const { mesh, asked, c } = losing("yes");
    expect(asked.ends.map((end) => "value" in end && (end.value as Uint8Array).length)).toEqual([20 * MiB]);
    expect(c.invoked).toHaveLength(1);
    mesh.expectQuiet();
  });

  test("is never told as not applied, also when the only node that may make it again is gone: what the first run did stands (D5)", () => {
    const { mesh, asked } = losing("yes", { target: "b" });
    expect(asked.ends).toMatchObject([{ error: { code: "no-provider", outcome: "applied" } }]);
    mesh.expectQuiet();
  });

  test("ends truthfully where it may not (D3)", () => {
    const { mesh, asked, c } = losing("no");
    expect(asked.ends).toMatchObject([{ error: { code: "result-lost", outcome: "applied" } }]);
    expect(c.invoked).toEqual([]);
    mesh.expectQuiet();
  });
});

describe("a link that breaks while a result is fetched", () => {
  test("is followed by another, over which the rest comes (F2)", () => {
    const { mesh, a, b, c } = three();
    b.offer("load", () => big(20 * MiB));
    c.offer("count", (bytes: Uint8Array) => bytes.length);
    mesh.settle();
    const theirs = [...b.connections.values()].find(({ connection }) =>
      [...c.connections.values()].some((other) => other.connection === connection),
    )!;
    const before = c.machine.size.links;
    theirs.connection.from(theirs.end).release(8); // frames that get through
    const asked = a.request([{ fun: "load" }, { fun: "count", args: [use("load")] }]);
    mesh.settle();
    expect(asked.ends).toEqual([]);
    sentBytes(b);
    theirs.connection.cut();
    mesh.advance(5_000);
    expect(asked.ends).toEqual([{ outputs: [20 * MiB] }]);
    expect(sentBytes(b)).toBeLessThan(20 * MiB); // what had come before was not sent again
    expect(c.machine.size.links).toBe(before);
    mesh.expectQuiet();
  });
});

describe("a step that takes a large result", () => {
  test("runs where the result is, as long as that costs less than bringing it elsewhere (R7)", () => {
    const { mesh, a, b, c } = three();
    b.offer("load", () => big(50 * MiB));
    for (const node of [a, b, c]) node.offer("count", byHand);
    mesh.settle();
    for (let round = 0; round < 20; round++) {
      a.request([{ fun: "load" }, { fun: "count", args: [use("load")] }]);
      mesh.settle();
      for (const node of [a, b, c]) if (node.waiting("count").length > 0) node.finish("count", round);
      mesh.settle();
    }
    const ran = (node: MeshNode): number => node.invoked.filter(({ fun }) => fun === "count").length;
    expect(ran(b)).toBeGreaterThan(14); // now and then another is tried (R4)
    expect(ran(a) + ran(b) + ran(c)).toBe(20);
    mesh.expectQuiet();
  });
});

describe("a client that fetches", () => {
  test("has 10,000 fetches open at most, and is told when it asks for more (S5)", () => {
    const { mesh, a } = three();
    a.offer("load", () => big(MiB));
    mesh.settle();
    const client = mesh.client(a);
    client.isDownloading = false;
    const asked = client.call("load");
    mesh.settle();
    const answer = client.heard.find((message) => message.kind === "answer" && message.id === asked);
    const { key } = (answer as { readonly value: ResultRef }).value;
    for (let id = 1; id <= 10_001; id++) {
      client.say(id, (writer) => {
        writeFetch(writer, { id, holder: undefined, key, path: [], offset: 0, allowedBytes: 0 });
      });
    }
    mesh.settle();
    const told = client.heard.filter(({ kind }) => kind === "fetch-failed");
    expect(told).toMatchObject([{ id: 10_001, error: { code: "overloaded" } }]);
    client.connection!.cut();
    mesh.advance(60_000);
    mesh.expectQuiet();
  });
});
