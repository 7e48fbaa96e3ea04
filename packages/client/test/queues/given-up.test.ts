/** Receives that nobody waits for any more, and options of receivers that make no sense. */
import type { MpregNode } from "@mpreg/node";
import { expect, test } from "vitest";
import { Mesh } from "../../../core/test/support/mesh.js";
import { clientOf, startMesh } from "../../../node/test/support/cluster.js";
import { followed, sessionOf, settled } from "../support/mesh-session.js";

async function start() {
  const [node] = (await startMesh({})) as [MpregNode];
  const client = await clientOf(node);
  const queue = client.queue<number>("jobs", { durable: false, visibilityMs: 600_000 });
  await queue.create();
  return { queue };
}

test("a loop that is left while it waits for a message ends at once", async () => {
  const { queue } = await start();
  const loop = queue.messages();
  const [next, after] = [loop.next(), loop.next()];
  await expect.poll(async () => (await queue.stats()).waiting).toBe(1);
  await loop.return!();
  expect(await next).toEqual({ done: true, value: undefined });
  expect(await after).toEqual({ done: true, value: undefined });
  await expect.poll(async () => (await queue.stats()).waiting).toBe(0);
});

test("the answer to a receive that was cancelled on its way is given back by the attempt (A4)", async () => {
  const mesh = new Mesh();
  mesh.node("a", { queues: true });
  mesh.advance(2_000);
  const { caller } = sessionOf(mesh, ["a"]);
  const ask = async (of: string, operation: object): Promise<unknown> => {
    const told = followed(caller.call(of, [operation]));
    await settled(mesh);
    return told.end;
  };
  const fun = "mpreg.queue.q";
  await ask("mpreg.queues", { op: "create", queue: "q", settings: { durable: false } });
  await ask(fun, { op: "send", messages: [{ body: Uint8Array.of(7) }] });
  const abort = new AbortController();
  const wish = { op: "receive", max: 1, waitMs: 20_000, attempt: "mine" };
  const received = followed(caller.call(fun, [wish], { signal: abort.signal }));
  for (let turns = 0; turns < 20; turns++) await Promise.resolve();
  abort.abort(); // it has left, and nothing has come
  await settled(mesh);
  expect(received.end).toMatchObject(["cancelled", "unknown", expect.anything()]);
  await ask(fun, { op: "release", receipts: [], attempt: "mine", delayMs: 0, uncounted: true });
  expect(await ask(fun, { op: "receive", max: 1, waitMs: 0 })).toMatchObject([{ receives: 1 }]);
});

test.each([
  ["receive: max must be a whole number from 1 to 1000, got 5000", { max: 5_000 }],
  ["receive: waitMs must be a whole number from 0 to 3600000 ms: a loop", { waitMs: Infinity }],
  ["receive: waitMs must be a whole number from 0 to 3600000", { waitMs: -1 }],
])("%s", async (message, options) => {
  const { queue } = await start();
  await expect(queue.receive(options)).rejects.toMatchObject({
    code: "invalid-argument",
    outcome: "not-applied",
    message: expect.stringContaining(message) as unknown,
  });
});

test("more is refused than a processor or a loop can have at a time; what they can have comes in several receives", async () => {
  const { queue } = await start();
  const handler = (): void => undefined;
  expect(() => queue.process(handler, { prefetch: 1e9 })).toThrow(
    "process: prefetch must be a whole number from 0 to 10000, got 1000000000",
  );
  expect(() => queue.process(handler, { concurrency: Infinity })).toThrow("from 1 to 10000, got Infinity");
  expect(() => queue.messages({ prefetch: 0 })).toThrow(
    "messages: prefetch must be a whole number from 1 to 1000, got 0",
  );
  expect(() => queue.process(handler, { absent: "never" as "end" })).toThrow('"wait", "end" or undefined, got "never"');
  for (let from = 0; from < 3; from++) {
    await queue.sendBatch(Array.from({ length: 1_000 }, (_, value) => ({ value })));
  }
  let running = 0;
  const processor = queue.process(
    (_message, { signal }) =>
      new Promise<void>((resolve) => {
        running += 1;
        signal.addEventListener("abort", () => resolve());
      }),
    { concurrency: 2_500, prefetch: 500 },
  );
  await expect.poll(() => running).toBe(2_500);
  await expect.poll(() => queue.stats()).toMatchObject({ leased: 3_000 });
  await processor.close();
});
