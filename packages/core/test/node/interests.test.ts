/** Which topics nodes want, told to all and known by all. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matches, parsePattern } from "../../src/base/index.js";
import { type InterestMessage, kinds } from "../../src/wire/index.js";
import { awaitEverywhere, change, interestedIn, subscribe, unsubscribe } from "../support/interest.js";
import { Mesh } from "../support/mesh.js";
import type { MeshNode } from "../support/mesh-node.js";
import { recordOf, tellRecord } from "../support/news.js";
import { messagesOf, wholeMessages } from "../support/wire.js";

/** Messages of a kind that the node has sent since the last call. */
function sentBy(node: MeshNode, kind: number): Uint8Array[] {
  return node.sent.splice(0).flatMap((frame) => wholeMessages(frame).filter((message) => message[4] === kind));
}

/** What all nodes but the one that wants it see of `topic`. */
function seen(nodes: readonly MeshNode[], topic: string): string[][] {
  return nodes.map((node) => interestedIn(node, topic));
}

describe("interest", () => {
  test("of a node is known to all others, plain and by group, and gone with its last subscription", () => {
    const mesh = new Mesh();
    const [a, b, c] = mesh.cluster("a", "b", "c") as [MeshNode, MeshNode, MeshNode];
    subscribe(mesh, b, "user.*.login");
    expect(seen([a, b, c], "user.7.login")).toEqual([["b"], [], ["b"]]);
    expect(seen([a, b, c], "user.7.logout")).toEqual([[], [], []]);
    subscribe(mesh, c, "user.#", "mail");
    subscribe(mesh, b, "user.7.*", "mail");
    subscribe(mesh, b, "user.7.*", "mail");
    mesh.advance(200);
    expect(seen([a, b, c], "user.7.login")).toEqual([["b", "mail: b c"], ["mail: c"], ["b", "mail: b"]]);
    unsubscribe(mesh, b, "user.7.*", "mail");
    mesh.advance(200);
    expect(interestedIn(a, "user.7.x")).toEqual(["mail: b c"]);
    unsubscribe(mesh, b, "user.7.*", "mail");
    unsubscribe(mesh, b, "user.*.login");
    unsubscribe(mesh, c, "user.#", "mail");
    mesh.advance(400);
    expect(seen([a, b, c], "user.7.login")).toEqual([[], [], []]);
    for (const { machine } of [a, b, c]) expect(machine.size).toMatchObject({ subscribed: 0, interest: 0 });
    mesh.expectQuiet();
  });

  test("is told at once after quiet, and then at most once in a gossip interval, all changes together (J1)", () => {
    const mesh = new Mesh();
    const [a, b] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
    subscribe(mesh, b, "first");
    expect(interestedIn(a, "first")).toEqual(["b"]);
    b.sent.length = 0;
    for (let i = 0; i < 100; i++) subscribe(mesh, b, `later.${i}`);
    expect(interestedIn(a, "later.7")).toEqual([]);
    expect(sentBy(b, kinds.interest)).toEqual([]);
    mesh.advance(199);
    expect(interestedIn(a, "later.7")).toEqual([]);
    mesh.advance(1);
    expect([interestedIn(a, "later.7"), interestedIn(a, "later.99")]).toEqual([["b"], ["b"]]);
    const versions = sentBy(b, kinds.interest).map(
      (message) => (messagesOf(message)[0] as InterestMessage).head.version,
    );
    expect(new Set(versions)).toEqual(new Set([1, 2])); // the first is told again, a hundred are one
  });

  test("that comes and goes between two announcements is not told (N1)", () => {
    const mesh = new Mesh();
    const [a, b] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
    subscribe(mesh, b, "kept");
    mesh.advance(20_000);
    b.sent.length = 0;
    change(mesh, b, () => {
      const [pattern, kept] = [parsePattern("x"), parsePattern("kept")];
      const { interests } = b.machine;
      interests.subscribed([pattern], undefined);
      interests.subscribed([kept], undefined);
      interests.unsubscribed([pattern], undefined);
    });
    mesh.advance(1_000);
    expect(sentBy(b, kinds.interest)).toEqual([]);
    expect(interestedIn(a, "kept")).toEqual(["b"]);
  });

  test("of ten thousand patterns costs one change of it one pattern, also where the change was lost", () => {
    const mesh = new Mesh();
    const [a, b] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
    change(mesh, b, () => {
      const patterns = Array.from({ length: 9_000 }, (_, i) => parsePattern(`stock.${i}`));
      b.machine.interests.subscribed(patterns, undefined);
    });
    mesh.advance(60_000);
    expect(interestedIn(a, "stock.8999")).toEqual(["b"]);
    for (const isLost of [false, true]) {
      b.sent.length = 0;
      const connection = a.connectionTo(b);
      for (const end of connection.ends)
        connection.from(end).loses = (message) => isLost && message[4] === kinds.interest;
      subscribe(mesh, b, `more.${isLost}`);
      if (isLost) mesh.advance(10_000); // also where it was told again
      for (const end of connection.ends) connection.from(end).loses = undefined;
      expect(interestedIn(a, `more.${isLost}`)).toEqual(isLost ? [] : ["b"]);
      mesh.advance(120_000);
      expect(interestedIn(a, `more.${isLost}`)).toEqual(["b"]);
      const bytes = sentBy(b, kinds.interest).reduce((sum, { length }) => sum + length, 0);
      expect(bytes).toBeGreaterThan(100);
      expect(bytes).toBeLessThan(10_000);
    }
  });
});

