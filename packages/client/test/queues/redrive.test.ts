/** Dead letters that go back to other nodes, over real sockets. */
import { type MpregNode } from "@mpreg/node";
import { expect, test } from "vitest";
import { clientOf, offered, startMesh } from "../../../node/test/support/cluster.js";

test("a redrive to a queue that was deleted is over at once, and says so; one that is away it waits for, and tells", async () => {
  const [node, far] = (await startMesh({ name: "near" }, { name: "far" })) as [MpregNode, MpregNode];
  const client = await clientOf(node);
  const dead = client.queue("dead", { durable: false, owner: "near" });
  await dead.create();
  const die = async (name: string): Promise<void> => {
    const queue = client.queue(name, { durable: false, owner: "far", maxReceives: 1, deadLetter: "dead" });
    await queue.create();
    await queue.send(1);
    for (const message of await queue.receive()) await message.release();
  };
  await die("deleted");
  await die("away");
  await expect.poll(async () => (await dead.stats()).messages).toBe(2);
  await client.queue("deleted").delete();
  await offered("mpreg.queue.deleted", 0, node);
  await far.close();
  await offered("mpreg.queue.away", 0, node);
  const { id } = await dead.redrive();
  const told = async () => (await dead.redrives())[0];
  await expect.poll(told).toMatchObject({ state: "running", refused: 1, waiting: 1 });
  expect(await told()).toMatchObject({
    waitingFor: [{ queue: "away" }],
    lastRefusal: expect.stringMatching(/"deleted", which is not there/) as string,
  });
  expect(await dead.cancelRedrive(id)).toMatchObject({ state: "cancelled", waiting: 0, waitingFor: [] });
  expect((await dead.stats()).messages).toBe(2);
});

test("who may not send to a queue may not have messages moved there: as dead letters, or by a redrive", async () => {
  const [node] = (await startMesh({
    policy: (_subject, action) =>
      action.kind === "send" && action.queue === "secret" ? { allow: false, reason: "it is secret" } : { allow: true },
  })) as [MpregNode];
  const client = await clientOf(node);
  const denied = { code: "denied", outcome: "not-applied" };
  for (const name of ["secret", "other"]) await client.queue(name, { durable: false }).create();
  const created = client.queue("jobs", { durable: false, maxReceives: 1, deadLetter: "secret" }).create();
  await expect(created).rejects.toMatchObject(denied);
  const jobs = client.queue("jobs", { durable: false, maxReceives: 1, deadLetter: "failed" });
  await jobs.create();
  await expect(jobs.update({ deadLetter: "secret" })).rejects.toMatchObject(denied);
  await expect(jobs.redrive({ to: "secret" })).rejects.toMatchObject(denied);
  await jobs.redrive({ to: "other" });
});
