/** The owner of a durable queue is killed again and again while programs send to it and receive from it through another node. */
import { connect } from "mpreg";
import { expect, test } from "vitest";
import { type StartedNode, startNode, temporaryFolder } from "../test/processes.js";

const patience = { timeout: 60_000, interval: 10 };
const common = ["--port", "0", "--no-mdns", "--log", "fatal"];
const killsEach = 100;
const sendersEach = 16;
const receiversEach = 4;

test("the owners of two queues are killed 100 times each under load: what was sent is received, what was acknowledged never again, and the disk is free at once", async () => {
  const entry = await startNode(["--name", "entry", ...common]);
  await Promise.all(["left", "right"].map((name) => survive(name, entry.url)));
}, 900_000);

async function survive(name: string, entryUrl: string): Promise<void> {
  const start = (): Promise<StartedNode> =>
    startNode(["--name", name, ...common, "--peers", entryUrl, "--data-dir", `${folder}/data`]);
  const folder = temporaryFolder();
  let owner = await start();
  await using client = await connect(entryUrl, { discover: false });
  const queue = client.queue<{ number: number; padding: string }>(`jobs-${name}`, { owner: name, visibilityMs: 300 });
  await expect.poll(() => queue.create().then(() => "created", String), patience).toBe("created");

  const sent = new Set<number>();
  const refused = new Set<number>();
  const received = new Set<number>();
  const acknowledged = new Set<number>();
  const violations: string[] = [];
  let isSending = true;
  let isReceiving = true;
  let up = Promise.resolve();
  let next = 1;

  const send = async (): Promise<void> => {
    while (isSending) {
      await up;
      const number = next++;
      try {
        await queue.send({ number, padding: "x".repeat(200) });
        sent.add(number);
      } catch (error) {
        if ((error as { outcome?: string }).outcome === "not-applied") refused.add(number);
      }
    }
  };
  const receive = async (): Promise<void> => {
    while (isReceiving) {
      await up;
      const messages = await queue.receive({ max: 10, waitMs: 100 }).catch(() => []);
      await Promise.all(
        messages.map(async (message) => {
          const { number } = message.value;
          received.add(number);
          if (acknowledged.has(number)) violations.push(`${number} came again after its acknowledgement`);
          if (refused.has(number)) violations.push(`${number} came, which was not applied`);
          await message.ack().then(
            () => acknowledged.add(number),
            () => undefined, // the message comes again, or is done: nobody knows which
          );
        }),
      );
    }
  };
  const sending = Array.from({ length: sendersEach }, send);
  const receiving = Array.from({ length: receiversEach }, receive);

  for (let kill = 1; kill <= killsEach; kill++) {
    const before = [sent.size, acknowledged.size];
    const more = 10 + ((kill * 37) % 200);
    await expect.poll(() => sent.size - before[0]!, patience).toBeGreaterThan(more);
    await expect.poll(() => acknowledged.size - before[1]!, patience).toBeGreaterThan(0);
    let isUp: () => void = () => undefined;
    up = new Promise((resolve) => (isUp = resolve));
    owner.kill("SIGKILL");
    await owner.exitCode;
    owner = await start(); // the lock of the one before is free at once, or this would fail
    await expect.poll(() => queue.stats().then(() => "there", String), patience).toBe("there");
    isUp();
  }

  isSending = false;
  await Promise.all(sending);
  await expect.poll(async () => (await queue.stats()).messages, patience).toBe(0);
  isReceiving = false;
  await Promise.all(receiving);
  expect(violations).toEqual([]);
  expect([...sent].filter((number) => !received.has(number))).toEqual([]);
  expect(sent.size).toBeGreaterThan(killsEach * 10);
}
