/** Messages between the exchanges of nodes: `forwarding.ts`, `arrivals.ts`, and what the exchange has to do with them. */
import { describe, expect, test } from "vitest";
import { Arrivals, late } from "../../../src/topics/forwarding/arrivals.js";
import { Forwarding } from "../../../src/topics/forwarding/forwarding.js";
import { LapsedRoutes } from "../../../src/topics/forwarding/lapsed-routes.js";
import {
  type Elsewhere,
  Exchange,
  type ForwardTerms,
  type Handed,
  type TopicsLimits,
  defaultTopicsLimits,
  nowhere,
} from "../../../src/topics/index.js";
import { parsePattern, matches } from "../../../src/base/index.js";
import { utf8 } from "../../support/wire.js";
import { note, readerOf, user } from "../support.js";

/** What other nodes want, said by hand: `plain` patterns, or those of a group. */
interface Interest {
  readonly nodeId: string;
  readonly pattern: string;
  readonly group?: string;
}

/** The exchange of a node whose messages to others are written down. */
class Origin {
  readonly interests: Interest[] = [];
  readonly exchange: Exchange;
  /** By node: `sequence id [groups]`, or `until sequence`. */
  readonly sent: Map<string, string[]> = new Map();
  readonly waited: number[] = [];
  readonly told: string[] = [];
  isLinked = true;
  nowMs = 0;
  readonly #reader = readerOf();

  constructor(limits: Partial<TopicsLimits> = {}) {
    const { interests } = this;
    const elsewhere: Elsewhere = {
      ...nowhere,
      isAlone: false,
      get isEmpty() {
        return interests.length === 0;
      },
      wanting: (topic, told) => {
        const seen = new Set<string>();
        for (const { nodeId, pattern, group } of interests) {
          const key = `${nodeId}/${group ?? ""}`;
          if (!matches(parsePattern(pattern), topic) || seen.has(key)) continue;
          seen.add(key);
          if (group === undefined) told.plain({ nodeId });
          else told.member({ nodeId }, group);
        }
      },
    };
    this.exchange = new Exchange(this, this, {
      limits: { ...defaultTopicsLimits, ...limits },
      utf8,
      seed: 7,
      elsewhere,
    });
  }

  forward(nodeId: string, sequence: number, terms: ForwardTerms, nowMs: number, message: Uint8Array): Handed {
    if (!this.isLinked) return "unreached";
    const groups = terms.groups.length === 0 ? "" : ` [${terms.groups.join()}]`;
    this.#send(nodeId, `${sequence} ${this.#reader.open(message).id}${groups}`);
    this.waited.push(nowMs - terms.sinceMs);
    return "sent";
  }

  forwardedUntil(nodeId: string, sequence: number): void {
    if (this.isLinked) this.#send(nodeId, `until ${sequence}`);
  }

  runOf(): string | undefined {
    return this.isLinked ? "first" : undefined;
  }

  deliver(_outlet: number, numbers: readonly number[], count: number, message: Uint8Array): void {
    for (const number of numbers.slice(0, count)) this.told.push(`${number}: ${this.#reader.open(message).id}`);
  }

  missed(_outlet: number, number: number, count: number): void {
    this.told.push(`${number}: -${count}`);
  }

  ended(): void {
    throw new Error("nothing is ended here");
  }

  resume(): void {
    throw new Error("nobody waits here");
  }

  publish(topic: string, id: string, size = 0): number {
    const result = this.exchange.publish(user, note(topic, id, {}, size), this.nowMs);
    return result.kind === "published" ? result.nodes : -1;
  }

  #send(nodeId: string, what: string): void {
    this.sent.set(nodeId, [...(this.sent.get(nodeId) ?? []), what]);
  }
}

