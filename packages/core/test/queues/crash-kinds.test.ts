/** Queues of every kind, with every kind of message, over crashes and disks that refuse. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { QueueSettings } from "../../src/queues/index.js";
import { type Draft, History, type Step } from "./crash-history.js";

const seldom = <T>(value: T): fc.Arbitrary<T | undefined> => fc.constantFrom(undefined, undefined, undefined, value);

const draft: fc.Arbitrary<Draft> = fc.record({
  group: fc.constantFrom("a", "b"),
  priority: fc.constantFrom(2, 4, 6),
  delayMs: fc.constantFrom(0, 0, 0, 30, 150),
  ttlMs: fc.constantFrom(undefined, undefined, undefined, 40, 400),
  dedup: fc.oneof(seldom("d"), seldom("e")),
  after: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(fc.nat(3), { minLength: 1, maxLength: 2 }) },
  ),
});

const lane = fc.nat(2);
const of = fc.nat(5);
const name = fc.constantFrom("s", "t");

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("send" as const),
      drafts: fc.array(draft, { minLength: 1, maxLength: 3, size: "max" }),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({ do: fc.constant("receive" as const), lane, max: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom("ack" as const, "ack" as const, "release" as const), of }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("extend" as const), of, ms: fc.constantFrom(0, 5, 40, 500) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("withdraw" as const), of }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("subscribe" as const, "unsubscribe" as const), lane }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("schedule" as const),
      name,
      inMs: fc.constantFrom(100, 130),
      once: fc.boolean(),
      missed: fc.constantFrom("all" as const, "one" as const, "skip" as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("unschedule" as const), name }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.constantFrom(0, 1, 10, 49, 60, 200) }),
  },
  { weight: 12, arbitrary: fc.record({ do: fc.constant("commit" as const), count: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 2, arbitrary: fc.constant({ do: "refuse" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "purge" as const }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("crash" as const), kept: fc.nat(5) }) },
);

const more: fc.Arbitrary<Partial<QueueSettings>> = fc.constantFrom<Partial<QueueSettings>>(
  {},
  {},
  { maxReceives: 2, deadLetter: "dead" },
  { maxReceives: 1, deadLetter: "dead", retry: { baseMs: 40, maxMs: 200, jitter: true } },
  { retry: { baseMs: 20, maxMs: 100, jitter: false }, delayMs: 25 },
  { ttlMs: 300 },
  { ttlMs: 300, maxReceives: 2, deadLetter: "dead" },
  { overflow: "drop-oldest" },
);

const guarantees = [
  { kind: "at-least-once" },
  { kind: "broadcast" },
  { kind: "quorum", needed: 2 },
] as const satisfies readonly QueueSettings["guarantee"][];
const orders = ["standard", "fifo", "priority"] as const satisfies readonly QueueSettings["order"][];
const kinds = guarantees.flatMap((guarantee) => orders.map((order) => ({ guarantee, order })));

describe("a durable queue of any kind keeps what it promises, whatever its messages are, whatever crashes when, and whatever the disk refuses (H1 to H7)", () => {
  it.each(kinds)("$guarantee.kind, $order", (kind) => {
    expect.hasAssertions();
    fc.assert(
      fc.property(more, fc.array(step, { maxLength: 80, size: "max" }), (settings, steps) => {
        const history = new History({ ...settings, ...kind });
        for (const each of steps) history.step(each);
        history.finish();
      }),
      { numRuns: 60 },
    );
  });
});
