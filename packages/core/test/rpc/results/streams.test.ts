/** Streams: items that a handler makes as somebody reads them, on the same node, on another one, through a third. */
import { describe, expect, test } from "vitest";
import { type ItemReader, streamWindowBytes } from "../../../src/rpc/index.js";
import type { ResultRef } from "../../../src/wire/index.js";
import { Mesh } from "../../support/mesh.js";
import { type Asked, type MeshNode, byHand, later } from "../../support/mesh-node.js";
import { use } from "../../support/requests.js";

const KiB = 1024;

/** Nodes a, b and c, linked. */
function three() {
  const mesh = new Mesh();
  const [a, b, c] = mesh.cluster("a", "b", "c") as [MeshNode, MeshNode, MeshNode];
  return { mesh, a, b, c };
}

function* count(to: number, bytes = 0): Generator {
  for (let i = 0; i < to; i++) yield bytes === 0 ? i : new Uint8Array(bytes).fill(i % 256);
}

function streamOf(asked: Asked): ResultRef {
  const [end, ...more] = asked.ends as { readonly value: ResultRef }[];
  expect([end?.value.isStream, more]).toEqual([true, []]);
  return end!.value;
}

/** Lets the mesh go on until the promise has settled. */
async function settled<T>(mesh: Mesh, promise: Promise<T>): Promise<T> {
  let isOver = false;
  const watched = promise.finally(() => (isOver = true));
  for (let turns = 0; turns < 1_000; turns++) {
    mesh.settle();
    await Promise.resolve();
    if (isOver) break;
  }
  expect(isOver).toBe(true);
  return watched;
}

async function collected(mesh: Mesh, reader: ItemReader): Promise<unknown[]> {
  const items: unknown[] = [];
  for (;;) {
    const step = await settled(mesh, reader.next());
    if (step.done === true) return items;
    items.push(step.value);
  }
}

/** What `count` makes, compared quickly. */
function expectBlocks(items: unknown[], times: number, bytes: number): void {
  const seen = items.map((item) => {
    const block = item as Uint8Array;
    return [block.length, block[0], block.every((byte) => byte === block[0])];
  });
  expect(seen).toEqual(Array.from({ length: times }, (_, index) => [bytes, index % 256, true]));
}

