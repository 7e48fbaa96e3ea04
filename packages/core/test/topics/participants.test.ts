/** Participants that are not links: the program of a node, and those behind doors. `node/topic-inputs.ts`. */
import { describe, expect, test } from "vitest";
import { MpregError } from "../../src/base/index.js";
import type { Participant } from "../../src/topics/index.js";
import type { NodeInput } from "../../src/node/index.js";
import { Mesh } from "../support/mesh.js";
import type { MeshNode } from "../support/mesh-node.js";
import { TopicClient } from "./client.js";
import { type Told, note, readerOf } from "./support.js";

/** What it was told, by subscription. */
class Program implements Participant {
  readonly id: number;
  readonly isCluster = false;
  readonly told: [number, Told][] = [];
  readonly refusals: string[] = [];
  readonly #reader = readerOf();

  constructor(id: number) {
    this.id = id;
  }

  authorize(topic: string): void {
    if (topic === "secret") throw new MpregError("denied", "not yours");
  }

  deliver(numbers: readonly number[], count: number, message: Uint8Array): boolean {
    for (const number of numbers.slice(0, count)) this.told.push([number, this.#reader.open(message).id]);
    return true;
  }

  replayed(number: number): void {
    this.told.push([number, "replayed"]);
  }

  missed(number: number, count: number): void {
    this.told.push([number, -count]);
  }

  ended(number: number, why: string, lost: number): void {
    this.told.push([number, `${why} ${lost}`]);
  }

  refused(messageId: string, error: MpregError): void {
    this.refusals.push(`${messageId} ${error.code}`);
  }

  hold(): number {
    return 7;
  }

  admit(held: number): void {
    this.refusals.push(`admitted ${held}`);
  }
}

function enter(mesh: Mesh, node: MeshNode, input: NodeInput): void {
  node.enter(input);
  mesh.settle();
}

function subscribe(
  mesh: Mesh,
  node: MeshNode,
  participant: Program,
  number: number,
  pattern: string,
  more = {},
): string {
  let outcome = "";
  const done = (error: MpregError | undefined) => {
    outcome = error?.code ?? "subscribed";
    participant.told.push([number, outcome]);
  };
  enter(mesh, node, { kind: "subscribe", participant, number, wish: { patterns: [pattern], ...more }, done });
  return outcome;
}

describe("participants", () => {
  test("publish and subscribe beside the clients of their node, and are told in order", () => {
    const mesh = new Mesh();
    const node = mesh.node("n");
    const [program, client] = [new Program(1_000_001), new TopicClient(mesh, node)];
    client.publish("a", { id: "before" });
    mesh.settle();
    expect(subscribe(mesh, node, program, 1, "a", { replay: { kind: "last" } })).toBe("subscribed");
    expect(subscribe(mesh, node, program, 1, "b")).toBe("invalid-argument");
    client.subscribe(1, "#");
    mesh.settle();
    const results: unknown[] = [];
    enter(mesh, node, {
      kind: "publish",
      participant: program,
      message: note("a", "own"),
      settled: (result) => results.push(result instanceof MpregError ? result.code : { ...result }),
    });
    enter(mesh, node, { kind: "publish", participant: program, message: note("secret", "s") });
    client.settle();
    expect(program.told).toEqual([
      [1, "subscribed"],
      [1, "before"],
      [1, "replayed"],
      [1, "invalid-argument"],
      [1, "own"],
    ]);
    expect(client.heard(1)).toEqual(["own"]);
    expect(results).toEqual([{ kind: "published", handed: 2, waiting: 0, lost: 0, nodes: 0 }]);
    expect(program.refusals).toEqual(["s denied"]);
  });

  test("hear where the backlog ends, of which a filter of its own leaves the newest of each topic that passes", () => {
    const mesh = new Mesh();
    const node = mesh.node("n");
    const [program, other] = [new Program(1_000_001), new Program(1_000_002)];
    const kept = new Map([["keep", "1"]]);
    const publish = (topic: string, id: string, headers?: Map<string, string>) => {
      enter(mesh, node, { kind: "publish", participant: other, message: note(topic, id, { headers }) });
    };
    publish("a", "a1", kept);
    publish("a", "a2", kept);
    publish("a", "a3");
    publish("b", "b1");
    const filter = { match: "all", headers: { keep: true } };
    const more = { replay: { kind: "last", filter }, windowBytes: 1 };
    expect(subscribe(mesh, node, program, 1, "#", more)).toBe("subscribed");
    publish("a", "a4");
    publish("a", "a5", kept);
    const taken = { kind: "taken", participant: program, number: 1, bytes: 1_000 } as const;
    for (let left = 3; left > 0; left--) enter(mesh, node, taken);
    expect(program.told.map(([, told]) => told)).toEqual(["subscribed", "a2", "replayed", "a4", "a5"]);
    const wrong = { replay: { kind: "last", filter: { match: "all", headers: {} } } };
    expect(subscribe(mesh, node, program, 2, "#", wrong)).toBe("invalid-argument");
    expect(node.machine.size.subscriptions).toBe(1);
  });

  test("take as others do, wait as others do, and leave nothing when they part", () => {
    const mesh = new Mesh();
    const node = mesh.node("n");
    const [slow, publisher] = [new Program(1_000_001), new Program(1_000_002)];
    subscribe(mesh, node, slow, 1, "a", { windowBytes: 1, bufferMessagesMax: 1, overflow: "block-publisher" });
    for (const id of ["1", "2", "3"])
      enter(mesh, node, { kind: "publish", participant: publisher, message: note("a", id) });
    expect(node.machine.size.blockedPublishes).toBe(1);
    for (let left = 3; left > 0; left--) enter(mesh, node, { kind: "taken", participant: slow, number: 1, bytes: 100 });
    expect(slow.told.slice(1)).toEqual([
      [1, "1"],
      [1, "2"],
      [1, "3"],
    ]);
    expect(publisher.refusals).toEqual(["admitted 7"]);
    enter(mesh, node, { kind: "unsubscribe", participant: slow, number: 1 });
    subscribe(mesh, node, slow, 2, "a");
    for (const participant of [slow, publisher]) enter(mesh, node, { kind: "part", participant });
    expect(node.machine.size).toMatchObject({ subscriptions: 0, blockedPublishes: 0 });
  });
});
