/** Messages of topics that come into a queue: once each, whatever crashes when. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FedMessage } from "../../../src/queues/index.js";
import { Clock } from "../../support/clock.js";
import { StepDisk } from "../step-disk.js";
import { Disk, QueueWorld } from "../support.js";

function fed(id: string, more: Partial<FedMessage["message"]> = {}, topic: string = "a.b"): FedMessage {
  return { id, topic, message: { body: Uint8Array.of(1), headers: { id }, ...more } };
}

function feed(world: QueueWorld, ...messages: readonly FedMessage[]): { ended: number } {
  const told = { ended: 0 };
  world.queues.feedingOf("q")!.feed(messages, () => (told.ended += 1), world.clock.nowMs);
  world.disk?.flush();
  return told;
}

const idsOf = (world: QueueWorld) =>
  world.do<"browse">("q", { op: "browse", limit: 1_000 }).map(({ headers }) => headers!.id);

describe("a queue that topics feed", () => {
  it("takes a message once, however often it is told, and tells what it refuses (F1) (F2)", () => {
    const world = new QueueWorld();
    world.create("q", { topics: ["a.#"], messagesMax: 2 });
    expect(feed(world, fed("1"), fed("1"), fed("2"), fed("3"))).toEqual({ ended: 1 });
    expect(idsOf(world)).toEqual(["1", "2"]);
    const { feed: stats } = world.stats("q");
    expect(stats).toMatchObject({ taken: 2, repeated: 1, refused: 1, missed: 0, gaps: 0 });
    expect(stats!.lastRefusal).toContain('"messagesMax"');
    world.do<"purge">("q", { op: "purge" });
    feed(world, fed("3"), fed("2")); // what was refused may come again, what was there may not
    expect(idsOf(world)).toEqual(["3"]);
  });

  it("remembers the last ids for as long as nothing follows them, and over a restart (F3)", () => {
    const disk = new Disk();
    const clock = new Clock();
    const first = new QueueWorld({ disk, clock });
    first.create("q", { topics: ["a.#"] });
    feed(first, fed("1"));
    clock.advance(120_000);
    feed(first, fed("2"));
    clock.advance(3_600_000);
    const again = new QueueWorld({ disk, clock });
    feed(again, fed("1"), fed("2"), fed("3"));
    expect(idsOf(again)).toEqual(["1", "2", "1", "3"]); // the first was forgotten with the second
    const feeding = again.queues.feedingOf("q")!;
    const nowMs = clock.nowMs + again.wallOffsetMs;
    expect(feeding.knownFrom(nowMs)).toBe(nowMs - 10_000);
    expect(feeding.knownFrom(nowMs - 7_200_000)).toBeUndefined();
  });

  it.each([3_600_000, -3_600_000])("remembers them over a step of the wall clock by %i ms (F5)", (stepMs) => {
    const world = new QueueWorld();
    world.create("q", { topics: ["a.#"] });
    feed(world, fed("1"));
    world.wallOffsetMs += stepMs;
    feed(world, fed("2"));
    world.clock.advance(60_000);
    feed(world, fed("1"), fed("3"));
    expect(idsOf(world)).toEqual(["1", "2", "3"]);
    world.clock.advance(1);
    feed(world, fed("4"));
    feed(world, fed("1"));
    expect(idsOf(world)).toEqual(["1", "2", "3", "4", "1"]); // its minute is over
  });

  it("asks for what came since the last message it had, and for nothing before its topics", () => {
    const disk = new Disk();
    const clock = new Clock();
    const first = new QueueWorld({ disk, clock });
    const wallMs = () => clock.nowMs + first.wallOffsetMs;
    const createdMs = wallMs();
    first.create("q", { topics: ["a.#"] });
    clock.advance(1_000);
    expect(first.queues.feedingOf("q")!.restartedFromMs).toBe(createdMs);
    clock.advance(100_000);
    feed(first, fed("1"));
    const fedMs = wallMs();
    clock.advance(50_000);
    expect(new QueueWorld({ disk, clock }).queues.feedingOf("q")!.restartedFromMs).toBe(fedMs - 10_000);
    const later = new QueueWorld({ disk, clock });
    later.queues.feedingOf("q")!.begin();
    disk.flush();
    expect(new QueueWorld({ disk, clock }).queues.feedingOf("q")!.restartedFromMs).toBe(wallMs());
  });

  it("makes the messages of a topic a group of a FIFO queue, and no TTL longer than its own", () => {
    const world = new QueueWorld();
    world.create("q", { topics: ["#"], order: "fifo", ttlMs: 1_000 });
    feed(world, fed("1", { ttlMs: 5_000 }, "a"), fed("2", {}, "b"), fed("3", {}, "x".repeat(300)));
    const messages = world.receive("q", 10);
    expect(messages.map(({ group, ttlMs }) => [group, ttlMs])).toEqual([
      ["a", 1_000],
      ["b", undefined],
      [expect.stringMatching(/^[0-9a-f]{64}$/), undefined],
    ]);
  });

  it("says that it has a message once that is on the disk, also of one that is told again meanwhile, and says what it does not take (F4)", () => {
    const disk = new StepDisk();
    const clock = new Clock();
    const world = (disk.owner = new QueueWorld({ store: disk, clock }));
    world.queues.create("q", { topics: ["a.#"], durable: true, messagesMax: 3 }, () => undefined, 0);
    disk.commitAll();
    const said: string[] = [];
    const tell = (...ids: readonly string[]): void => {
      const all = ids.map((id) => ({ ...fed(id), settled: (hasIt: boolean) => said.push(`${id} ${hasIt}`) }));
      world.queues.feedingOf("q")!.feed(all, () => undefined, clock.nowMs);
    };
    tell("1", "2");
    tell("2");
    expect(said).toEqual([]);
    disk.commit(1);
    expect(said).toEqual(["1 true", "2 true", "2 true"]);
    tell("1");
    expect(said.splice(0)).toEqual(["1 true", "2 true", "2 true", "1 true"]);
    tell("3", "4");
    tell("3");
    disk.refuse();
    expect(said.splice(0)).toEqual(["3 false", "3 false", "4 false"]);
    tell("3", "4");
    disk.commitAll();
    expect(said).toEqual(["3 true", "4 false"]);
  });

  it("has each message once, whatever crashes when and however often it is told", () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ feed: fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }) }) },
      { weight: 4, arbitrary: fc.record({ commit: fc.integer({ min: 1, max: 4 }) }) },
      { weight: 1, arbitrary: fc.record({ refuse: fc.constant(true) }) },
      { weight: 2, arbitrary: fc.record({ crash: fc.nat(3) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: "max" }), (steps) => {
        const disk = new StepDisk();
        const clock = new Clock();
        const start = () => (disk.owner = new QueueWorld({ store: disk, clock }));
        let world = start();
        world.queues.create("q", { topics: ["a.#"], durable: true }, () => undefined, 0);
        disk.commitAll();
        for (const each of steps) {
          if ("feed" in each) {
            const ids = [...new Set(each.feed.map(String))];
            world.queues.feedingOf("q")!.feed(
              ids.map((id) => fed(id)),
              () => undefined,
              clock.nowMs,
            );
          } else if ("commit" in each) disk.commit(each.commit);
          else if ("refuse" in each) disk.refuse();
          else {
            disk.crash(each.crash);
            world.queues.close(); // its timers are gone with it
            world = start();
          }
          const ids = idsOf(world);
          expect(new Set(ids).size).toBe(ids.length);
        }
        disk.commitAll();
        const ids = idsOf(world);
        expect(new Set(ids).size).toBe(ids.length);
        world.queues.feedingOf("q")!.feed(
          Array.from({ length: 21 }, (_, id) => fed(String(id))),
          () => undefined,
          clock.nowMs,
        );
        disk.commitAll();
        expect(idsOf(world).sort()).toEqual(Array.from({ length: 21 }, (_, id) => String(id)).sort());
      }),
      { numRuns: 100 },
    );
  });
});