describe("a stream", () => {
  test("gives its items in order, and its end, to the node's own program (R2)", async () => {
    const { mesh, a } = three();
    a.offer("count", () => count(5));
    mesh.settle();
    const asked = a.call("count");
    mesh.settle();
    expect(await collected(mesh, a.read(streamOf(asked)))).toEqual([0, 1, 2, 3, 4]);
    mesh.settle();
    mesh.expectQuiet();
  });

  test("goes from the node that makes it to another that reads it", async () => {
    const { mesh, a, b } = three();
    b.offer("count", () => count(3_000));
    mesh.settle();
    const asked = a.call("count");
    mesh.settle();
    expect(streamOf(asked).holder).toBe(b.id);
    expect(await collected(mesh, a.read(streamOf(asked)))).toEqual([...count(3_000)]);
    mesh.settle();
    mesh.expectQuiet();
  });

  test("reaches a client through its node, which keeps nothing of it (S4)", async () => {
    const { mesh, a, b } = three();
    b.offer("count", () => count(50, 64 * KiB));
    mesh.settle();
    const client = mesh.client(a);
    const id = client.call("count");
    mesh.settle();
    const [end] = client.endsOf(id) as [{ readonly value: ResultRef }];
    expectBlocks(await collected(mesh, client.read(end.value)), 50, 64 * KiB);
    mesh.settle();
    mesh.expectQuiet();
  });

  test("reaches a client of the node that makes it", async () => {
    const { mesh, b } = three();
    b.offer("count", () => count(50));
    mesh.settle();
    const client = mesh.client(b);
    const id = client.call("count");
    mesh.settle();
    const [end] = client.endsOf(id) as [{ readonly value: ResultRef }];
    expect(await collected(mesh, client.read(end.value))).toEqual([...count(50)]);
    mesh.settle();
    mesh.expectQuiet();
  });

  test("makes nothing before it is read, and no more than a window ahead of its reader (M2, R1, R4)", async () => {
    const { mesh, a, b } = three();
    let made = 0;
    b.offer("endless", function* () {
      for (;;) {
        made += 1;
        yield new Uint8Array(KiB);
      }
    });
    mesh.settle();
    const client = mesh.client(a);
    const id = client.call("endless");
    mesh.settle();
    expect(made).toBe(0);
    const reader = client.read((client.endsOf(id) as [{ readonly value: ResultRef }])[0].value);
    await settled(mesh, reader.next());
    mesh.settle();
    const ahead = made;
    expect(ahead).toBeLessThanOrEqual(streamWindowBytes / KiB + 2);
    mesh.advance(1_000);
    expect(made).toBe(ahead);
    expect(b.machine.size.heldBytes).toBeLessThanOrEqual(streamWindowBytes + 2 * KiB);
    for (let taken = 1; taken < 1_000; taken++) await settled(mesh, reader.next());
    expect(made).toBeLessThanOrEqual(1_000 + streamWindowBytes / KiB + 2);
    await settled(mesh, reader.return());
    mesh.settle();
    mesh.expectQuiet();
  });

  test("of items larger than the window gives each of them whole (T1)", async () => {
    const { mesh, a, b } = three();
    b.offer("count", () => count(4, KiB * KiB));
    mesh.settle();
    const client = mesh.client(a);
    const id = client.call("count");
    mesh.settle();
    const reader = client.read((client.endsOf(id) as [{ readonly value: ResultRef }])[0].value);
    expectBlocks(await collected(mesh, reader), 4, KiB * KiB);
    mesh.settle();
    mesh.expectQuiet();
  });

  test("tells what its handler threw after the items that came before (M4)", async () => {
    const { mesh, a, b } = three();
    b.offer("fails", function* () {
      yield 1;
      yield 2;
      throw new Error("no more rows");
    });
    mesh.settle();
    const asked = a.call("fails");
    mesh.settle();
    const reader = a.read(streamOf(asked));
    expect((await settled(mesh, reader.next())).value).toBe(1);
    expect((await settled(mesh, reader.next())).value).toBe(2);
    await expect(settled(mesh, reader.next())).rejects.toMatchObject({
      code: "handler-error",
      message: "no more rows",
      step: "fails",
      node: "b",
    });
    expect(await settled(mesh, reader.next())).toEqual({ done: true, value: undefined });
    mesh.settle();
    mesh.expectQuiet();
  });

  test("that its reader leaves ends its handler, which cleans up (M6, R3)", async () => {
    const { mesh, a, b } = three();
    const done: string[] = [];
    b.offer("endless", function* () {
      try {
        for (;;) yield 1;
      } finally {
        done.push("cleaned up");
      }
    });
    mesh.settle();
    const asked = a.call("endless");
    mesh.settle();
    const reader = a.read(streamOf(asked));
    await settled(mesh, reader.next());
    await settled(mesh, reader.return());
    mesh.settle();
    expect([done, b.aborted]).toEqual([["cleaned up"], [{ fun: "endless", reason: "cancelled" }]]);
    expect(await settled(mesh, reader.next())).toEqual({ done: true, value: undefined });
    mesh.expectQuiet();
  });

  test("is ended by the deadline of its call, and says so (W1)", async () => {
    const { mesh, a, b } = three();
    b.offer("tail", function* () {
      yield 1;
      yield later;
    });
    mesh.settle();
    const asked = a.call("tail", [], { timeoutMs: 5_000 });
    mesh.settle();
    const reader = a.read(streamOf(asked));
    expect((await settled(mesh, reader.next())).value).toBe(1);
    const next = reader.next();
    mesh.advance(6_000);
    await expect(settled(mesh, next)).rejects.toMatchObject({ code: "deadline", step: "tail", node: "b" });
    expect(b.aborted).toEqual([{ fun: "tail", reason: "deadline" }]);
    mesh.settle();
    mesh.expectQuiet();
  });

  test("of a request that has ended is ended by the deadline of that request, on the coordinator as well (W1)", async () => {
    const { mesh, a } = three();
    a.offer("tail", () => [later][Symbol.iterator]());
    mesh.settle();
    const asked = a.request([{ fun: "tail" }], { timeoutMs: 5_000 });
    mesh.settle();
    const [{ outputs }] = asked.ends as [{ readonly outputs: readonly [ResultRef] }];
    const next = a.read(outputs[0]).next();
    mesh.advance(6_000);
    await expect(settled(mesh, next)).rejects.toMatchObject({ code: "deadline", step: "tail", node: "a" });
    mesh.settle();
    mesh.expectQuiet();
  });

  test("whose items are rare is no stream that nobody reads (M5)", async () => {
    const { mesh, a, b } = three();
    b.offer("tail", function* () {
      yield later;
      yield "at last";
    });
    mesh.settle();
    const client = mesh.client(a);
    const id = client.call("tail", [], { timeoutMs: 600_000 });
    mesh.settle();
    const reader = client.read((client.endsOf(id) as [{ readonly value: ResultRef }])[0].value);
    const next = reader.next();
    for (let seconds = 0; seconds < 200; seconds++) {
      mesh.advance(1_000);
      client.link.onDue(mesh.nowMs);
    }
    b.make("tail");
    expect((await settled(mesh, next)).value).toBe("at last");
    expect((await settled(mesh, reader.next())).done).toBe(true);
    mesh.settle();
    mesh.expectQuiet();
  });

  test("is read once: a second reader is told so, and what would work (M1)", async () => {
    const { mesh, a, b } = three();
    b.offer("count", () => count(1_000_000));
    mesh.settle();
    const asked = a.call("count");
    mesh.settle();
    const reader = a.read(streamOf(asked));
    await settled(mesh, reader.next());
    const second = b.read(streamOf(asked)).next();
    await expect(settled(mesh, second)).rejects.toMatchObject({
      code: "invalid-argument",
      message: expect.stringContaining("Collect it into an array") as string,
    });
    mesh.settle();
    mesh.expectQuiet();
  });

  test.each(["read to its end", "left", "cut short by an error"])(
    "that was %s refuses a second loop, and says what would work (R5)",
    async (how) => {
      const { mesh, a, b } = three();
      b.offer("count", function* () {
        yield 1;
        if (how === "cut short by an error") throw new Error("out of numbers");
      });
      mesh.settle();
      const asked = a.call("count");
      mesh.settle();
      const reader = a.read(streamOf(asked));
      const loop = reader[Symbol.asyncIterator]();
      expect(await settled(mesh, loop.next())).toEqual({ done: false, value: 1 });
      expect(reader[Symbol.asyncIterator]()).toBe(reader); // the rest of it may be taken in a loop
      if (how === "left") await reader.return();
      else await settled(mesh, loop.next()).catch((error: unknown) => expect(String(error)).toContain("numbers"));
      await expect(reader[Symbol.asyncIterator]().next()).rejects.toMatchObject({
        code: "invalid-argument",
        message: expect.stringContaining("a stream is read once. Collect its items into an array") as string,
      });
      mesh.settle();
      mesh.expectQuiet();
    },
  );

  test("counts as a running call until it has ended (W1)", async () => {
    const { mesh, a, b } = three();
    b.offerAs("count", () => count(3), { concurrencyMax: 1 });
    mesh.settle();
    const [first, second] = [a.call("count"), a.call("count")];
    mesh.settle();
    expect([b.machine.size.running, b.machine.size.queued, second.ends]).toEqual([1, 1, []]);
    await collected(mesh, a.read(streamOf(first)));
    mesh.settle();
    expect(await collected(mesh, a.read(streamOf(second)))).toEqual([0, 1, 2]);
    mesh.settle();
    mesh.expectQuiet();
  });
});

