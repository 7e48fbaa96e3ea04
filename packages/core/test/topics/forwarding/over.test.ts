/** Topics of nodes that have no link to each other, over a neighbour of both: `over-routes.ts`, `over-neighbours.ts`. */
import { describe, expect, test } from "vitest";
import type { Policy } from "../../../src/base/index.js";
import { kinds } from "../../../src/wire/index.js";
import type { MeshNode, MeshNodeOptions } from "../../support/mesh-node.js";
import { network } from "../../support/network.js";
import { wholeMessages } from "../../support/wire.js";
import { TopicClient } from "../client.js";

function over(names: string, ways: string, options: MeshNodeOptions = {}) {
  const world = network(names, ways, options);
  const { mesh, node } = world;
  const join = (name: string): TopicClient => new TopicClient(mesh, node(name));
  return { ...world, join };
}

/** Waits until the whole cluster serves a subscription. */
function everywhere(client: TopicClient, number: number): void {
  const id = client.everywhere(number);
  for (let left = 60; left > 0 && client.answerTo(id) === undefined; left--) client.mesh.advance(200);
  expect(client.answerTo(id)).toEqual({});
}

/** Lets what waits for a way find one. */
function pass(client: TopicClient, forMs = 3_000): void {
  for (let left = forMs; left > 0; left -= 500) {
    client.mesh.advance(500);
    client.settle();
  }
}

/** Of a node that does not dial that one. */
function neverTo(name: string): Policy {
  return (_subject, action) =>
    action.kind === "dial" && action.url === `ws://${name}` ? { allow: false, reason: "no way" } : { allow: true };
}

/** How many messages of that kind the node has sent. */
function sent(node: MeshNode, kind: number): number {
  return node.sent.flatMap((frame) => [...wholeMessages(frame)]).filter((message) => message[4] === kind).length;
}

/** What it was told, and how many are missing. */
function toldOf(client: TopicClient): { readonly ids: readonly string[]; readonly missed: number } {
  const heard = client.heard(1);
  const ids = heard.filter((each) => typeof each === "string");
  return { ids, missed: heard.reduce<number>((sum, each) => sum - (typeof each === "number" ? each : 0), 0) };
}

