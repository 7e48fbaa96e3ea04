/** A subscription that drains: what waits for it is told, nothing new comes, then it is over. (X11, D1) */
import { describe, expect, test } from "vitest";
import { type SubscriptionWish, defaultTopicsLimits } from "../../../src/topics/index.js";
import { World, note, user } from "../support.js";

/** A window that holds one message at a time. */
const windowBytes = 1;

function worldOf(wish: Partial<SubscriptionWish> = {}): World {
  const world = new World();
  world.exchange.subscribe(1, 1, { patterns: ["t"], windowBytes, ...wish }, 0);
  world.exchange.drain(1, 0);
  return world;
}

const drain = (world: World, number = 1): boolean => world.exchange.unsubscribe(1, number, world.nowMs, true);

test("all that waits is told in order, nothing that was published later, then it is over", () => {
  const world = worldOf();
  for (let id = 1; id <= 4; id++) world.publish("t", id);
  expect(drain(world)).toBe(true);
  expect([world.exchange.has(1, 1), world.exchange.isDraining(1, 1)]).toEqual([true, true]);
  world.publish("t", 5);
  world.takeAll(1);
  expect(world.heard(1)).toEqual(["1", "2", "3", "4", "drained"]);
  expect([world.exchange.has(1, 1), world.exchange.subscriptions]).toEqual([false, 0]);
  expect(world.exchange.figures).toMatchObject({ subscriptions: 0, waitingBytes: 0, undelivered: 0, dropped: 0 });
});

test("one for which nothing waits is over at once, and so is one that nobody knows", () => {
  const world = worldOf();
  world.publish("t", 1);
  expect(drain(world)).toBe(true);
  expect([world.exchange.has(1, 1), world.heard(1)]).toEqual([false, ["1"]]);
  expect(drain(world)).toBe(false);
});

test("it is told the rest of its backlog", () => {
  const world = new World();
  for (let id = 1; id <= 3; id++) world.publish("t", id);
  world.exchange.subscribe(1, 1, { patterns: ["t"], windowBytes, replay: { kind: "count", count: 3 } }, 0);
  world.exchange.drain(1, 0);
  world.publish("t", 4); // live, behind the backlog
  drain(world);
  world.publish("t", 5);
  world.takeAll(1);
  expect(world.heard(1)).toEqual(["1", "2", "3", "4", "drained"]);
});

test("one that had expired meanwhile is not told, and keeps nothing open", () => {
  const world = worldOf();
  world.publish("t", 1);
  world.publish("t", 2, { ttlMs: 10 });
  drain(world);
  world.nowMs = 20;
  world.take(1);
  expect(world.heard(1)).toEqual(["1", "drained"]);
});

test("it ends when the room that it needs comes of another subscription of its outlet", () => {
  const world = new World({ outletWindowBytes: 1 });
  for (const number of [1, 2]) world.exchange.subscribe(1, number, { patterns: [`t${number}`], windowBytes }, 0);
  world.publish("t2", 1);
  world.publish("t1", 2);
  drain(world);
  expect(world.heard(1)).toEqual([]);
  world.exchange.unsubscribe(1, 2, 0);
  expect(world.heard(1)).toEqual(["2", "drained"]);
});

test("publishers that wait for it go on, and their messages do not come", () => {
  const world = worldOf({ overflow: "block-publisher", bufferMessagesMax: 1 });
  world.publish("t", 1);
  world.publish("t", 2);
  expect(world.publish("t", 3)).toBe("blocked");
  drain(world);
  expect(world.resumed).toEqual([user.id]);
  expect(world.publish("t", 3)).toBe("published");
  world.takeAll(1);
  expect(world.heard(1)).toEqual(["1", "2", "drained"]);
});

test("what other nodes have lost later is not told as missing", () => {
  const world = worldOf();
  world.publish("t", 1);
  world.publish("t", 2);
  drain(world);
  world.exchange.missedElsewhere(3);
  world.takeAll(1);
  expect(world.heard(1)).toEqual(["1", "2", "drained"]);
});

test("what waits too long for all together ends it, and that is told", () => {
  const size = 1_000;
  const world = new World({ waitingBytesMax: 10 * size });
  world.exchange.subscribe(1, 1, { patterns: ["t"], windowBytes, overflow: "disconnect" }, 0);
  world.exchange.subscribe(2, 1, { patterns: ["u"], windowBytes }, 0);
  for (let id = 0; id < 8; id++) world.publish("t", id, {}, size);
  drain(world);
  for (let id = 0; id < 8; id++) world.publish("u", id, {}, size);
  expect(world.heard(1)).toEqual(["0", expect.stringMatching(/^overloaded /), "drained"]);
});

describe("a member of a group", () => {
  const wish = { patterns: ["t"], windowBytes, group: "g" };

  function group(): World {
    const world = new World();
    for (const number of [1, 2]) world.exchange.subscribe(1, number, wish, 0);
    for (let id = 1; id <= 6; id++) world.publish("t", id);
    return world;
  }

  test("gets what waits for it, and what is new goes to the others", () => {
    const world = group();
    drain(world);
    for (let id = 7; id <= 9; id++) world.publish("t", id);
    world.takeAll(1);
    world.takeAll(2);
    expect(world.heard(1)).toEqual(["1", "3", "5", "drained"]);
    expect(world.heard(2)).toEqual(["2", "4", "6", "7", "8", "9"]);
  });

  test.each([
    ["unsubscribe", (world: World) => world.exchange.unsubscribe(1, 1, 0)],
    [
      "end of its link",
      (world: World) => {
        world.exchange.close(1, 0);
      },
    ],
  ])("leaves what waits for it to the others at its %s", (_title, end) => {
    const world = new World();
    world.exchange.subscribe(1, 1, wish, 0);
    world.exchange.subscribe(2, 1, wish, 0);
    for (let id = 1; id <= 6; id++) world.publish("t", id);
    drain(world);
    end(world);
    world.takeAll(1, 2);
    expect(world.heard(1)).toEqual(["1", "drained"]);
    expect(world.heard(1, 2)).toEqual(["2", "4", "6", "3", "5"]);
    expect(world.exchange.figures).toMatchObject({ subscriptions: 1, undelivered: 0 });
  });

  test("is the last: a new one founds the group anew", () => {
    const world = new World();
    world.exchange.subscribe(1, 1, wish, 0);
    for (let id = 1; id <= 3; id++) world.publish("t", id);
    drain(world);
    world.exchange.subscribe(1, 2, { ...wish, replay: { kind: "count", count: 1 } }, 0);
    world.exchange.drain(1, 0);
    world.takeAll(1);
    world.takeAll(2);
    expect([world.heard(1), world.heard(2)]).toEqual([["1", "2", "3", "drained"], ["3"]]);
  });
});

test("a thousand that drain count as subscriptions, and leave nothing (X8)", () => {
  const max = 1_000;
  const world = new World({ ...defaultTopicsLimits, subscriptionsMax: max });
  for (let number = 1; number <= max; number++)
    world.exchange.subscribe(1, number, { patterns: ["t"], windowBytes }, 0);
  for (let id = 0; id < 3; id++) world.exchange.publish(user, note("t", id), 0);
  for (let number = 1; number <= max; number++) drain(world, number);
  expect(() => world.exchange.subscribe(1, max + 1, { patterns: ["t"] }, 0)).toThrow(/its limit/);
  for (let number = 1; number <= max; number++) world.takeAll(number);
  expect(world.exchange.figures).toMatchObject({ subscriptions: 0, waitingBytes: 0 });
  expect(world.exchange.isAging).toBe(true); // the backlog
});