describe("a stream whose node or link is lost", () => {
  test("is told to be cut when its node dies, and is no stream that ended (F4)", async () => {
    const { mesh, a, b } = three();
    b.offer("tail", function* () {
      yield 1;
      yield later;
    });
    mesh.settle();
    const asked = a.call("tail");
    mesh.settle();
    const reader = a.read(streamOf(asked));
    await settled(mesh, reader.next());
    const next = reader.next();
    mesh.settle();
    mesh.crash(b);
    mesh.advance(20_000);
    await expect(settled(mesh, next)).rejects.toMatchObject({
      code: "result-lost",
      outcome: "unknown",
      node: "b",
      message: expect.stringContaining("cut before its end") as string,
    });
    mesh.settle();
    mesh.expectQuiet();
  });

  test("goes on over the next link, without a gap (M3, F2)", async () => {
    const { mesh, a, b } = three();
    b.offer("count", () => count(400, KiB));
    mesh.settle();
    const asked = a.call("count");
    mesh.settle();
    const reader = a.read(streamOf(asked));
    const items: unknown[] = [];
    for (let taken = 0; taken < 400; taken++) {
      if (taken % 100 === 50) a.connectionTo(b).cut();
      const next = reader.next();
      mesh.advance(100);
      items.push((await settled(mesh, next)).value);
    }
    expectBlocks(items, 400, KiB);
    expect((await settled(mesh, reader.next())).done).toBe(true);
    mesh.settle();
    mesh.expectQuiet();
  });

  test("is ended when nobody reads it any more (M5)", () => {
    const { mesh, a, b } = three();
    b.offer("count", () => count(10));
    mesh.settle();
    const client = mesh.client(a);
    client.call("count", [], { timeoutMs: 600_000 });
    mesh.settle();
    expect(b.machine.size.running).toBe(1);
    mesh.advance(61_000);
    expect(b.aborted).toEqual([{ fun: "count", reason: "cancelled" }]);
    mesh.expectQuiet();
  });

  test("is ended when its reader stops reading and holds on to it, who gets what was made and is told (M4, M5)", async () => {
    const { mesh, a, b } = three();
    let made = 0;
    b.offer("count", function* () {
      for (;;) yield new Uint8Array(300 * KiB).fill(made++);
    });
    mesh.settle();
    const asked = a.call("count", [], { timeoutMs: 600_000 });
    mesh.settle();
    const reader = a.read(streamOf(asked));
    await settled(mesh, reader.next());
    mesh.advance(61_000);
    expect(b.aborted).toEqual([{ fun: "count", reason: "cancelled" }]);
    for (let taken = 1; taken < made; taken++) {
      expect((await settled(mesh, reader.next())).value).toHaveLength(300 * KiB);
    }
    await expect(settled(mesh, reader.next())).rejects.toMatchObject({ code: "deadline", step: "count" });
    expect(made).toBeGreaterThan(1);
    mesh.settle();
    mesh.expectQuiet();
  });

  test("is ended with its client", () => {
    const { mesh, a, b } = three();
    b.offer("count", () => count(10));
    mesh.settle();
    const client = mesh.client(a);
    client.call("count");
    mesh.settle();
    client.link.end({ code: "closing", reason: "enough" }, mesh.nowMs);
    mesh.settle();
    expect(b.machine.size.running).toBe(0);
    mesh.expectQuiet();
  });
});

