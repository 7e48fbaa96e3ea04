/** Those who come late, at any node: they are told of the past of all nodes, once and in order, before what is live. */
import { describe, expect, test } from "vitest";
import { type TopicsLimits, defaultBacklogLimits } from "../../../src/topics/index.js";
import { Mesh } from "../../support/mesh.js";
import type { MeshNode } from "../../support/mesh-node.js";
import { network } from "../../support/network.js";
import { TopicClient } from "../client.js";

function cluster(names: readonly string[] = ["a", "b", "c"], topics: Partial<TopicsLimits> = {}) {
  const mesh = new Mesh();
  const nodes = names.map((name, at) => mesh.node(name, { ...(at === 0 ? {} : { peers: [names[0]!] }), topics }));
  mesh.advance(2_000);
  const join = (at: number) => new TopicClient(mesh, nodes[at]!);
  return { mesh, nodes, join };
}

const all = { kind: "age", value: 1_000 } as const;
const whole = { whole: 1, everywhere: 1 };
const count = (value: number) => ({ kind: "count", value }) as const;
const last = { kind: "last", value: 0 } as const;

/** Holds what `from` sends to `to`; answers how to let it arrive. */
function hold(from: MeshNode, to: MeshNode): () => void {
  const link = from.connectionTo(to);
  const sender = [...from.connections.values()].find(({ connection }) => connection === link)!;
  const direction = link.from(sender.end);
  direction.isHeld = true;
  return () => {
    direction.release();
  };
}

test("a node without a link is asked over a neighbour, which adds nothing of its own: each message is told once, and not that it is whole (H6, K7)", () => {
  const { mesh, node } = network("acx", "ac cx");
  const [a, c, x] = ["a", "c", "x"].map((name) => new TopicClient(mesh, node(name))) as [
    TopicClient,
    TopicClient,
    TopicClient,
  ];
  const ids = [a, c, a, x, a].map((client, at) => {
    const id = client.publish("s", { id: `m${at}` });
    mesh.advance(1_000);
    return id;
  });
  for (const number of [1, 2]) {
    const id = x.subscribe(number, "s", { replay: { kind: "age", value: 600_000 } });
    for (let left = 4; left > 0; left--) {
      x.settle();
      mesh.advance(500);
    }
    x.settle();
    expect(x.answerTo(id)).toEqual({});
    expect(x.heard(number)).toEqual(ids);
    ids.push(a.publish("s"));
    for (let left = 4; left > 0; left--) {
      mesh.advance(500);
      x.settle();
    }
    expect(x.heard(number)).toEqual(ids);
  }
});

