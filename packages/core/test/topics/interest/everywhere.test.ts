import { describe, expect, test } from "vitest";
import { Everywhere, type OtherMember } from "../../../src/topics/interest/index.js";
import { Clock } from "../../support/clock.js";
import { thrownBy } from "../../support/wire.js";

const version = (number: number, boot = 1): { boot: number; version: number } => ({ boot, version: number });

class World extends Clock {
  readonly members = new Map<string, OtherMember>();
  readonly asked: string[] = [];
  readonly told: string[] = [];
  readonly everywhere = new Everywhere(
    { askIntervalMs: 200, askIntervalMsMax: 1_000, waitersMax: 3 },
    {
      schedule: this.schedule,
      unschedule: this.unschedule,
      members: () => this.members.values(),
      ask: (nodeId) => this.asked.push(nodeId),
    },
  );

  constructor(...names: readonly string[]) {
    super();
    for (const nodeId of names) this.members.set(nodeId, { nodeId, boot: 1 });
  }

  wait(name: string, forVersion: { boot: number; version: number } | undefined): { everywhere(): void } {
    const waiter = { everywhere: () => void this.told.push(name) };
    this.everywhere.wait(waiter, forVersion, this.nowMs);
    this.look();
    return waiter;
  }

  hears(nodeId: string, knows: { boot: number; version: number }): void {
    this.everywhere.told(this.members.get(nodeId)!, knows);
    this.look();
  }

  look(): void {
    this.everywhere.look(this.nowMs);
  }
}

describe("everywhere", () => {
  test("is told in the order of versions, each when the last member knows it (W1)", () => {
    const world = new World("a", "b");
    world.wait("one", version(1));
    world.wait("two", version(2));
    world.hears("a", version(2));
    expect(world.told).toEqual([]);
    world.hears("b", version(1));
    expect(world.told).toEqual(["one"]);
    world.hears("b", version(3));
    expect([world.told, world.everywhere.size, world.everywhere.scheduled]).toEqual([["one", "two"], 0, 0]);
  });

  test("counts what a member knows in its present life only, and those that are there only (W1)", () => {
    const world = new World("a", "b");
    world.hears("a", version(5));
    world.members.set("a", { nodeId: "a", boot: 2 });
    world.wait("x", version(5));
    world.members.delete("b");
    world.look();
    expect(world.told).toEqual([]);
    world.hears("a", version(5));
    expect(world.told).toEqual(["x"]);
  });

  test("is at once where nobody else is, and waits for what is told next where that is not told yet", () => {
    const world = new World();
    world.wait("now", version(4));
    world.wait("next", undefined);
    expect(world.told).toEqual(["now"]);
    world.everywhere.announced(version(5), world.nowMs);
    world.look();
    expect(world.told).toEqual(["now", "next"]);
  });

  test("waits for all to be told anew where this node has begun another life", () => {
    const world = new World("a");
    world.wait("x", version(7));
    world.everywhere.announced(version(1, 3), world.nowMs);
    world.hears("a", version(7));
    expect(world.told).toEqual([]);
    world.hears("a", version(1, 3));
    expect(world.told).toEqual(["x"]);
  });

  test("asks those that have not said so, ever less often, and nobody where nobody waits (W2)", () => {
    const world = new World("a", "b");
    world.hears("b", version(1));
    const waiter = world.wait("x", version(1));
    expect(world.asked).toEqual(["a"]);
    const counts = [200, 400, 800, 1_000, 1_000].map((forMs) => {
      world.advance(forMs - 1);
      const before = world.asked.length;
      world.advance(1);
      return world.asked.length - before;
    });
    expect([counts, world.asked.includes("b")]).toEqual([[1, 1, 1, 1, 1], false]);
    world.everywhere.leave(waiter);
    world.advance(60_000);
    expect([world.asked.length, world.everywhere.scheduled, world.told]).toEqual([6, 0, []]);
  });

  test("has a bound, and keeps nothing of members that are gone (W3)", () => {
    const world = new World("a");
    for (const name of ["x", "y", "z"]) world.wait(name, version(1));
    expect(thrownBy(() => world.wait("more", version(1)))).toMatchObject({
      code: "overloaded",
      message: "Cannot wait until all nodes know: 3 wait for that already",
    });
    world.hears("a", version(1));
    world.everywhere.forget("a");
    expect([world.told, world.everywhere.size, world.everywhere.knowing]).toEqual([["x", "y", "z"], 0, 0]);
  });
});
