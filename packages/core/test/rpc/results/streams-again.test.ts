/** Streams again: pipelines in a graph that lose a maker, a pipe or a reader of a stream, and are made again. */
import { describe, expect, test } from "vitest";
import type { ItemReader } from "../../../src/rpc/index.js";
import { Mesh } from "../../support/mesh.js";
import { type Asked, type MeshNode } from "../../support/mesh-node.js";
import { mapOf, use } from "../../support/requests.js";

const count = 100;
const pipeline = [{ fun: "make" }, { fun: "pipe", args: [use("make")] }, { fun: "sum", args: [use("pipe")] }];
const sum = 2 * ((count * (count - 1)) / 2);

/** Handlers wait where the test has closed a gate. */
class Gate {
  readonly #waiting: (() => void)[] = [];
  isClosed = true;

  pass(): Promise<void> {
    return this.isClosed ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve();
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  open(): void {
    this.isClosed = false;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** A coordinator; each role is offered by two nodes, of which only the first is there at the beginning. */
function world(idempotent: Partial<Record<"make" | "pipe" | "sum", "yes" | "no">> = {}) {
  const mesh = new Mesh();
  const names = ["a", "make", "pipe", "sum", "make2", "pipe2", "sum2"];
  const nodes = mesh.cluster(...names);
  const gate = new Gate();
  const node = (name: string): MeshNode => nodes[names.indexOf(name)]!;
  const handlers = {
    async *make() {
      for (let item = 0; item < count; item++) {
        if (item === count / 2) await gate.pass();
        yield item;
      }
    },
    async *pipe(items: ItemReader) {
      for await (const item of items) yield 2 * (item as number);
    },
    async sum(items: ItemReader) {
      let total = 0;
      for await (const item of items) total += item as number;
      return total;
    },
  };
  const offer = (name: string, role: "make" | "pipe" | "sum"): void => {
    node(name).offerAs(role, handlers[role], { idempotent: idempotent[role] ?? "yes" });
    mesh.settle();
  };
  for (const role of ["make", "pipe", "sum"] as const) offer(role, role);
  return { mesh, node, offer, gate };
}

type World = ReturnType<typeof world>;

/** Lets the mesh and its handlers go on until `isDone`. */
async function until(mesh: Mesh, isDone: () => boolean): Promise<void> {
  for (let turns = 0; turns < 5_000 && !isDone(); turns++) {
    mesh.settle();
    await Promise.resolve();
  }
  mesh.settle();
  expect(isDone()).toBe(true);
}

async function begun(
  { mesh, node, gate }: World,
  steps: Parameters<MeshNode["request"]>[0] = pipeline,
): Promise<Asked> {
  const asked = node("a").request(steps, { timeoutMs: 100_000 });
  await until(mesh, () => gate.waiting === 1);
  return asked;
}

/** Lets time pass for both, the mesh and the handlers. */
async function passing(mesh: Mesh, seconds: number): Promise<void> {
  for (let tenths = 0; tenths < 10 * seconds; tenths++) {
    mesh.advance(100);
    for (let turns = 0; turns < 20; turns++) await Promise.resolve();
  }
}

/** The node of the role is lost, and another one has it. */
async function lose({ mesh, node, offer, gate }: World, role: "make" | "pipe" | "sum"): Promise<void> {
  offer(`${role}2`, role);
  mesh.crash(node(role));
  gate.isClosed = false;
  await passing(mesh, 20);
}

describe("a graph whose functions may all run again", () => {
  test.each(["make", "pipe", "sum"] as const)(
    "is not ended by the loss of the node of a stream: of the step %s (Q8)",
    async (role) => {
      const here = world();
      const { mesh } = here;
      const asked = await begun(here);
      await lose(here, role);
      await until(mesh, () => asked.ends.length > 0);
      expect(asked.ends).toEqual([{ outputs: [sum] }]);
      mesh.expectQuiet();
    },
  );

  test("is not ended by the loss of the node of a stream that an item of a map reads (Q8) (A3)", async () => {
    const here = world();
    const { mesh } = here;
    const map = mapOf("all", [1], [{ fun: "sum", args: [use("pipe")] }]);
    const asked = await begun(here, [...pipeline.slice(0, 2), map]);
    await lose(here, "pipe");
    await until(mesh, () => asked.ends.length > 0);
    expect(asked.ends).toEqual([{ outputs: [[sum]] }]);
    mesh.expectQuiet();
  });

  test("leaves nothing running of the pipeline that it has made again (N4)", async () => {
    const here = world();
    const { mesh, node, offer } = here;
    const asked = await begun(here);
    offer("pipe2", "pipe");
    mesh.crash(node("pipe"));
    await passing(mesh, 20);
    // the new maker waits at the gate as well; the old one is not left to the minute that streams are kept unread
    expect(node("make").machine.size.running).toBe(1);
    expect(node("make").aborted).toEqual([{ fun: "make", reason: "cancelled" }]);
    here.gate.open();
    await until(mesh, () => asked.ends.length > 0);
    expect(asked.ends).toEqual([{ outputs: [sum] }]);
    mesh.expectQuiet();
  });
});

describe("a step that reads two streams", () => {
  test("reads both from the beginning when the node of one of them is lost (Q8)", async () => {
    const here = world();
    const { mesh, node, gate } = here;
    async function* numbers() {
      for (let item = 1; ; item++) yield item;
    }
    async function both(first: ItemReader, second: ItemReader) {
      let [total, last] = [0, 0];
      for await (const item of first) {
        total += item as number;
        last = (await second.next()).value as number;
      }
      return [total, last];
    }
    node("pipe").offerAs("numbers", numbers, { idempotent: "yes" });
    node("sum").offerAs("both", both, { idempotent: "yes" });
    mesh.settle();
    const steps = [{ fun: "make" }, { fun: "numbers" }, { fun: "both", args: [use("make"), use("numbers")] }];
    const asked = node("a").request(steps, { timeoutMs: 100_000 });
    await until(mesh, () => gate.waiting === 1);
    await lose(here, "make");
    await until(mesh, () => asked.ends.length > 0);
    expect(asked.ends).toEqual([{ outputs: [[sum / 2, count]] }]);
    mesh.expectQuiet();
  });
});

describe("a graph with a step that may not run again", () => {
  test.each([
    ["make", "make"],
    ["pipe", "pipe"],
    ["make", "pipe"],
    ["make", "sum"],
    ["pipe", "sum"],
  ] as const)("tells which, and what was lost: %s was lost, and %s runs once (V1)", async (lost, once) => {
    const here = world({ [once]: "no" });
    const asked = await begun(here);
    await lose(here, lost);
    expect(asked.ends).toMatchObject([
      {
        error: {
          code: "result-lost",
          outcome: "unknown",
          step: "sum",
          node: lost,
          message: expect.stringContaining(`step "${once}" is not run again`) as string,
        },
      },
    ]);
  });

  test("does not run a reader more often than its retries allow (Y1)", async () => {
    const here = world();
    const { mesh, node, gate } = here;
    const [make, pipe, last] = pipeline as [object, object, object];
    const steps = [make, pipe, { ...last, terms: { retries: 0 } }] as typeof pipeline;
    const asked = node("a").request(steps, { timeoutMs: 100_000 });
    await until(mesh, () => gate.waiting === 1);
    await lose(here, "make");
    expect(asked.ends).toMatchObject([{ error: { code: "result-lost", step: "sum", node: "make" } }]);
  });
});