describe("a stream in a graph", () => {
  /** Takes items of a stream, by hand. */
  function taking(node: MeshNode, fun: string): ItemReader[] {
    const taken: ItemReader[] = [];
    node.offer(fun, (items: ItemReader) => {
      taken.push(items);
      return [later][Symbol.iterator]();
    });
    return taken;
  }

  test("is an argument of the next step, which reads it on its own node (D11)", async () => {
    const { mesh, a, b, c } = three();
    b.offer("count", () => count(10));
    const taken = taking(c, "sum");
    mesh.settle();
    a.request([{ fun: "count" }, { fun: "sum", args: [use("count")] }]);
    mesh.settle();
    const [reader] = taken;
    for (const node of [a, b, c]) node.sent.length = 0;
    expect(await collected(mesh, reader!)).toEqual([...count(10)]);
    expect(a.sent.length).toBe(0);
  });

  test("that is an output lives on when its request has ended, and so does the one that it reads (N4)", async () => {
    const { mesh, a, b, c } = three();
    b.offer("count", () => count(10));
    const taken = taking(c, "sum");
    mesh.settle();
    const asked = a.request([{ fun: "count" }, { fun: "sum", args: [use("count")] }]);
    mesh.settle();
    const [{ outputs }] = asked.ends as [{ readonly outputs: readonly [ResultRef] }];
    expect([a.machine.size.requests, b.machine.size.running, c.machine.size.running]).toEqual([0, 1, 1]);
    expect(await collected(mesh, taken[0]!)).toEqual([...count(10)]);
    const output = a.read(outputs[0]);
    await settled(mesh, output.return());
    mesh.settle();
    mesh.expectQuiet();
  });

  test("that nobody needs is ended at once (N2)", () => {
    const { mesh, a, b } = three();
    b.offer("count", () => count(10));
    b.offer("one", () => 1);
    mesh.settle();
    const asked = a.request([{ fun: "count" }, { fun: "one" }], { outputs: [use("one")] });
    mesh.settle();
    expect(asked.ends).toEqual([{ outputs: [1] }]);
    mesh.expectQuiet();
  });

  test("is let go with the step that was to read it", () => {
    const { mesh, a, b, c } = three();
    b.offer("count", () => count(10));
    c.offer("ignore", () => "not read");
    mesh.settle();
    const asked = a.request([{ fun: "count" }, { fun: "ignore", args: [use("count")] }]);
    mesh.settle();
    expect(asked.ends).toEqual([{ outputs: ["not read"] }]);
    mesh.expectQuiet();
  });

  test("ends with the request, and tells the handler that reads it that it was cut (M6)", async () => {
    const { mesh, a, b, c } = three();
    b.offer("count", () => count(1_000_000));
    c.offer("wait", byHand);
    mesh.settle();
    const client = mesh.client(a);
    const id = client.request([{ fun: "count" }, { fun: "wait", args: [use("count")] }]);
    mesh.settle();
    expect([b.machine.size.running, c.waiting("wait").length]).toEqual([1, 1]);
    const reader = c.read(c.waiting("wait")[0]!.refs![0]!.ref);
    expect((await settled(mesh, reader.next())).value).toBe(0);
    client.cancel(id);
    mesh.settle();
    expect(b.machine.size.running).toBe(0);
    await expect(collected(mesh, reader)).rejects.toMatchObject({ code: "cancelled", outcome: "unknown" });
    mesh.settle();
    mesh.expectQuiet();
  });

  test("has no parts", () => {
    const { mesh, a, b } = three();
    b.offer("count", () => count(10));
    b.offer("one", (part: unknown) => part);
    mesh.settle();
    const asked = a.request([{ fun: "count" }, { fun: "one", args: [use("count", "length")] }]);
    mesh.settle();
    expect(asked.ends).toMatchObject([{ error: { code: "path-missing", step: "one" } }]);
    mesh.expectQuiet();
  });
});
