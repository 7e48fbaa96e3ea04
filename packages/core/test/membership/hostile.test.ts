/** What a member can tell that means no good: refused, counted, and its link named and ended. */
import { describe, expect, test } from "vitest";
import type { NodeInfo } from "../../src/node/index.js";
import {
  type Writer,
  writeDigestLines,
  writeOffers,
  writeProbeAck,
  writeProbeReport,
  writeProbeRequest,
} from "../../src/wire/index.js";
import { Mesh } from "../support/mesh.js";
import type { MeshClient } from "../support/mesh-client.js";
import type { MeshNode } from "../support/mesh-node.js";
import { Announcer, idOf, offersIn, recordOf, tellAccusation, tellRecord, whole } from "../support/news.js";
import { accusationOf } from "../support/membership.js";
import { rawMessage, messagesOf } from "../support/wire.js";

function nodesOf(node: MeshNode): NodeInfo[] {
  return node.inspect("nodes") as NodeInfo[];
}

/** What `node` believes of the member, in short. */
function beliefOf(node: MeshNode, name: string): string {
  const info = nodesOf(node).find((each) => each.name === name);
  return info === undefined ? "unknown" : `${info.state} ${info.incarnation}`;
}

function tell(mesh: Mesh, rogue: MeshClient, ...news: ((writer: Writer) => void)[]): void {
  for (const each of news) rogue.say(0, each);
  mesh.settle();
}

function refusalsOf(node: MeshNode): { readonly name: string; readonly reason: string; readonly count: number }[] {
  return node.events.filter((event) => event.kind === "news-refused");
}

function eventsOf(node: MeshNode, ...kinds: readonly string[]): string[] {
  return node.events
    .filter(({ kind }) => kinds.includes(kind))
    .map((event) => `${event.kind} ${"name" in event ? event.name : ""}`);
}

/** "a" and "b", which offers "f"; and a rogue that is a member by its own record, linked to "a". */
function stage(): { readonly mesh: Mesh; readonly a: MeshNode; readonly b: MeshNode; readonly rogue: MeshClient } {
  const mesh = new Mesh();
  const [a, b] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
  b.offer("f", () => "b");
  a.offer("g", () => "a");
  mesh.settle();
  const rogue = mesh.client(a, { node: "rogue" });
  tell(mesh, rogue, tellRecord(recordOf("rogue")));
  return { mesh, a, b, rogue };
}

const forgeries: readonly (readonly [string, (i: number) => (writer: Writer) => void, string])[] = [
  ["a goodbye of another", () => tellRecord(recordOf("b", { sequence: 9, left: true }), "rogue"), "has not signed"],
  ["a later life of another", () => tellRecord(recordOf("b", { incarnation: 9, boot: 9 }), "rogue"), "has not signed"],
  [
    "another place of another",
    () => tellRecord(recordOf("b", { sequence: 9, urls: ["ws://rogue"] }), "rogue"),
    "has not signed",
  ],
  [
    "an accusation in the name of another",
    () => tellAccusation(accusationOf("b", "a", { incarnation: 1 }), "rogue"),
    "has not signed",
  ],
  ["a record of a node that does not exist", (i) => tellRecord(recordOf(`nobody ${i}`), "rogue"), "has not signed"],
  ["a record of another cluster", (i) => tellRecord(recordOf(`else ${i}`, { cluster: "else" })), 'cluster "else"'],
  ["offers for another", () => offersFor("b"), "has not signed"],
  ["offers for whoever listens", () => offersFor("a"), "has not signed"],
  [
    "a goodbye of whoever listens",
    () => tellRecord(recordOf("a", { sequence: 99, left: true }), "rogue"),
    "has not signed",
  ],
  [
    "an accusation of whoever listens that nobody has made",
    () => tellAccusation(accusationOf("a", "b"), "rogue"),
    "has not signed",
  ],
];

/** A later life of `name` offers "mine"; the rogue has signed it. */
function offersFor(name: string): (writer: Writer) => void {
  const own = offersIn(new Announcer("rogue", 9).offer("mine"));
  const theirs = offersIn(new Announcer(name, 9).offer("mine"));
  return (writer) => {
    writeOffers(writer, { ...theirs, signature: own.signature, addedCount: 1 });
  };
}

