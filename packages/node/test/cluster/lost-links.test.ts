/** What nodes tell of links that are lost, over real sockets. */
import type { NodeStatus } from "@mpreg/node";
import { describe, expect, test } from "vitest";
import { meshed, offered, startNode } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { Latch } from "../support/latch.js";
import { startProcess } from "../support/processes.js";
import { startProxy } from "../support/proxy.js";

type Loss = Extract<NodeStatus, { readonly kind: "link-lost" }>;

async function firstLoss(status: AsyncIterable<NodeStatus>): Promise<Loss> {
  for await (const event of status) if (event.kind === "link-lost") return event;
  throw new Error("the status has ended without a lost link");
}

describe("a link that is lost", () => {
  test("without a goodbye tells what the socket said", async () => {
    const entry = await startNode({ name: "entry" });
    const proxy = await startProxy(entry);
    const worker = await startNode({ name: "worker", peers: [proxy.url], advertise: [] });
    await meshed([entry, worker]);
    const losses = Promise.all([firstLoss(entry.status()), firstLoss(worker.status())]);
    proxy.cut();
    for (const { endedBy, reason } of await losses) {
      expect([endedBy, reason.code]).toEqual(["transport", "transport"]);
      expect(reason.reason).toMatch(/ECONNRESET|closed with code 1006/);
    }
  });

  test("after a goodbye tells whose it was, and what it said", async () => {
    const entry = await startNode({ name: "entry" });
    const worker = await startNode({ name: "worker", peers: [entry.url] });
    await meshed([entry, worker]);
    const losses = Promise.all([firstLoss(entry.status()), firstLoss(worker.status())]);
    await worker.close();
    expect((await losses).map(({ endedBy, reason }) => [endedBy, reason])).toEqual([
      ["there", { code: "closing", reason: 'Node "worker" is closing' }],
      ["here", { code: "closing", reason: 'Node "worker" is closing' }],
    ]);
  });
});

/** More than a link's queue holds of anything but answers. */
const [count, bytes] = [2_500, 60_000];

test("a process that stands still while 150 MB of answers wait for it keeps its link, and gets them all", async () => {
  const entry = await startNode({ name: "entry", profile: "local" });
  const stander = await startProcess({ name: "stander", profile: "local", peers: [entry.url] });
  const gate = new Latch();
  let [started, ended] = [0, 0];
  entry.register(
    "large",
    async () => {
      started += 1;
      await gate.passed;
      ended += 1;
      return new Uint8Array(bytes);
    },
    { concurrencyMax: count },
  );
  await offered("ask often", 1, entry);
  const told: NodeStatus[] = [];
  const status = entry.status();
  const following = (async () => {
    for await (const event of status) told.push(event);
  })();
  const asked = entry.call("ask often", ["large", count]);
  await eventually("all have been asked", () => started === count);
  stander.kill("SIGSTOP");
  gate.open();
  const isTold = (kind: NodeStatus["kind"]) => () => told.some((event) => event.kind === kind);
  await eventually("all have been answered, and the process is missed", () => ended === count && isTold("node-lost")());
  stander.kill("SIGCONT");
  expect(await asked).toEqual([]);
  await entry.close();
  await following;
  const losses = told.filter((event) => event.kind === "link-lost");
  expect(losses.filter(({ reason }) => reason.code !== "closing")).toEqual([]); // that is the end of the test
});
