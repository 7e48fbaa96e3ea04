/** What the machine does with what the parts have found: who is told, who is trusted, who is probed. */
import { describe, expect, test } from "vitest";
import type { NodeInfo } from "../../src/node/index.js";
import { writeAccusation } from "../../src/wire/index.js";
import { accusationOf, signedBy } from "../support/membership.js";
import { Mesh } from "../support/mesh.js";
import type { MeshClient } from "../support/mesh-client.js";
import type { MeshNode } from "../support/mesh-node.js";
import { Announcer, idOf, recordOf, tellRecord, whole } from "../support/news.js";
import { messagesOf } from "../support/wire.js";

function beliefOf(node: MeshNode, name: string): string {
  const info = (node.inspect("nodes") as NodeInfo[]).find((each) => each.name === name);
  return info === undefined ? "unknown" : `${info.state} ${info.incarnation}`;
}

function functionsOf(node: MeshNode): string[] {
  return (node.inspect("functions") as { readonly name: string }[]).map(({ name }) => name);
}

/** The connection of two nodes is gone, and nobody can open one to either. */
function part(mesh: Mesh, one: MeshNode, other: MeshNode): void {
  for (const node of [one, other]) node.isListening = false;
  one.connectionTo(other).cut();
  mesh.settle();
}

describe("a node that is new on a link", () => {
  test("is told first what is believed of it, so that it can contradict (B5)", () => {
    const mesh = new Mesh();
    const [a] = mesh.cluster("a", "b") as [MeshNode];
    const first = mesh.client(a, { node: "c" });
    first.say(0, tellRecord(recordOf("c", { urls: [] })));
    mesh.settle();
    first.connection!.cut();
    mesh.advance(6_000);
    expect(beliefOf(a, "c")).toBe("unknown"); // it is down
    const again = mesh.client(a, { node: "c" });
    mesh.settle();
    const told = again.heard.filter(({ kind }) => kind === "record" || kind === "accusation");
    expect(told.slice(0, 2)).toMatchObject([
      { kind: "record", record: { name: "c", incarnation: 1 } },
      { kind: "accusation", accusation: { target: idOf("c"), verdict: "down", incarnation: 1, accuser: a.id } },
    ]);
    again.say(0, tellRecord(recordOf("c", { incarnation: 2 })));
    mesh.settle();
    expect(beliefOf(a, "c")).toBe("alive 2");
  });

  test("and was only cut off contradicts by itself, and is a member again (B4) (B5)", () => {
    const mesh = new Mesh();
    const [a, b] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
    b.offer("f", () => 1);
    mesh.settle();
    part(mesh, a, b);
    mesh.advance(3_000);
    expect([beliefOf(a, "b"), beliefOf(b, "a"), functionsOf(a)]).toEqual(["unknown", "unknown", []]);
    for (const node of [a, b]) node.isListening = true;
    mesh.advance(60_000);
    expect([beliefOf(a, "b").split(" ")[0], beliefOf(b, "a").split(" ")[0], functionsOf(a)]).toEqual([
      "alive",
      "alive",
      ["f"],
    ]);
    expect(a.events.map(({ kind }) => kind)).toContain("node-lost");
  });
});

describe("a member without a link to this node", () => {
  test("gets work again as soon as somebody has vouched for it (B6)", () => {
    const mesh = new Mesh();
    const [a, b, c] = mesh.cluster("a", "b", "c") as [MeshNode, MeshNode, MeshNode];
    c.offer("f", () => 1);
    mesh.advance(3_000);
    const witness = b.connectionTo(c);
    for (const end of witness.ends) witness.from(end).isHeld = true;
    part(mesh, a, c);
    expect([functionsOf(a), beliefOf(a, "c")]).toEqual([[], "alive 1"]);
    for (const end of witness.ends) witness.from(end).release();
    mesh.settle();
    expect([functionsOf(a), beliefOf(a, "c")]).toEqual([["f"], "alive 1"]);
  });

  test("gets work again, though it was silent as long as there was one, when both sides have given it up (B6)", () => {
    const mesh = new Mesh();
    const [a] = mesh.cluster("a", "b") as [MeshNode];
    const quiet = mesh.client(a, { node: "quiet" });
    quiet.say(0, tellRecord(recordOf("quiet")));
    quiet.say(0, whole(new Announcer("quiet").offer("f")));
    mesh.advance(2_500);
    quiet.say(0, tellRecord(recordOf("quiet", { incarnation: 2 })));
    mesh.settle();
    expect([beliefOf(a, "quiet"), functionsOf(a)]).toEqual(["alive 2", []]);
    quiet.link.end({ code: "idle", reason: "neither side has a use for the link" }, mesh.nowMs);
    mesh.settle();
    expect([beliefOf(a, "quiet"), functionsOf(a)]).toEqual(["alive 2", ["f"]]);
  });

  test("that others reach is not lost, however long the link is (P1) (B6)", () => {
    const mesh = new Mesh();
    const [a, , c] = mesh.cluster("a", "b", "c") as [MeshNode, MeshNode, MeshNode];
    part(mesh, a, c);
    mesh.advance(60_000);
    expect([beliefOf(a, "c"), beliefOf(c, "a")]).toEqual(["alive 1", "alive 1"]);
    expect(a.events.map(({ kind }) => kind)).not.toContain("node-lost");
  });
});

