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

test("sends of one turn that are large by their headers are all taken, and one beyond every limit is refused alone", async () => {
  const queue = await start();
  const sends = (count: number, bytes: number): Promise<unknown>[] =>
    Array.from({ length: count }, () => queue.send(1, { headers: { token: "x".repeat(bytes) } }));
  expect(new Set(await endsOf(sends(40, 500_000)))).toEqual(new Set(["done"]));
  const all = [...sends(1, 10), ...sends(1, 17 * 1_048_576), ...sends(1, 10)];
  expect(await endsOf(all)).toEqual(["done", "too-large", "done"]);
});

test("headers, and ids to wait for, that a program changes for its next message stay as they were given", async () => {
  const queue = await start();
  const headers: Record<string, string> = {};
  const after: string[] = [];
  const sends = [1, 2, 3].map((number) => {
    headers["number"] = String(number);
    const id = `m${number}`;
    const sent = queue.send(number, { id, headers, after });
    after.push(id);
    return sent;
  });
  headers["number"] = "x".repeat(1_000);
  await Promise.all(sends);
  const [first, ...others] = await queue.receive({ max: 3 });
  expect([first?.headers, others]).toEqual([{ number: "1" }, []]);
  await first?.ack();
  expect(await queue.receive({ max: 3 })).toMatchObject([{ value: 2, headers: { number: "2" } }]);
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

test("a batch that is none is refused, and nothing is thrown", async () => {
  const queue = await start();
  for (const none of [null, "abc", 7, { value: 1 }])
    await expect(queue.sendBatch(none as never)).rejects.toMatchObject({ code: "invalid-argument" });
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

test("results of one turn that are too large for one frame together are all told, and their messages done (L3)", async () => {
  const queue = await start();
  const values = Array.from({ length: 80 }, (_, index) => index);
  const sent = await Promise.all(values.map((value) => queue.send(value, { keepResult: true })));
  const messages = await queue.receive({ max: values.length });
  const result = "x".repeat(1_000_000); // the node takes frames of 64 MiB
  expect(new Set(await endsOf(messages.map((message) => message.ack({ result }))))).toEqual(new Set(["done"]));
  expect(await queue.stats()).toMatchObject({ messages: 0, acknowledged: values.length });
  expect(await queue.result(sent.at(-1)!.id)).toBe(result);
});

test("a result that no frame can carry is told as too large, its message is done, and so are those of its turn (L3)", async () => {
  const queue = await start();
  const [large, small] = await Promise.all([queue.send(1, { keepResult: true }), queue.send(2, { keepResult: true })]);
  const [first, second] = await queue.receive({ max: 2 });
  const result = new Uint8Array(65 * 1_048_576);
  expect(await endsOf([first!.ack({ result }), second!.ack({ result: "fine" })])).toEqual(["done", "done"]);
  expect(await queue.stats()).toMatchObject({ messages: 0, acknowledged: 2 });
  expect(await queue.result(small.id)).toBe("fine");
  await expect(queue.result(large.id)).rejects.toMatchObject({ code: "too-large", outcome: "applied" });
});

test("what is no option of ack, release or extend is refused, and nothing is done of what was not meant", async () => {
  const queue = await start();
  await queue.send(1);
  const [message] = await queue.receive();
  const wrong = { delay: 60_000 } as object;
  const all = [message!.release(wrong), message!.ack(wrong), message!.extend(1, wrong)];
  expect(await endsOf(all)).toEqual(["invalid-argument", "invalid-argument", "invalid-argument"]);
  expect(await queue.stats()).toMatchObject({ leased: 1, acknowledged: 0, released: 0 });
});

test("how long is waited for an ack, release, extend or drain is checked: more than a timer can wait was over at once", async () => {
  const client = await clientOf(await startNode());
  const jobs = client.queue("jobs", { durable: false });
  await jobs.send(1);
  const [job] = await jobs.receive();
  const refused = { code: "invalid-argument", outcome: "not-applied" };
  const long = { timeoutMs: 2 ** 31 };
  await expect(job!.extend(1_000, long)).rejects.toMatchObject(refused);
  await expect(job!.release({ timeoutMs: -5 })).rejects.toMatchObject(refused);
  await expect(jobs.extend([job!.receipt], 1_000, long)).rejects.toMatchObject(refused);
  await expect(jobs.ack([job!.receipt], { result: 5 } as object)).rejects.toMatchObject(refused);
  const processor = jobs.process(() => undefined);
  await expect(processor.drain(long)).rejects.toMatchObject(refused);
  await processor.drain();
  await job!.ack(); // nothing was done of all that
});
