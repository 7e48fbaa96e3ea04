/** Queues that no node has: misspelt, not there yet, deleted. */
import type { MpregNode } from "@mpreg/node";
import { expect, test } from "vitest";
import { Mesh } from "../../../core/test/support/mesh.js";
import { clientOf, startMesh, startNode } from "../../../node/test/support/cluster.js";
import { temporaryFolder } from "../../../node/test/support/folders.js";
import { Latch } from "../../../node/test/support/latch.js";
import { followed, sessionOf, settled } from "../support/mesh-session.js";

async function start() {
  const [node, far] = (await startMesh({ name: "one" }, { name: "two" })) as [MpregNode, MpregNode];
  return { near: await clientOf(node), distant: await clientOf(far) };
}

const handler = (): void => undefined;

test("a processor of a queue that no node has tells which nodes were asked, and what its name may be meant to be; it goes on once it is created (P10)", async () => {
  const { near, distant } = await start();
  await near.queue("orders", { durable: false }).create();
  const told: unknown[] = [];
  const processor = distant.queue("ordres").process(handler, { onError: (error) => void told.push(error) });
  const events = processor.status();
  const first = (await events.next()).value as { readonly kind: string; readonly error: { readonly message: string } };
  expect(first.kind).toBe("interrupted");
  expect(first.error).toMatchObject({ code: "unknown-queue", reason: "absent" });
  expect(first.error.message).toMatch(
    /No node has a queue "ordres": it was never created, or its owner is away; asked: "(one|two)", "(one|two)"; did you mean "orders"\?/,
  );
  expect(told).toEqual([first.error]);
  await near.queue("ordres", { durable: false }).create();
  for await (const event of events) if (event.kind === "resumed") break;
  await processor.close();
});

test("a processor whose queue has an owner that is away is told which", async () => {
  const [entry, owner] = (await startMesh({ name: "entry" }, { name: "keeper", dataDir: await temporaryFolder() })) as [
    MpregNode,
    MpregNode,
  ];
  const client = await clientOf(entry);
  await client.queue("jobs", {}).create();
  await owner.close();
  await expect(client.queue("jobs").send(1)).rejects.toMatchObject({
    code: "unknown-queue",
    outcome: "not-applied",
    reason: "away",
    message:
      'No node has a queue "jobs" just now: its owner "keeper" is away; with { accept: "spool" } a send waits on a disk until the queue is there',
  });
  const events = client.queue("jobs").process(handler).status();
  const { value } = await events.next();
  expect(value).toMatchObject({
    kind: "interrupted",
    error: {
      code: "unknown-queue",
      message: expect.stringMatching(
        /No node has a queue "jobs": its owner "keeper" is away; asked: "entry"/,
      ) as unknown,
    },
  });
});

test("who may only send to a queue, or only receive from it, is told that its owner is away, too", async () => {
  const dataDir = await temporaryFolder();
  const allowed = new Set(["manage", "send"]);
  const kinds = new Set(["manage", "send", "receive", "browse"]);
  const [entry, owner] = (await startMesh(
    {
      name: "entry",
      policy: (_subject, { kind }) =>
        !kinds.has(kind) || allowed.has(kind) ? { allow: true } : { allow: false, reason: "no" },
    },
    { name: "keeper", dataDir },
  )) as [MpregNode, MpregNode];
  const client = await clientOf(entry);
  await client.queue("jobs", {}).create();
  await owner.close();
  allowed.delete("manage");
  await expect(client.queue("jobs").send(1)).rejects.toMatchObject({ code: "unknown-queue", reason: "away" });
  allowed.delete("send");
  await expect(client.queue("jobs").send(1)).rejects.toMatchObject({ reason: "absent" });
  allowed.add("receive");
  await expect(client.queue("jobs").receive({ waitMs: 0 })).rejects.toMatchObject({ reason: "away" });
});

test("a processor that is to end where no node has its queue does, with why", async () => {
  const { distant } = await start();
  const processor = distant.queue("nowhere").process(handler, { absent: "end" });
  await expect(processor.closed).rejects.toMatchObject({ code: "unknown-queue", reason: "absent" });
  const { value: ended } = await processor.status().next();
  expect(ended).toMatchObject({ kind: "ended", error: { code: "unknown-queue" } });
});