describe("everywhere", () => {
  test("is when each member has said that it knows, a round trip after it was told", () => {
    const mesh = new Mesh();
    const [a, b, c] = mesh.cluster("a", "b", "c") as [MeshNode, MeshNode, MeshNode];
    subscribe(mesh, b, "x");
    const waiter = awaitEverywhere(mesh, b);
    expect([waiter.toldAtMs, seen([a, c], "x")]).toEqual([[mesh.nowMs], [["b"], ["b"]]]);
    subscribe(mesh, b, "y"); // too soon to be told at once
    const next = awaitEverywhere(mesh, b);
    expect(next.toldAtMs).toEqual([]);
    mesh.advance(200);
    expect([next.toldAtMs, seen([a, c], "y")]).toEqual([[mesh.nowMs], [["b"], ["b"]]]);
    expect(b.machine.size.everywhere).toBe(0);
    expect(awaitEverywhere(mesh, b).toldAtMs).toEqual([mesh.nowMs]); // known to all already
    expect(awaitEverywhere(mesh, a).toldAtMs).toEqual([mesh.nowMs]); // it wants nothing
    mesh.expectQuiet();
  });

  test("waits for a member that does not hear, until it hears or is gone (W1)", () => {
    for (const dies of [false, true]) {
      const mesh = new Mesh();
      const [a, b, c] = mesh.cluster("a", "b", "c") as [MeshNode, MeshNode, MeshNode];
      const lost = (message: Uint8Array): boolean =>
        [kinds.interest, kinds.interestDigest, kinds.interestLines].includes(message[4] as never);
      for (const end of b.connectionTo(c).ends) b.connectionTo(c).from(end).loses = lost;
      subscribe(mesh, b, "x");
      const waiter = awaitEverywhere(mesh, b);
      mesh.advance(10_000);
      expect([waiter.toldAtMs, seen([a, c], "x")]).toEqual([[], [["b"], ["b"]]]); // c has heard of it by others
      if (dies) mesh.crash(c);
      else for (const end of b.connectionTo(c).ends) b.connectionTo(c).from(end).loses = undefined;
      mesh.advance(60_000);
      expect(waiter.toldAtMs.length).toBe(1);
    }
  });

  test("waits for one that joins meanwhile, and knows all there is when it has joined (W1)", () => {
    const mesh = new Mesh();
    const [a, b] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
    subscribe(mesh, a, "x", "group");
    for (const end of a.connectionTo(b).ends) a.connectionTo(b).from(end).isHeld = true;
    subscribe(mesh, a, "y");
    const waiter = awaitEverywhere(mesh, a);
    const late = mesh.node("late", { peers: ["b"] });
    mesh.advance(500);
    for (const end of a.connectionTo(b).ends) a.connectionTo(b).from(end).release();
    mesh.advance(5_000);
    expect(waiter.toldAtMs.length).toBe(1);
    expect([interestedIn(late, "x"), interestedIn(late, "y")]).toEqual([["group: a"], ["a"]]);
  });

  test("does not wait for members of a version that knows nothing of topics", () => {
    const mesh = new Mesh();
    const a = mesh.node("a");
    const old = mesh.client(a, { node: "old" });
    old.say(0, tellRecord(recordOf("old")));
    mesh.settle();
    subscribe(mesh, a, "x");
    expect(awaitEverywhere(mesh, a).toldAtMs.length).toBe(1);
    old.say(0, tellRecord(recordOf("old", { incarnation: 2, topics: true })));
    mesh.settle();
    subscribe(mesh, a, "y");
    mesh.advance(300);
    expect(awaitEverywhere(mesh, a).toldAtMs).toEqual([]);
  });

  test("is learned over a neighbour of members that cannot be linked", () => {
    const mesh = new Mesh();
    mesh.node("a");
    const hidden = ["h", "i"].map((name) => mesh.node(name, { peers: ["a"], urls: [] }));
    for (const node of hidden) node.isListening = false;
    mesh.advance(10_000);
    const [h, i] = hidden as [MeshNode, MeshNode];
    expect(() => h.connectionTo(i)).toThrow();
    subscribe(mesh, h, "x");
    const waiter = awaitEverywhere(mesh, h);
    mesh.advance(1_000);
    expect([waiter.toldAtMs.length, interestedIn(i, "x")]).toEqual([1, ["h"]]);
  });
});