describe("forwarding", () => {
  test("a message goes once to each node that wants it, whatever of it the node wants (F1)", () => {
    const origin = new Origin();
    origin.interests.push(
      { nodeId: "b", pattern: "a.#" },
      { nodeId: "b", pattern: "a.1" },
      { nodeId: "b", pattern: "#", group: "workers" },
      { nodeId: "c", pattern: "a.2" },
    );
    expect([origin.publish("a.1", "x"), origin.publish("a.2", "y"), origin.publish("b", "z")]).toEqual([1, 2, 1]);
    expect(origin.sent).toEqual(
      new Map([
        ["b", ["1 x [workers]", "2 y [workers]", "3 z [workers]"]],
        ["c", ["1 y"]],
      ]),
    );
  });

  test("of a group one member gets it, here or elsewhere: the one for which least waits, then the one chosen longest ago", () => {
    const origin = new Origin();
    origin.interests.push({ nodeId: "b", pattern: "#", group: "g" }, { nodeId: "c", pattern: "#", group: "g" });
    origin.exchange.subscribe(1, 1, { patterns: ["#"], group: "g" }, 0);
    for (let at = 0; at < 6; at++) {
      origin.publish("a", String(at));
      origin.exchange.taken(1, 1, 1_000, 0);
      for (const nodeId of ["b", "c"]) origin.exchange.forwarding.taken(nodeId, 1_000, 0);
    }
    expect(origin.told).toHaveLength(2);
    expect([...origin.sent.values()].map((sent) => sent.length)).toEqual([2, 2]);
    // who has taken nothing yet is passed over
    const before = origin.told.length;
    origin.publish("a", "large", 5_000);
    for (let at = 0; at < 10; at++) origin.publish("a", `n${at}`);
    const all = [...origin.told.slice(before), ...[...origin.sent.values()].flatMap((sent) => sent.slice(2))];
    expect(all).toHaveLength(11);
    const holder = all.find((told) => told.includes("large"))!;
    expect(all.filter((told) => told.includes("n")).every((told) => told !== holder)).toBe(true);
  });

  test("what finds no window waits, the oldest is dropped, and the numbers tell how many (F2, F3)", () => {
    const origin = new Origin({ routeWindowBytes: 1, routeBufferMessages: 2 });
    origin.interests.push({ nodeId: "b", pattern: "#" });
    for (const id of ["1", "2", "3", "4", "5"]) origin.publish("a", id);
    expect(origin.sent.get("b")).toEqual(["1 1"]);
    origin.nowMs = 70;
    const { forwarding } = origin.exchange;
    forwarding.taken("b", 1_000, origin.nowMs);
    forwarding.taken("b", 1_000, origin.nowMs);
    expect(origin.sent.get("b")).toEqual(["1 1", "4 4", "5 5"]);
    expect(origin.waited).toEqual([0, 70, 70]);
    expect(origin.exchange.figures).toMatchObject({ dropped: 2, forwarded: 3, routes: 1 });
  });

  test("without a link it waits for one, which begins with the number that was used last (F3)", () => {
    const origin = new Origin();
    origin.interests.push({ nodeId: "b", pattern: "#" });
    origin.publish("a", "1");
    origin.isLinked = false;
    origin.publish("a", "2");
    origin.isLinked = true;
    origin.publish("a", "3");
    origin.exchange.forwarding.linked("b", "first", 0);
    expect(origin.sent.get("b")).toEqual(["1 1", "until 1", "2 2", "3 3"]);
  });

  test("a node that was started anew hears numbers from 1 (F3)", () => {
    const origin = new Origin();
    origin.interests.push({ nodeId: "b", pattern: "#" });
    origin.publish("a", "1");
    origin.exchange.forwarding.linked("b", "second", 0);
    origin.publish("a", "2");
    expect(origin.sent.get("b")).toEqual(["1 1", "until 0", "1 2"]);
  });

  test("what waited for a node that is gone is counted (F4)", () => {
    const origin = new Origin({ routeWindowBytes: 1 });
    origin.interests.push({ nodeId: "b", pattern: "#" });
    for (const id of ["1", "2", "3"]) origin.publish("a", id);
    origin.exchange.forgetNode("b", 0);
    expect(origin.exchange.figures).toMatchObject({ undelivered: 2, routes: 0, waitingBytes: 0 });
  });

  test("a member that leaves hands what waited for it to one on another node", () => {
    const origin = new Origin();
    origin.exchange.subscribe(1, 1, { patterns: ["#"], group: "g", windowBytes: 1 }, 0);
    for (const id of ["1", "2", "3"]) origin.publish("a", id);
    origin.interests.push({ nodeId: "b", pattern: "#", group: "g" }, { nodeId: "c", pattern: "#" });
    origin.exchange.unsubscribe(1, 1, 0);
    expect(origin.told).toEqual(["1: 1"]);
    expect([origin.sent.get("b"), origin.sent.get("c")]).toEqual([["1 2 [g]", "2 3 [g]"], undefined]);
  });
});

const from = { id: 9, isCluster: true };

