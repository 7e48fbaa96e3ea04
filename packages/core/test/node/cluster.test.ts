import { describe, expect, test } from "vitest";
import type { Policy } from "../../src/base/index.js";
import type { FunctionInfo, NodeInfo } from "../../src/node/index.js";
import {
  type HelloMessage,
  type MemberRecord,
  writeCatalog,
  writeGoodbye,
  writeHello,
  writeMembers,
  writeProve,
} from "../../src/wire/index.js";
import { Mesh } from "../support/mesh.js";
import type { MeshNode } from "../support/mesh-node.js";
import { signerOf } from "../support/signer.js";
import { frameOf } from "../support/wire.js";
import { samples } from "../wire/samples.js";

/** Who offers what, as `node` sees it: `fun: node[resources]`. */
function viewOf({ machine }: MeshNode): string[] {
  return (machine.inspect("functions") as FunctionInfo[]).flatMap(({ name, offers }) => {
    return offers.map(({ node, resources }) => `${name}: ${node}[${resources.join()}]`).toSorted();
  });
}

function peersOf({ machine }: MeshNode): string[] {
  return (machine.inspect("nodes") as NodeInfo[]).filter(({ state }) => state === "linked").map(({ name }) => name);
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
    expect([peersOf(a!), peersOf(b!)]).toEqual([[], []]);
    mesh.advance(200);
    expect([peersOf(a!), peersOf(b!)]).toEqual([["b"], ["a"]]);
    expect(a!.events.map(({ kind }) => kind)).toEqual(["node-joined", "node-lost", "node-joined"]);
  });

  test("a node that does not answer any more is given up, and its functions with it (G2)", () => {
    const mesh = new Mesh();
    const [a, b] = mesh.cluster("a", "b");
    b!.offer("f", () => 1);
    mesh.settle();
    const connection = a!.connectionTo(b!);
    for (const end of connection.ends) connection.from(end).isHeld = true;
    a!.isListening = false;
    mesh.advance(14_000);
    expect(viewOf(a!)).toEqual(["f: b[]"]);
    mesh.advance(6_000);
    expect([viewOf(a!), peersOf(a!)]).toEqual([[], []]);
    expect(a!.events.at(-1)).toMatchObject({ kind: "node-lost", reason: { code: "silent" } });
  });

  test("a node that has gone for good is forgotten by all", () => {
    const mesh = new Mesh();
    const [a, b, c] = mesh.cluster("a", "b", "c");
    mesh.crash(c!);
    mesh.advance(60_000);
    expect([a!, b!].map(peersOf)).toEqual([["b"], ["a"]]);
    for (const { dials, machine } of [a!, b!]) {
      const before = dials.length;
      mesh.advance(60_000);
      expect([dials.length - before, machine.size.dialing]).toEqual([0, 0]);
    }
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
      if (a.machine.size.peers === 0) continue;
      joins.push(mesh.nowMs);
      [...a.connections.values()][0]!.connection.cut();
    }
    expect(joins.filter((atMs) => atMs > 50_000).length).toBeGreaterThan(10);
    expect(joins.length).toBeLessThan(60);
  });

  test("an address that leads to another node than was said is not taken for it (N5)", () => {
    const mesh = new Mesh();
    const [a, c] = [mesh.node("a"), mesh.node("c")];
    mesh.node("b");
    mesh.settle();
    const tell = (by: string, url: string): void => {
      mesh.client(a, { node: by }).say(0, (writer) => {
        writeMembers(writer, [{ nodeId: c.id, name: "c", urls: [url] }]);
      });
    };
    tell("liar", "ws://b");
    mesh.advance(20_000);
    expect(peersOf(a)).toEqual(["liar"]);
    const told = `node "b" is here, and not ${c.id}, which is said to be`;
    expect(a.events.at(-1)).toEqual({ kind: "link-refused", address: "b", reason: { code: "refused", reason: told } });
    tell("honest", "ws://c");
    mesh.advance(10_000);
    expect(peersOf(a)).toEqual(["c", "honest", "liar"]);
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
  const a = mesh.node("a", { policy });
  const crowd = (name: string, count: number): MemberRecord[] =>
    Array.from({ length: count }, (_, i) => ({ nodeId: `${a.id}${name}${i}`, name, urls: [`ws://${name}${i}`] }));
  mesh.client(a, { node: "liar" }).say(0, (writer) => {
    writeMembers(writer, [...crowd("nowhere", 128), ...crowd("forbidden", 9_000)]);
  });
  mesh.advance(0);
  expect([a.dials.length, asked]).toEqual([128, 9_000]);
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

  test("a node whose link is lost offers nothing any more, at once (G2)", () => {
    const mesh = new Mesh();
    const [a, b] = mesh.cluster("a", "b");
    b!.offer("f", () => 1);
    mesh.settle();
    a!.connectionTo(b!).cut();
    mesh.settle();
    expect(viewOf(a!)).toEqual([]);
    const asked = a!.call("f");
    mesh.settle();
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

  test("a node that offers without end is let go (C3)", () => {
    const mesh = new Mesh();
    const a = mesh.node("a");
    mesh.settle();
    const rogue = mesh.client(a, { node: "rogue" });
    for (let version = 0; rogue.ends.length === 0 && version < 20; version++) {
      const added = Array.from({ length: 10_000 }, (_, i) => ({ fun: `f${version * 10_000 + i}`, resources: [] }));
      rogue.say(0, (writer) => {
        writeCatalog(writer, { base: version, version: version + 1, added, removed: [] });
      });
      mesh.settle();
    }
    expect(rogue.ends).toEqual([
      { code: "malformed", reason: "a node may offer 100000 functions; this one offers 110000" },
    ]);
    expect(viewOf(a)).toEqual([]);
  });

  test("a change that does not follow the last one ends the link (A2)", () => {
    const mesh = new Mesh();
    const a = mesh.node("a");
    mesh.settle();
    const rogue = mesh.client(a, { node: "rogue" });
    const announce = (base: number, version: number): void => {
      rogue.say(0, (writer) => {
        writeCatalog(writer, { base, version, added: [{ fun: `f${version}`, resources: [] }], removed: [] });
      });
      mesh.settle();
    };
    announce(0, 3);
    announce(3, 4);
    expect(viewOf(a)).toEqual(["f3: rogue[]", "f4: rogue[]"]);
    announce(5, 6);
    expect(rogue.ends).toEqual([
      { code: "malformed", reason: "a catalog change from version 5 to 6, after version 4" },
    ]);
    expect(viewOf(a)).toEqual([]);
  });

  test("a node that does not read what is offered is let go, rather than left with an old view (G3)", () => {
    const mesh = new Mesh();
    const a = mesh.node("a", { link: { queueBytesMax: 20_000 } });
    const b = mesh.node("b", { peers: ["a"], link: { windowBytes: 100 } });
    mesh.advance(1_000);
    const connection = a.connectionTo(b);
    for (const end of connection.ends) connection.from(end).isHeld = true;
    for (let i = 0; i < 1_000; i++) a.offer(`function-${i}`, () => 1);
    mesh.settle();
    expect(a.goodbyes.at(-1)).toMatchObject({ code: "slow" });
    for (const end of connection.ends) connection.from(end).release();
    mesh.advance(5_000);
    expect(viewOf(b)).toHaveLength(1_000);
  });
});
