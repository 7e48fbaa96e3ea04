/** What is too large, too much at once, or no value at all. */
import { describe, expect, test } from "vitest";
import { clientOf, offered, startMesh, startPair } from "../support/cluster.js";
import { failureOf, told } from "../support/failure.js";
import { Latch } from "../support/latch.js";

describe("too large", () => {
  const limits = { messageBytesMax: 100_000 };

  test("are arguments beyond what the node accepts: said by the client, nothing is sent", async () => {
    const { client } = await startPair({ limits });
    const error = await failureOf(client.call("echo", ["x".repeat(200_000)]));
    expect(told(error)).toMatchObject({ code: "too-large", outcome: "not-applied" });
    expect(error.message).toMatch(/^Cannot send 2000\d\d bytes: the node accepts messages of 100000$/);
    expect(await client.call("echo", ["goes on"])).toBe("goes on");
  });

  test("are arguments that take more than the running node fetches, though the entry would", async () => {
    const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker", limits: { valueBytesMax: 100_000 } });
    worker!.register("size", (text: string) => text.length);
    entry!.register("make", (length: number) => "x".repeat(length));
    await offered("size", 1, entry!);
    const client = await clientOf(entry!);
    const graph = client.graph();
    const error = await failureOf(graph.run(graph.call("size", [graph.call("make", [200_000])])));
    expect(told(error)).toMatchObject({ code: "too-large", step: "size", node: "worker", outcome: "applied" });
    expect(error.message).toMatch(
      /^A value of 2000\d\d bytes is too much; the limit is 100000 \(limits.valueBytesMax\)$/,
    );
    expect(await client.call("size", ["small"])).toBe(5);
  });

  test("is no result for being larger than a message of the client, or of the coordinating node", async () => {
    const [entry, worker] = await startMesh({ name: "entry", limits }, { name: "worker" });
    worker!.register("make", (length: number) => "x".repeat(length));
    await offered("make", 1, entry!);
    const client = await clientOf(entry!, { messageBytesMax: 20_000 });
    for (const length of [3, 15_000, 30_000, 200_000, 1_000_000]) {
      expect(await client.call("make", [length])).toBe("x".repeat(length));
    }
  });

  test("are the arguments of a whole graph together, naming the step at which it is enough", async () => {
    const { client } = await startPair();
    const small = await clientOf({ url: client.url }, limits);
    const graph = small.graph();
    for (let i = 0; i < 4; i++) graph.call("echo", ["x".repeat(30_000)]);
    const error = await failureOf(graph.run());
    expect(told(error)).toMatchObject({ code: "too-large", step: "echo#4", outcome: "not-applied" });
    expect(error.message).toMatch(
      /^The arguments up to step "echo#4" take 1200\d\d bytes; at most 100000 are allowed$/,
    );
  });

  test("is a graph of more steps than allowed", async () => {
    const { client, node } = await startPair({ limits: { stepsMax: 10 } });
    const steps = Array.from({ length: 11 }, (_, index) => ({ name: `${index}`, fun: "echo" }));
    const error = await failureOf(client.request(steps)); // the client does not know the node's limit
    expect(told(error)).toMatchObject({ code: "too-large", outcome: "not-applied" });
    expect(error.message).toContain("11");
    expect((await failureOf(node.request(steps))).message).toBe("The request has 11 steps; at most 10 are allowed");
    expect(Object.keys(await client.request(steps.slice(1)))).toHaveLength(10);
  });

  test("are the results that a request holds at its coordinator", async () => {
    const { node, client } = await startPair({ limits: { resultBytesMax: 50_000 } });
    node.register("make", (length: number) => "x".repeat(length));
    const steps = Array.from({ length: 5 }, (_, index) => ({ name: `${index}`, fun: "make", args: [10_000] }));
    const error = await failureOf(client.request(steps));
    expect(told(error)).toMatchObject({ code: "too-large", outcome: "applied" });
    expect(error.message).toBe("The results that the request holds take 50015 bytes; the limit is 50000");
  });
});