describe("a member that forges", () => {
  test.for(forgeries)("%s is refused, and nothing is believed of it (R1) (R2) (A3) (B7)", ([, forge, reason]) => {
    const { mesh, a, b, rogue } = stage();
    const before = [beliefOf(a, "a"), beliefOf(a, "b"), nodesOf(a).length];
    tell(mesh, rogue, forge(0));
    expect(refusalsOf(a)).toMatchObject([{ name: "rogue", count: 1, reason: expect.stringContaining(reason) }]);
    mesh.advance(200);
    expect([beliefOf(a, "a"), beliefOf(a, "b"), nodesOf(a).length]).toEqual(before);
    expect(refusalsOf(b)).toEqual([]); // nothing of it was passed on
    const asked = a.call("f");
    mesh.settle();
    expect(asked.ends).toEqual([{ value: "b" }]);
  });

  test.for(forgeries)("%s again and again is let go, and named (G4)", ([, forge, reason]) => {
    const { mesh, a, rogue } = stage();
    for (let i = 0; i < 101; i++) tell(mesh, rogue, forge(i));
    expect(rogue.ends).toMatchObject([{ code: "refused", reason: expect.stringContaining(reason) }]);
    expect(refusalsOf(a)).toMatchObject([{ count: 1 }, { name: "rogue", count: 101 }]);
    expect(beliefOf(a, "b")).toBe("alive 1");
  });
});

describe("a member that accuses others", () => {
  test("does not get them lost: they contradict, each time (B4)", () => {
    const { mesh, a, b, rogue } = stage();
    mesh.advance(1_000); // "b" knows the rogue
    for (let incarnation = 1; incarnation <= 10; incarnation++) {
      tell(mesh, rogue, tellAccusation(accusationOf("b", "rogue", { verdict: "down", incarnation }), "rogue"));
      mesh.advance(500);
      expect([beliefOf(a, "b"), beliefOf(b, "b")]).toEqual([`alive ${incarnation + 1}`, `self ${incarnation + 1}`]);
    }
    expect(eventsOf(a, "node-lost")).toEqual([]);
    expect(b.remembered).toBe(11);
    const asked = a.call("f");
    mesh.settle();
    expect(asked.ends).toEqual([{ value: "b" }]);
  });

  test("does not keep work from them, which others reach (B6)", () => {
    const { mesh, a, rogue } = stage();
    tell(mesh, rogue, tellAccusation(accusationOf("b", "rogue", { verdict: "down" }), "rogue"));
    expect(beliefOf(a, "b")).toBe("suspect 1");
    const asked = a.call("f");
    mesh.settle();
    expect(asked.ends).toEqual([{ value: "b" }]);
  });

  test("of what they have contradicted already is not heard (M3)", () => {
    const { mesh, a, b, rogue } = stage();
    mesh.advance(1_000);
    const old = tellAccusation(accusationOf("b", "rogue"), "rogue");
    tell(mesh, rogue, old);
    mesh.advance(500);
    const before = [a, b].map((node) => node.sent.length);
    for (let i = 0; i < 500; i++) tell(mesh, rogue, old);
    expect([beliefOf(a, "b"), ...[a, b].map((node) => node.sent.length)]).toEqual(["alive 2", ...before]);
  });
});

describe("a member that tells what was true", () => {
  test("brings back nothing of an earlier life: neither its goodbye, nor its places, nor its offers (M1) (A1)", () => {
    const { mesh, a, b, rogue } = stage();
    const old = new Announcer("c", 1);
    const earlier = [
      tellRecord(recordOf("c", { urls: ["ws://old"] })),
      whole(old.offer("gone")),
      whole(old.offer("gone as well")),
      tellRecord(recordOf("c", { sequence: 2, left: true })),
    ];
    tell(mesh, rogue, ...earlier);
    const c = mesh.node("c", { peers: ["a"], incarnation: 7 });
    c.offer("new", () => "c");
    mesh.advance(1_000);
    tell(mesh, rogue, ...earlier);
    mesh.advance(500);
    for (const node of [a, b]) {
      expect([beliefOf(node, "c"), node.machine.size.announced]).toEqual(["alive 7", 3]);
      expect(nodesOf(node).find(({ name }) => name === "c")).toMatchObject({ urls: ["ws://c"], functions: 1 });
    }
    expect(refusalsOf(a)).toEqual([]);
  });

  test("of offers of a life that has ended is not believed, though whoever hears it knew none (A1)", () => {
    const { mesh, a, rogue } = stage();
    mesh.node("c", { peers: ["a"], incarnation: 7 });
    mesh.advance(1_000);
    tell(mesh, rogue, whole(new Announcer("c", 1).offer("gone")));
    mesh.advance(1_000);
    expect(nodesOf(a).find(({ name }) => name === "c")).toMatchObject({ functions: 0 });
    expect(a.inspect("functions")).toMatchObject([{ name: "f" }, { name: "g" }]);
  });
});

