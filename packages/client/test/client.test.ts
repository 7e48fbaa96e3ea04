/** A client: its end, its node's end, and what is under way then. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { connect } from "@mpreg/client";
import { context } from "@mpreg/node";
import { describe, expect, onTestFinished, test } from "vitest";
import { clientOf, startMesh, startNode, startPair } from "../../node/test/support/cluster.js";
import { eventually } from "../../node/test/support/eventually.js";
import { failureOf, told } from "../../node/test/support/failure.js";
import { Latch } from "../../node/test/support/latch.js";
import { startProxy } from "../../node/test/support/proxy.js";

describe("close()", () => {
  test("ends calls under way as closed with an unknown outcome, and what they do is cancelled", async () => {
    const { node, client } = await startPair();
    const [running, aborted] = [new Latch(), new Latch()];
    node.register("hold", async () => {
      const { signal } = context();
      running.open();
      await new Promise((resolve) => {
        signal.addEventListener("abort", resolve);
      });
      aborted.open();
    });
    const graph = client.graph();
    graph.call("hold");
    const endings = [
      { failure: failureOf(client.call("hold")), step: "hold" },
      { failure: failureOf(graph.run()), step: undefined },
      { failure: failureOf(client.request([{ name: "h", fun: "hold" }])), step: undefined },
    ];
    await running.passed;
    await client.close();
    for (const { failure, step } of endings) {
      expect(told(await failure)).toEqual({
        code: "closed",
        message: `The connection to ${node.url} ended before the answer came: the client has closed`,
        step,
        node: "solo",
        outcome: "unknown",
      });
    }
    await aborted.passed;
  });

  test("leaves nothing that can be called: every way says closed", async () => {
    const { client } = await startPair();
    const graph = client.graph();
    graph.call("echo");
    await client.close();
    for (const ending of [
      client.call("echo"),
      client.request([{ name: "e", fun: "echo" }]),
      graph.run(),
      client.nodes(),
      client.functions(),
    ]) {
      expect(told(await failureOf(ending))).toMatchObject({
        code: "closed",
        message: `The client of ${client.url} is closed`,
        node: "solo",
        outcome: "not-applied",
      });
    }
  });

  test("may be called twice, and comes by itself at the end of a block with `await using`", async () => {
    const { node, client } = await startPair();
    await Promise.all([client.close(), client.close()]);
    let kept;
    {
      await using scoped = await connect(node.url);
      kept = scoped;
      expect(await scoped.call("echo", [1])).toBe(1);
    }
    expect((await failureOf(kept.call("echo"))).code).toBe("closed");
  });

  test("lets the process end by itself", async () => {
    const { node } = await startPair();
    const program = fileURLToPath(new URL("support/one-call.ts", import.meta.url));
    const flags = ["--conditions=mpreg-source", "--import", "tsx"];
    const child = spawn(process.execPath, [...flags, program, node.url], { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const exit = await new Promise((resolve) => child.once("close", resolve));
    expect([exit, output]).toEqual([0, "hi there!\n"]);
  });
});

describe("a call that is under way when the connection breaks", () => {
  test("goes on, and is answered over the next one", async () => {
    const node = await startNode({ name: "solo" });
    const [running, end] = [new Latch(), new Latch()];
    let runs = 0;
    node.register("hold", async () => {
      runs += 1;
      running.open();
      await end.passed;
      return "done";
    });
    const proxy = await startProxy(node);
    const client = await clientOf(proxy, { discover: false });
    const call = client.call("hold");
    await running.passed;
    proxy.cut();
    expect(await client.call("echo", ["back"])).toBe("back");
    end.open();
    expect(await call).toBe("done");
    expect([runs, proxy.accepted]).toEqual([1, 2]);
  });
});

describe("what a client asks about the cluster", () => {
  test("takes no options that it does not have, and a signal", async () => {
    const { client } = await startPair();
    for (const name of ["nodes", "functions"] as const) {
      const unknown = await failureOf(client[name]({ signals: 1 } as never));
      expect(told(unknown)).toMatchObject({ code: "invalid-argument", node: "solo", outcome: "not-applied" });
      expect(unknown.message).toMatch(new RegExp(`^${name} has no option "signals"; .*did you mean "signal"\\?$`));
      expect((await failureOf(client[name]({ signal: new AbortController() as never }))).message).toBe(
        `${name}: signal must be an AbortSignal, got object`,
      );
      const signal = AbortSignal.abort(new Error("enough"));
      const error = await failureOf(client[name]({ signal }));
      expect(told(error)).toMatchObject({ code: "cancelled", node: "solo", outcome: "not-applied" });
      expect(error.cause).toEqual(new Error("enough"));
    }
  });
});

describe("a client that does not connect again, whose node goes away", () => {
  test("without a word: calls under way are node-lost, later ones not-connected", async () => {
    const { node } = await startPair();
    node.register("hold", () => new Promise(() => undefined));
    const proxy = await startProxy(node);
    const client = await clientOf(proxy, { reconnect: false });
    const ending = failureOf(client.call("hold"));
    await client.call("echo");
    proxy.cut();
    expect(told(await ending)).toEqual({
      code: "node-lost",
      message: `The connection to ${proxy.url} ended before the answer came: the connection was closed with code 1006`,
      step: "hold",
      node: "solo",
      outcome: "unknown",
    });
    expect(told(await failureOf(client.call("echo")))).toMatchObject({
      code: "not-connected",
      message: `The connection to ${proxy.url} is gone: the connection was closed with code 1006; connect again to go on`,
      outcome: "not-applied",
    });
  });

  test("with a goodbye: calls under way are told that it is closing, later ones that there is no connection", async () => {
    const node = await startNode({ name: "solo" });
    const client = await clientOf(node, { reconnect: false });
    const running = new Latch();
    node.register("hold", () => {
      running.open();
      return new Promise(() => undefined);
    });
    const ending = failureOf(client.call("hold"));
    await running.passed;
    await node.close();
    expect(told(await ending)).toMatchObject({
      code: "closed",
      message: `Node "solo" is closing`,
      node: "solo",
      outcome: "unknown",
    });
    expect(told(await failureOf(client.call("echo")))).toMatchObject({
      code: "not-connected",
      message: `The connection to ${node.url} is gone: Node "solo" is closing; connect again to go on`,
    });
    await client.close();
    expect((await failureOf(client.call("echo"))).code).toBe("closed");
  });

  test("during thousands of calls: each of them ends exactly once", async () => {
    const { node } = await startPair();
    const proxy = await startProxy(node);
    const client = await clientOf(proxy, { reconnect: false });
    let ends = 0;
    const calls = Array.from({ length: 5_000 }, (_, index) =>
      client.call("echo", [index]).then(
        (value) => {
          ends += 1;
          return value === index ? "answered" : "mixed up";
        },
        (error: unknown) => {
          ends += 1;
          return (error as { code: string }).code;
        },
      ),
    );
    await eventually("some are answered", () => ends > 0);
    proxy.cut();
    const codes = new Set(await Promise.all(calls));
    codes.delete("answered");
    codes.delete("node-lost");
    expect([[...codes], ends]).toEqual([[], 5_000]);
  });
});

describe("calls", () => {
  test("by the thousand at once are answered each with its own", async () => {
    const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker" });
    worker!.register("square", async (value: number) => value * value);
    const client = await clientOf(entry!);
    const options = { waitForCapacity: true };
    const answers = await Promise.all(
      Array.from({ length: 10_000 }, (_, i) => client.call<number>("square", [i], options)),
    );
    expect(answers.every((answer, i) => answer === i * i)).toBe(true);
  });

  test("of two clients of one node do not mix", async () => {
    const { node, client } = await startPair();
    const other = await clientOf(node);
    const both = [client, other].flatMap((each, who) =>
      Array.from({ length: 500 }, (_, i) => each.call("echo", [[who, i]])),
    );
    const expected = [0, 1].flatMap((who) => Array.from({ length: 500 }, (_, i) => [who, i]));
    expect(await Promise.all(both)).toEqual(expected);
  });
});

describe("nodes(), functions() and cluster()", () => {
  test("tell what the connected node knows, itself first", async () => {
    const [a, b] = await startMesh({ name: "a", resources: ["gpu"] }, { name: "b" });
    const client = await clientOf(b!);
    expect(await client.nodes()).toMatchObject([
      { id: b!.id, name: "b", state: "self", incarnation: 1, urls: [b!.url], functions: 2, inFlight: 0 },
      { id: a!.id, name: "a", state: "alive", incarnation: 1, urls: [a!.url], linked: true, functions: 2, inFlight: 0 },
    ]);
    const [echo] = await client.functions();
    expect(echo?.name).toBe("echo");
    expect(echo?.offers.map(({ node, resources }) => [node, resources]).sort()).toEqual([
      ["a", ["gpu"]],
      ["b", []],
    ]);
  });

  test("tell of the nodes that are gone, too, by cluster() alone", async () => {
    const [a, b] = await startMesh({ name: "a" }, { name: "b" });
    const client = await clientOf(a!);
    await b!.close();
    await eventually("it has left", async () => (await client.nodes()).length === 1);
    expect(await client.cluster()).toMatchObject({
      name: "default",
      node: "a",
      doubt: 0,
      nodes: [
        { name: "a", state: "self" },
        { id: b!.id, name: "b", state: "left", linked: false },
      ],
    });
  });

  test("may be cancelled", async () => {
    const node = await startNode();
    const client = await clientOf(node);
    const controller = new AbortController();
    const asks = ["nodes", "functions", "cluster"] as const;
    const endings = asks.map((ask) => client[ask]({ signal: controller.signal }));
    controller.abort(new Error("enough"));
    for (const ending of endings)
      expect(await failureOf(ending)).toMatchObject({ code: "cancelled", cause: new Error("enough") });
    expect((await failureOf(client.nodes({ signal: controller.signal }))).code).toBe("cancelled");
    expect(await client.call("echo", [1])).toBe(1);
  });
});
