/** What is asked waits in line while much is under way: how long, in which order, and what ends it. */
import type { Client, ConnectOptions } from "@mpreg/client";
import { context } from "@mpreg/node";
import { describe, expect, test } from "vitest";
import { clientOf, startNode } from "../../node/test/support/cluster.js";
import { eventually } from "../../node/test/support/eventually.js";
import { failureOf, told } from "../../node/test/support/failure.js";
import { startProxy } from "../../node/test/support/proxy.js";
import { Line } from "../src/line.js";
import { Pending } from "../src/pending.js";

/** A node whose function `hold` ends when the test says so, and a client that connects through a proxy. */
async function start(options: ConnectOptions) {
  const node = await startNode({ name: "solo" });
  const held = new Map<number, () => void>();
  const started: number[] = [];
  const remainingMs: number[] = [];
  node.register("hold", (number: number) => {
    started.push(number);
    remainingMs.push(context().remainingMs);
    return new Promise((resolve) => {
      held.set(number, () => {
        resolve(number);
      });
    });
  });
  const proxy = await startProxy(node);
  const client = await clientOf(proxy, options);
  return {
    node,
    client,
    proxy,
    started,
    remainingMs,
    /** Ends what runs, oldest first, until `count` have ended. */
    release: async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        const [number, end] = await eventually("one runs", () => held.entries().next().value);
        held.delete(number);
        end();
      }
    },
  };
}

/** What the node has heard of, once everything sent before has come. */
async function heard(client: Client, started: readonly number[]): Promise<readonly number[]> {
  await client.call("echo");
  return [...started];
}

describe("calls beyond inFlightMax", () => {
  test("wait, and reach the node one for each that ends, in the order in which they were made (Q1, C4)", async () => {
    const { node, client, started, release } = await start({ inFlightMax: 3 });
    const calls = Array.from({ length: 10 }, (_, number) => client.call("hold", [number]));
    const other = await clientOf(node);
    await eventually("three run", () => started.length === 3);
    expect(await heard(other, started)).toEqual([0, 1, 2]);
    await release(1);
    await eventually("another one runs", () => started.length === 4);
    expect(await heard(other, started)).toEqual([0, 1, 2, 3]);
    await release(9);
    expect(await Promise.all(calls)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(started).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await client.call("echo", ["nothing is left in line"])).toBe("nothing is left in line");
  });

  test("of every kind wait alike: calls, graphs, and questions about the cluster", async () => {
    const { node, started, release } = await start({ inFlightMax: 1 });
    const client = await clientOf(node, { inFlightMax: 1 });
    const first = client.call("hold", [1]);
    await eventually("it runs", () => started.length === 1);
    const other = await clientOf(node);
    const order: string[] = [];
    const graph = client.graph();
    const output = graph.call("echo", ["graph"]);
    const all = [
      graph.run(output).then((value) => order.push(String(value))),
      client.nodes().then(([node]) => order.push(node!.name)),
      client.call("echo", ["call"]).then((value) => order.push(String(value))),
    ];
    for (let i = 0; i < 3; i++) await other.call("echo");
    expect(order).toEqual([]);
    await release(1);
    expect(await first).toBe(1);
    await Promise.all(all);
    expect(order).toEqual(["graph", "solo", "call"]);
  });

  test("wait in bounded number: one more is overloaded, and has not been tried (Q2)", async () => {
    const { client, started, release } = await start({ inFlightMax: 1, queueMax: 2 });
    const calls = [1, 2, 3].map((number) => client.call("hold", [number]));
    expect(told(await failureOf(client.call("hold", [4])))).toMatchObject({
      code: "overloaded",
      message: "Cannot send: 2 others wait to be sent already; the limit is 2 (queueMax of connect)",
      outcome: "not-applied",
    });
    await release(1);
    await calls[0];
    await eventually("the next one runs", () => started.length === 2);
    const fifth = client.call("hold", [5]);
    await release(3);
    expect(await Promise.all([...calls, fifth])).toEqual([1, 2, 3, 5]);
  });

  test("wait in bounded size, but a single one may be larger (Q2)", async () => {
    const { client, started, release } = await start({ inFlightMax: 1, queueBytesMax: 100_000 });
    const first = client.call("hold", [1]);
    await eventually("it runs", () => started.length === 1);
    const large = client.call<Uint8Array>("echo", [new Uint8Array(200_000)]);
    expect(told(await failureOf(client.call("echo", [1])))).toMatchObject({
      code: "overloaded",
      message: "Cannot send: 200070 bytes wait to be sent already; the limit is 100000 (queueBytesMax of connect)",
      outcome: "not-applied",
    });
    await release(1);
    expect(await first).toBe(1);
    expect(await large).toHaveLength(200_000);
    const again = client.call("hold", [2]);
    expect(await Promise.all([client.call("echo", [new Uint8Array(90_000)]), release(1)])).toMatchObject([
      { length: 90_000 },
      undefined,
    ]);
    expect(await again).toBe(2);
  });

  test("that are cancelled leave the line, and the node never hears of them (Q3)", async () => {
    const { client, started, release } = await start({ inFlightMax: 1, queueMax: 2 });
    const controller = new AbortController();
    const first = client.call("hold", [1]);
    const second = failureOf(client.call("hold", [2], { signal: controller.signal }));
    const third = client.call("hold", [3]);
    controller.abort();
    expect((await second).code).toBe("cancelled");
    const fourth = client.call("hold", [4]); // there is room again
    await release(3);
    expect(await Promise.all([first, third, fourth])).toEqual([1, 3, 4]);
    expect(started).toEqual([1, 3, 4]);
  });

  test("are not overtaken by one that is made when others were just cancelled (Q1)", async () => {
    const { client, started, release } = await start({ inFlightMax: 2 });
    const controller = new AbortController();
    const cancelled = [1, 2].map((number) => failureOf(client.call("hold", [number], { signal: controller.signal })));
    const third = client.call("hold", [3]);
    await eventually("two run", () => started.length === 2);
    controller.abort();
    const fourth = client.call("hold", [4]);
    await Promise.all(cancelled);
    await release(4);
    expect(await Promise.all([third, fourth])).toEqual([3, 4]);
    expect(started).toEqual([1, 2, 3, 4]);
  });

  test("whose time is over leave the line, and say that nothing was done; waiting counts", async () => {
    const { client, started, remainingMs, release } = await start({ inFlightMax: 1 });
    const first = client.call("hold", [1]);
    await eventually("it runs", () => started.length === 1);
    const patient = client.call("hold", [3], { timeoutMs: 60_000 });
    expect(told(await failureOf(client.call("hold", [2], { timeoutMs: 50 })))).toMatchObject({
      code: "deadline",
      message: "The time allowed ran out while it waited to be sent (inFlightMax of connect)",
      outcome: "not-applied",
    });
    await release(2);
    expect(await Promise.all([first, patient])).toEqual([1, 3]);
    expect(started).toEqual([1, 3]);
    expect(remainingMs[1]).toBeLessThan(59_900); // it has waited as long as the other one's deadline and grace
  });

  test("that the node would not accept fail when it is their turn, and only they", async () => {
    const node = await startNode({ limits: { messageBytesMax: 10_000 } });
    const client = await clientOf(node, { inFlightMax: 1 });
    const calls = [1, 2, 3].map((number) => client.call("echo", [number === 2 ? new Uint8Array(20_000) : number]));
    expect(await failureOf(calls[1]!)).toMatchObject({ code: "too-large", outcome: "not-applied" });
    expect(await Promise.all([calls[0], calls[2]])).toEqual([1, 3]);
  });

  test("know that they were not sent when the connection breaks for ever", async () => {
    const { client, proxy, started } = await start({ inFlightMax: 1, reconnect: false });
    const sent = failureOf(client.call("hold", [1]));
    await eventually("it runs", () => started.length === 1);
    const unsent = failureOf(client.call("hold", [2]));
    proxy.cut();
    expect(told(await sent)).toMatchObject({ code: "node-lost", outcome: "unknown" });
    expect(told(await unsent)).toMatchObject({ code: "node-lost", outcome: "not-applied" });
    expect((await unsent).message).toContain("ended before the call was sent");
  });
});