describe("overloaded", () => {
  test("is a node on which as many handlers run as may; another node takes over while it can", async () => {
    const limits = { executionsMax: 2, queuedMax: 0 };
    const [a, b] = await startMesh({ name: "a", limits }, { name: "b", limits });
    const release = new Latch();
    for (const node of [a!, b!]) {
      node.register("hold", async () => {
        await release.passed;
        return node.name;
      });
    }
    await offered("hold", 2, a!);
    const client = await clientOf(a!);
    const four = Array.from({ length: 4 }, () => client.call("hold"));
    const error = await failureOf(client.call("hold"));
    expect(told(error)).toMatchObject({ code: "overloaded", step: "hold", outcome: "not-applied" });
    expect(error.message).toBe(`Cannot run "hold": 2 calls run and 0 wait on this node already`);
    release.open();
    expect((await Promise.all(four)).sort()).toEqual(["a", "a", "b", "b"]);
    expect(["a", "b"]).toContain(await client.call("hold"));
  });

  test("is a link with as many unanswered calls as may be", async () => {
    const { node, client } = await startPair({ limits: { asksPerLinkMax: 3 } });
    const release = new Latch<string>();
    node.register("hold", () => release.passed);
    const three = Array.from({ length: 3 }, () => client.call("hold"));
    expect(told(await failureOf(client.call("echo")))).toEqual({
      code: "overloaded",
      message: "This link has 3 unanswered calls; the limit is 3",
      step: "echo",
      node: "solo",
      outcome: "not-applied",
    });
    expect(await (await clientOf(node)).call("echo", ["another link"])).toBe("another link");
    release.open("done");
    expect(await Promise.all(three)).toEqual(["done", "done", "done"]);
    expect(await client.call("echo", ["again"])).toBe("again");
  });

  test("are more steps that wait for a function than may", async () => {
    const { client } = await startPair({ limits: { waitingMax: 2 } });
    const controller = new AbortController();
    const options = { waitForCapacity: true, signal: controller.signal };
    const waiting = [client.call("late", [], options), client.call("late", [], options)].map(failureOf);
    const error = await failureOf(client.call("late", [], { waitForCapacity: true }));
    expect(told(error)).toMatchObject({
      code: "overloaded",
      message: `Cannot wait for a node that offers "late": 2 steps wait already`,
      outcome: "not-applied",
    });
    controller.abort();
    await Promise.all(waiting);
  });
});

describe("an argument that cannot be sent", () => {
  class Point {
    readonly x = 1;
  }
  test.each<[string, readonly unknown[], string]>([
    ["a function", [{ rows: [{ onDone: () => 1 }] }], `args[0].rows[0].onDone: a function (onDone)`],
    ["a class instance", [1, new Point()], `args[1]: an instance of Point; send plain data`],
    ["a promise", [Promise.resolve(1)], `args[0]: a Promise; await it first`],
    ["a symbol", [Symbol("s")], `args[0]: a symbol (s)`],
  ])("is refused before anything is sent, with the place where it stands: %s", async (_what, args, place) => {
    const { node, client } = await startPair();
    for (const caller of [client, node]) {
      expect(told(await failureOf(caller.call("echo", args)))).toEqual({
        code: "not-encodable",
        message: `Cannot encode ${place}`,
        step: "echo",
        node: "solo",
        outcome: "not-applied",
      });
      const graph = caller.graph();
      graph.call("echo", args, { name: "the step" });
      expect(told(await failureOf(graph.run()))).toMatchObject({
        code: "not-encodable",
        message: `Cannot encode step "the step", ${place}`,
        step: "the step",
        node: "solo",
      });
    }
  });

  test("is a reference outside of its graph, and the error says what to do", async () => {
    const { client } = await startPair();
    const reference = client.graph().call("echo", [1], { name: "lonely" });
    const error = await failureOf(client.call("echo", [{ deep: reference }]));
    expect(error.code).toBe("not-encodable");
    expect(error.message).toContain(`args[0].deep: a reference to the result of step "lonely"`);
    expect(error.message).toContain("run the graph first and pass the value");
  });
});