describe("a node that hears that it is suspected", () => {
  test("contradicts at once, to all it has links to, and remembers the number (B4) (O2)", () => {
    const mesh = new Mesh();
    const [a, b] = mesh.cluster("a", "b", "c") as [MeshNode, MeshNode];
    const rogue = mesh.client(a, { node: "rogue" });
    rogue.say(0, tellRecord(recordOf("rogue")));
    mesh.settle();
    rogue.say(0, (writer) => {
      writeAccusation(writer, signedBy(accusationOf("a", "rogue"), "rogue"));
    });
    mesh.settle();
    expect([a.remembered, beliefOf(b, "a")]).toEqual([2, "alive 2"]);
    expect(mesh.nodes.map((node) => beliefOf(node, "a"))).toEqual(["self 2", "alive 2", "alive 2"]);
  });

  test("of an incarnation it no longer has says nothing (B4)", () => {
    const mesh = new Mesh();
    const [a] = mesh.cluster("a", "b") as [MeshNode];
    const rogue = mesh.client(a, { node: "rogue" });
    rogue.say(0, tellRecord(recordOf("rogue")));
    mesh.settle();
    const before = a.sent.length;
    for (const incarnation of [0, 2, 5])
      rogue.say(0, (writer) => {
        writeAccusation(writer, signedBy(accusationOf("a", "rogue", { incarnation }), "rogue"));
      });
    mesh.settle();
    expect([a.remembered, a.sent.length]).toEqual([1, before]);
  });
});

describe("a suspicion that is about to end", () => {
  test("is compared with what a few others know: they may have heard what this node has missed (B8)", () => {
    const mesh = new Mesh();
    const a = mesh.node("a");
    const [accuser, witness] = ["d", "e"].map((name) => {
      const client = mesh.client(a, { node: name });
      client.say(0, tellRecord(recordOf(name, { urls: [] })));
      return client;
    }) as [MeshClient, MeshClient];
    accuser.say(0, tellRecord(recordOf("c", { urls: [] })));
    accuser.say(0, (writer) => {
      writeAccusation(writer, signedBy(accusationOf("c", "d"), "d"));
    });
    mesh.settle();
    expect(beliefOf(a, "c")).toBe("suspect 1");
    const asked = () => {
      const lines = witness.heard.flatMap((each) => (each.kind === "digest-lines" && !each.asks ? each.lines : []));
      return lines.filter(({ nodeId }) => nodeId === idOf("c"));
    };
    witness.heard.length = 0;
    mesh.advance(4_850);
    expect(asked()).toEqual([]);
    mesh.advance(100);
    expect(asked()).toMatchObject([{ nodeId: idOf("c"), incarnation: 1 }]);
    witness.say(0, tellRecord(recordOf("c", { urls: [], incarnation: 2 })));
    mesh.advance(1_000);
    expect(beliefOf(a, "c")).toBe("alive 2");
  });
});

describe("a cluster at rest", () => {
  test("sends probes, and now and then a digest, and nothing else (B2) (E1)", () => {
    const mesh = new Mesh();
    const nodes = mesh.cluster("a", "b", "c", "d");
    nodes[1]!.offer("f", () => 1);
    mesh.advance(60_000);
    for (const { sent } of nodes) sent.length = 0;
    mesh.advance(60_000);
    const kinds = new Set(
      nodes.flatMap(({ sent }) => sent.flatMap((frame) => messagesOf(frame))).map(({ kind }) => kind),
    );
    expect([...kinds].toSorted()).toEqual(["digest", "probe", "probe-ack"]);
    expect(
      nodes.map((node) => ["a", "b", "c", "d"].filter((name) => beliefOf(node, name).endsWith(" 1")).length),
    ).toEqual([4, 4, 4, 4]);
  });
});
