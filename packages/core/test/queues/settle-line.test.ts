import { expect, test } from "vitest";
import { Holders, QueueAsking } from "../../src/program/index.js";
import type { QueueHost } from "../../src/program/index.js";
import { SettleLine } from "../../src/program/queues/settle-line.js";
import type { QueueOperation } from "../../src/queues/index.js";

type Acknowledgement = Extract<QueueOperation, { op: "ack" }>;

/** A line whose queue has done everything that it is asked. */
function start() {
  const asked: Acknowledgement[] = [];
  const host = {
    codec: { encode: (value: unknown) => new Uint8Array(value as number) } as unknown as QueueHost["codec"],
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
      asked.push(operation as Acknowledgement);
      return Promise.resolve((operation as Acknowledgement).receipts.map(() => ({ kind: "done" })));
    },
  } satisfies QueueHost;
  return { asked, line: new SettleLine(new QueueAsking("jobs", host, undefined, undefined)) };
}

const MiB = 1024 * 1024;

test("acknowledgements whose results are too much for a call travel in several: all of them failed, and what was done was done again without end (L3)", async () => {
  const { asked, line } = start();
  const sizes = [MiB, MiB, 10, MiB - 10, 1, undefined];
  await Promise.all(sizes.map((size, at) => line.one({ op: "ack" }, `r${at}`, {}, size)));
  expect(asked.map(({ receipts }) => receipts)).toEqual([["r0"], ["r1"], ["r2", "r3"], ["r4", "r5"]]);
  expect(asked[2]?.results?.map((result) => result?.kind === "done" && result.value?.length)).toEqual([10, MiB - 10]);
});
