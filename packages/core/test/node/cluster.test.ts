import { describe, expect, test } from "vitest";
import type { Policy } from "../../src/base/index.js";
import type { ClusterInfo, FunctionInfo, NodeInfo } from "../../src/node/index.js";
import {
  type HelloMessage,
  type Writer,
  writeGoodbye,
  writeHello,
  writeOffers,
  writeProve,
} from "../../src/wire/index.js";
import { Mesh } from "../support/mesh.js";
import type { MeshClient } from "../support/mesh-client.js";
import type { MeshNode } from "../support/mesh-node.js";
import { Announcer, idOf, offersIn, recordOf, tellRecord, whole } from "../support/news.js";
import { signerOf } from "../support/signer.js";
import { frameOf } from "../support/wire.js";
import { samples } from "../wire/samples.js";

/** Who offers what, as `node` sees it: `fun: node[resources]`. */
function viewOf(node: MeshNode): string[] {
  return (node.inspect("functions") as FunctionInfo[]).flatMap(({ name, offers }) => {
    return offers.map(({ node, resources }) => `${name}: ${node}[${resources.join()}]`).toSorted();
  });
}

/** Members that are there, this node left out. */
function peersOf(node: MeshNode): string[] {
  return (node.inspect("nodes") as NodeInfo[]).filter(({ state }) => state !== "self").map(({ name }) => name);
}

/** Sends one message after the other. */
function tell(teller: MeshClient, ...messages: readonly ((writer: Writer) => void)[]): void {
  for (const write of messages) teller.say(0, write);
}

