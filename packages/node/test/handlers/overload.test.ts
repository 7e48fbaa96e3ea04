/** A node with more calls than it can run, over real sockets. */
import { context } from "@mpreg/node";
import { expect, test } from "vitest";
import { clientOf, offered, startMesh, startNode } from "../support/cluster.js";
import { failureOf, told } from "../support/failure.js";
import { Latch } from "../support/latch.js";

test("calls beyond the limit wait for their turn, one client's behind another's, and tell how long they have waited", async () => {
  const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker" });
  const [began, over] = [new Latch(), new Latch()];
  const order: string[] = [];
  worker!.register(
    "work",
    async (who: string) => {
      order.push(who);
      began.open();
      await over.passed;
    },
    { concurrencyMax: 1, queueMax: 3 },
  );
  await offered("work", 1, entry!);
  const [greedy, modest] = [await clientOf(entry!), await clientOf(entry!)];
  const first = greedy.call("work", ["greedy"]);
  await began.passed;
  const settled = Promise.allSettled(Array.from({ length: 5 }, () => greedy.call("work", ["greedy"])));
  // what the node has refused was refused after the others had begun to wait
  const refused = await failureOf(greedy.call("work", ["greedy"]));
  expect(told(refused)).toEqual({
    code: "overloaded",
    message: 'Cannot run "work": 1 calls of it run and 3 wait on this node already',
    outcome: "not-applied",
    step: "work",
    node: "worker",
  });
  const load = worker!.functions().find(({ name }) => name === "work")?.offers[0]?.load;
  expect(load).toEqual({ running: 1, abandoned: 0, queued: 3, limit: 1, refused: 3 });
  let queueMs = 0;
  const last = modest.call("work", ["modest"], {
    onSummary: ({ steps: [step] }) => {
      queueMs = step!.queueMs;
    },
  });
  await failureOf(modest.call("work", ["modest"], { timeoutMs: 1, priority: 0 })); // it comes after the call before it
  over.open();
  await Promise.all([first, last]);
  expect((await settled).filter(({ status }) => status === "fulfilled")).toHaveLength(2); // one gave way to the other client
  expect(order).toEqual(["greedy", "greedy", "modest", "greedy"]);
  expect(queueMs).toBeGreaterThan(0);
});

test("a function that calls itself runs with one permit (A4)", async () => {
  const node = await startNode();
  node.register(
    "sum",
    async (n: number): Promise<number> => (n === 0 ? 0 : n + (await context().call<number>("sum", [n - 1]))),
    {
      concurrencyMax: 1,
    },
  );
  const client = await clientOf(node);
  expect(await Promise.all([client.call("sum", [10]), client.call("sum", [20])])).toEqual([55, 210]);
});

test("an error that crosses links tells when there should be room again", async () => {
  const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker" });
  let over = new Latch();
  let began = new Latch();
  worker!.register(
    "work",
    async () => {
      began.open();
      await over.passed;
    },
    { concurrencyMax: 1, queueMax: 0 },
  );
  await offered("work", 1, entry!);
  const client = await clientOf(entry!);
  const measured = client.call("work");
  await began.passed;
  await client.call("echo", ["a round trip, so that the run takes some time"]);
  over.open();
  await measured;
  [over, began] = [new Latch(), new Latch()];
  const running = client.call("work");
  await began.passed;
  expect((await failureOf(client.call("work"))).retryAfterMs).toBeGreaterThan(0);
  over.open();
  await running;
});

test("a handler that runs on beyond its deadline holds its place until it has ended, and is told of (O1)", async () => {
  const node = await startNode();
  const over = new Latch();
  let running = 0;
  node.register(
    "work",
    async () => {
      running += 1;
      await over.passed;
      running -= 1;
    },
    { concurrencyMax: 1 },
  );
  const client = await clientOf(node);
  expect(await failureOf(client.call("work", [], { timeoutMs: 50 }))).toMatchObject({ code: "deadline" });
  const waiting = await failureOf(client.call("work", [], { timeoutMs: 50 }));
  expect(waiting).toMatchObject({ code: "overloaded", outcome: "not-applied" });
  const loadOf = (): unknown => node.functions().find(({ name }) => name === "work")?.offers[0]?.load;
  expect([running, loadOf()]).toMatchObject([1, { running: 1, abandoned: 1 }]);
  over.open();
  await client.call("work");
  expect([running, loadOf()]).toMatchObject([0, { running: 0, abandoned: 0 }]);
});