describe("what comes from another node", () => {
  test("goes to the subscriptions here, of groups to those for which this node was chosen, and no further (N5)", () => {
    const node = new Origin();
    node.interests.push({ nodeId: "c", pattern: "#" });
    node.exchange.subscribe(1, 1, { patterns: ["a"] }, 0);
    node.exchange.subscribe(1, 2, { patterns: ["a"], group: "g" }, 0);
    node.exchange.subscribe(1, 3, { patterns: ["a"], group: "h" }, 0);
    node.exchange.receive(from, note("a", "x"), { groups: ["h"], sinceMs: 0 }, 0);
    expect(node.told).toEqual(["1: x", "3: x"]);
    expect(node.sent.size).toBe(0);
    expect(node.exchange.figures).toMatchObject({ published: 0, received: 1, undelivered: 0 });
    expect(node.exchange.unchosen).toEqual([]);
    node.exchange.receive(from, note("a", "y"), { groups: ["h", "gone"], sinceMs: 0 }, 0);
    expect(node.exchange.unchosen).toEqual(["gone"]); // no member of these wants it here (X9)
    node.exchange.receive(from, note("a", "z"), { groups: ["h"], tried: [], sinceMs: 0 }, 0);
    expect(node.told.slice(2)).toEqual(["1: y", "3: y", "3: z"]); // others have had it (F1)
    expect(node.exchange.figures.backlogMessages).toBe(2);
  });

  test("has the rest of its time to live", () => {
    const node = new Origin();
    node.exchange.subscribe(1, 1, { patterns: ["#"], windowBytes: 1 }, 0);
    node.exchange.receive(from, note("a", "0"), { groups: [], sinceMs: 0 }, 0);
    node.exchange.receive(from, note("a", "1", { ttlMs: 100 }), { groups: [], sinceMs: -30 }, 0);
    node.exchange.receive(from, note("a", "2", { ttlMs: 100 }), { groups: [], sinceMs: 0 }, 0);
    node.exchange.taken(1, 1, 1_000, 80);
    expect(node.told).toEqual(["1: 0", "1: 2"]);
  });

  test("what is missing of it is told to every subscription, behind what waits for that", () => {
    const node = new Origin();
    node.exchange.subscribe(1, 1, { patterns: ["#"], windowBytes: 1 }, 0);
    node.exchange.subscribe(1, 2, { patterns: ["b"] }, 0);
    for (const id of ["1", "2"]) node.publish("a", id);
    node.exchange.missedElsewhere(3);
    node.publish("a", "3");
    for (let left = 3; left > 0; left--) node.exchange.taken(1, 1, 1_000, 0);
    expect(node.told).toEqual(["1: 1", "2: -3", "1: 2", "1: -3", "1: 3"]);
    expect(node.exchange.figures).toMatchObject({ missedElsewhere: 3, dropped: 0 });
  });
});

describe("what was handed back", () => {
  test("goes on to a member here or elsewhere, to no node that was tried, and to nobody else (X9)", () => {
    const node = new Origin();
    node.interests.push(
      { nodeId: "b", pattern: "#", group: "g" },
      { nodeId: "c", pattern: "#", group: "g" },
      { nodeId: "c", pattern: "#" },
    );
    node.exchange.subscribe(1, 1, { patterns: ["#"] }, 0);
    const handOn = (id: string, tried: readonly string[]) =>
      node.exchange.handOn(from, note("a", id), { groups: ["g"], tried, sinceMs: -5 }, 0);
    expect(handOn("x", ["b"])).toMatchObject({ nodes: 1, lost: 0 });
    expect([node.told, [...node.sent], node.waited]).toEqual([[], [["c", ["1 x [g]"]]], [5]]);
    expect(handOn("y", ["b", "c"])).toMatchObject({ nodes: 0, lost: 1 });
    expect(node.exchange.figures).toMatchObject({ undelivered: 1, forwarded: 1, backlogMessages: 0 });
    node.exchange.subscribe(1, 2, { patterns: ["#"], group: "g" }, 0);
    expect(handOn("z", ["b", "c"])).toMatchObject({ nodes: 0, handed: 1, lost: 0 });
    expect(node.told).toEqual(["2: z"]);
  });

  test("is lost when it was tried at too many nodes, and that is counted (X9)", () => {
    const node = new Origin();
    node.interests.push({ nodeId: "last", pattern: "#", group: "g" });
    const tried = Array.from({ length: 9 }, (_, at) => `n${at}`);
    const result = node.exchange.handOn(from, note("a", "x"), { groups: ["g"], tried, sinceMs: 0 }, 0);
    expect(result).toMatchObject({ nodes: 0, lost: 1 });
    expect(node.exchange.figures.undelivered).toBe(1);
  });

  test("what waits for a node that goes is handed on to members elsewhere, and keeps its time to live (F4)", () => {
    const node = new Origin({ routeWindowBytes: 1 });
    node.interests.push({ nodeId: "b", pattern: "#", group: "g" });
    for (const id of ["1", "2"]) node.publish("a", id);
    node.interests.push({ nodeId: "c", pattern: "#", group: "g" });
    node.exchange.forgetNode("b", 50);
    expect([...node.sent]).toEqual([
      ["b", ["1 1 [g]"]],
      ["c", ["1 2 [g]"]],
    ]);
    expect(node.exchange.figures).toMatchObject({ undelivered: 0, routes: 1 });
  });
});