describe("who is there", () => {
  test("nodes that know one of them learn of all, and link to all", () => {
    const mesh = new Mesh();
    const nodes = mesh.cluster("a", "b", "c", "d");
    expect(nodes.map(peersOf)).toEqual([
      ["b", "c", "d"],
      ["a", "c", "d"],
      ["a", "b", "d"],
      ["a", "b", "c"],
    ]);
    for (const { machine } of nodes) expect(machine.size).toMatchObject({ links: 3, dialing: 0 });
  });

  test("a peer that is down at the start is found when it comes", () => {
    const mesh = new Mesh();
    const a = mesh.node("a", { peers: ["b"] });
    mesh.advance(60_000);
    expect(peersOf(a)).toEqual([]);
    mesh.node("b");
    mesh.advance(5_000);
    expect(peersOf(a)).toEqual(["b"]);
  });

  test("a link that breaks is opened again", () => {
    const mesh = new Mesh();
    const [a, b] = mesh.cluster("a", "b");
    a!.connectionTo(b!).cut();
    mesh.settle();
    expect([a!.machine.size.links, b!.machine.size.links]).toEqual([0, 0]);
    mesh.advance(200);
    expect([a!.machine.size.links, b!.machine.size.links]).toEqual([1, 1]);
    const kinds = a!.events.map(({ kind }) => kind);
    expect(kinds).toEqual([
      "link-opened",
      "node-joined",
      "link-lost",
      "node-suspected",
      "link-opened",
      "node-recovered",
    ]);
  });

  test("a node that does not answer any more is given up, and its functions with it (G2)", () => {
    const mesh = new Mesh();
    const [a, b] = mesh.cluster("a", "b");
    b!.offer("f", () => 1);
    mesh.settle();
    const connection = a!.connectionTo(b!);
    for (const end of connection.ends) connection.from(end).isHeld = true;
    a!.isListening = false;
    mesh.advance(1_000);
    expect(viewOf(a!)).toEqual(["f: b[]"]);
    mesh.advance(1_250);
    expect([viewOf(a!), peersOf(a!)]).toEqual([[], ["b"]]); // silent, but it may still speak
    mesh.advance(1_500);
    expect([viewOf(a!), peersOf(a!)]).toEqual([[], []]);
    expect(a!.events.at(-1)).toMatchObject({ kind: "node-lost", reason: { code: "silent" } });
  });

  test("a node that has gone for good is down for all, looked for now and then, and forgotten after a day", () => {
    const mesh = new Mesh();
    const [a, b, c] = mesh.cluster("a", "b", "c");
    mesh.crash(c!);
    mesh.advance(60_000);
    expect([a!, b!].map(peersOf)).toEqual([["b"], ["a"]]);
    const stateOf = (node: MeshNode): unknown =>
      (node.inspect("cluster") as ClusterInfo).nodes.find(({ name }) => name === "c")?.state;
    expect([a!, b!].map(stateOf)).toEqual(["down", "down"]);
    const before = [a!, b!].map(({ dials }) => dials.length);
    mesh.advance(600_000);
    const dialed = [a!, b!].map(({ dials }, index) => dials.length - before[index]!);
    for (const dials of dialed) expect([dials > 10, dials < 30]).toEqual([true, true]); // once per reconciliation
    mesh.advance(24 * 3_600_000);
    expect([a!, b!].map(stateOf)).toEqual([undefined, undefined]);
    expect([a!, b!].map(({ machine }) => machine.size)).toMatchObject([{ members: 2 }, { members: 2 }]);
  });

  test("a node without an address finds the others, and they do not look for it", () => {
    const mesh = new Mesh();
    const [a, b] = mesh.cluster("a", "b");
    const hidden = mesh.node("hidden", { peers: ["a"], urls: [] });
    hidden.isListening = false;
    mesh.advance(5_000);
    expect([a!, b!, hidden].map(peersOf)).toEqual([
      ["b", "hidden"],
      ["a", "hidden"],
      ["a", "b"],
    ]);
    expect(b!.dials).not.toContain("ws://hidden");
  });

  test("a node that has itself among its peers dials itself once", () => {
    const mesh = new Mesh();
    const a = mesh.node("a", { peers: ["a"] });
    mesh.advance(60_000);
    expect([a.dials.length, a.machine.size.links, a.machine.size.dialing]).toEqual([1, 0, 0]);
  });

  test.for([
    [
      "says that it is this node",
      () => frameOf((writer) => writeGoodbye(writer, "self", "this node has reached itself")),
    ],
    [
      "shows this node's key and cannot prove it",
      (key: Uint8Array) =>
        frameOf(
          (writer) => {
            writeHello(writer, {
              ...(samples.hello[0] as HelloMessage),
              identity: { publicKey: key, name: "a", cluster: "default", urls: [] },
            });
          },
          (writer) => {
            writeProve(writer, new Uint8Array(64));
          },
        ),
    ],
  ] as const)("a peer that %s is not believed, and dialled again", ([, say]) => {
    const mesh = new Mesh();
    const dials = mesh.stranger("liar", say(signerOf("a").publicKey));
    const a = mesh.node("a", { peers: ["liar"] });
    mesh.advance(60_000);
    expect(dials()).toBeGreaterThan(10);
    expect([a.machine.size.links, peersOf(a)]).toEqual([0, []]);
    expect(a.events[0]).toMatchObject({ kind: "link-refused", address: "liar" });
    mesh.advance(60_000);
    expect(dials()).toBeGreaterThan(20);
  });

  test("a peer that ends every link as soon as it is open is dialled ever less often, and for ever (N1)", () => {
    const mesh = new Mesh();
    mesh.node("b");
    const a = mesh.node("a", { peers: ["b"] });
    const joins: number[] = [];
    while (mesh.nowMs < 100_000) {
      mesh.advance(1);
      if (a.machine.size.links === 0 || [...a.connections.values()].length === 0) continue;
      joins.push(mesh.nowMs);
      [...a.connections.values()][0]!.connection.cut();
    }
    expect(joins.filter((atMs) => atMs > 50_000).length).toBeGreaterThan(10);
    expect(joins.length).toBeLessThan(60);
  });

  test("an address that leads to another node than was said is not taken for it (N5)", () => {
    const mesh = new Mesh();
    const a = mesh.node("a");
    mesh.node("b");
    mesh.settle();
    tell(
      mesh.client(a, { node: "liar" }),
      tellRecord(recordOf("liar")),
      tellRecord(recordOf("c", { urls: ["ws://b"] })),
    );
    mesh.advance(1_000);
    expect(peersOf(a)).toEqual(["c", "liar"]);
    const told = `node "b" is here, and not ${idOf("c")}, which is said to be`;
    expect(a.events).toContainEqual({ kind: "link-refused", address: "b", reason: { code: "refused", reason: told } });
    expect(a.machine.size.links).toBe(1);
  });

  test("a node of another cluster is refused, and told why each time it tries", () => {
    const mesh = new Mesh();
    const a = mesh.node("a");
    const stranger = mesh.node("stranger", { cluster: "away", peers: ["a"] });
    mesh.advance(60_000);
    expect([peersOf(a), peersOf(stranger)]).toEqual([[], []]);
    const reason = { code: "refused", reason: 'the node belongs to cluster "away", this one to "default"' };
    expect(a.events[0]).toEqual({ kind: "link-refused", address: "stranger", reason });
    expect(stranger.dials.length).toBeGreaterThan(10);
    expect(a.machine.size.links).toBe(0);
  });

  test("whom the policy forbids to dial is not dialled, now or later (P1)", () => {
    const mesh = new Mesh();
    const asked: string[] = [];
    const a = mesh.node("a", {
      peers: ["b"],
      policy: (subject, action) => {
        if (action.kind === "dial") asked.push(`${subject.kind}: ${action.url}`);
        return action.kind === "dial" ? { allow: false, reason: "no" } : { allow: true };
      },
    });
    mesh.node("b");
    mesh.advance(60_000);
    expect(a.dials).toEqual([]);
    expect(asked.length).toBeGreaterThan(10);
    expect(asked[0]).toBe("self: ws://b");
  });
});

