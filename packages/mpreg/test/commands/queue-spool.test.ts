/** Messages for a queue whose node was killed, kept by processes that are killed themselves. */
import { type Client, connect } from "@mpreg/client";
import { MpregError } from "@mpreg/core/base";
import { expect, onTestFinished, test, vi } from "vitest";
import { type StartedNode, startNode, temporaryFolder } from "../processes.js";

async function clientOf({ url }: StartedNode): Promise<Client> {
  const client = await connect(url);
  onTestFinished(() => client.close());
  return client;
}

async function know(client: Client, count: number): Promise<void> {
  await vi.waitUntil(async () => (await client.nodes()).filter(({ state }) => state !== "down").length === count, {
    timeout: 20_000,
  });
}

test("what two nodes keep for one that was killed comes once, in the order of each, though one of them is killed as well", async () => {
  const dirs = { keeper: temporaryFolder(), left: temporaryFolder(), right: temporaryFolder() };
  const start = (name: keyof typeof dirs, ...peers: readonly StartedNode[]): Promise<StartedNode> =>
    startNode([
      "--name",
      name,
      "--port",
      "0",
      "--data-dir",
      dirs[name],
      ...peers.flatMap(({ url }) => ["--peers", url]),
      "--no-mdns",
    ]);
  const right = await start("right");
  const keeper = await start("keeper", right);
  const left = await start("left", right);
  const clients = { left: await clientOf(left), right: await clientOf(right) };
  await Promise.all([know(clients.left, 3), know(clients.right, 3)]);
  await clients.left.queue("jobs", { owner: "keeper" }).create();
  const queues = { left: clients.left.queue<string>("jobs"), right: clients.right.queue<string>("jobs") };
  await vi.waitUntil(async () => (await clients.right.queues()).includes("jobs"), { timeout: 20_000 });

  // under load: what nobody knows the end of may be there or not, all else exactly once
  const kept = new Set<string>();
  const unknown = new Set<string>();
  const send = async (side: "left" | "right", count: number, from: number): Promise<void> => {
    for (let at = from; at < from + count; at++) {
      const value = `${side} ${at}`;
      await queues[side].send(value, { accept: "spool" }).then(
        () => kept.add(value),
        (error: unknown) => error instanceof MpregError && error.outcome === "unknown" && unknown.add(value),
      );
    }
  };
  const load = Promise.all([send("left", 80, 0), send("right", 80, 0)]);
  await vi.waitUntil(() => kept.size > 20, { timeout: 30_000 });
  keeper.kill("SIGKILL");
  await load;
  await Promise.all([send("left", 40, 80), send("right", 40, 80)]);
  left.kill("SIGKILL");
  await left.exitCode;
  const again = await start("left", right);
  await start("keeper", right, again);

  const came: string[] = [];
  await vi.waitUntil(
    async () => {
      const messages = await queues.right.receive({ max: 1_000, waitMs: 500 }).catch(() => []);
      came.push(...messages.map(({ value }) => value));
      if (messages.length > 0) await queues.right.ack(messages.map(({ receipt }) => receipt));
      return messages.length === 0 && [...kept].every((value) => came.includes(value));
    },
    { timeout: 60_000 },
  );
  expect(new Set(came).size).toBe(came.length);
  expect(came.filter((value) => !kept.has(value) && !unknown.has(value))).toEqual([]);
  for (const side of ["left", "right"]) {
    const numbers = came.filter((value) => value.startsWith(side)).map((value) => Number(value.split(" ")[1]));
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  }
  expect(kept.size).toBeGreaterThan(200);
}, 120_000);
