import { describe, expect, test } from "vitest";
import { defaultTopicsLimits } from "../../src/topics/index.js";
import { thrownBy } from "../support/wire.js";
import { World, messageOf, note, user } from "./support.js";

/** A subscription that has one message on its way, and two that wait. */
const narrow = { windowBytes: 1, bufferMessagesMax: 2 } as const;

describe("exchange", () => {
  test("a message comes once, however many patterns of a subscription match it (X1)", () => {
    const world = new World();
    world.exchange.subscribe(1, 1, { patterns: ["a.*", "a.#", "#", "a.b", "a.#.#"] }, 0);
    world.publish("a.b", 1);
    world.publish("x", 2);
    expect(world.heard(1)).toEqual(["1", "2"]);
  });

  test("an outlet gets a message once, for all of its subscriptions (U1)", () => {
    const world = new World();
    for (const number of [1, 2, 3]) world.exchange.subscribe(1, number, { patterns: ["#"] }, 0);
    world.exchange.subscribe(2, 1, { patterns: ["a"] }, 0);
    expect(world.exchange.publish(user, note("a", 1), 0)).toEqual({
      kind: "published",
      nodes: 0,
      handed: 4,
      waiting: 0,
      lost: 0,
    });
    expect(world.deliveries.toSorted()).toEqual([1, 3]);
  });

  test("what is delivered are the publisher's bytes (X5)", () => {
    const bodies: Uint8Array[] = [];
    const world = new World();
    world.deliver = (_outlet, _numbers, _count, message) => void bodies.push(message.slice());
    world.exchange.subscribe(1, 1, { patterns: ["#"], ...narrow }, 0);
    const sent = messageOf(
      { topic: "a", id: "x", timestampMs: 5, headers: new Map([["h", "v"]]) },
      Uint8Array.of(1, 2),
    );
    const buffer = sent.slice();
    for (let i = 0; i < 2; i++) {
      buffer.set(sent);
      world.exchange.publish(user, buffer, 0);
      buffer.fill(255); // a receive buffer is used again
    }
    world.exchange.taken(1, 1, sent.length, 0);
    world.exchange.subscribe(1, 2, { patterns: ["#"], replay: { kind: "last" } }, 0);
    world.exchange.drain(1, 0);
    expect(bodies).toEqual([sent, sent, sent]);
  });

  test("that somebody wants what is reserved is known while it is so, without a look at any pattern (X10)", () => {
    const { exchange } = new World();
    const told: boolean[] = [];
    const tell = (): void => void told.push(exchange.wantsReserved);
    for (const [number, patterns] of [["#", "*.cluster", "mpregs.#"], ["a", "mpreg.rpc.#"], ["mpreg"]].entries()) {
      exchange.subscribe(1, number, { patterns }, 0);
      tell();
    }
    exchange.unsubscribe(1, 1, 0);
    tell();
    exchange.close(1, 0);
    tell();
    expect(told).toEqual([false, true, true, true, false]);
  });

  test("users cannot publish to reserved topics, and can read them (X6)", () => {
    const world = new World();
    world.exchange.subscribe(1, 1, { patterns: ["#", "mpreg.#"] }, 0);
    for (const topic of ["mpreg", "mpreg.", "mpreg.node.joined"]) {
      expect(thrownBy(() => world.publish(topic, 1))).toMatchObject({ code: "denied" });
    }
    world.publish("mpregs.x", 2);
    world.exchange.publish({ id: 2, isCluster: true }, note("mpreg.node.joined", 3), 0);
    expect(world.heard(1)).toEqual(["2", "3"]);
  });

  test("a subscription can be named by its own outlet only (X7)", () => {
    const world = new World();
    world.exchange.subscribe(1, 1, { patterns: ["#"] }, 0);
    world.exchange.subscribe(2, 9, { patterns: ["#"] }, 0);
    expect(world.exchange.unsubscribe(2, 1, 0)).toBe(false);
    expect(world.exchange.unsubscribe(3, 1, 0)).toBe(false);
    expect(thrownBy(() => world.exchange.subscribe(1, 1, { patterns: ["a"] }, 0))).toMatchObject({
      code: "invalid-argument",
    });
    world.publish("a", 1);
    expect(world.heard(1)).toEqual(["1"]);
    expect(world.exchange.unsubscribe(1, 1, 0)).toBe(true);
    world.publish("a", 2);
    expect(world.heard(1)).toEqual(["1"]);
  });

  test("topics with wildcards and wishes that cannot be granted are refused, and change nothing (W1)", () => {
    const world = new World();
    expect(thrownBy(() => world.publish("a.*", 1))).toMatchObject({ code: "invalid-argument" });
    const wishes = [
      { patterns: [] },
      { patterns: ["a#"] },
      { patterns: ["a"], group: "" },
      { patterns: ["a"], windowBytes: 0 },
      { patterns: ["a"], bufferMessagesMax: 1e9 },
      { patterns: ["a"], overflow: "wait" as never },
      { patterns: ["a"], filter: { match: "all", headers: {} } as const },
      { patterns: ["a"], replay: { kind: "count", count: 0 } as const },
      { patterns: ["a"], replay: { kind: "age", ageMs: NaN } as const },
    ];
    for (const wish of wishes) {
      expect(thrownBy(() => world.exchange.subscribe(1, 1, wish, 0))).toMatchObject({ code: "invalid-argument" });
    }
    expect(world.exchange.figures).toMatchObject({
      subscriptions: 0,
      outlets: 0,
      groups: 0,
      patterns: 0,
      published: 0,
    });
  });

  test("the limits of subscriptions are kept", () => {
    const world = new World({ subscriptionsMax: 3, subscriptionsPerOutletMax: 2 });
    world.exchange.subscribe(1, 1, { patterns: ["a"] }, 0);
    world.exchange.subscribe(1, 2, { patterns: ["a"] }, 0);
    expect(thrownBy(() => world.exchange.subscribe(1, 3, { patterns: ["a"] }, 0))).toMatchObject({
      code: "overloaded",
    });
    world.exchange.subscribe(2, 1, { patterns: ["a"] }, 0);
    expect(thrownBy(() => world.exchange.subscribe(3, 1, { patterns: ["a"] }, 0))).toMatchObject({
      code: "overloaded",
    });
  });

  test("one that does not take is told what it missed, and the others are not held up (S3, B3)", () => {
    const world = new World();
    world.exchange.subscribe(1, 1, { patterns: ["#"], ...narrow }, 0);
    world.exchange.subscribe(1, 2, { patterns: ["#"], ...narrow, overflow: "drop-newest" }, 0);
    world.exchange.subscribe(2, 3, { patterns: ["#"] }, 0);
    for (let id = 1; id <= 6; id++) world.publish("a", id);
    expect(world.heard(1)).toEqual(["1"]);
    expect(world.heard(3, 2)).toEqual(["1", "2", "3", "4", "5", "6"]);
    world.takeAll(1);
    world.takeAll(2);
    expect(world.heard(1)).toEqual(["1", -3, "5", "6"]);
    expect(world.heard(2)).toEqual(["1", "2", "3", -3]);
    expect(world.exchange.figures).toMatchObject({ dropped: 6, waitingBytes: 0 });
  });

  test("one that would rather end than lose ends, and says what was lost", () => {
    const world = new World();
    world.exchange.subscribe(1, 1, { patterns: ["#"], ...narrow, overflow: "disconnect" }, 0);
    for (let id = 1; id <= 4; id++) world.publish("a", id);
    expect(world.heard(1)).toEqual(["1", "overflow 2"]);
    expect(world.exchange.figures).toMatchObject({ subscriptions: 0, dropped: 1, undelivered: 2, waitingBytes: 0 });
  });

  test("a publisher waits for one that wants it to, and nothing has happened until then (X4)", () => {
    const world = new World();
    world.exchange.subscribe(1, 1, { patterns: ["a"], ...narrow, overflow: "block-publisher" }, 0);
    world.exchange.subscribe(1, 2, { patterns: ["#"] }, 0);
    const kinds = [1, 2, 3, 4, 4].map((id) => world.publish("a", id));
    expect(kinds).toEqual(["published", "published", "published", "blocked", "blocked"]);
    expect(world.publish("b", 5)).toBe("published"); // another topic
    expect(world.exchange.figures).toMatchObject({ published: 4, backlogMessages: 4 });
    world.takeAll(1);
    expect(world.resumed).toEqual([user.id]);
    expect(world.publish("a", 4)).toBe("published");
    world.takeAll(1);
    expect(world.heard(1)).toEqual(["1", "2", "3", "4"]);
    expect(world.heard(2)).toEqual(["1", "2", "3", "5", "4"]);
  });

  /** One subscription with a window and a buffer of four messages each, all full, and a publisher that waits. */
  function blocked(): World {
    const world = new World();
    const { length } = note("a", 1);
    const terms = { windowBytes: 4 * length, bufferMessagesMax: 4, overflow: "block-publisher" } as const;
    world.exchange.subscribe(1, 1, { patterns: ["a"], ...terms }, 0);
    const kinds = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((id) => world.publish("a", id));
    expect(kinds).toEqual([...new Array<string>(8).fill("published"), "blocked"]);
    return world;
  }

  test("publishers that wait go on when nothing waits any more and half of the window is free (V6)", () => {
    const world = blocked();
    world.take(1, 4);
    expect(world.exchange.figures.waitingBytes).toBe(0);
    expect(world.resumed).toEqual([]);
    world.take(1, 1);
    expect(world.resumed).toEqual([]);
    world.take(1, 1);
    expect(world.resumed).toEqual([user.id]);
  });

  test("where the consumer is slow they go on when half of the buffer is empty, with what it takes next or the next tick (V6)", () => {
    const taking = blocked();
    taking.take(1, 1);
    taking.nowMs = 100;
    taking.exchange.tick(100);
    expect(taking.resumed).toEqual([]);
    taking.take(1, 1);
    expect(taking.resumed).toEqual([user.id]);

    const resting = blocked();
    resting.take(1, 2);
    expect(resting.resumed).toEqual([]);
    resting.exchange.tick(1_000);
    expect(resting.resumed).toEqual([user.id]);
  });

  test.each([
    [{}, 1_024],
    [{ bufferMessagesMax: 2_000 }, 2_000],
    [{ bufferBytesMax: 4 * 1024 * 1024 }, 3_000],
  ])("of one that keeps publishers waiting and asks for %o as many wait as that, or 1,024", (asked, most) => {
    const world = new World();
    const terms = { windowBytes: 1, overflow: "block-publisher" } as const;
    world.exchange.subscribe(1, 1, { patterns: ["a"], ...terms, ...asked }, 0);
    let published = 0;
    while (published < 3_001 && world.publish("a", published) === "published") published += 1;
    expect(published).toBe(1 + most);
  });

  test("one that keeps publishers waiting for too long is ended; a publisher that has gone is not resumed", () => {
    const world = new World();
    world.exchange.subscribe(1, 1, { patterns: ["a"], ...narrow, overflow: "block-publisher" }, 0);
    for (let id = 1; id <= 3; id++) world.publish("a", id);
    expect(world.publish("a", 4)).toBe("blocked");
    world.exchange.publish({ id: 2, isCluster: false }, note("a", 5), 0);
    world.exchange.forget(2);
    world.exchange.tick(defaultTopicsLimits.blockMsMax - 1);
    expect(world.resumed).toEqual([]);
    world.exchange.tick(defaultTopicsLimits.blockMsMax);
    expect(world.heard(1)).toEqual(["1", "stalled 2"]);
    expect(world.resumed).toEqual([user.id]);
    expect(world.publish("a", 4)).toBe("published");
  });

  test("one for which nobody waits any more is not ended for it", () => {
    const world = new World();
    world.exchange.subscribe(1, 1, { patterns: ["a"], ...narrow, overflow: "block-publisher" }, 0);
    for (let id = 1; id <= 3; id++) world.publish("a", id);
    expect(world.publish("a", 4)).toBe("blocked");
    world.exchange.forget(user.id);
    world.exchange.tick(defaultTopicsLimits.blockMsMax);
    expect(world.exchange.figures.subscriptions).toBe(1);
    world.nowMs = defaultTopicsLimits.blockMsMax;
    expect(world.publish("a", 4)).toBe("blocked"); // and anew: its time begins now
    world.exchange.tick(world.nowMs + defaultTopicsLimits.blockMsMax - 1);
    expect(world.exchange.figures.subscriptions).toBe(1);
    world.exchange.tick(world.nowMs + defaultTopicsLimits.blockMsMax);
    expect(world.heard(1)).toEqual(["1", "stalled 2"]);
  });

  test("what waits for all is bounded: most of it goes where most waits (V2)", () => {
    const world = new World({ waitingBytesMax: 10_000 });
    world.exchange.subscribe(1, 1, { patterns: ["big"], windowBytes: 1 }, 0);
    world.exchange.subscribe(1, 2, { patterns: ["small"], windowBytes: 1 }, 0);
    world.exchange.subscribe(1, 3, { patterns: ["big"], windowBytes: 1, overflow: "disconnect" }, 0);
    for (let id = 1; id <= 3; id++) world.publish("small", id, {}, 100);
    for (let id = 1; id <= 7; id++) {
      world.publish("big", id, {}, 1_500);
      expect(world.exchange.figures.waitingBytes).toBeLessThanOrEqual(10_000);
    }
    for (const number of [1, 2]) world.takeAll(number);
    expect(world.heard(2)).toEqual(["1", "2", "3"]);
    const missed = world.heard(1).filter((each) => typeof each === "number");
    const got = world.heard(1).filter((each) => typeof each === "string");
    expect(got.length - missed.reduce((sum, each) => sum + each, 0)).toBe(7);
    const end = world.heard(3).at(-1);
    expect(missed.length > 0 || end === "overloaded 0").toBe(true);
  });

  test("what has expired is not handed on (B5)", () => {
    const world = new World();
    world.exchange.subscribe(1, 1, { patterns: ["#"], ...narrow }, 0);
    world.publish("a", 1);
    world.publish("a", 2, { ttlMs: 100 });
    world.publish("a", 3, { ttlMs: 101 });
    world.nowMs = 100;
    world.takeAll(1);
    expect(world.heard(1)).toEqual(["1", "3"]);
    expect(world.exchange.figures).toMatchObject({ expired: 1, dropped: 0 });
  });

  test("the highest priority among those that wait is next, each in its order (B2, X2)", () => {
    const world = new World();
    world.exchange.subscribe(1, 1, { patterns: ["#"], windowBytes: 1 }, 0);
    const priorities = [4, 0, 9, 4, 9, 0];
    priorities.forEach((priority, id) => void world.publish("a", `${priority}-${id}`, { priority }));
    world.takeAll(1);
    expect(world.heard(1)).toEqual(["4-0", "9-2", "9-4", "4-3", "0-1", "0-5"]);
  });

  test("each message goes to one member of a group, the one for which least waits, in turns (R1)", () => {
    const world = new World();
    for (const number of [1, 2, 3]) world.exchange.subscribe(number, number, { patterns: ["#"], group: "g" }, 0);
    world.exchange.subscribe(4, 4, { patterns: ["#"] }, 0);
    for (let id = 0; id < 6; id++) world.publish("a", id);
    for (const number of [1, 2, 3]) expect(world.heard(number, number).length).toBe(2);
    expect(world.heard(4, 4).length).toBe(6);
    world.takeAll(2, 2);
    world.publish("a", 6);
    expect(world.heard(2, 2).at(-1)).toBe("6");
  });

  test("what waited for a member that leaves goes to another one", () => {
    const world = new World();
    const terms = { patterns: ["#"], group: "g", windowBytes: 1 };
    world.exchange.subscribe(1, 1, terms, 0);
    for (let id = 0; id < 4; id++) world.publish("a", id);
    world.exchange.subscribe(2, 2, { ...terms, windowBytes: 10_000 }, 0);
    world.exchange.close(1, 0);
    expect(world.heard(1)).toEqual(["0"]);
    expect(world.heard(2, 2)).toEqual(["1", "2", "3"]);
    expect(world.exchange.figures).toMatchObject({ groups: 1, undelivered: 0, handed: 4 });
  });

  test("a group's backlog is told to the member that founds it", () => {
    const world = new World();
    world.publish("a", 1);
    for (const number of [1, 2]) {
      world.exchange.subscribe(1, number, { patterns: ["#"], group: "g", replay: { kind: "count", count: 9 } }, 0);
    }
    world.exchange.drain(1, 0);
    expect([world.heard(1), world.heard(2)]).toEqual([["1"], []]);
  });

  test("the backlog is told before what is live, without gap or duplicate, as fast as it is taken (S1, Y1)", () => {
    const world = new World();
    for (let id = 1; id <= 5; id++) world.publish(`a.${id % 2}`, id);
    world.exchange.subscribe(1, 1, { patterns: ["a.#", "*.1"], windowBytes: 1, replay: { kind: "age", ageMs: 10 } }, 0);
    expect(world.heard(1)).toEqual([]);
    world.publish("a.0", 6);
    world.exchange.drain(1, 0);
    expect(world.heard(1)).toEqual(["1"]);
    world.publish("a.1", 7);
    world.takeAll(1);
    world.publish("a.1", 8);
    world.takeAll(1);
    expect(world.heard(1)).toEqual(["1", "2", "3", "4", "5", "6", "7", "8"]);
  });

  test("the window of an outlet is shared, and its subscriptions take turns (U2, V3)", () => {
    const world = new World({ outletWindowBytes: 1 });
    for (const number of [1, 2]) world.exchange.subscribe(1, number, { patterns: ["#"], windowBytes: 1 }, 0);
    for (let id = 1; id <= 3; id++) world.publish("a", id);
    expect(world.heard(1).length + world.heard(2).length).toBe(1);
    for (let round = 0; round < 10; round++) for (const number of [1, 2]) world.take(number);
    expect([world.heard(1), world.heard(2)]).toEqual([
      ["1", "2", "3"],
      ["1", "2", "3"],
    ]);
  });

  test("one with much to tell leaves room on the way for the others of its outlet (V3)", () => {
    const { length } = note("a", 10);
    const world = new World({ outletWindowBytes: 40 * length });
    world.exchange.subscribe(1, 3, { patterns: ["filler"] }, 0);
    world.publish("filler", 0, {}, 40 * length);
    for (const number of [1, 2]) world.exchange.subscribe(1, number, { patterns: ["a"] }, 0);
    for (let id = 10; id < 60; id++) world.publish("a", id);
    world.take(3);
    expect([world.heard(1).length, world.heard(2).length]).toEqual([32, 8]);
  });

  test("the end of a subscription makes room for the others of its outlet", () => {
    const world = new World({ outletWindowBytes: 1 });
    world.exchange.subscribe(1, 1, { patterns: ["a"], windowBytes: 1 }, 0);
    world.exchange.subscribe(1, 2, { patterns: ["b"], windowBytes: 1 }, 0);
    world.publish("a", 1);
    world.publish("b", 2);
    expect(world.heard(2)).toEqual([]);
    world.exchange.unsubscribe(1, 1, 0);
    expect(world.heard(2)).toEqual(["2"]);
  });

  test("100,000 that come and go leave nothing (X8, R2)", () => {
    const world = new World();
    for (let round = 0; round < 100; round++) {
      for (let i = 0; i < 1_000; i++) {
        const patterns = [`reply.${round}.${i}.#`, `*.${i}`];
        const group = i % 7 === 0 ? `g${i % 49}` : undefined;
        const overflow = i % 3 === 0 ? "block-publisher" : "drop-oldest";
        world.exchange.subscribe(i % 50, i, { patterns, group, overflow, windowBytes: 1 }, round);
      }
      for (let i = 0; i < 20; i++) world.publish(`x.${i % 5}`, i);
      for (let i = 0; i < 500; i++) world.exchange.unsubscribe(i % 50, i, round);
      for (let outlet = 0; outlet < 50; outlet++) world.exchange.close(outlet, round);
    }
    const nothing = { subscriptions: 0, outlets: 0, groups: 0, patterns: 0, nodes: 0, waitingBytes: 0 };
    expect(world.exchange.figures).toMatchObject(nothing);
    world.exchange.tick(10 * defaultTopicsLimits.backlog.ageMsMax);
    expect(world.exchange.figures).toMatchObject({ backlogTopics: 0, backlogMessages: 0, backlogBytes: 0 });
  });
});