describe("arrivals", () => {
  test("a gap is what is missing, and what comes after it was told as missing is late (A1)", () => {
    const arrivals = new Arrivals();
    expect([1, 2, 5, 3, 5, 6].map((sequence) => arrivals.arrived("b", "r", sequence))).toEqual([
      0,
      0,
      2,
      late,
      late,
      0,
    ]);
    expect([arrivals.until("b", "r", 6), arrivals.until("b", "r", 9), arrivals.arrived("b", "r", 10)]).toEqual([
      0, 3, 0,
    ]);
  });

  test("numbers begin with 1, so that what was lost before the first that comes is missing, too; anew in each process (A2)", () => {
    const arrivals = new Arrivals();
    expect(arrivals.arrived("b", "r", 3)).toBe(2);
    expect(arrivals.arrived("b", "s", 1)).toBe(Infinity); // of "r" there may have been more
    expect(arrivals.arrived("b", "s", 2)).toBe(0);
    expect(arrivals.until("c", "r", 4)).toBe(4);
  });

  test("a node that is lost and comes back goes on with its numbers; nobody knows what it had sent last if it does not (A3)", () => {
    const arrivals = new Arrivals();
    arrivals.arrived("b", "r", 2);
    const forget = (nodeId: string): boolean => arrivals.forget(nodeId, false);
    expect([forget("b"), forget("b")]).toEqual([true, false]);
    expect([arrivals.has("b"), arrivals.arrived("b", "r", 2), arrivals.arrived("b", "r", 5)]).toEqual([false, late, 2]);
    forget("b");
    expect([arrivals.arrived("b", "s", 1), arrivals.has("b")]).toEqual([0, true]);
  });

  test.each([
    { order: ["left", "goodbye"], told: [false, false] },
    { order: ["goodbye", "left"], told: [false, false] },
    { order: ["left", "broken"], told: [false, true] },
    { order: ["broken", "left"], told: [false, true] },
    { order: ["broken", "come", "left", "goodbye"], told: [false, false, false] },
    { order: ["goodbye", "lost"], told: [false, true] },
  ])("of a node that has left something may be missing where its link broke: $order (A4)", ({ order, told }) => {
    const arrivals = new Arrivals();
    let sequence = 1;
    arrivals.arrived("b", "r", sequence);
    const answers = order.flatMap((what) => {
      if (what === "come") {
        sequence += 1;
        arrivals.arrived("b", "r", sequence);
        return [];
      }
      if (what === "left" || what === "lost") return arrivals.forget("b", what === "left");
      return arrivals.unlinked("b", what === "goodbye");
    });
    expect(answers).toEqual(told);
  });

  test("of a node without a link nobody knows what its first messages were, whether it is lost or has left (A4)", () => {
    const arrivals = new Arrivals();
    expect([arrivals.forget("b", true), arrivals.forget("c", false)]).toEqual([true, true]);
  });

  test.each([
    { order: ["left", "goodbye"], told: [false, false] },
    { order: ["goodbye", "left"], told: [false, false] },
    { order: ["left", "broken"], told: [false, true] },
    { order: ["left", "linked", "broken"], told: [false, false, true] },
    { order: ["broken", "left"], told: [false, true] },
    { order: ["broken", "linked", "left", "goodbye"], told: [false, false, false, false] },
    { order: ["lost"], told: [true] },
    { order: ["lost", "linked", "lost"], told: [true, false, true] },
    { order: ["goodbye", "lost", "lost"], told: [false, true, false] },
  ])("of one from which nothing has come that may have been its first: $order (A4)", ({ order, told }) => {
    const arrivals = new Arrivals();
    expect(arrivals.linked("b", "r")).toBe(false);
    const answers = order.map((what) => {
      if (what === "linked") return arrivals.linked("b", "r");
      if (what === "left" || what === "lost") return arrivals.forget("b", what === "left");
      return arrivals.unlinked("b", what === "goodbye");
    });
    expect(answers).toEqual(told);
  });

  test("what another process had sent is told once, whoever says first that there is a new one, which counts from 1 (A2)", () => {
    for (const first of ["link", "record", "message"]) {
      const arrivals = new Arrivals();
      arrivals.arrived("b", "r", 2);
      const told = [
        first === "link" && arrivals.linked("b", "s"),
        first === "message" && arrivals.arrived("b", "s", 2) === Infinity,
        arrivals.replaced("b", "s"),
        arrivals.linked("b", "s"),
        arrivals.replaced("b", "s"),
      ];
      expect([first, told.filter(Boolean)]).toEqual([first, [true]]);
      expect(arrivals.arrived("b", "s", 4)).toBe(first === "message" ? 1 : 3);
    }
    expect(new Arrivals().replaced("b", "s")).toBe(true); // nothing had come of it
  });

  test("at most 4,096 nodes are known (A3)", () => {
    const arrivals = new Arrivals();
    for (let node = 0; node < 5_000; node++) arrivals.arrived(`node-${node}`, "r", 1);
    expect([arrivals.size, arrivals.has("node-0"), arrivals.has("node-4999")]).toEqual([4_096, false, true]);
  });
});

