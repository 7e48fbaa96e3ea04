import { expect, onTestFinished, test } from "vitest";
import { Holders, QueueAsking } from "../../src/program/index.js";
import type { QueueHost } from "../../src/program/index.js";
import { SendLine } from "../../src/program/queues/send-line.js";
import { Sending } from "../../src/program/queues/sending.js";
import type { QueueOperation } from "../../src/queues/index.js";

test("messages with long headers travel in several sends: together they were too large, and all were refused (L2)", async () => {
  const sizes: number[] = [];
  const host = {
    codec: {} as unknown as QueueHost["codec"],
    clock: {
      now: () => 0,
      wallMs: () => 0,
      setTimer: () => 0,
      clearTimer: () => undefined,
      endOfTurn: queueMicrotask,
    },
    createAbort: () => new AbortController(),
    holders: new Holders(),
    entry: () => undefined,
    newId: () => "id",
    call: (_: string, [operation]: readonly unknown[]) => {
      const { messages } = operation as Extract<QueueOperation, { op: "send" }>;
      sizes.push(messages.length);
      return Promise.resolve(messages.map(() => ({ kind: "done", id: "m", sequence: 1n, duplicate: false })));
    },
  } satisfies QueueHost;
  const asking = new QueueAsking("jobs", host, undefined, undefined);
  const line = new SendLine(asking, new Sending(asking, new Map()));
  const message = { body: new Uint8Array(1), headers: { trace: "h".repeat(400_000) } };
  await Promise.all(Array.from({ length: 5 }, () => line.send(message, {}, false)));
  expect(sizes).toEqual([2, 2, 1]);
});

test("a send that was given up before it began says so; what its schema refuses then is nobody's", async () => {
  const asking = new QueueAsking("jobs", { newId: () => "id" } as unknown as QueueHost, undefined, undefined);
  const line = new SendLine(asking, new Sending(asking, new Map()));
  const unheard: unknown[] = [];
  const hear = (error: unknown): void => void unheard.push(error);
  process.on("unhandledRejection", hear);
  onTestFinished(() => void process.off("unhandledRejection", hear));
  const refused = Promise.reject(new Error("what the schema refuses"));
  const sent = line.send(refused, { signal: AbortSignal.abort() }, false);
  await expect(sent).rejects.toMatchObject({ code: "cancelled", outcome: "not-applied" });
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  expect(unheard).toEqual([]);
});