describe("topics over a neighbour", () => {
  test("a message for a node without a link goes over a neighbour of both, once, in order, and is confirmed (R1, N1)", () => {
    const { mesh, node, join } = over("acx", "ac cx");
    const [a, x] = [join("a"), join("x")];
    x.subscribe(1, "a");
    everywhere(x, 1);
    const ids = Array.from({ length: 20 }, () => a.publish("a"));
    pass(x);
    expect(x.heard(1)).toEqual(ids);
    const question = a.confirm("a", "subscribers", { id: "last" });
    mesh.settle();
    expect(a.answerTo(question)).toEqual({ handed: 1, waiting: 0, lost: 0, nodes: 1 });
    x.settle();
    expect(x.heard(1)).toEqual([...ids, "last"]);
    expect(node("c").machine.topicFigures).toMatchObject({ received: 0, forwarded: 0 });
    for (const { client } of [a, x]) client.connection!.cut();
    mesh.settle();
    mesh.expectQuiet();
  });

  test("a message for several nodes behind one neighbour, and for that one, crosses the link to it once (R4)", () => {
    const { node, join } = over("acxyz", "ac cx cy cz");
    const [a, ...others] = [join("a"), join("c"), join("x"), join("y"), join("z")];
    for (const each of others) {
      each.subscribe(1, "a");
      everywhere(each, 1);
    }
    const first = a.publish("a");
    for (const each of others) pass(each, 1_500);
    const before = [sent(node("a"), kinds.forwardOver), sent(node("a"), kinds.forward)];
    const ids = Array.from({ length: 10 }, () => a.publish("a"));
    for (const each of others) each.settle();
    for (const each of others) expect(each.heard(1)).toEqual([first, ...ids]);
    expect([sent(node("a"), kinds.forwardOver), sent(node("a"), kinds.forward)]).toEqual([before[0]! + 10, before[1]!]);
  });

  test("more than the window flows as it is taken there", () => {
    const { join } = over("acx", "ac cx", { topics: { routeWindowBytes: 300 } });
    const [a, x] = [join("a"), join("x")];
    x.subscribe(1, "a", { windowBytes: 100 });
    everywhere(x, 1);
    const ids = Array.from({ length: 100 }, () => a.publish("a"));
    pass(x);
    expect(x.heard(1)).toEqual(ids);
  });

  test("a node that drains waits until what it has sent over a neighbour was taken: nobody else could tell that it is lost (F8)", () => {
    const { node, join } = over("acx", "ac cx");
    const [a, x] = [join("a"), join("x")];
    x.isTaking = false;
    x.subscribe(1, "a", { windowBytes: 100, bufferMessagesMax: 2, overflow: "block-publisher" });
    everywhere(x, 1);
    const ids = Array.from({ length: 20 }, () => a.publish("a"));
    pass(x);
    a.client.connection!.cut();
    const isDrained = (): boolean => node("a").events.some(({ kind }) => kind === "drained");
    node("a").enter({ kind: "drain", graceMs: 30_000 });
    pass(x, 10_000);
    expect(isDrained()).toBe(false);
    x.isTaking = true;
    pass(x, 10_000);
    expect(isDrained()).toBe(true);
    expect(x.heard(1)).toEqual(ids);
  });

  test("when a link opens what is on its way over the neighbour comes first, and nothing is lost or comes twice (R2)", () => {
    const { node, mesh, open, join } = over("acx", "ac cx");
    const [a, x] = [join("a"), join("x")];
    x.isTaking = false;
    x.subscribe(1, "a", { windowBytes: 100, bufferMessagesMax: 2, overflow: "block-publisher" });
    everywhere(x, 1);
    const ids = Array.from({ length: 20 }, () => a.publish("a"));
    mesh.advance(2_000);
    open("ax");
    mesh.advance(60_000 / 4);
    ids.push(...Array.from({ length: 5 }, () => a.publish("a")));
    mesh.settle();
    x.isTaking = true;
    pass(x, 20_000);
    ids.push(a.publish("a"));
    x.settle();
    expect(x.heard(1)).toEqual(ids);
    expect(sent(node("a"), kinds.forward)).toBeGreaterThan(0);
  });

  test("what is lost between the neighbour and the node is counted, and what follows goes another way (N2, R1)", () => {
    const { mesh, node, close, join } = over("acdx", "ac cx ad dx cd");
    const [a, x] = [join("a"), join("x")];
    x.subscribe(1, "a");
    everywhere(x, 1);
    const ids = [a.publish("a")];
    pass(x);
    expect(x.heard(1)).toEqual(ids);
    const via = ["c", "d"].find((name) => sent(node(name), kinds.forwardOver) > 0)!;
    const link = node(via).connectionTo(node("x"));
    for (const end of link.ends) link.from(end).isHeld = true;
    for (let left = 5; left > 0; left--) ids.push(a.publish("a"));
    mesh.settle();
    close(`${via}x`);
    for (let left = 5; left > 0; left--) ids.push(a.publish("a"));
    pass(x, 10_000);
    ids.push(a.publish("a"));
    pass(x);
    const { ids: told, missed } = toldOf(x);
    expect(missed).toBe(5);
    expect(told).toEqual([ids[0], ...ids.slice(6)]);
  });

  test("what waits while there is no neighbour goes when there is one, and what was lost with it is counted", () => {
    const { mesh, node, join, close, open } = over("acx", "ac cx");
    const [a, x] = [join("a"), join("x")];
    x.subscribe(1, "a");
    everywhere(x, 1);
    const ids = [a.publish("a")];
    pass(x);
    const link = node("a").connectionTo(node("c"));
    for (const end of link.ends) link.from(end).isHeld = true;
    for (let left = 3; left > 0; left--) a.publish("a"); // lost
    mesh.settle();
    close("ac");
    for (let left = 3; left > 0; left--) ids.push(a.publish("a"));
    mesh.advance(500);
    open("ac");
    pass(x, 30_000);
    const { ids: told, missed } = toldOf(x);
    expect([told, missed]).toEqual([ids, 3]);
  });

  test("a message that the node's members do not want is handed back the way it came (N1)", () => {
    const { join } = over("acx", "ac cx");
    const [a, c, x] = [join("a"), join("c"), join("x")];
    const filter = { match: "all", headers: [["colour", "red"]] } as const;
    x.subscribe(1, "a", { group: "g", filter });
    c.subscribe(1, "a", { group: "g" });
    everywhere(x, 1);
    everywhere(c, 1);
    const ids = Array.from({ length: 6 }, () => {
      const id = a.publish("a");
      pass(x, 1_000);
      c.settle();
      return id;
    });
    expect([x.heard(1), [...c.heard(1)].sort()]).toEqual([[], ids]);
  });

  test("what a node has for another process of the node behind the neighbour begins anew (R1)", () => {
    const { mesh, node, join } = over("acx", "ac cx");
    const [a, x] = [join("a"), join("x")];
    x.subscribe(1, "a");
    everywhere(x, 1);
    a.publish("a");
    a.publish("a");
    pass(x);
    mesh.crash(node("x"));
    mesh.advance(1_000);
    const again = mesh.node("x", { peers: ["c"], incarnation: 2, urls: [], policy: neverTo("a") });
    mesh.advance(5_000);
    const back = new TopicClient(mesh, again);
    back.subscribe(1, "a");
    everywhere(back, 1);
    const id = a.publish("a");
    pass(back);
    expect(back.heard(1)).toEqual([id]);
  });

  test("what was sent to an earlier process of a node is nothing to the present one, whose own numbers begin anew (N4, R6)", () => {
    const { mesh, node, join } = over("acx", "ac cx");
    const [a, x] = [join("a"), join("x")];
    x.subscribe(1, "a");
    everywhere(x, 1);
    for (let left = 3; left > 0; left--) a.publish("a");
    pass(x);
    const link = node("a").connectionTo(node("c"));
    const toA = link.from(
      link.ends.find((end) => [...node("c").connections.values()].some((each) => each.end === end))!,
    );
    toA.isHeld = true; // what "a" would hear of the restart
    mesh.crash(node("x"));
    const again = mesh.node("x", { peers: ["c"], incarnation: 2, urls: [], policy: neverTo("a") });
    mesh.advance(3_000);
    const back = new TopicClient(mesh, again);
    back.subscribe(1, "a");
    mesh.settle();
    for (let left = 3; left > 0; left--) a.publish("a");
    mesh.settle();
    expect(back.heard(1)).toEqual([]);
    toA.release();
    everywhere(back, 1);
    const ids = [a.publish("a"), a.publish("a")];
    pass(back);
    expect(back.heard(1)).toEqual(ids);
  });
});
