/** What programs send and settle in the same turn travels together, and is refused alone. */
import { expect, test } from "vitest";
import { clientOf, startNode } from "../../../node/test/support/cluster.js";

const codeOf = (error: unknown): unknown => (error as { readonly code?: unknown }).code;
const endsOf = async (all: readonly Promise<unknown>[]): Promise<unknown[]> =>
  (await Promise.allSettled(all)).map((end) => (end.status === "fulfilled" ? "done" : codeOf(end.reason)));

async function start() {
  const client = await clientOf(await startNode({}));
  const queue = client.queue<number>("jobs", { durable: false, visibilityMs: 600_000 });
  await queue.create();
  return queue;
}

test.each([
  { delayMs: -1 },
  { ttlMs: NaN },
  { id: 7 },
  { headers: { tenant: 7 } },
  { after: "first" },
  { priority: "high" },
  { keepResult: "yes" },
])("of sends of one turn the one with %o is refused, and the others are sent", async (wrong) => {
  const queue = await start();
  const ends = await endsOf([queue.send(1), queue.send(2, wrong as object), queue.send(3)]);
  expect(ends).toEqual(["done", "invalid-argument", "done"]);
  expect((await queue.browse()).map(({ value }) => value)).toEqual([1, 3]);
});

test("of a batch, a message with a field of the wrong type is refused for itself", async () => {
  const queue = await start();
  const ends = await queue.sendBatch([{ value: 1 }, { value: 2, delayMs: -1 }, { value: 3 }]);
  expect(ends.map(({ error }) => error?.message ?? "sent")).toEqual([
    "sent",
    'a message to queue "jobs": delayMs must be a number of at least 0, got -1',
    "sent",
  ]);
});

test("what is no receipt is refused to whoever gives it, and what others acknowledge in the same turn is done", async () => {
  const queue = await start();
  await queue.sendBatch([{ value: 1 }, { value: 2 }]);
  const [first, second] = await queue.receive({ max: 2 });
  const none = [undefined] as unknown as string[];
  expect(await endsOf([first!.ack(), queue.ack(none), second!.ack()])).toEqual(["done", "invalid-argument", "done"]);
  await expect(queue.release("text" as unknown as string[])).rejects.toMatchObject({ code: "invalid-argument" });
  expect(await queue.stats()).toMatchObject({ messages: 0, acknowledged: 2 });
});
