/** What topics of a node come to: what its subscriptions are put together from, and who may ask for it where. */
import { expect, test } from "vitest";
import type { Policy } from "../../src/base/index.js";
import type { TopicReport } from "../../src/topics/index.js";
import { talliesMax } from "../../src/topics/delivery/tally.js";
import { writeTopicReport } from "../../src/wire/index.js";
import { Mesh } from "../support/mesh.js";
import type { MeshNodeOptions } from "../support/mesh-node.js";
import { TopicClient } from "./client.js";
import { World } from "./support.js";

test("subscriptions that want the same are one entry, whose counts only grow while one of them is there (T1)", () => {
  const world = new World({ bufferMessagesMax: 2 });
  const { exchange } = world;
  const wish = { patterns: ["a.*", "b"], windowBytes: 1 };
  for (const number of [1, 2]) exchange.subscribe(1, number, wish, 0);
  exchange.subscribe(1, 3, { ...wish, group: "g" }, 0);
  for (const id of [1, 2, 3, 4]) world.publish("a.x", id);
  const entry = (): object | undefined => exchange.tallies(0).tallies.find(({ group }) => group === undefined);
  const waitingBytes = expect.any(Number);
  const together = { id: 1, patterns: ["a.*", "b"], subscriptions: 2, handed: 2, dropped: 2, waiting: 4, waitingBytes };
  expect(entry()).toEqual(together);
  expect(exchange.tallies(0)).toMatchObject({
    leftOut: 0,
    tallies: [{ id: 1 }, { id: 2, group: "g", subscriptions: 1 }],
  });
  exchange.unsubscribe(1, 1, 0);
  expect(entry()).toEqual({ ...together, subscriptions: 1, waiting: 2 });
  exchange.subscribe(1, 4, wish, 0);
  world.takeAll(2);
  expect(entry()).toEqual({ ...together, handed: 4, waiting: 0, waitingBytes: 0 });
});

test("one that begins anew has another id, and counts from 0 (T1, T2)", () => {
  const world = new World();
  const { exchange } = world;
  exchange.subscribe(1, 1, { patterns: ["a"] }, 0);
  world.publish("a", 1);
  exchange.unsubscribe(1, 1, 0);
  expect(exchange.tallies(0)).toEqual({ tallies: [], leftOut: 0 });
  exchange.subscribe(1, 2, { patterns: ["a"] }, 0);
  expect(exchange.tallies(0).tallies).toMatchObject([{ id: 2, subscriptions: 1, handed: 0 }]);
});

test("those for which most waits come first, then those to which most was handed on; the rest is counted", () => {
  const world = new World({ subscriptionsPerOutletMax: 2_000 });
  const { exchange } = world;
  for (let number = 1; number <= talliesMax + 5; number++)
    exchange.subscribe(1, number, { patterns: [`p.${number}`] }, 0);
  exchange.subscribe(1, 1_900, { patterns: ["slow"], windowBytes: 1 }, 0);
  for (const topic of ["p.7", "p.7", "p.9", "slow", "slow"]) world.publish(topic, topic);
  const first = exchange.tallies(3);
  expect(first.leftOut).toBe(talliesMax + 3);
  expect(first.tallies.map(({ patterns, handed }) => [patterns[0], handed])).toEqual([
    ["slow", 1],
    ["p.7", 2],
    ["p.9", 1],
  ]);
  for (const most of [0, 5_000]) expect(exchange.tallies(most)).toMatchObject({ leftOut: 6 });
  expect(exchange.tallies(0).tallies).toHaveLength(talliesMax);
});

function cluster(options: MeshNodeOptions = {}, others: MeshNodeOptions = {}) {
  const mesh = new Mesh();
  const a = mesh.node("a", options);
  const b = mesh.node("b", { ...others, peers: ["a"] });
  mesh.settle();
  const asker = new TopicClient(mesh, b);
  const ask = (node?: string): unknown => {
    const id = 77;
    asker.client.heard.length = 0;
    asker.client.say(id, (writer) => {
      writeTopicReport(writer, { id, most: 0, node, behalf: undefined, relay: undefined });
    });
    mesh.settle();
    return asker.answerTo(id);
  };
  return { mesh, a, b, ask };
}

test("a node is asked through any other, and says when that was", () => {
  const { mesh, a, ask } = cluster();
  const client = new TopicClient(mesh, a);
  client.subscribe(1, "x.#");
  client.publish("x.y");
  client.settle();
  const report = ask("a") as TopicReport;
  expect(report).toMatchObject({
    node: "a",
    subscriptions: 1,
    published: 1,
    handed: 1,
    received: 0,
    missed: 0,
    leftOut: 0,
  });
  expect(report.wanted).toMatchObject([{ patterns: ["x.#"], subscriptions: 1, handed: 1 }]);
  expect(report.backlog).toMatchObject({ topics: 1, messages: 1 });
  mesh.advance(2_000);
  expect((ask(a.id) as TopicReport).atMs - report.atMs).toBe(2_000);
  expect(ask()).toMatchObject({ node: "b", subscriptions: 0, published: 0, wanted: [] });
  expect(ask("c")).toBe("invalid-argument");
});

const secretive: Policy = (_subject, { kind }) => {
  return kind === "topics" ? { allow: false, reason: "it is a secret" } : { allow: true };
};

test.each([
  ["that is asked about", { policy: secretive }, {}],
  ["that passes the question on", {}, { policy: secretive }],
])("the policy of the node %s decides who may know (R1)", (_which, options, others) => {
  const { ask } = cluster(options, others);
  expect(ask("a")).toBe("denied");
});