test("places of what was withdrawn are given up when there are many, and the others keep their order (Q3)", () => {
  const line = new Line({ asksMax: 10, bytesMax: 1_000 });
  const asker = { answered: () => undefined, results: () => undefined, failed: () => undefined };
  const ask = { kind: "inspect", subject: "nodes", timeoutMs: 0 } as const;
  const kept: number[] = [];
  for (let id = 1; id <= 1_000; id++) {
    line.add(new Pending(id, ask, asker), 0);
    if (id % 200 === 0) kept.push(id);
    else line.remove(id);
    expect(line.kept).toBeLessThanOrEqual(20);
  }
  const left: number[] = [];
  for (let place = line.first; place !== undefined; place = line.first) {
    left.push(place.id);
    line.remove(place.id);
  }
  expect(left).toEqual(kept);
});

test("more calls at once than the node takes from one link are all answered", async () => {
  const node = await startNode({ limits: { asksPerLinkMax: 100 } });
  let isOpen = false;
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  node.register("wait", async (number: number) => {
    if (!isOpen) await opened;
    return number;
  });
  const client = await clientOf(node, { inFlightMax: 100 });
  const calls = Array.from({ length: 1_000 }, (_, number) => client.call("wait", [number]));
  await (await clientOf(node)).call("echo");
  isOpen = true;
  open();
  expect(await Promise.all(calls)).toEqual(Array.from({ length: 1_000 }, (_, number) => number));
});

test("a question about the cluster may have a time limit", async () => {
  const { client, started, release } = await start({ inFlightMax: 1 });
  const first = client.call("hold", [1]);
  await eventually("it runs", () => started.length === 1);
  expect((await failureOf(client.nodes({ timeoutMs: 30 }))).code).toBe("deadline");
  await release(1);
  await first;
  expect(await client.functions({ timeoutMs: 5_000 })).toHaveLength(3);
  expect((await failureOf(client.nodes({ timeoutMs: 0 }))).message).toContain("timeoutMs");
});
