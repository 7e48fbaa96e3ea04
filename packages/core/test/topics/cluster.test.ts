/** Topics across the nodes of a cluster. */
import { describe, expect, test } from "vitest";
import { type Policy, createDefaultPolicy } from "../../src/base/index.js";
import { type TopicsLimits, defaultTopicsLimits } from "../../src/topics/index.js";
import { Mesh } from "../support/mesh.js";
import { TopicClient } from "./client.js";

function cluster(names: readonly string[] = ["a", "b", "c"], topics: Partial<TopicsLimits> = {}) {
  const mesh = new Mesh();
  const nodes = names.map((name, at) => mesh.node(name, { ...(at === 0 ? {} : { peers: [names[0]!] }), topics }));
  mesh.advance(2_000);
  const join = (at: number) => new TopicClient(mesh, nodes[at]!);
  return { mesh, nodes, join };
}

/** Waits until the whole cluster serves a subscription. */
function everywhere(client: TopicClient, number: number): void {
  const id = client.everywhere(number);
  for (let left = 20; left > 0 && client.answerTo(id) === undefined; left--) client.mesh.advance(200);
  expect(client.answerTo(id)).toEqual({});
}

describe("topics of a cluster", () => {
  test("what is published at one node reaches the subscriptions of all, each once", () => {
    const { join } = cluster();
    const [a, b, c] = [join(0), join(1), join(2)];
    b.subscribe(1, ["user.*.login", "user.#"]);
    b.subscribe(2, "user.7.*");
    c.subscribe(1, "order.#");
    everywhere(b, 2);
    everywhere(c, 1);
    const ids = [a.publish("user.7.login"), a.publish("order.9"), a.publish("user.8.logout")];
    for (const client of [a, b, c]) client.settle();
    expect([b.heard(1), b.heard(2), c.heard(1)]).toEqual([[ids[0], ids[2]], [ids[0]], [ids[1]]]);
  });

  test("a message crosses a link once, and only where somebody wants it", () => {
    const { mesh, nodes, join } = cluster();
    const [a, b] = [join(0), join(1)];
    for (let number = 1; number <= 20; number++) b.subscribe(number, "a");
    everywhere(b, 20);
    for (let left = 10; left > 0; left--) a.publish("a");
    a.publish("b");
    mesh.settle();
    b.settle();
    expect(nodes.map(({ machine }) => machine.topicFigures)).toMatchObject([
      { published: 11, forwarded: 10, received: 0 },
      { published: 0, forwarded: 0, received: 10, handed: 200 },
      { published: 0, forwarded: 0, received: 0 },
    ]);
  });

  test("of a group with members on several nodes one gets each message, and all have their share", () => {
    const { join } = cluster();
    const members = [join(0), join(1), join(2)];
    for (const member of members) member.subscribe(1, "work", { group: "workers" });
    for (const member of members) everywhere(member, 1);
    const publisher = join(1);
    const ids = Array.from({ length: 30 }, () => {
      const id = publisher.publish("work");
      for (const member of members) member.settle();
      return id;
    });
    const shares = members.map((member) => member.heard(1));
    expect(shares.map(({ length }) => length)).toEqual([10, 10, 10]);
    expect(shares.flat().sort()).toEqual([...ids].sort());
  });

  test("when the last subscription is over nothing comes any more, and nothing is left", () => {
    const { mesh, nodes, join } = cluster();
    const [a, b] = [join(0), join(1)];
    b.subscribe(1, "a");
    everywhere(b, 1);
    a.publish("a");
    b.settle();
    b.unsubscribe(1);
    mesh.advance(3_000);
    a.publish("a");
    mesh.settle();
    expect(nodes.map(({ machine }) => machine.topicFigures.forwarded)).toEqual([1, 0, 0]);
    for (const { client } of [a, b]) client.connection!.cut();
    mesh.settle();
    mesh.expectQuiet();
  });

  test("a publisher that wants to know hears to how many other nodes it goes, or what all of them make of it (K4, C1)", () => {
    const { mesh, nodes, join } = cluster();
    const [a, b, c] = [join(0), join(1), join(2)];
    for (const client of [a, b, c]) client.subscribe(1, "a");
    b.isTaking = false;
    b.subscribe(2, "a", { windowBytes: 1 });
    for (const client of [a, b, c]) everywhere(client, 1);
    everywhere(b, 2);
    const [id, all] = [a.confirm("a"), a.confirm("a", "subscribers")];
    mesh.settle();
    expect(a.answerTo(id)).toEqual({ handed: 1, waiting: 0, lost: 0, nodes: 2 });
    expect(a.answerTo(all)).toEqual({ handed: 3, waiting: 1, lost: 0, nodes: 2 }); // (K4)
    expect(nodes[0]!.machine.size.confirmations).toBe(0);
    b.isTaking = true;
    b.settle();
    expect(b.heard(1)).toHaveLength(2);
    const nobody = a.confirm("nobody", "subscribers");
    mesh.settle();
    expect(a.answerTo(nobody)).toEqual({ handed: 0, waiting: 0, lost: 0, nodes: 0 });
  });

  test("a message that has to wait at another node is confirmed once that has taken it", () => {
    const { mesh, join } = cluster(["a", "b"]);
    const [a, b] = [join(0), join(1)];
    b.isTaking = false;
    b.subscribe(1, "a", { windowBytes: 1, bufferMessagesMax: 1, overflow: "block-publisher" });
    everywhere(b, 1);
    const ids = [1, 2, 3].map(() => a.confirm("a", "subscribers"));
    mesh.settle();
    expect(ids.map((id) => a.answerTo(id))).toEqual([
      { handed: 1, waiting: 0, lost: 0, nodes: 1 },
      { handed: 0, waiting: 1, lost: 0, nodes: 1 },
      undefined,
    ]);
    b.isTaking = true;
    b.settle();
    a.settle();
    expect(a.answerTo(ids[2]!)).toMatchObject({ nodes: 1, lost: 0 });
  });

  test.for(["the message", "its report"])("what is lost with a link is no success: %s (C2, F5)", (lost) => {
    const { mesh, nodes, join } = cluster(["a", "b"]);
    const [a, b] = [join(0), join(1)];
    b.subscribe(1, "a");
    everywhere(b, 1);
    const link = nodes[0]!.connectionTo(nodes[1]!);
    const sender = [...(lost === "the message" ? nodes[0]! : nodes[1]!).connections.values()];
    link.from(sender.find(({ connection }) => connection === link)!.end).isHeld = true;
    const id = a.confirm("a", "subscribers");
    mesh.settle();
    b.settle();
    expect([a.answerTo(id), b.heard(1).length]).toEqual([undefined, lost === "the message" ? 0 : 1]);
    link.cut();
    mesh.settle();
    expect(a.answerTo(id)).toBe("node-lost");
    expect(a.failureOf(id)?.outcome).toBe("unknown");
    mesh.advance(5_000);
    expect(nodes[0]!.machine.size.confirmations).toBe(0);
  });

  test("a publisher that goes while it waits to be told leaves nothing", () => {
    const { mesh, nodes, join } = cluster(["a", "b"]);
    const [a, b] = [join(0), join(1)];
    b.subscribe(1, "a");
    everywhere(b, 1);
    const link = nodes[0]!.connectionTo(nodes[1]!);
    for (const end of link.ends) link.from(end).isHeld = true;
    a.confirm("a", "subscribers");
    mesh.settle();
    expect(nodes[0]!.machine.size.confirmations).toBe(1);
    a.client.connection!.cut();
    mesh.settle();
    expect(nodes[0]!.machine.size.confirmations).toBe(0);
    link.cut();
    b.client.connection!.cut();
    mesh.advance(10_000);
    mesh.expectQuiet();
  });

  test("what is lost with a link between nodes is found and told, and what waits goes over the next one", () => {
    const { mesh, nodes, join } = cluster(["a", "b"]);
    const [a, b] = [join(0), join(1)];
    b.subscribe(1, "#");
    b.subscribe(2, "other");
    everywhere(b, 2);
    const before = a.publish("a");
    b.settle();
    const link = [...nodes[0]!.connections.values()].map(({ connection }) => connection).at(0)!;
    for (const end of link.ends) link.from(end).isHeld = true;
    a.publish("a", { id: "lost" });
    mesh.settle();
    link.cut();
    mesh.settle();
    a.publish("a", { id: "waits" });
    mesh.advance(5_000);
    b.settle();
    expect([b.heard(1), b.heard(2)]).toEqual([[before, -1, "waits"], [-1]]);
  });

  test("answers that wait on a link between nodes do not keep messages from it (E1)", () => {
    const mesh = new Mesh();
    const nodes = ["a", "b"].map((name) => mesh.node(name, { peers: ["a"], link: { queueBytesMax: 1_000_000 } }));
    mesh.advance(2_000);
    const [a, b] = [new TopicClient(mesh, nodes[0]!), new TopicClient(mesh, nodes[1]!)];
    nodes[0]!.offer("big", () => "x".repeat(50_000));
    mesh.advance(2_000);
    b.subscribe(1, "a");
    everywhere(b, 1);
    const link = nodes[0]!.connectionTo(nodes[1]!);
    const { end } = [...nodes[0]!.connections.values()].find(({ connection }) => connection === link)!;
    link.from(end).isHeld = true;
    const calls = Array.from({ length: 120 }, () => {
      const call = nodes[1]!.call("big");
      mesh.settle();
      return call;
    });
    mesh.settle();
    const id = a.publish("a");
    mesh.settle();
    link.from(end).release();
    b.settle();
    expect(calls.every(({ ends }) => ends.length === 1)).toBe(true);
    expect(b.heard(1)).toEqual([id]);
  });

  const onlyRed = { match: "all", headers: [["colour", "red"]] } as const;

  test("a node whose members do not want a message hands it back, and it goes to one that does (X9)", () => {
    const { mesh, nodes, join } = cluster();
    const [a, b, c] = [join(0), join(1), join(2)];
    b.subscribe(1, "work", { group: "workers", filter: onlyRed });
    c.subscribe(1, "#", { group: "workers" });
    c.subscribe(2, "#");
    b.subscribe(2, "#");
    for (const client of [b, c]) everywhere(client, 2);
    const ids = Array.from({ length: 10 }, () => {
      const id = a.publish("work");
      for (const client of [b, c]) client.settle();
      return id;
    });
    expect([b.heard(1), c.heard(1)]).toEqual([[], ids]);
    expect([b.heard(2), c.heard(2)]).toEqual([ids, ids]); // each once, also what has come back
    const question = a.confirm("work", "subscribers");
    const next = a.confirm("work", "subscribers");
    mesh.settle();
    for (const id of [question, next]) expect(a.answerTo(id)).toMatchObject({ handed: 3, lost: 0 });
    expect(nodes.map(({ machine }) => machine.topicFigures.undelivered)).toEqual([0, 0, 0]);
  });

  test("what no member anywhere wants is lost to the group, counted once and told (X3)", () => {
    const { mesh, nodes, join } = cluster();
    const [a, b, c] = [join(0), join(1), join(2)];
    for (const client of [b, c]) client.subscribe(1, "work", { group: "workers", filter: onlyRed });
    for (const client of [b, c]) everywhere(client, 1);
    const id = a.confirm("work", "subscribers");
    mesh.settle();
    expect(a.answerTo(id)).toMatchObject({ handed: 0, waiting: 0, lost: 1 });
    expect(nodes.map(({ machine }) => machine.topicFigures.undelivered)).toEqual([1, 0, 0]);
  });

  test("what waits for a last member here goes to those elsewhere, and to no other subscription again (F1)", () => {
    const { mesh, join } = cluster(["a", "b"]);
    const [a, b, leaving] = [join(0), join(1), join(0)];
    leaving.isTaking = false;
    leaving.subscribe(1, "work", { group: "workers", windowBytes: 1 });
    b.subscribe(2, "work");
    everywhere(b, 2);
    const ids = Array.from({ length: 4 }, () => a.publish("work"));
    mesh.settle();
    b.subscribe(1, "work", { group: "workers" });
    everywhere(b, 1);
    leaving.client.connection!.cut();
    b.settle();
    expect([b.heard(1), b.heard(2)]).toEqual([ids.slice(1), ids]); // the first was on its way
  });

  test("what the policy does not let a node subscribe to is not sent there, and other nodes decide for themselves (J5)", () => {
    const mesh = new Mesh();
    const usual = createDefaultPolicy({ cluster: "default" });
    const asked: unknown[] = [];
    const policy: Policy = (subject, action) => {
      if (subject.kind !== "node" || action.kind !== "subscribe") return usual(subject, action);
      asked.push([subject.name, action.pattern]);
      return action.pattern === "secret.#" ? { allow: false, reason: "it is secret" } : { allow: true };
    };
    const nodes = [mesh.node("a", { policy }), ...["b", "c"].map((name) => mesh.node(name, { peers: ["a"] }))] as const;
    mesh.advance(2_000);
    const [a, b, c] = nodes.map((node) => new TopicClient(mesh, node)) as [TopicClient, TopicClient, TopicClient];
    b.subscribe(1, "secret.#");
    b.subscribe(2, ["open", "secret.#"], { group: "g" });
    everywhere(b, 2);
    const [open, question] = [a.publish("open"), a.confirm("secret.plan", "subscribers")];
    const elsewhere = c.publish("secret.plan", { id: "c's" });
    b.settle();
    a.settle();
    expect([b.heard(1), b.heard(2)]).toEqual([[elsewhere], [open, elsewhere]]);
    expect(a.answerTo(question)).toMatchObject({ handed: 0, nodes: 0 });
    expect(asked).toContainEqual(["b", "secret.#"]);
  });

  test("a slow consumer on another node keeps the publisher's node bounded, and hears how many it missed", () => {
    const { mesh, nodes, join } = cluster(["a", "b"], { routeWindowBytes: 200, routeBufferMessages: 3 });
    const [a, b] = [join(0), join(1)];
    b.isTaking = false;
    b.subscribe(1, "a", { windowBytes: 1, bufferMessagesMax: 2, overflow: "block-publisher" });
    everywhere(b, 1);
    const ids = Array.from({ length: 60 }, () => a.publish("a"));
    mesh.settle();
    expect(nodes[0]!.machine.size.blockedPublishes).toBe(0);
    b.isTaking = true;
    b.settle();
    const heard = b.heard(1);
    const told = heard.filter((each) => typeof each === "string");
    const missed = heard.reduce<number>((sum, each) => (typeof each === "number" ? sum - each : sum), 0);
    expect(told.length + missed).toBe(60);
    expect(missed).toBeGreaterThan(20);
    expect(told).toEqual(ids.filter((id) => told.includes(id)));
  });

  test("what a node does not accept of another is missed there, and their link goes on (N6)", () => {
    const message = { ...defaultTopicsLimits.message, idBytesMax: 300 };
    const { mesh, nodes } = cluster(["a"], { message });
    nodes.push(mesh.node("b", { peers: ["a"] }));
    mesh.advance(2_000);
    const [a, b] = [new TopicClient(mesh, nodes[0]!), new TopicClient(mesh, nodes[1]!)];
    b.subscribe(1, "#");
    everywhere(b, 1);
    a.publish("a", { id: "x".repeat(290) });
    const id = a.publish("a");
    b.settle();
    expect([a.refused, b.heard(1)]).toEqual([[], [-1, id]]);
  });

  test("of a node that is lost nobody knows what it had sent, also where nothing has come of it; of one that has left all has come (N7)", () => {
    const { mesh, nodes, join } = cluster(["a", "b", "c"]);
    const b = join(1);
    b.subscribe(1, "a");
    everywhere(b, 1);
    nodes[2]!.enter({ kind: "close" });
    mesh.advance(30_000);
    b.settle();
    expect(b.heard(1)).toEqual([]);
    mesh.crash(nodes[0]!);
    mesh.advance(30_000);
    b.settle();
    expect(b.heard(1)).toEqual([-Infinity]);
  });

  test("nor of one that is started anew before anybody has taken it for lost: that is told once (N7)", () => {
    const { mesh, nodes, join } = cluster(["a", "b"]);
    const b = join(1);
    b.subscribe(1, "a");
    everywhere(b, 1);
    mesh.crash(nodes[0]!);
    const again = mesh.node("a", { peers: ["b"], incarnation: nodes[0]!.remembered + 1 });
    mesh.advance(3_000);
    b.settle();
    expect(b.heard(1)).toEqual([-Infinity]);
    const id = new TopicClient(mesh, again).publish("a");
    b.settle();
    expect(b.heard(1)).toEqual([-Infinity, id]);
  });

  test("a node that goes while its messages wait leaves nothing once they were taken", () => {
    const { mesh, nodes, join } = cluster(["a", "b"]);
    const [a, b] = [join(0), join(1)];
    b.isTaking = false;
    b.subscribe(1, "a", { windowBytes: 1, bufferMessagesMax: 1, overflow: "block-publisher" });
    everywhere(b, 1);
    const ids = Array.from({ length: 5 }, () => a.publish("a"));
    mesh.settle();
    expect(nodes[1]!.machine.size.blockedPublishes).toBe(3);
    mesh.crash(nodes[0]!);
    mesh.advance(20_000);
    b.isTaking = true;
    b.settle();
    expect(b.heard(1)).toEqual([...ids, -Infinity]); // nobody knows what else it had for them (N7)
    expect(nodes[1]!.machine.topicFigures).toMatchObject({ blockedPublishes: 0, sources: 1 }); // b's own client
  });

  test.each([
    { how: "with its goodbye", isCut: false },
    { how: "when its link has broken", isCut: true },
  ])("what waits at a node that leaves is missing: $how (F3, A4)", ({ isCut }) => {
    const { mesh, nodes, join } = cluster(["a", "b"], { routeWindowBytes: 1 });
    const [a, b] = [join(0), join(1)];
    b.isTaking = false;
    b.subscribe(1, "a", { windowBytes: 1, bufferMessagesMax: 1, overflow: "block-publisher" });
    everywhere(b, 1);
    const ids = Array.from({ length: 6 }, () => a.publish("a"));
    mesh.settle();
    const came = nodes[1]!.machine.topicFigures.received + nodes[1]!.machine.size.blockedPublishes;
    expect(came).toBeLessThan(6);
    if (isCut) for (const node of nodes) node.isListening = false;
    if (isCut) [...nodes[0]!.connections.values()].at(0)!.connection.cut();
    nodes[0]!.enter({ kind: "close" });
    mesh.advance(20_000);
    b.isTaking = true;
    b.settle();
    expect(b.heard(1)).toEqual([...ids.slice(0, came), isCut ? -Infinity : came - 6]);
  });

  test("what is missing of a node is told behind what has come of it and waits (N7)", () => {
    const { mesh, join } = cluster(["a", "b"], { routeWindowBytes: 60, routeBufferMessages: 2 });
    const [a, b] = [join(0), join(1)];
    b.isTaking = false;
    b.subscribe(1, "a", { windowBytes: 1, bufferMessagesMax: 1, overflow: "block-publisher" });
    everywhere(b, 1);
    for (let left = 20; left > 0; left--) a.publish("a");
    mesh.settle();
    b.isTaking = true;
    b.settle();
    const heard = b.heard(1);
    const gap = heard.findIndex((each) => typeof each === "number");
    const before = heard.slice(0, gap).map(Number);
    expect(before.length).toBeGreaterThan(3);
    expect(heard).toEqual([...before.map(String), -(20 - heard.length + 1), ...heard.slice(gap + 1)]);
    expect(before).toEqual(before.map((_, at) => at + 1));
    expect(heard[gap + 1]).toBe(String(before.length + (20 - heard.length + 1) + 1));
  });

  test("nodes that take each other for lost and go on tell what is missing once they are back", () => {
    const { mesh, nodes, join } = cluster(["a", "b"]);
    const [a, b] = [join(0), join(1)];
    b.subscribe(1, "a");
    everywhere(b, 1);
    const first = a.publish("a");
    b.settle();
    for (const node of nodes) node.isListening = false;
    [...nodes[0]!.connections.values()].at(0)!.connection.cut();
    mesh.advance(1_000);
    a.publish("a"); // waits
    mesh.advance(60_000);
    a.publish("a"); // nobody is known to want it
    expect(nodes[0]!.machine.topicFigures).toMatchObject({ routes: 0, undelivered: 1 });
    for (const node of nodes) node.isListening = true;
    mesh.advance(60_000);
    b.settle();
    expect(b.heard(1)).toEqual([first, -Infinity, -2]);
    const last = a.publish("a");
    b.settle();
    expect(b.heard(1).slice(3)).toEqual([last]);
  });

  test("a node that is gone takes its interest with it, and one that comes back is told from then on", () => {
    const { mesh, nodes, join } = cluster();
    const [a, b] = [join(0), join(1)];
    b.subscribe(1, "#");
    everywhere(b, 1);
    mesh.crash(nodes[1]!);
    mesh.advance(60_000);
    a.publish("a");
    mesh.settle();
    expect(nodes[0]!.machine.topicFigures).toMatchObject({ forwarded: 0, routes: 0 });
    const again = mesh.node("b", { peers: ["a"], incarnation: 2 });
    mesh.advance(3_000);
    const back = new TopicClient(mesh, again);
    back.subscribe(1, "#");
    everywhere(back, 1);
    const id = a.publish("a");
    back.settle();
    expect(back.heard(1)).toEqual([id]);
  });
});
