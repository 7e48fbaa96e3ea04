/** Topics over the links of one node: `topics.ts`. */
import { describe, expect, test } from "vitest";
import type { TopicsLimits } from "../../src/topics/index.js";
import { Mesh } from "../support/mesh.js";
import type { MeshNodeOptions } from "../support/mesh-node.js";
import { TopicClient } from "./client.js";

function world(options: MeshNodeOptions = {}, topics: Partial<TopicsLimits> = {}) {
  const mesh = new Mesh();
  const node = mesh.node("n", { ...options, topics });
  return { mesh, node, join: (more = {}) => new TopicClient(mesh, node, more) };
}

const whole = { bufferMessagesMax: 2, windowBytes: 1 };

describe("topics over links", () => {
  test("what one client publishes, others hear once, whichever of their patterns match", () => {
    const { mesh, join } = world();
    const [a, b, c] = [join(), join(), join()];
    expect(b.answerTo(b.subscribe(1, ["user.*.login", "user.#"]))).toBe(undefined);
    b.subscribe(2, "user.7.*");
    c.subscribe(1, "order.#");
    mesh.settle();
    const ids = [a.publish("user.7.login"), a.publish("order.9"), a.publish("user.8.logout")];
    b.settle();
    c.settle();
    expect([b.heard(1), b.heard(2), c.heard(1)]).toEqual([[ids[0], ids[2]], [ids[0]], [ids[1]]]);
  });

  test("the answer to a subscribe comes before the backlog that it asks for (N3)", () => {
    const { mesh, join } = world();
    const client = join();
    const kept = [client.publish("a"), client.publish("a")];
    const id = client.subscribe(1, "a", { replay: { kind: "count", value: 5 } });
    mesh.settle();
    const kinds = client.client.heard.map(({ kind }) => kind);
    expect(kinds).toEqual(["answer", "deliver", "deliver"]);
    expect(client.answerTo(id)).toEqual({});
    expect(client.heard(1)).toEqual(kept);
  });

  test("a confirmed publish is answered with what has become of it", () => {
    const { mesh, join } = world();
    const client = join();
    client.subscribe(1, "a", whole);
    client.subscribe(2, "#");
    mesh.settle();
    const [first, second, third] = [client.confirm("a"), client.confirm("a"), client.confirm("b")];
    mesh.settle();
    expect([first, second, third].map((id) => client.answerTo(id))).toEqual([
      { handed: 2, waiting: 0, lost: 0, nodes: 0 },
      { handed: 1, waiting: 1, lost: 0, nodes: 0 },
      { handed: 1, waiting: 0, lost: 0, nodes: 0 },
    ]);
  });

  test("what is refused is told, with an answer or without (N2)", () => {
    const policy: MeshNodeOptions["policy"] = (_subject, action) => {
      if (action.kind === "publish" && action.topic === "secret") return { allow: false, reason: "it is secret" };
      if (action.kind === "subscribe" && action.pattern === "secret.#") return { allow: false, reason: "it is secret" };
      return { allow: true };
    };
    const { mesh, join } = world({ policy });
    const client = join();
    const [plain, reserved] = [client.publish("secret", { id: "s1" }), client.publish("mpreg.x", { id: "s2" })];
    const [confirmed, subscribed] = [client.confirm("secret"), client.subscribe(1, ["a", "secret.#"])];
    const wild = client.confirm("a.*");
    const taken = [client.subscribe(2, "a"), client.subscribe(2, "b")];
    mesh.settle();
    expect(client.refused).toEqual([
      [plain, "denied"],
      [reserved, "denied"],
    ]);
    expect([confirmed, subscribed, wild].map((id) => client.answerTo(id))).toEqual([
      "denied",
      "denied",
      "invalid-argument",
    ]);
    expect(taken.map((id) => client.answerTo(id))).toEqual([{}, "invalid-argument"]);
    client.publish("a", { id: "after" });
    client.settle();
    expect([client.heard(1), client.heard(2)]).toEqual([[], ["after"]]);
  });

  test("behind a publish that has to wait all others of its link wait, and come in their order (N1)", () => {
    const { mesh, node, join } = world();
    const [slow, fast, publisher] = [join(), join(), join()];
    slow.subscribe(1, "a", { ...whole, overflow: "block-publisher" });
    fast.subscribe(1, "#");
    mesh.settle();
    const ids = Array.from({ length: 5 }, () => publisher.publish("a"));
    const other = publisher.publish("b");
    const known = publisher.confirm("c", "local", { id: "c" });
    mesh.settle();
    expect(node.machine.size.blockedPublishes).toBe(4);
    expect(fast.heard(1)).toEqual(ids.slice(0, 3));
    expect(publisher.answerTo(known)).toBe(undefined);
    slow.settle();
    fast.settle();
    expect([slow.heard(1), fast.heard(1)]).toEqual([ids, [...ids, other, "c"]]);
    expect(publisher.answerTo(known)).toEqual({ handed: 1, waiting: 0, lost: 0, nodes: 0 });
    expect(node.machine.size.blockedPublishes).toBe(0);
  });

  test("no credit returns for what waits, and it does when that is published (N1)", () => {
    const windowBytes = 4_000;
    const { mesh, node, join } = world({ link: { windowBytes } });
    const [slow, publisher] = [join(), join()];
    slow.subscribe(1, "a", { ...whole, overflow: "block-publisher" });
    mesh.settle();
    const ids = Array.from({ length: 20 }, () => publisher.publish("a", {}, 500));
    mesh.settle();
    expect(publisher.client.link.outbox.queuedBytes).toBeGreaterThan(4_000); // its window is used up
    expect(node.machine.size.blockedPublishes * 500).toBeLessThan(windowBytes + 600);
    slow.settle();
    expect(slow.heard(1)).toEqual(ids);
    expect(publisher.client.link.outbox.queuedBytes).toBe(0);
  });

  test("a subscription that keeps publishers waiting for too long ends, and they go on", () => {
    const { mesh, node, join } = world({}, { blockMsMax: 3_000 });
    const [slow, publisher] = [join(), join()];
    slow.subscribe(1, "a", { ...whole, overflow: "block-publisher" });
    mesh.settle();
    for (let left = 5; left > 0; left--) publisher.publish("a");
    mesh.advance(5_000);
    expect(slow.heard(1)).toEqual(["1", "stalled 2"]);
    expect(node.machine.size).toMatchObject({ blockedPublishes: 0, subscriptions: 0 });
  });

  test("what a client does not accept is missed by its subscriptions, and takes no room (N4)", () => {
    const { mesh, join } = world();
    const [small, publisher] = [join({ limits: { messageBytesMax: 2_048 } }), join()];
    small.subscribe(1, "a", { windowBytes: 3_000 });
    mesh.settle();
    for (const size of [10, 5_000, 10, 5_000, 5_000, 10]) publisher.publish("a", {}, size);
    small.settle();
    expect(small.heard(1)).toEqual(["1", -1, "3", -1, -1, "6"]);
  });

  test("with a link its subscriptions are gone, and what it had waiting (N5)", () => {
    const { mesh, node, join } = world();
    const [slow, publisher, other] = [join(), join(), join()];
    slow.subscribe(1, "a", { ...whole, overflow: "block-publisher" });
    other.subscribe(1, "a");
    mesh.settle();
    for (let left = 5; left > 0; left--) publisher.publish("a");
    mesh.settle();
    publisher.client.connection!.cut();
    mesh.settle();
    expect(node.machine.size).toMatchObject({ blockedPublishes: 0, subscriptions: 2 });
    slow.settle();
    expect(slow.heard(1)).toEqual(["1", "2", "3"]);
    slow.client.connection!.cut();
    other.client.connection!.cut();
    mesh.settle();
    expect(node.machine.size.subscriptions).toBe(0);
    mesh.expectQuiet();
  });

  test("what a client has published that waits when it says goodbye is published still (N4, S1)", () => {
    const { mesh, node, join } = world();
    const [slow, other, publisher] = [join(), join(), join()];
    slow.isTaking = false;
    slow.subscribe(1, "a", { ...whole, overflow: "block-publisher" });
    other.subscribe(1, "a");
    publisher.subscribe(1, "a", { ...whole, overflow: "block-publisher" }); // its own is gone with it
    mesh.settle();
    const ids = Array.from({ length: 6 }, () => publisher.publish("a"));
    mesh.settle();
    publisher.client.link.end({ code: "closing", reason: "the client has closed" }, mesh.nowMs);
    mesh.settle();
    expect(node.machine.size).toMatchObject({ blockedPublishes: 3, subscriptions: 2 });
    slow.isTaking = true;
    slow.settle();
    other.settle();
    expect([slow.heard(1), other.heard(1)]).toEqual([ids, ids]);
    expect(node.machine.topicFigures).toMatchObject({ sources: 2, lostPublishes: 0, blockedPublishes: 0 });
  });

  test("what waits of clients that are gone is bounded; beyond, it is lost and counted (S1)", () => {
    const { mesh, node, join } = world();
    const slow = join();
    slow.isTaking = false;
    slow.subscribe(1, "a", { ...whole, overflow: "block-publisher" });
    mesh.settle();
    for (let left = 3; left > 0; left--) {
      const publisher = join();
      for (let count = 7; count > 0; count--) publisher.publish("a", {}, 1024 * 1024);
      mesh.settle();
      publisher.client.link.end({ code: "closing", reason: "the client has closed" }, mesh.nowMs);
      mesh.settle();
    }
    const { lostPublishes, blockedPublishes } = node.machine.topicFigures;
    expect(lostPublishes).toBe(7);
    slow.isTaking = true;
    slow.settle();
    expect(slow.heard(1)).toHaveLength(14);
    expect([blockedPublishes, node.machine.topicFigures.blockedPublishes]).toEqual([11, 0]);
  });

  test("only the link that has subscribed can end a subscription, take for it, or ask for it everywhere", () => {
    const { mesh, join } = world();
    const [owner, stranger] = [join(), join()];
    owner.isTaking = false;
    owner.subscribe(1, "a", { windowBytes: 1, bufferMessagesMax: 100 });
    mesh.settle();
    const ids = [owner.publish("a"), owner.publish("a")];
    stranger.unsubscribe(1);
    const denied = stranger.everywhere(1);
    const granted = owner.everywhere(1);
    mesh.settle();
    expect(owner.heard(1)).toEqual(ids.slice(0, 1));
    expect([stranger.answerTo(denied), owner.answerTo(granted)]).toEqual(["invalid-argument", {}]);
    owner.take(1);
    mesh.settle();
    expect(owner.heard(1)).toEqual(ids);
    owner.unsubscribe(1);
    owner.publish("a");
    mesh.settle();
    expect(owner.heard(1)).toEqual(ids);
  });

  test("a publish that is no message, or too large, is refused, and its link goes on (N2)", () => {
    const { mesh, join } = world();
    const [bad, good] = [join(), join()];
    good.subscribe(1, "#");
    bad.client.say(0, (writer) => writer.begin(0x30).raw(Uint8Array.of(200, 1)));
    const large = good.publish("a", { id: "x".repeat(300) });
    mesh.settle();
    expect([bad.client.ends, bad.refused]).toEqual([[], [["", "malformed"]]]);
    expect(good.refused).toEqual([["", "too-large"]]);
    expect(large).toHaveLength(300);
    const id = good.publish("a");
    good.settle();
    expect(good.heard(1)).toEqual([id]);
  });
});