test("a processor whose queue is deleted while it waits ends, and says so", async () => {
  const { near, distant } = await start();
  const queue = near.queue("jobs", { durable: false });
  await queue.create();
  const processor = distant.queue("jobs").process(handler);
  await expect.poll(async () => (await queue.stats()).waiting).toBe(1);
  await queue.delete();
  await expect(processor.closed).rejects.toMatchObject({
    code: "unknown-queue",
    reason: "deleted",
    message: expect.stringMatching(/No node has a queue "jobs": it was deleted; asked: /) as unknown,
  });
});

test("a processor whose queue is deleted while its handlers work ends once they have, and not where it is to wait", async () => {
  const { near, distant } = await start();
  const queue = near.queue("jobs", { durable: false });
  await queue.send(1);
  const [begun, end] = [new Latch(), new Latch()];
  const work = async (): Promise<void> => {
    begun.open();
    await end.passed;
  };
  const processor = distant.queue("jobs").process(work, { prefetch: 0 });
  await begun.passed;
  const patient = distant.queue("jobs").process(handler, { absent: "wait" });
  await expect.poll(async () => (await queue.stats()).waiting).toBe(1);
  const events = patient.status();
  await queue.delete();
  end.open();
  await expect(processor.closed).rejects.toMatchObject({ code: "unknown-queue", reason: "deleted" });
  expect((await events.next()).value).toMatchObject({ kind: "interrupted", error: { reason: "deleted" } });
  await queue.create();
  await queue.send(2);
  await expect.poll(async () => (await queue.stats()).acknowledged).toBe(1);
  await patient.close();
});

test("a durable queue that is created before its node has met one with a disk waits for that", async () => {
  const entry = await startNode({ name: "entry", peers: ["ws://127.0.0.1:9"] });
  const client = await clientOf(entry);
  const created = client.queue("jobs", {}).create();
  await startNode({ name: "keeper", peers: [entry.url], dataDir: await temporaryFolder() });
  expect(await created).toMatchObject({ durable: true });
});

test("what all queues have is told by name, whichever nodes have them", async () => {
  const { near, distant } = await start();
  await near.queue("b", { durable: false, owner: "one" }).create();
  await near.queue("a", { durable: false, owner: "two" }).send(1);
  await expect.poll(async () => (await distant.queues()).length).toBe(2);
  const reports = await distant.queueStats();
  expect(reports).toMatchObject([
    { queue: "a", stats: { messages: 1 } },
    { queue: "b", stats: { messages: 0 } },
  ]);
  expect(new Set(reports.map(({ node }) => node)).size).toBe(2);
});

test("of more queues than one answer tells, the others are asked for behind the last", async () => {
  const mesh = new Mesh();
  mesh.node("a", { queues: true });
  mesh.advance(2_000);
  const { caller } = sessionOf(mesh, ["a"]);
  const names = Array.from({ length: 1_100 }, (_, at) => `q${String(at).padStart(4, "0")}`);
  for (const queue of names) {
    void caller.call("mpreg.queues", [{ op: "create", queue, settings: { durable: false } }]);
    mesh.settle();
  }
  const sizes: number[] = [];
  const seen: string[] = [];
  for (let after: string | undefined = ""; after !== undefined;) {
    const told = followed(caller.call("mpreg.queues", [{ op: "stats", after }]));
    await settled(mesh);
    const page = told.end as { readonly queues: readonly { readonly queue: string }[]; readonly next?: string };
    sizes.push(page.queues.length);
    seen.push(...page.queues.map(({ queue }) => queue));
    after = page.next;
  }
  expect(sizes).toEqual([500, 500, 100]);
  expect(seen).toEqual(names);
});

test("a send to a queue that no node has is told what keeps it until there is one", async () => {
  const { near } = await start();
  await expect(near.queue("nowhere").send(1)).rejects.toMatchObject({
    code: "unknown-queue",
    outcome: "not-applied",
    message: expect.stringMatching(/its owner is away; with \{ accept: "spool" \} a send waits on a disk/) as unknown,
  });
  await expect(near.queue("nowhere").stats()).rejects.toMatchObject({
    message: expect.stringMatching(/its owner is away$/) as unknown,
  });
});

test("an operation whose time is up is told by its name and that of the queue", async () => {
  const { near } = await start();
  const queue = near.queue("jobs", { durable: false });
  await queue.create();
  await expect(queue.receive({ waitMs: 60_000, timeoutMs: 50 })).rejects.toMatchObject({
    code: "deadline",
    message: expect.stringMatching(/The time allowed for receive on queue "jobs" ran out/) as unknown,
  });
});
