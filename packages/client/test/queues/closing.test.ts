/** What is leased to a client that closes. */
import type { MpregNode } from "@mpreg/node";
import { expect, test } from "vitest";
import { clientOf, startMesh, startNode } from "../../../node/test/support/cluster.js";
import { Latch } from "../../../node/test/support/latch.js";
import { startProxy } from "../../../node/test/support/proxy.js";

/** A queue of six messages, and a client of another node than its own. */
async function start() {
  const [node, far] = (await startMesh({}, {})) as [MpregNode, MpregNode];
  const near = await clientOf(node);
  const queue = near.queue<number>("jobs", { durable: false, visibilityMs: 600_000 });
  await queue.sendBatch([1, 2, 3, 4, 5, 6].map((value) => ({ value })));
  const leaving = await clientOf(far);
  const receivesOf = async (): Promise<number[]> =>
    (await queue.receive({ max: 10, waitMs: 0 })).map(({ receives }) => receives);
  return { queue, leaving, theirs: leaving.queue<number>("jobs"), receivesOf };
}

test("a client that closes gives back what its processor has leased ahead, and releases what its handler works on", async () => {
  const { queue, leaving, theirs, receivesOf } = await start();
  const begun = new Latch();
  const errors: unknown[] = [];
  const processor = theirs.process(
    (_message, { signal }) =>
      new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => resolve());
        begun.open();
      }),
    { prefetch: 3, onError: (error) => void errors.push(error) },
  );
  await begun.passed;
  expect(await queue.stats()).toMatchObject({ leased: 4, available: 2 });
  await leaving.close();
  expect(await queue.stats()).toMatchObject({ leased: 0, available: 6, waiting: 0 });
  await processor.closed;
  expect(errors).toEqual([]);
  expect((await receivesOf()).sort()).toEqual([1, 1, 1, 1, 1, 2]); // only what was begun counts
});

test("a client that closes gives back what its loop has leased ahead, and what is received just then; the loop ends", async () => {
  const { queue, leaving, theirs, receivesOf } = await start();
  const loop = theirs.messages({ prefetch: 4 });
  await (await loop.next()).value!.ack();
  const rest = await queue.receive({ max: 2, waitMs: 0 });
  const waiting = theirs.receive({ waitMs: 60_000 });
  await expect.poll(() => queue.stats()).toMatchObject({ waiting: 1, leased: 5 });
  await leaving.close();
  expect(await queue.stats()).toMatchObject({ leased: 2, available: 3, waiting: 0 });
  expect(await waiting).toEqual([]);
  expect(await loop.next()).toEqual({ done: true, value: undefined });
  await queue.release(
    rest.map(({ receipt }) => receipt),
    { delayMs: 0 },
  );
  expect((await receivesOf()).sort()).toEqual([1, 1, 1, 2, 2]);
  await expect(theirs.receive()).rejects.toMatchObject({ code: "closed" });
});

test.for([
  { code: "deadline", by: "timeoutMs" },
  { code: "cancelled", by: "signal" },
])("a client that closes does not wait longer than its $by says until queues have heard", async ({ code, by }) => {
  const node = await startNode();
  const proxy = await startProxy(node);
  const leaving = await clientOf(proxy);
  const queue = leaving.queue<number>("jobs", { durable: false });
  await queue.sendBatch([{ value: 1 }, { value: 2 }]);
  const begun = new Latch();
  queue.process(
    () => {
      begun.open();
      return new Promise<void>(() => undefined);
    },
    { prefetch: 1 },
  );
  await begun.passed;
  proxy.stall();
  const abort = new AbortController();
  const closed = leaving.close(by === "signal" ? { signal: abort.signal } : { timeoutMs: 20 });
  abort.abort();
  await expect(closed).rejects.toMatchObject({ code });
  await expect(leaving.call("anything")).rejects.toMatchObject({ code: "closed" });
});

test("a client that drains waits for what handlers have begun, and gives back the rest", async () => {
  const { queue, leaving, theirs } = await start();
  const [begun, end] = [new Latch(), new Latch()];
  theirs.process(
    async () => {
      begun.open();
      await end.passed;
    },
    { prefetch: 3 },
  );
  await begun.passed;
  await expect(leaving.drain({ timeoutMs: 50 })).rejects.toMatchObject({ code: "deadline" });
  await expect.poll(() => queue.stats()).toMatchObject({ leased: 1, available: 5 });
  const drained = leaving.drain();
  end.open();
  await drained;
  expect(await queue.stats()).toMatchObject({ leased: 0, available: 5, acknowledged: 1 });
  await expect(leaving.call("anything")).rejects.toMatchObject({ code: "closed" });
});

test("a processor that has drained has given back what it had leased ahead", async () => {
  const { queue, leaving, theirs } = await start();
  const [begun, end] = [new Latch(), new Latch()];
  const processor = theirs.process(
    async () => {
      begun.open();
      await end.passed;
    },
    { prefetch: 3 },
  );
  await begun.passed;
  end.open();
  await processor.drain();
  await leaving.close();
  expect(await queue.stats()).toMatchObject({ leased: 0 });
});

test("a node that closes gives back what its own program has leased ahead of a queue of another node", async () => {
  const [node, far] = (await startMesh({}, {})) as [MpregNode, MpregNode];
  const queue = (await clientOf(node)).queue<number>("jobs", {
    durable: false,
    owner: node.name,
    visibilityMs: 600_000,
  });
  await queue.sendBatch([1, 2, 3].map((value) => ({ value })));
  const begun = new Latch();
  far.queue("jobs").process(
    () => {
      begun.open();
      return new Promise<void>(() => undefined);
    },
    { prefetch: 2 },
  );
  await begun.passed;
  await far.close();
  expect(await queue.stats()).toMatchObject({ leased: 0, available: 3 });
});
