import type { TopicReport } from "@mpreg/client";
import { MpregError } from "@mpreg/core/base";
import { expect, test } from "vitest";
import { topicsText, untoldText } from "../../src/render/topics.js";
import { type NodeReport, clusterTopics } from "../../src/topics/rates.js";

const nothing: TopicReport = {
  node: "a",
  atMs: 1_000,
  subscriptions: 0,
  groups: 0,
  published: 0,
  received: 0,
  forwarded: 0,
  handed: 0,
  dropped: 0,
  expired: 0,
  undelivered: 0,
  missed: 0,
  lostPublishes: 0,
  blockedPublishes: 0,
  waitingBytes: 0,
  backlog: { topics: 0, messages: 0, bytes: 0 },
  wanted: [],
  leftOut: 0,
};

const entry = { id: 1, patterns: ["x.#"], subscriptions: 2, handed: 10, dropped: 1, waiting: 3, waitingBytes: 30 };

function told(report: Partial<TopicReport>): NodeReport {
  const whole = { ...nothing, ...report };
  return { id: whole.node, report: whole };
}

test("a rate is the difference of two counts by the time between them on the node's own clock (T1, R1)", () => {
  const before = [told({ published: 100, handed: 10, wanted: [entry] })];
  const now = [told({ atMs: 3_000, published: 150, handed: 40, wanted: [{ ...entry, handed: 40 }] })];
  const { nodes, wanted } = clusterTopics(before, now);
  expect(nodes[0]?.perSecond).toEqual({ published: 25, received: 0, forwarded: 0, handed: 15 });
  expect(wanted).toMatchObject([{ patterns: ["x.#"], nodes: ["a"], handed: 40, handedPerSecond: 15 }]);
});

test("there is none of a node that has begun anew, or that was not there (R1)", () => {
  for (const before of [[], [told({ published: 7 })], [told({ atMs: 5_000 })]]) {
    const { nodes, wanted } = clusterTopics(before, [told({ atMs: 2_000, wanted: [entry] })]);
    expect(nodes[0]?.perSecond).toEqual({});
    expect(wanted[0]).not.toHaveProperty("handedPerSecond");
  }
});

test("what was not there before has come since, unless it may have been left out (R2)", () => {
  const now = [told({ atMs: 2_000, handed: 10, wanted: [entry] })];
  expect(clusterTopics([told({})], now).wanted[0]).toMatchObject({ handedPerSecond: 10 });
  expect(clusterTopics([told({ leftOut: 1 })], now).wanted[0]).not.toHaveProperty("handedPerSecond");
});

test("the same patterns on several nodes are one row, with a rate where each part has one (R3)", () => {
  const before = [told({}), told({ node: "b" })];
  const now = [
    told({ atMs: 2_000, handed: 10, wanted: [entry] }),
    told({
      node: "b",
      atMs: 2_000,
      handed: 10,
      wanted: [
        { ...entry, id: 9 },
        { ...entry, id: 3, group: "g" },
      ],
    }),
  ];
  const [first, second] = clusterTopics(before, now).wanted;
  expect(first).toMatchObject({
    nodes: ["a", "b"],
    subscriptions: 4,
    handed: 20,
    dropped: 2,
    waiting: 6,
    handedPerSecond: 20,
  });
  expect(second).toMatchObject({ nodes: ["b"], group: "g", handedPerSecond: 10 });
  expect(clusterTopics([told({})], now).wanted.find(({ group }) => group === undefined)).not.toHaveProperty(
    "handedPerSecond",
  );
});

test("people see a row for each node, one for all, and the patterns; what is not known is a dash", () => {
  const now = [told({ atMs: 2_000, wanted: [entry], dropped: 1, missed: 2 }), told({ node: "b" })];
  const failed: NodeReport = { id: "c", name: "c", error: new MpregError("unsupported", "it is old\u001b") };
  const topics = clusterTopics([told({})], [...now, failed]);
  const colours = { dim: (text: string) => text } as never;
  const lines = topicsText({ ...topics, leftOut: 2 }, { columns: undefined, colours }).split("\n");
  expect(lines.map((line) => line.split(/ +/))).toEqual([
    ["NODE", "SUBSCRIPTIONS", "PUBLISHED/S", "RECEIVED/S", "FORWARDED/S", "DELIVERED/S", "LOST", "WAITING"],
    ["a", "0", "0", "0", "0", "0", "3", "0B"],
    ["b", "0", "-", "-", "-", "-", "0", "0B"],
    ["(all)", "0", "-", "-", "-", "-", "3", "0B"],
    [""],
    ["PATTERNS", "GROUP", "NODES", "SUBSCRIPTIONS", "DELIVERED/S", "LOST", "WAITING"],
    ["x.#", "-", "a", "2", "10", "1", "3"],
  ]);
  expect(untoldText({ ...topics, leftOut: 2 })).toEqual([
    "node c is not in it: it is old\\u001b",
    "2 more kinds of subscriptions are not listed",
  ]);
});