describe("routes to nodes that are lost", () => {
  test("a process that comes back is counted on, with all that was published until its wishes are known (L1)", () => {
    const lapsed = new LapsedRoutes();
    lapsed.keep("b", "r", 7, 100);
    expect([lapsed.isCounting, lapsed.linked("b", "r", 103, 0), lapsed.isCounting]).toEqual([false, 10, true]);
    const told: [string, number][] = [];
    const tick = (published: number, nowMs: number): void => {
      lapsed.tick(published, nowMs, (...each) => told.push(each));
    };
    tick(103, 1_000);
    tick(104, 2_000);
    tick(109, 3_000); // what it wants is known by now
    expect([told, lapsed.isCounting]).toEqual([[["b", 11]], false]);
    expect([lapsed.take("b", 120), lapsed.size]).toMatchObject([{ run: "r", sequence: 11 }, 0]);
  });

  test("another process begins anew, and one that is lost again goes on being counted (L1)", () => {
    const lapsed = new LapsedRoutes();
    lapsed.keep("b", "r", 7, 0);
    expect([lapsed.linked("b", "s", 5, 0), lapsed.size]).toEqual([0, 0]);
    lapsed.keep("c", "r", 7, 0);
    lapsed.linked("c", "r", 1, 0);
    lapsed.keep("c", "r", undefined, 2);
    expect(lapsed.take("c", 3)).toMatchObject({ sequence: 10 });
    lapsed.keep("d", undefined, undefined, 0); // there never was a way to it
    expect(lapsed.take("d", 1)).toBeUndefined();
  });

  test("what was sent to a process counts as sent also after it was taken for lost; to another one nothing was (F4)", () => {
    const ways = { forward: () => "sent" as const, forwardedUntil: () => undefined, runOf: () => "r" };
    const forwarding = new Forwarding(ways, defaultTopicsLimits, { dropped: 0, expired: 0 });
    for (let left = 3; left > 0; left--) {
      forwarding.want(forwarding.routeTo("b"));
      forwarding.send(new Uint8Array(1), 0, Infinity, 0);
    }
    const sentTo = () => ["r", "s", undefined].map((run) => forwarding.sentTo("b", run));
    expect(sentTo()).toEqual([3, 0, 3]);
    forwarding.forget("b", 0, () => false);
    expect(sentTo()).toEqual([3, 0, 3]);
    expect(forwarding.sentTo("c", "r")).toBe(0);
  });

  test("at most 8,192 are kept (L2)", () => {
    const lapsed = new LapsedRoutes();
    for (let node = 0; node < 10_000; node++) lapsed.keep(`node-${node}`, "r", 1, 0);
    expect([lapsed.size, lapsed.take("node-0", 0), lapsed.take("node-9999", 0)]).toMatchObject([
      8_192,
      undefined,
      { sequence: 1 },
    ]);
  });
});