describe("a subscription that comes late", () => {
  test("is told what was published at other nodes, in the order in which it came, and that it is whole (J1)", () => {
    const { mesh, join } = cluster();
    const [a, b, c] = [join(0), join(1), join(2)];
    const ids: string[] = [];
    for (const [at, client] of [a, b, c, b, a, c].entries()) {
      ids.push(client.publish("s.1", { id: `m${at}` }));
      mesh.advance(10);
    }
    const id = c.subscribe(1, "s.#", { replay: all });
    c.settle();
    expect(c.answerTo(id)).toEqual(whole);
    expect(c.heard(1)).toEqual(ids);
    expect(mesh.nodes.map(({ machine }) => machine.topicFigures.late)).toEqual([0, 0, 0]);
  });

  test("is told the newest of all nodes where it wants so many (Y3)", () => {
    const { mesh, join } = cluster();
    const clients = [join(0), join(1), join(2)];
    for (let at = 0; at < 12; at++) {
      clients[at % 3]!.publish("s", { id: `m${at}` });
      mesh.advance(10);
    }
    clients[1]!.subscribe(1, "s", { replay: count(5) });
    clients[1]!.settle();
    expect(clients[1]!.heard(1)).toEqual(["m7", "m8", "m9", "m10", "m11"]);
  });

  test("is told the newest of each topic, whichever node has it (Y3)", () => {
    const { mesh, join } = cluster();
    const [a, b, c] = [join(0), join(1), join(2)];
    for (const [client, topic, id] of [
      [a, "x", "x1"],
      [b, "x", "x2"],
      [c, "y", "y1"],
      [b, "y", "y2"],
      [c, "z", "z1"],
    ] as const) {
      client.publish(topic, { id });
      mesh.advance(10);
    }
    c.subscribe(1, "#", { replay: last });
    c.settle();
    expect(c.heard(1)).toEqual(["x2", "y2", "z1"]);
  });

  test("takes a node's time as that between question and answer: an answer that is long under way makes nothing newer (H5)", () => {
    const { mesh, nodes, join } = cluster();
    const [a, b, c] = [join(0), join(1), join(2)];
    a.publish("x", { id: "old" });
    mesh.advance(300);
    b.publish("x", { id: "new" });
    mesh.settle();
    const release = hold(nodes[0]!, nodes[2]!);
    c.subscribe(1, "x", { replay: last });
    mesh.advance(500);
    release();
    c.settle();
    expect(c.heard(1)).toEqual(["new"]);
  });

  test("hears nothing twice of what this node had got of others already (Y2, R3)", () => {
    const { mesh, join } = cluster();
    const [a, c] = [join(0), join(2)];
    const before = [a.publish("s"), a.publish("s")];
    c.subscribe(1, "s");
    c.settle();
    mesh.advance(1_000);
    const after = [a.publish("s"), a.publish("s")];
    c.settle();
    expect(c.heard(1)).toEqual(after);
    c.subscribe(2, "s", { replay: all });
    c.settle();
    expect(c.heard(2)).toEqual([...before, ...after]);
  });

  test("hears what is published meanwhile behind the past, without gap or repetition (H1)", () => {
    const { mesh, nodes, join } = cluster();
    const [a, b, c] = [join(0), join(1), join(2)];
    const ids = [a.publish("s"), a.publish("s")];
    mesh.settle();
    const release = hold(nodes[0]!, nodes[2]!); // what a answers waits
    c.subscribe(1, "s", { replay: all });
    mesh.settle();
    ids.push(a.publish("s"), a.publish("s"));
    mesh.settle();
    const others = [b.publish("s", { id: "other" })];
    mesh.settle();
    expect(c.heard(1)).toEqual([]);
    release();
    c.settle();
    ids.push(a.publish("s"));
    c.settle();
    expect(c.heard(1).filter((id) => id !== "other")).toEqual(ids);
    expect(c.heard(1).filter((id) => id === "other")).toEqual(others);
  });

  test("begins without a node that says nothing, and is told so (H2)", () => {
    const { mesh, nodes, join } = cluster();
    const [a, b, c] = [join(0), join(1), join(2)];
    a.publish("s", { id: "a1" });
    b.publish("s", { id: "b1" });
    mesh.settle();
    const release = hold(nodes[0]!, nodes[2]!);
    const id = c.subscribe(1, "s", { replay: all });
    c.settle();
    mesh.advance(1_900);
    expect(c.answerTo(id)).toBeUndefined();
    mesh.advance(200);
    c.settle();
    expect(c.answerTo(id)).toEqual({ unanswered: 1 });
    expect(c.heard(1)).toEqual([-Infinity, "b1"]);
    release();
    c.settle();
    expect(c.heard(1)).toEqual([-Infinity, "b1"]); // an answer that comes late is nobody's
  });

  test("is told what is left of a node that has gone, and not that it is whole (R1, H4)", () => {
    const { mesh, nodes, join } = cluster(["a", "b", "c"]);
    const [a, b] = [join(0), join(1)];
    b.subscribe(1, "s");
    b.settle();
    mesh.advance(1_000);
    const ids = [a.publish("s"), a.publish("s")];
    b.settle();
    mesh.crash(nodes[0]!);
    mesh.advance(60_000);
    const c = join(2);
    const long = { kind: "age", value: 3_000_000 } as const;
    const id = c.subscribe(1, "s", { replay: long });
    c.settle();
    expect(c.answerTo(id)).toEqual({});
    expect(c.heard(1)).toEqual(ids);
    const own = b.subscribe(2, "s", { replay: long });
    b.settle();
    expect([b.answerTo(own), b.heard(2)]).toEqual([{}, ids]);
  });

  test("is told where the bounds of any node have cut the time that it wants, before all else and in the answer (R5)", () => {
    const { mesh, join } = cluster(["a", "b", "c"], {
      backlog: { ...defaultBacklogLimits, messagesPerTopicMax: 2, ageMsMax: 60_000 },
    });
    const [a, b, c] = [join(0), join(1), join(2)];
    const ids = [a.publish("s"), a.publish("s")];
    mesh.settle();
    const answers = [1, 2].map((number) => {
      if (number === 2) ids.push(a.publish("s"));
      mesh.settle();
      const id = c.subscribe(number, "s", { replay: all });
      c.settle();
      return [c.answerTo(id), [...c.heard(number)]];
    });
    expect(answers[0]).toEqual([whole, ids.slice(0, 2)]);
    expect(answers[1]).toEqual([{ cut: 1 }, [-Infinity, ...ids.slice(1)]]);
    const old = b.subscribe(1, "other", { replay: { kind: "age", value: 65_001 } });
    b.settle();
    expect([b.answerTo(old), b.heard(1)]).toEqual([{ cut: 1 }, [-Infinity]]);
    const counted = b.subscribe(2, "s", { replay: count(100) });
    mesh.advance(1_000);
    b.settle();
    expect([b.answerTo(counted), b.heard(2)]).toEqual([{}, ids.slice(1)]); // who wants a number gets what there is
  });

  test("of a node that is alone is told so, too (R5)", () => {
    const { mesh, join } = cluster(["a"], { backlog: { ...defaultBacklogLimits, messagesPerTopicMax: 1 } });
    const a = join(0);
    const ids = [a.publish("s"), a.publish("s")];
    const id = a.subscribe(1, "s", { replay: all });
    mesh.settle();
    expect([a.answerTo(id), a.heard(1)]).toEqual([{ cut: 1 }, [-Infinity, ids[1]]]);
  });

  test("of a group asks no other node", () => {
    const { mesh, join } = cluster();
    const [a, b] = [join(0), join(1)];
    a.publish("s");
    mesh.settle();
    b.subscribe(1, "s", { replay: all, group: "g" });
    b.settle();
    expect(b.heard(1)).toEqual([]);
  });

  test("without other nodes is served at once", () => {
    const { mesh, join } = cluster(["a"]);
    const a = join(0);
    const ids = [a.publish("s")];
    const id = a.subscribe(1, "s", { replay: all });
    mesh.settle();
    expect([a.answerTo(id), a.heard(1)]).toEqual([{ whole: 1 }, ids]);
  });

  test("is told much in parts, all of it and in order", () => {
    const { mesh, join } = cluster(["a", "b"]);
    const [a, b] = [join(0), join(1)];
    const ids = Array.from({ length: 40 }, (_, at) => a.publish(`s.${at % 3}`, {}, 60_000));
    mesh.settle();
    const id = b.subscribe(1, "s.#", { replay: all });
    b.settle();
    expect(b.answerTo(id)).toEqual(whole);
    expect(b.heard(1)).toEqual(ids);
  });

  test("that is over before it has begun leaves nothing", () => {
    const { mesh, nodes, join } = cluster();
    const [a, c] = [join(0), join(2)];
    a.publish("s");
    mesh.settle();
    const release = hold(nodes[0]!, nodes[2]!);
    c.subscribe(1, "s", { replay: all });
    mesh.settle();
    c.unsubscribe(1);
    mesh.settle();
    expect(nodes[2]!.machine.topicFigures.late).toBe(0);
    release();
    mesh.advance(3_000);
    expect(c.heard(1)).toEqual([]);
  });

  test("without an answer in time begins when too much is held back for it (H2)", () => {
    const { mesh, nodes, join } = cluster(["a", "b", "c"], { heldBackBytesMax: 2_000 });
    const [a, b, c] = [join(0), join(1), join(2)];
    a.publish("s", { id: "a1" });
    mesh.settle();
    hold(nodes[0]!, nodes[2]!);
    const id = c.subscribe(1, "s", { replay: all });
    mesh.settle();
    const ids = Array.from({ length: 10 }, () => b.publish("s", {}, 400));
    c.settle();
    expect(c.answerTo(id)).toEqual({ unanswered: 1 });
    expect(c.heard(1)).toEqual([-Infinity, ...ids]);
  });

  test("is not whole at any node where one had taken something late that was published before that time (R4)", () => {
    const { mesh, join } = cluster();
    const [a, b, c] = [join(0), join(1), join(2)];
    c.isTaking = false;
    c.subscribe(1, "s", { overflow: "block-publisher", windowBytes: 1, bufferMessagesMax: 1 });
    mesh.settle();
    mesh.advance(1_000);
    const ids = [a.publish("s"), a.publish("s"), a.publish("s")]; // the last one waits at c, whoever wants it
    mesh.advance(4_000);
    c.isTaking = true;
    c.settle();
    expect(c.heard(1)).toEqual(ids);
    mesh.advance(500);
    const asked = (client: TopicClient, number: number, value: number): unknown => {
      const id = client.subscribe(number, "s", { replay: { kind: "age", value } });
      client.settle();
      return client.answerTo(id);
    };
    expect(asked(c, 2, 2_000)).toEqual({});
    expect(c.heard(2)).toEqual([]);
    expect(asked(b, 1, 2_000)).toEqual({});
    expect(asked(c, 3, 6_000)).toMatchObject({ whole: 1 });
    expect(c.heard(3)).toEqual(ids);
    mesh.advance(3_000);
    expect(asked(c, 4, 2_000)).toMatchObject({ whole: 1 });
  });
});
