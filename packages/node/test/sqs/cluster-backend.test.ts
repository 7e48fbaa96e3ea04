/** What the SQS door asks of its cluster, where news of a queue come later than the answer that it was created. */
import { MpregError } from "@mpreg/core/base";
import { Holders, type QueueHost } from "@mpreg/core/program";
import { defaultQueueSettings } from "@mpreg/core/queues";
import { createCodec } from "@mpreg/core/values";
import { expect, test } from "vitest";
import { utf8 } from "../../src/capabilities.js";
import { clock } from "../../src/own-program.js";
import { ClusterBackend } from "../../src/sqs/cluster-backend.js";

const parts = {
  holders: new Holders(),
  codec: createCodec(utf8),
  clock,
  createAbort: () => new AbortController(),
  entry: () => undefined,
  newId: () => "id",
};

test("a creation is answered when this node knows where the queue is (B3)", async () => {
  let isKnown = false;
  const cluster: QueueHost = {
    ...parts,
    call: (fun, [operation], { waitForCapacity }) => {
      if (fun === "mpreg.queues") {
        return Promise.resolve((operation as { op: string }).op === "place" ? { node: "far" } : defaultQueueSettings);
      }
      if (waitForCapacity !== undefined) isKnown = true; // who waits for it is answered once the news are there
      return isKnown ? Promise.resolve(defaultQueueSettings) : Promise.reject(new MpregError("no-provider", "not yet"));
    },
  };
  const backend = new ClusterBackend(cluster, "near");
  const created = await new Promise((end) => backend.create("orders", {}, end));
  expect(created).toMatchObject({ kind: "done", value: { isNew: true, record: { name: "orders" } } });
  expect(isKnown).toBe(true);
});

test("settings that no queue can have are refused without waiting for one of that name", async () => {
  const waits: unknown[] = [];
  const cluster: QueueHost = {
    ...parts,
    call: (fun, _operations, { waitForCapacity }) => {
      const isQueue = fun !== "mpreg.queues";
      if (isQueue) waits.push(waitForCapacity);
      const code = isQueue ? "no-provider" : "invalid-argument"; // as a node would refuse to create it
      return Promise.reject(new MpregError(code, "no"));
    },
  };
  const backend = new ClusterBackend(cluster, "near");
  const shortLived = { ttlMs: 60_000, delayMs: 900_000 };
  const created = await new Promise((end) => backend.create("orders", shortLived, end));
  expect(created).toMatchObject({ kind: "failed", error: { code: "invalid-argument" } });
  expect(waits).toEqual([undefined]);
});

test("who looks a queue up once a change of it has ended sees the change, also where others have looked in the same turn (B5)", async () => {
  let settings = defaultQueueSettings;
  const cluster: QueueHost = {
    ...parts,
    call: (_fun, [operation]) => {
      const { op, settings: changed } = operation as { op: string; settings?: object };
      if (op === "update") settings = { ...settings, ...changed };
      return Promise.resolve(settings);
    },
  };
  const backend = new ClusterBackend(cluster, "near");
  backend.find("orders", () => undefined);
  const found = await new Promise((end) => {
    backend.operate<"update">("orders", { op: "update", settings: { tags: { a: "1" } } }, () => {
      backend.find("orders", end);
    });
  });
  expect(found).toMatchObject({ value: { settings: { tags: { a: "1" } } } });
});