describe("a node that starts again without a function", () => {
  test("is not taken to offer it still (A1)", () => {
    const mesh = new Mesh();
    const [a, , c] = mesh.cluster("a", "b", "c") as [MeshNode, MeshNode, MeshNode];
    c.offer("gone", () => 1);
    mesh.settle();
    mesh.crash(c);
    mesh.node("c", { peers: ["a"], incarnation: 2 });
    mesh.advance(10_000);
    expect(beliefOf(a, "c")).toBe("alive 2");
    const asked = a.call("gone");
    mesh.settle();
    expect(asked.ends).toMatchObject([
      { error: { code: "no-provider", message: expect.stringContaining("no node offers") } },
    ]);
    expect(nodesOf(a).find(({ name }) => name === "c")).toMatchObject({ functions: 0 });
  });
});

describe("a member with much to tell", () => {
  test("of nodes without end does not fill the table (M5) (B7)", () => {
    const mesh = new Mesh();
    const a = mesh.node("a", { membership: { membersMax: 50 } });
    mesh.settle();
    const rogue = mesh.client(a, { node: "rogue" });
    tell(mesh, rogue, ...Array.from({ length: 2_000 }, (_, i) => tellRecord(recordOf(`n${i}`, { urls: [] }))));
    expect(a.machine.size.members).toBe(50);
    expect(a.machine.size.peers).toBeLessThanOrEqual(51);
  });

  test("more than one link may bring per second is let go (B7)", () => {
    const mesh = new Mesh();
    const a = mesh.node("a", { membership: { newsPerSecondMax: 10 } });
    mesh.settle();
    const rogue = mesh.client(a, { node: "rogue" });
    tell(mesh, rogue, ...Array.from({ length: 400 }, (_, i) => tellRecord(recordOf("rogue", { sequence: i + 1 }))));
    expect(rogue.ends).toMatchObject([
      { code: "refused", reason: expect.stringContaining("more than 10 news per second") },
    ]);
    expect(refusalsOf(a)).toMatchObject([{ count: 1 }, { count: 101 }]);
  });

  test("in one record ends its link", () => {
    const { mesh, a, rogue } = stage();
    tell(mesh, rogue, tellRecord(recordOf("rogue", { sequence: 2, urls: ["ws://" + "x".repeat(17_000)] })));
    expect(rogue.ends).toMatchObject([{ code: "malformed" }]);
    expect(beliefOf(a, "b")).toBe("alive 1");
  });

  test("in lines of nodes that nobody knows is asked for them, and no more", () => {
    const { mesh, a, rogue } = stage();
    const line = { incarnation: 1, standing: 0, sequence: 1, boot: 1, version: 1 };
    const lines = Array.from({ length: 1_000 }, (_, i) => ({ nodeId: idOf(`n${i}`), ...line }));
    const before = a.sent.length;
    tell(mesh, rogue, (writer) => {
      writeDigestLines(writer, { parts: [], lines, asks: false });
    });
    expect([nodesOf(a).length, a.sent.length - before]).toEqual([3, 1]);
    tell(mesh, rogue, (writer) => {
      writeDigestLines(writer, {
        parts: [255, 64, 1],
        lines: lines.map((each) => ({ ...each, standing: 200 })),
        asks: false,
      });
    });
    expect(nodesOf(a).length).toBe(3);
  });
});

describe("a member that others do not take", () => {
  test("because it uses up its numbers is not followed, and whoever has passed it on is not blamed (M2) (B7)", () => {
    const { mesh, a, b, rogue } = stage();
    const other = mesh.client(b, { node: "other rogue" });
    for (let i = 0; i < 150; i++) {
      tell(mesh, rogue, tellRecord(recordOf(`z${i}`, { urls: [] })));
      tell(mesh, other, tellRecord(recordOf(`z${i}`, { urls: [], incarnation: 2 ** 50 })));
    }
    mesh.advance(1_000);
    expect([beliefOf(a, "z7"), beliefOf(b, "z7")]).toEqual(["alive 1", `alive ${2 ** 50}`]);
    expect(refusalsOf(a)).toMatchObject([{ name: "b", count: 1, reason: expect.stringContaining("incarnation") }]);
    expect([...eventsOf(a, "link-lost"), ...eventsOf(b, "link-lost")]).toEqual([]);
  });

  test("because its table is full lets nobody go who tells it of more (M5) (B7)", () => {
    const mesh = new Mesh();
    const a = mesh.node("a", { membership: { membersMax: 3 } });
    const b = mesh.node("b", { peers: ["a"] });
    mesh.advance(1_000);
    const rogue = mesh.client(b, { node: "rogue" });
    tell(mesh, rogue, ...Array.from({ length: 200 }, (_, i) => tellRecord(recordOf(`z${i}`, { urls: [] }))));
    mesh.advance(1_000);
    expect([a, b].map(({ machine }) => machine.size.members)).toEqual([3, 202]);
    expect([...eventsOf(a, "link-lost"), ...eventsOf(b, "link-lost")]).toEqual([]);
  });

  test("because another has its name is told once, and nobody is let go (M4) (B7)", () => {
    const { mesh, a, b } = stage();
    const other = mesh.client(b, { node: "other rogue" });
    mesh.settle();
    for (let i = 1; i < 150; i++)
      tell(mesh, other, tellRecord(recordOf("thief", { name: "a", incarnation: i, urls: [] }), "thief"));
    expect(refusalsOf(b)).toMatchObject([{ count: 1, reason: expect.stringContaining('the name "a" belongs to') }]);
    expect([nodesOf(a).length, other.ends]).toEqual([3, []]);
  });
});

