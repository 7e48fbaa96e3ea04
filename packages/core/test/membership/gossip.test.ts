import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Gossip, sample } from "../../src/membership/gossip.js";
import { Clock } from "../support/clock.js";
import { options } from "../support/membership.js";
import { seeded } from "../support/random.js";

const message = Uint8Array.of(1);

class Talking extends Clock {
  readonly gossip: Gossip;
  links: readonly string[] = ["b", "c", "d", "e", "f"];
  /** Who has told that it has links to whom. */
  observing: Readonly<Record<string, readonly string[]>> = {};
  /** Who was sent a message, and who was told lines. */
  readonly sent: string[] = [];
  readonly told: string[] = [];
  isFullMesh = false;
  /** When all had been told often enough. */
  readonly drained: number[] = [];

  constructor() {
    super();
    this.gossip = new Gossip(options, {
      schedule: this.schedule,
      unschedule: this.unschedule,
      random: seeded(3),
      links: () => this.links,
      observes: (nodeId, other) => this.observing[nodeId]?.includes(other) === true,
      present: () => 6,
      isFullMesh: () => this.isFullMesh,
      drained: (nowMs) => {
        this.drained.push(nowMs);
      },
      send: (nodeId) => {
        this.sent.push(nodeId);
      },
      tellLines: (nodeId, members) => {
        this.told.push(`${nodeId}: ${members.join()}`);
      },
    });
  }
}

describe("gossip", () => {
  test("goes at once to everybody, and not back to where it came from (B1)", () => {
    const talking = new Talking();
    talking.gossip.spreadMember("x", message, "c", 0);
    expect(talking.sent).toEqual(["b", "d", "e", "f"]);
    talking.sent.length = 0;
    talking.gossip.spreadMember("self", message, undefined, 0);
    expect(talking.sent).toEqual(talking.links);
  });

  test("does not go to those that hear it from its sender (B1)", () => {
    const talking = new Talking();
    talking.observing = { c: ["b", "d"] };
    talking.gossip.spreadAccusation("x", "a", message, "c", 0);
    expect(talking.sent).toEqual(["e", "f"]);
  });

  test("that accuses somebody goes to whom it accuses, whoever else may tell it (B4)", () => {
    const talking = new Talking();
    talking.observing = { c: ["b", "d"] };
    talking.gossip.spreadAccusation("d", "a", message, "c", 0);
    expect(talking.sent).toEqual(["d", "e", "f"]);
  });

  test("of a member goes to those that have accused it, whoever else may tell them (B4)", () => {
    const talking = new Talking();
    talking.observing = { c: ["b", "d"] };
    talking.gossip.spreadMember("x", message, "c", 0, new Set(["d", "nobody"]));
    expect(talking.sent).toEqual(["d", "e", "f"]);
  });

  test("is told again to a few each interval, until that was often enough; then nothing is sent (B2)", () => {
    const talking = new Talking();
    talking.gossip.spreadMember("x", message, "b", 0);
    talking.sent.length = 0;
    talking.advance(199);
    expect(talking.told).toEqual([]);
    talking.advance(1);
    expect([talking.told.length, new Set(talking.told).size]).toEqual([3, 3]); // three different ones
    talking.advance(60_000);
    expect([talking.told.length, talking.sent, talking.scheduled, talking.gossip.scheduled]).toEqual([4, [], 0, 0]);
    talking.gossip.spreadAccusation("x", "a", message, "b", talking.nowMs);
    talking.sent.length = 0;
    talking.advance(60_000);
    expect([talking.told.length, talking.sent.length]).toEqual([4, 4]);
  });

  test("of members is told again as it is in a full mesh, where nobody passes it on, and not when it is long (B2)", () => {
    const talking = new Talking();
    talking.isFullMesh = true;
    talking.gossip.spreadMember("x", Uint8Array.of(0, 0, 0, 1, 0x20), "b", 0);
    talking.gossip.spreadMember("x", Uint8Array.of(0, 0, 0, 1, 0x22), "b", 0); // of another kind: both are told
    talking.sent.length = 0;
    talking.advance(60_000);
    expect([talking.told, talking.sent.length]).toEqual([[], 32]);
    talking.gossip.spreadMember("y", new Uint8Array(2_000), "b", talking.nowMs);
    talking.sent.length = 0;
    talking.advance(60_000);
    expect([talking.told.length, talking.sent]).toEqual([16, []]);
  });

  test("ends with a comparison, for whoever has heard nothing (B3)", () => {
    const talking = new Talking();
    talking.gossip.notUrgent("x", 0);
    talking.advance(399);
    expect(talking.drained).toEqual([]);
    talking.advance(60_000);
    expect(talking.drained).toEqual([400]);
  });

  test("that is not urgent is told with the next interval only (B2)", () => {
    const talking = new Talking();
    talking.gossip.notUrgent("x", 0);
    expect(talking.sent).toEqual([]);
    talking.advance(200);
    expect(talking.told.map((each) => each.slice(3))).toEqual(["x", "x", "x"]);
  });

  test("is not kept when nobody is there to hear it, and not told after the stop (B2)", () => {
    const alone = new Talking();
    alone.links = [];
    alone.gossip.spreadMember("x", message, undefined, 0);
    alone.advance(1_000);
    alone.links = ["b"];
    alone.gossip.notUrgent("y", alone.nowMs);
    alone.advance(1_000);
    expect(new Set(alone.told)).toEqual(new Set(["b: y"]));
    const stopped = new Talking();
    stopped.gossip.notUrgent("x", 0);
    stopped.gossip.stop();
    stopped.advance(1_000);
    expect([stopped.told, stopped.scheduled]).toEqual([[], 0]);
  });
});

describe("a sample", () => {
  test("holds as many as were asked for, each once, and leaves the items as they are", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat()), fc.nat(10), fc.nat(), (items, count, seed) => {
        const before = [...items];
        const drawn = sample(items, count, seeded(seed));
        expect(drawn).toHaveLength(Math.min(count, items.length));
        expect(new Set(drawn).size).toBe(drawn.length);
        for (const each of drawn) expect(items).toContain(each);
        expect(items).toEqual(before);
      }),
    );
  });

  test("draws every item as often as every other", () => {
    const random = seeded(9);
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 4_000; i++) for (const each of sample([0, 1, 2, 3], 2, random)) counts[each]! += 1;
    for (const count of counts) expect(Math.abs(count - 2_000)).toBeLessThan(150);
    expect(sample([0, 1], 2, { ...random, next: () => 1 })).toHaveLength(2); // a number that reaches 1 by rounding
  });
});