describe("whatever happens", () => {
  test("nothing is left after 100,000 subscriptions that came and went", () => {
    const mesh = new Mesh();
    const [a, b] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
    for (let round = 0; round < 20; round++) {
      const patterns = Array.from({ length: 5_000 }, (_, i) => [parsePattern(`t.${round % 3}.${i}.*`)]);
      const group = round % 2 === 0 ? undefined : `group ${round}`;
      change(mesh, b, () => {
        for (const each of patterns) b.machine.interests.subscribed(each, group);
      });
      mesh.advance(200);
      expect(interestedIn(a, `t.${round % 3}.7.x`)).toEqual([group === undefined ? "b" : `${group}: b`]);
      change(mesh, b, () => {
        for (const each of patterns) b.machine.interests.unsubscribed(each, group);
      });
    }
    mesh.advance(1_000);
    for (const { machine } of [a, b]) expect(machine.size).toMatchObject({ subscribed: 0, interest: 0, everywhere: 0 });
    mesh.expectQuiet();
  });

  test("a node that restarts, or is cut off and comes back, knows all, and all know it (J3)", () => {
    const mesh = new Mesh();
    const [a, b, c] = mesh.cluster("a", "b", "c") as [MeshNode, MeshNode, MeshNode];
    subscribe(mesh, a, "of.a");
    subscribe(mesh, b, "of.b");
    subscribe(mesh, c, "of.c");
    mesh.crash(c);
    mesh.advance(60_000);
    expect(seen([a, b], "of.c")).toEqual([[], []]);
    subscribe(mesh, a, "new.of.a");
    const back = mesh.node("c", { peers: ["a"], incarnation: c.remembered + 1 });
    mesh.advance(5_000);
    expect(["of.a", "of.b", "new.of.a"].map((topic) => interestedIn(back, topic))).toEqual([["a"], ["b"], ["a"]]);
    expect(seen([a, b], "of.c")).toEqual([[], []]);
    subscribe(mesh, back, "of.c");
    mesh.advance(1_000);
    expect(seen([a, b], "of.c")).toEqual([["c"], ["c"]]);
    const connection = a.connectionTo(b);
    for (const end of connection.ends) connection.from(end).isHeld = true;
    subscribe(mesh, b, "while.apart");
    unsubscribe(mesh, b, "of.b");
    mesh.advance(1_000);
    connection.cut();
    mesh.advance(60_000);
    expect([seen([a, back], "while.apart"), seen([a, back], "of.b")]).toEqual([
      [["b"], ["b"]],
      [[], []],
    ]);
  });

  test("with a third of the news lost, all agree after quiet with a naive set of what each wants (J2)", () => {
    const patterns = ["a.*", "a.#", "#", "b", "*.b", "a.b.c"].map((text) => parsePattern(text));
    const topics = ["", "a", "b", "a.b", "a.b.c", "c.b"];
    const act = fc.record({
      node: fc.nat(2),
      pattern: fc.constantFrom(...patterns),
      group: fc.constantFrom(undefined, "g", "h"),
      waitMs: fc.constantFrom(0, 0, 30, 250),
    });
    fc.assert(
      fc.property(
        fc.array(act, { maxLength: 30 }),
        fc.array(fc.nat(2), { minLength: 50, maxLength: 50 }),
        (acts, draws) => {
          const mesh = new Mesh();
          const nodes = mesh.cluster("a", "b", "c");
          let drawn = 0;
          const setLoss = (loses: ((message: Uint8Array) => boolean) | undefined): void => {
            for (const [one, other] of [
              [0, 1],
              [0, 2],
              [1, 2],
            ] as const) {
              const connection = nodes[one]!.connectionTo(nodes[other]!);
              for (const end of connection.ends) connection.from(end).loses = loses;
            }
          };
          setLoss(
            (message) =>
              message[4]! >= kinds.interest && message[4]! <= kinds.interestLines && draws[drawn++ % 50] === 0,
          );
          const held = nodes.map(() => new Map<string, (typeof acts)[number]>());
          for (const each of acts) {
            const { node, pattern, group, waitMs } = each;
            const key = `${pattern} ${group}`;
            if (held[node]!.delete(key)) unsubscribe(mesh, nodes[node]!, pattern, group);
            else {
              held[node]!.set(key, each);
              subscribe(mesh, nodes[node]!, pattern, group);
            }
            mesh.advance(waitMs);
          }
          mesh.advance(3_000);
          setLoss(undefined);
          const waiters = nodes.map((node) => awaitEverywhere(mesh, node));
          mesh.advance(120_000);
          expect(waiters.map(({ toldAtMs }) => toldAtMs.length)).toEqual([1, 1, 1]);
          for (const [at, node] of nodes.entries()) {
            for (const topic of topics) {
              const wants = nodes.map((_, other) =>
                [...held[other]!.values()].filter(({ pattern }) => matches(pattern, topic)),
              );
              const ownersOf = (group: string | undefined): string =>
                nodes
                  .filter((_, other) => other !== at && wants[other]!.some((want) => want.group === group))
                  .map(({ name }) => name)
                  .join(" ");
              const plain = ownersOf(undefined);
              const shared = ["g", "h"]
                .filter((group) => ownersOf(group) !== "")
                .map((group) => `${group}: ${ownersOf(group)}`);
              expect([node.name, topic, interestedIn(node, topic)]).toEqual([
                node.name,
                topic,
                [...plain.split(" ").filter(Boolean), ...shared],
              ]);
            }
          }
          mesh.expectQuiet();
        },
      ),
      { numRuns: 40 },
    );
  });
});
