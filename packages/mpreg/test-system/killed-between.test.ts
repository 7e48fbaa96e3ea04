/** A node that is killed between a publisher and a subscriber. */
import { setImmediate } from "node:timers/promises";
import { connect } from "mpreg";
import { expect, test } from "vitest";
import { startNode } from "../test/processes.js";

const patience = { timeout: 60_000, interval: 20 };

test("a node killed between publisher and subscriber: the subscriber goes on at another one, is told of the gap, and of nothing twice", async () => {
  const common = ["--port", "0", "--no-mdns", "--log", "fatal"];
  const a = await startNode(["--name", "a", ...common]);
  const b = await startNode(["--name", "b", ...common, "--peers", a.url]);
  const c = await startNode(["--name", "c", ...common, "--peers", a.url, "--peers", b.url]);
  await using publisher = await connect(a.url, { discover: false });
  await expect.poll(async () => (await publisher.nodes()).length, patience).toBe(3);
  await using subscriber = await connect([b.url, c.url], { discover: false });
  const received: { readonly number: number; readonly missedBefore: number }[] = [];
  const subscription = await subscriber.subscribe("load.#", {
    onMessage: ({ payload: number, missedBefore }) => {
      received.push({ number: number as number, missedBefore });
    },
  });
  await subscription.everywhere();
  const events: string[] = [];
  const following = (async () => {
    for await (const event of subscription.status()) {
      events.push(event.kind === "resubscribed" ? `resubscribed at ${event.node}, gap ${event.gap}` : event.kind);
    }
  })();

  let published = 0;
  let isStopped = false;
  const publishing = (async () => {
    while (!isStopped) {
      published += 1;
      await publisher.publish("load.x", published);
      await setImmediate();
    }
  })();
  await expect.poll(() => received.length, patience).toBeGreaterThan(1_000);
  b.kill("SIGKILL");
  await expect.poll(() => events.at(-1), patience).toBe("resubscribed at c, gap unknown");
  await subscription.everywhere();
  const servedFrom = published + 1;
  await expect.poll(() => received.at(-1)?.number, patience).toBeGreaterThan(servedFrom + 1_000);
  isStopped = true;
  await publishing;
  await expect.poll(() => received.at(-1)?.number, patience).toBe(published);
  await subscription.unsubscribe();
  await following;

  expect(events.filter((kind) => kind.startsWith("resubscribed"))).toHaveLength(1);
  const numbers = received.map(({ number }) => number);
  const atGap = received.findIndex(({ missedBefore }) => missedBefore === Infinity);
  expect(numbers.slice(0, atGap)).toEqual(numbersFrom(1, atGap));
  expect(numbers).toEqual([...new Set(numbers)].toSorted((one, other) => one - other));
  expect(numbers.filter((number) => number >= servedFrom)).toEqual(numbersFrom(servedFrom, published));
  // of the move; and of what the node that died may have published itself, unless that is told with the same message
  const gaps = received.map(({ missedBefore }) => missedBefore).filter((missed) => missed !== 0);
  expect(gaps).toEqual(gaps.length === 1 ? [Infinity] : [Infinity, Infinity]);
});

function numbersFrom(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
