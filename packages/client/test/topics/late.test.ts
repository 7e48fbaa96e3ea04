/** Those who come late, at another node than the publisher's, over real sockets: they are told of the past of all nodes. */
import type { Client } from "@mpreg/client";
import type { MpregNode } from "@mpreg/node";
import { describe, expect, test } from "vitest";
import { clientOf, startMesh, startNode } from "../../../node/test/support/cluster.js";
import { eventually } from "../../../node/test/support/eventually.js";
import { startProcess } from "../../../node/test/support/processes.js";
import { startProxy } from "../../../node/test/support/proxy.js";

const limits = { backlogPerTopicMax: 1_000_000, backlogPerTopicBytesMax: 2 ** 26 };
const laneOf = (number: number) => `lane.${number % 5}`;

/** Publishes numbers, one after the other: `count` of them, and then until {@link Publisher.end}, and `count` more. */
class Publisher {
  published = 0;
  readonly #done: Promise<void>;
  #isOver = false;

  constructor(client: Client, count: number) {
    this.#done = this.#run(client, count);
  }

  async end(): Promise<number> {
    this.#isOver = true;
    await this.#done;
    return this.published;
  }

  async #run(client: Client, count: number): Promise<void> {
    for (let left = count; left > 0; left -= this.#isOver ? 1 : 0) {
      const lane = laneOf(this.published);
      if (this.published % 10 === 0) await client.publish(lane, this.published, { confirm: "local" });
      else await client.publish(lane, this.published); // some are on their way at any time
      this.published += 1;
    }
  }
}

describe("a subscription that comes late while others publish at another node", () => {
  test.for([
    ["an age", { ageMs: 3_600_000 }],
    ["a count", 50],
    ["last values", "last"],
  ] as const)("with %s hears each message once, in order, and without a gap", async ([, backlog]) => {
    const [first, second, third] = await startMesh({ limits }, { limits }, { limits });
    const far = [await clientOf(first!), await clientOf(third!)];
    const near = await clientOf(second!, { reconnect: false }); // one that may come back drops what comes twice
    const early = await near.subscribe("lane.#", { onMessage: () => undefined }); // so much of the past comes live, too
    await early.everywhere();
    const publisher = new Publisher(far[0]!, 200);
    await eventually("much was published", () => publisher.published >= 200);
    const before = publisher.published;
    await far[1]!.publish("lane.other", "of a third node", { confirm: "local" });
    const heard: number[] = [];
    const others: unknown[] = [];
    const subscription = await near.subscribe("lane.#", {
      backlog,
      overflow: "block-publisher",
      onMessage: ({ payload }) => void (typeof payload === "number" ? heard : others).push(payload as number),
    });
    const count = await publisher.end();
    await eventually("the last has come", () => heard.at(-1) === count - 1);
    // of a count the newest are heard, and how many have come since nobody knows here (which these are: core/test/topics/late)
    if (backlog !== 50) expect(others).toEqual(["of a third node"]);
    expect([subscription.missed, subscription.unknownGaps]).toEqual([0, 0]);
    const from = heard[0]!;
    expect(heard).toEqual(Array.from({ length: count - from }, (_, at) => from + at));
    if (backlog === "last") expect(from).toBeGreaterThanOrEqual(before - 5);
    else if (backlog === 50) expect(from).toBeGreaterThanOrEqual(before - 50);
    else expect(from).toBe(0);
  });
});

describe("where a node is frozen while it is asked", () => {
  /** Two nodes here, and one in a process of its own that says nothing any more, where something was published. */
  async function oneFrozen() {
    const frozen = await startProcess({ name: "frozen" });
    const nodes: MpregNode[] = [];
    for (const name of ["one", "two"]) nodes.push(await startNode({ name, peers: [frozen.url] }));
    for (const node of nodes) await eventually("the nodes have links", () => linked(node) === 2);
    const there = await clientOf(frozen);
    const here = await clientOf(nodes[0]!);
    await there.publish("news", "there", { confirm: "local" });
    await here.publish("news", "here", { confirm: "local" });
    return { frozen, nodes, here };
  }

  test("a subscription begins without it, hears what others have, and is told that something is missing", async () => {
    const { frozen, nodes, here } = await oneFrozen();
    const near = await clientOf(nodes[1]!);
    frozen.kill("SIGSTOP");
    const subscription = await near.subscribe("news", { backlog: { ageMs: 3_600_000 } });
    await here.publish("news", "later");
    const messages = subscription[Symbol.asyncIterator]();
    expect((await messages.next()).value).toMatchObject({ payload: "here", missedBefore: Infinity });
    expect((await messages.next()).value).toMatchObject({ payload: "later", missedBefore: 0 });
    expect(subscription.unknownGaps).toBe(1);
  });

  test("a subscription that goes on at another node counts that as the one unknown gap that it is (K5)", async () => {
    const { frozen, nodes } = await oneFrozen();
    const proxy = await startProxy(nodes[0]);
    const client = await clientOf(proxy);
    const subscription = await client.subscribe("news");
    await subscription.everywhere();
    const events = subscription.status();
    frozen.kill("SIGSTOP");
    proxy.relayTo(nodes[1]!);
    proxy.cut();
    for await (const { kind } of events) if (kind === "resubscribed") break;
    await client.publish("news", "later");
    const heard = (await subscription[Symbol.asyncIterator]().next()).value;
    expect(heard).toMatchObject({ payload: "here", missedBefore: Infinity });
    expect(subscription.unknownGaps).toBe(1);
  });
});

function linked(node: MpregNode): number {
  return node.nodes().filter(({ linked: isLinked }) => isLinked).length;
}
