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
