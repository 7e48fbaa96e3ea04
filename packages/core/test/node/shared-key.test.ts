/** Two live nodes with one key: a data directory that was copied. */
import { describe, expect, test } from "vitest";
import type { NodeEvent, NodeInfo } from "../../src/node/index.js";
import { Mesh } from "../support/mesh.js";
import type { MeshNode } from "../support/mesh-node.js";

type KeyShared = Extract<NodeEvent, { kind: "key-shared" }>;

function toldOf(node: MeshNode): KeyShared[] {
  return node.events.filter((event) => event.kind === "key-shared");
}

function infoOf(node: MeshNode, nodeId: string): NodeInfo | undefined {
  return (node.inspect("nodes") as NodeInfo[]).find(({ id }) => id === nodeId);
}

/** `a` and `c`, and two nodes with one key, the second started later from a copy of the first one's directory. */
function twins(): { mesh: Mesh; a: MeshNode; c: MeshNode; first: MeshNode; second: MeshNode } {
  const mesh = new Mesh();
  const [a, c, first] = mesh.cluster("a", "c", "first");
  const second = mesh.node("second", { peers: ["a"], key: "first", incarnation: first!.remembered + 1 });
  mesh.advance(60_000);
  return { mesh, a: a!, c: c!, first: first!, second };
}

describe("two live nodes with one key", () => {
  test("are both told of each other, each once", () => {
    const { first, second } = twins();
    expect(first.id).toBe(second.id);
    expect(toldOf(first)).toEqual([
      { kind: "key-shared", nodeId: first.id, name: "second", urls: ["ws://second"], yielded: true },
    ]);
    expect(toldOf(second)).toEqual([
      { kind: "key-shared", nodeId: first.id, name: "first", urls: ["ws://first"], yielded: false },
    ]);
    expect(infoOf(first, first.id)?.sharedWith).toEqual(["ws://second"]);
    expect(infoOf(second, first.id)?.sharedWith).toEqual(["ws://first"]);
  });

  test.for(["a", "b"])("are told when others have dialled the first one, and its key is that of %s", (key) => {
    const mesh = new Mesh();
    const first = mesh.node("first", { key });
    const [one, other] = ["c", "d"].map((name) => mesh.node(name, { peers: ["first"] })) as [MeshNode, MeshNode];
    mesh.advance(3_000);
    const second = mesh.node("second", { peers: ["c"], key, incarnation: first.remembered + 1 });
    second.offer("f", () => "second");
    mesh.advance(20_000);
    expect(toldOf(first)).toMatchObject([{ urls: ["ws://second"], yielded: true }]);
    expect(toldOf(second)).toMatchObject([{ urls: ["ws://first"], yielded: false }]);
    expect(first.machine.size).toMatchObject({ links: 0, dialing: 0 });
    const calls = [one, other].map((node) => node.call("f"));
    mesh.settle();
    expect(calls.map(({ ends }) => ends)).toEqual([[{ value: "second" }], [{ value: "second" }]]);
  });

  test("do not contend for ever: the one that was started first leaves the cluster to the other", () => {
    const { mesh, a, c, first, second } = twins();
    for (const node of [a, c]) expect(infoOf(node, second.id)).toMatchObject({ name: "second", linked: true });
    expect(infoOf(second, second.id)!.incarnation).toBeLessThan(10);
    const before = [a, c, second].map(({ events }) => events.length);
    const dials = [a, c, first, second].map((node) => node.dials.length);
    mesh.advance(600_000);
    expect([a, c, second].map(({ events }) => events.length)).toEqual(before);
    expect([a, c, first, second].map((node) => node.dials.length)).toEqual(dials);
    expect(first.machine.size).toMatchObject({ links: 0, dialing: 0 });
  });

  test("are told of by those that have heard both contradict each other", () => {
    const { a, c, second } = twins();
    const told = [a, c].flatMap(toldOf);
    expect(told.length).toBeGreaterThan(0);
    for (const event of told) {
      expect(event).toMatchObject({ nodeId: second.id, yielded: false });
      expect(["ws://first", "ws://second"]).toContain(event.urls[0]);
    }
  });

  test("and no others are told of it, though the one that yields dials them: they are refused and say why", () => {
    const { mesh, first } = twins();
    const late = mesh.node("late", { peers: ["first"] });
    mesh.advance(5_000);
    expect(late.events).toContainEqual(
      expect.objectContaining({
        kind: "link-refused",
        reason: { code: "refused", reason: `another process uses the key of node ${first.id}, and was started later` },
      }),
    );
  });

  test("tell each other at once where nobody else is, and go on looking for whoever may be there later", () => {
    const mesh = new Mesh();
    const first = mesh.node("first");
    const second = mesh.node("second", { peers: ["first"], key: "first" });
    mesh.advance(60_000);
    for (const [node, other] of [
      [first, "second"],
      [second, "first"],
    ] as const) {
      expect(toldOf(node)).toEqual([
        { kind: "key-shared", nodeId: first.id, name: other, urls: [`ws://${other}`], yielded: false },
      ]);
    }
    expect(second.events.map(({ kind }) => kind)).toEqual(["key-shared"]);
    mesh.crash(first);
    mesh.node("first", { key: "other" });
    mesh.advance(10_000);
    expect(second.events.map(({ kind }) => kind)).toContain("node-joined");
  });

  test("were not there when a node has come back without its disk, or with it, or has reached itself", () => {
    for (const incarnation of [1, 50]) {
      const mesh = new Mesh();
      const [a, c, b] = mesh.cluster("a", "c", "b");
      mesh.crash(b!);
      const again = mesh.node("b", { peers: ["a", "b", "c"], incarnation });
      mesh.advance(120_000);
      expect(infoOf(a!, again.id)).toMatchObject({ state: "alive" });
      for (const node of [a!, c!, again]) expect(toldOf(node)).toEqual([]);
      expect(infoOf(again, again.id)).not.toHaveProperty("sharedWith");
    }
  });
});