describe("a member that lies about probes", () => {
  test("has a question passed on once, however far it wants it to go (Q1)", () => {
    const { mesh, rogue } = stage();
    const c = mesh.node("c", { peers: ["a"] });
    mesh.node("d", { peers: ["a"] });
    mesh.advance(3_000);
    mesh.crash(c);
    const kinds = (): string[] =>
      mesh.nodes.flatMap(({ sent }) => sent.flatMap((frame) => messagesOf(frame))).map(({ kind }) => kind);
    const asked = (): number => kinds().filter((kind) => kind === "probe-request").length;
    const before = asked();
    tell(mesh, rogue, (writer) => {
      writeProbeRequest(writer, { id: 1, target: c.id, hopsLeft: 255 });
    });
    expect(asked() - before).toBe(1);
  });

  test("and answers what nobody has asked changes nothing (P4) (Q1)", () => {
    const { mesh, a, rogue } = stage();
    const before = a.sent.length;
    const coordinate = { vector: [0, 0, 0, 0, 0, 0, 0, 0], heightMs: 1, error: 1 };
    for (const id of [0, 1, 2, 3, 0x8000_0000, 0x8000_0001])
      tell(
        mesh,
        rogue,
        (writer) => {
          writeProbeReport(writer, id, false);
        },
        (writer) => {
          writeProbeReport(writer, id, true);
        },
        (writer) => {
          writeProbeAck(writer, { id, running: 0, coordinate });
        },
      );
    expect([a.sent.length - before, eventsOf(a, "node-suspected", "node-lost")]).toEqual([0, []]);
  });

  test.for([NaN, Infinity, 1e30])("and stands at %s is nowhere, and as far as any other (V1)", (place) => {
    const mesh = new Mesh();
    const [a] = mesh.cluster("a", "b") as [MeshNode];
    mesh.advance(10_000); // "a" knows where it stands itself
    const rogue = mesh.client(a, { node: "rogue" });
    const at = (x: number) => ({ vector: [x, 0, 0, 0, 0, 0, 0, 0], heightMs: 1, error: 1 });
    const distanceMs = () => nodesOf(a).find(({ name }) => name === "rogue")?.distanceMs;
    tell(mesh, rogue, tellRecord(recordOf("rogue", { coordinate: at(30) })));
    expect(distanceMs()).toBeGreaterThan(20);
    tell(mesh, rogue, (writer) => {
      writeProbeAck(writer, { id: 1, running: 0, coordinate: at(90) });
    });
    expect(distanceMs()).toBeGreaterThan(80);
    tell(mesh, rogue, (writer) => {
      writeProbeAck(writer, { id: 1, running: 0, coordinate: at(place) });
    });
    expect(distanceMs()).toBeGreaterThan(20); // as its record says
    expect(distanceMs()).toBeLessThan(60);
    tell(mesh, rogue, tellRecord(recordOf("rogue", { sequence: 2, coordinate: at(place) })));
    expect(refusalsOf(a)).toMatchObject([{ name: "rogue", reason: expect.stringContaining("stands nowhere") }]);
    expect(distanceMs()).toBeLessThan(60);
  });
});

describe("bytes that are none of a message", () => {
  test("end the link that brought them", () => {
    const { mesh, rogue } = stage();
    rogue.connection!.send(rogue, rawMessage(0x20, 1, 2, 3));
    mesh.settle();
    expect(rogue.ends).toMatchObject([{ code: "malformed" }]);
  });
});