test("a crowd that the policy forbids to dial does not hurt (N6) (P1)", () => {
  const mesh = new Mesh();
  let asked = 0;
  const policy: Policy = (_subject, action) => {
    if (action.kind !== "dial" || !action.url.startsWith("ws://forbidden")) return { allow: true };
    asked += 1;
    return { allow: false, reason: "no" };
  };
  const membership = { fullMeshMax: 10_000 };
  const a = mesh.node("a", { policy, membership });
  const crowd = (name: string, count: number): ((writer: Writer) => void)[] =>
    Array.from({ length: count }, (_, i) => tellRecord(recordOf(`${name}${i}`)));
  const liar = mesh.client(a, { node: "liar" });
  tell(liar, ...crowd("nowhere", 100), ...crowd("forbidden", 3_000));
  mesh.advance(0); // half of them are dialled at once, the others would dial themselves
  expect(a.dials.length).toBeGreaterThan(20);
  expect(asked).toBeGreaterThan(1_000);
  expect(a.machine.size.dialing).toBeLessThanOrEqual(128);
});

describe("who offers what", () => {
  test("what was registered before a link opens, and every change after, is seen by all (G3)", () => {
    const mesh = new Mesh();
    const a = mesh.node("a", { resources: ["gpu"] });
    a.offer("early", () => 1, "model");
    const b = mesh.node("b", { peers: ["a"] });
    const c = mesh.node("c", { peers: ["a"] });
    mesh.advance(2_000);
    const view = (): unknown[] => {
      mesh.settle();
      expect([viewOf(b), viewOf(c)]).toEqual([viewOf(a), viewOf(a)]);
      return viewOf(a);
    };
    expect(view()).toEqual(["early: a[gpu,model]"]);
    c.offer("late", () => 1);
    expect(view()).toEqual(["early: a[gpu,model]", "late: c[]"]);
    a.offer("late", () => 1);
    a.withdraw("early");
    expect(view()).toEqual(["late: a[gpu]", "late: c[]"]);
    c.offer("late", () => 1, "cpu");
    expect(view()).toEqual(["late: a[gpu]", "late: c[cpu]"]);
    expect([a.machine.isRegistered("late"), b.machine.isRegistered("late")]).toEqual([true, false]);
  });

  test("a node whose link is lost offers nothing any more, at once (G2); what it offered is expected for a while (X1)", () => {
    const mesh = new Mesh();
    const [a, b] = mesh.cluster("a", "b");
    b!.offer("f", () => 1);
    mesh.settle();
    for (const node of [a!, b!]) node.isListening = false;
    a!.connectionTo(b!).cut();
    mesh.settle();
    expect(viewOf(a!)).toEqual([]);
    const asked = a!.call("f");
    const never = a!.call("g");
    mesh.advance(4_990);
    expect([asked.ends, never.ends]).toMatchObject([[], [{ error: { code: "no-provider" } }]]);
    mesh.advance(10);
    expect(asked.ends).toMatchObject([
      { error: { code: "no-provider", outcome: "not-applied", node: "a", step: "f" } },
    ]);
  });

  test("what a node may not offer is not recorded (P1)", () => {
    const mesh = new Mesh();
    const a = mesh.node("a", {
      policy: (subject, action) => {
        return action.kind === "catalog" && action.fun === "admin" && subject.kind === "node" && subject.name === "b"
          ? { allow: false, reason: "no" }
          : { allow: true };
      },
    });
    const b = mesh.node("b", { peers: ["a"] });
    for (const fun of ["admin", "f"]) b.offer(fun, () => 1);
    mesh.advance(1_000);
    expect(viewOf(a)).toEqual(["f: b[]"]);
  });

  test("an offer that is replaced by one that may not be is gone (P1)", () => {
    const mesh = new Mesh();
    const a = mesh.node("a", {
      policy: (_subject, action) =>
        action.kind === "catalog" && action.resources.includes("secret")
          ? { allow: false, reason: "no" }
          : { allow: true },
    });
    const b = mesh.node("b", { peers: ["a"] });
    b.offer("f", () => 1, "gpu");
    mesh.advance(1_000);
    expect(viewOf(a)).toEqual(["f: b[gpu]"]);
    b.offer("f", () => 1, "secret");
    mesh.settle();
    expect(viewOf(a)).toEqual([]);
  });

  test("more offers than a node may have are refused, counted, and told with the link that brought them (A4) (G4)", () => {
    const mesh = new Mesh();
    const a = mesh.node("a");
    mesh.settle();
    const rogue = mesh.client(a, { node: "rogue" });
    rogue.say(0, tellRecord(recordOf("rogue")));
    const announcer = new Announcer("rogue");
    const { body, signature, added, head } = offersIn(
      announcer.offer(...Array.from({ length: 1_000 }, (_, i) => `f${i}`)),
    );
    const more = Array.from({ length: 101 }, (_, i) =>
      added.map((entry) => ({ ...entry, offer: { ...entry.offer, fun: `${i}.${entry.offer.fun}` } })),
    );
    expect(head.version).toBe(1);
    rogue.say(0, (writer) => {
      writeOffers(writer, {
        hopsLeft: 3,
        body,
        signature,
        base: 0,
        removed: [],
        added: more.flat(),
        addedCount: 101_000,
      });
    });
    mesh.settle();
    expect([rogue.ends.map(({ code }) => code), viewOf(a)]).toEqual([["malformed"], []]);
  });

  test("a change whose beginning was missed is asked for, and then known (A2)", () => {
    const mesh = new Mesh();
    const a = mesh.node("a");
    mesh.settle();
    const other = mesh.client(a, { node: "other" });
    const announcer = new Announcer("other");
    const [first, , third] = [announcer.offer("f1"), announcer.offer("f2"), announcer.offer("f3")];
    tell(other, tellRecord(recordOf("other")), whole(first), whole(third));
    mesh.settle();
    expect(viewOf(a)).toEqual(["f1: other[]"]);
    expect(other.heard.filter(({ kind }) => kind === "offers-request")).toEqual([
      { kind: "offers-request", nodeId: idOf("other") },
    ]);
    expect(other.ends).toEqual([]);
  });

  test("a node that does not read what is offered is let go, rather than left with an old view (G3)", () => {
    const mesh = new Mesh();
    const a = mesh.node("a", { link: { queueBytesMax: 20_000 } });
    const b = mesh.node("b", { peers: ["a"], link: { windowBytes: 100 } });
    mesh.advance(1_000);
    const connection = a.connectionTo(b);
    for (const end of connection.ends) connection.from(end).isHeld = true;
    for (let i = 0; i < 1_000; i++) {
      a.offer(`function-${i}`, () => 1);
      if (i % 100 === 0) mesh.settle();
    }
    mesh.settle();
    expect(a.goodbyes.at(-1)).toMatchObject({ code: "slow" });
    for (const end of connection.ends) connection.from(end).release();
    mesh.advance(5_000);
    expect(viewOf(b)).toHaveLength(1_000);
  });
});
