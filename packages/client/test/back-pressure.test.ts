/** Back-pressure: a node that reads slowly, or not at all, costs the client bounded memory. */
import { expect, test } from "vitest";
import { clientOf } from "../../node/test/support/cluster.js";
import { startProcess } from "../../node/test/support/processes.js";

const megabyte = 1024 * 1024;

test("hundreds of large calls to a node that does not read: what is beyond the bound is refused, the rest answered later", async () => {
  const node = await startProcess({ name: "slow" });
  const client = await clientOf(node, { queueBytesMax: 128 * megabyte });
  node.kill("SIGSTOP");
  const before = process.memoryUsage().rss;
  const payload = new Uint8Array(megabyte);
  const codes: string[] = [];
  const calls: Promise<unknown>[] = [];
  for (let i = 0; i < 700; i++) {
    calls.push(
      client.call("keep", [payload]).catch((error: unknown) => {
        const { code, outcome, message } = error as { code: string; outcome: string; message: string };
        codes.push(`${code} ${outcome}`);
        return message;
      }),
    );
  }
  const refusal = await calls.at(-1);
  expect(refusal).toMatch(
    /^Cannot send: \d+ bytes wait to be sent already; the limit is 134217728 \(queueBytesMax of connect\)$/,
  );
  const grownMb = (process.memoryUsage().rss - before) / megabyte;
  expect(grownMb).toBeLessThan(450); // of 700 MB that were to be sent
  expect(new Set(codes)).toEqual(new Set(["overloaded not-applied"]));
  const accepted = 700 - codes.length;
  expect(accepted).toBeGreaterThan(100);
  expect(accepted).toBeLessThan(300);
  node.kill("SIGCONT");
  const answers = await Promise.all(calls);
  expect(answers.filter((answer) => answer === 1)).toHaveLength(accepted);
  expect(await client.call("keep", [1, 2])).toBe(2);
});

test("hundreds of large calls to a node that keeps up are all answered, in bounded memory", async () => {
  const node = await startProcess({ name: "quick" });
  const client = await clientOf(node);
  const payload = new Uint8Array(megabyte / 4);
  const before = process.memoryUsage().rss;
  let peak = 0;
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next++ < 400) {
      expect(await client.call("keep", [payload])).toBe(1);
      peak = Math.max(peak, process.memoryUsage().rss);
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  expect((peak - before) / megabyte).toBeLessThan(400);
  expect(await client.call<number>("memory")).toBeLessThan(600 * megabyte);
});
