import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MpregError } from "../../src/base/index.js";
import { type NaiveMessage, NaiveQueue, type NaiveSettings } from "./naive.js";
import { Disk, QueueWorld } from "./support.js";

type Step =
  | {
      do: "send";
      group?: string | undefined;
      priority?: number | undefined;
      delayMs?: number | undefined;
      ttlMs?: number | undefined;
    }
  | { do: "receive"; max: number; visibilityMs: number | undefined }
  | { do: "ack" | "late-ack" | "release" | "extend"; of: number; ms: number | undefined }
  | { do: "advance"; ms: number }
  | { do: "purge" };

const ms = fc.integer({ min: 0, max: 80 });
const maybe = <T>(some: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(some, { nil: undefined });
const settings: fc.Arbitrary<NaiveSettings> = fc.record({
  order: fc.constantFrom("standard", "fifo", "priority"),
  priorityAgeMs: maybe(fc.integer({ min: 1, max: 20 })),
  visibilityMs: fc.integer({ min: 1, max: 60 }),
  delayMs: fc.constantFrom(0, 0, 7),
  ttlMs: fc.constantFrom(90, 400, 100_000),
  maxReceives: maybe(fc.integer({ min: 1, max: 3 })),
  retry: maybe(fc.constant({ baseMs: 5, maxMs: 12, jitter: false as const })),
  messagesMax: fc.constantFrom(3, 6, 1_000),
  overflow: fc.constantFrom("reject", "drop-oldest"),
});
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant("send" as const),
        group: maybe(fc.constantFrom("a", "b")),
        priority: maybe(fc.integer({ min: 0, max: 9 })),
        delayMs: fc.constantFrom(undefined, undefined, undefined, 3, 19),
        ttlMs: fc.constantFrom(undefined, undefined, undefined, 20, 60),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant("receive" as const),
        max: fc.integer({ min: 1, max: 4 }),
        visibilityMs: maybe(ms),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constantFrom("ack" as const, "ack" as const, "late-ack" as const, "release" as const, "extend" as const),
        of: fc.nat(30),
        ms: maybe(ms),
      }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("advance" as const), ms }) },
    { weight: 1, arbitrary: fc.constant({ do: "purge" as const }) },
  ),
  { maxLength: 60, size: "max" },
);

describe.each(["memory", "store"])("a queue in %s", (where) => {
  it("does what a naive queue does, whatever it is asked when: standard, fair, fifo and priority", () => {
    fc.assert(
      fc.property(settings, steps, fc.constantFrom(0, 1, 2, 1_000), (chosen, history, awakeMessagesMax) => {
        new Comparison(
          where === "store"
            ? new QueueWorld({ disk: new Disk(), limits: { bodiesBytesMax: 60, awakeMessagesMax } })
            : new QueueWorld({ limits: { awakeMessagesMax } }),
          chosen,
        ).run(history);
      }),
      { numRuns: 200 },
    );
  });
});

interface Given {
  readonly receipt: string;
  readonly message: NaiveMessage;
  readonly lease: number;
}

class Comparison {
  readonly #world: QueueWorld;
  readonly #naive: NaiveQueue;
  readonly #given: Given[] = [];

  constructor(world: QueueWorld, chosen: NaiveSettings) {
    this.#world = world;
    this.#naive = new NaiveQueue(chosen);
    const { maxReceives, ...rest } = chosen;
    world.create("dead");
    world.create("q", maxReceives === undefined ? rest : { ...rest, maxReceives, deadLetter: "dead" });
  }

  run(history: readonly Step[]): void {
    for (const step of history) {
      this.#step(step);
      this.#naive.settle();
      this.#world.clock.advance(0);
      this.#world.disk?.flush();
      this.#compare();
    }
  }

  #step(step: Step): void {
    switch (step.do) {
      case "send":
        return this.#send(step);
      case "receive":
        return this.#receive(step);
      case "advance":
        this.#naive.advance(step.ms);
        for (let at = 0; at < step.ms; at++) {
          this.#world.clock.advance(1);
          this.#world.disk?.flush();
        }
        return;
      case "purge":
        expect(this.#world.do("q", { op: "purge" })).toBe(this.#naive.messages.length);
        this.#naive.messages = [];
        return;
      default:
        return this.#settle(step);
    }
  }

  #send({ group, priority, delayMs, ttlMs }: Extract<Step, { do: "send" }>): void {
    const message = Object.fromEntries(
      Object.entries({ group, priority, delayMs, ttlMs }).filter(([, value]) => value !== undefined),
    );
    let id: string | undefined;
    try {
      id = this.#world.send("q", message);
    } catch (error) {
      expect(error).toBeInstanceOf(MpregError);
      expect((error as MpregError).code).toBe("overloaded");
    }
    expect(this.#naive.send(id ?? "refused", { group, priority, delayMs, ttlMs })).toBe(id !== undefined);
  }

  #receive({ max, visibilityMs }: Extract<Step, { do: "receive" }>): void {
    const messages = this.#world.receive("q", max, visibilityMs === undefined ? {} : { visibilityMs });
    let last: NaiveMessage | undefined;
    for (const { id, receipt, receives } of messages) {
      const message = this.#naive.next(last).find((one) => one.id === id);
      if (message === undefined) throw new Error(`${id} is not next`);
      this.#naive.lease(message, visibilityMs ?? this.#naive.settings.visibilityMs);
      expect(receives).toBe(message.receives);
      this.#given.push({ receipt, message, lease: message.lease });
      last = message;
    }
    if (messages.length < max) expect(this.#naive.next(last)).toEqual([]);
  }

  #settle({ do: op, of, ms: forMs }: Extract<Step, { do: "ack" | "late-ack" | "release" | "extend" }>): void {
    const given = this.#given[this.#given.length - 1 - (of % Math.max(1, this.#given.length))];
    if (given === undefined) return;
    const { receipt, message, lease } = given;
    const isLate = op === "late-ack" && this.#naive.settings.order !== "fifo";
    const isLast = this.#naive.messages.includes(message) && message.lease === lease;
    const stands = isLast && (message.state === "leased" || isLate);
    const receipts = [receipt];
    const [end] =
      op === "ack" || op === "late-ack"
        ? this.#world.do("q", { op: "ack", receipts, late: op === "late-ack" })
        : op === "release"
          ? this.#world.do("q", forMs === undefined ? { op, receipts } : { op, receipts, delayMs: forMs })
          : this.#world.do("q", { op, receipts, visibilityMs: forMs ?? 33 });
    expect(end?.kind).toBe(stands ? "done" : "refused");
    if (!stands) return;
    if (op === "ack" || op === "late-ack") this.#naive.ack(message);
    else if (op === "release") this.#naive.end(message, forMs);
    else if (forMs === 0) this.#naive.end(message, 0);
    else message.untilMs = this.#naive.nowMs + (forMs ?? 33);
  }

  #compare(): void {
    const { messages, dead, expired, dropped } = this.#naive;
    const stats = this.#world.stats("q");
    expect(stats).toMatchObject({ messages: messages.length, expired, dropped, deadLettered: dead.length });
    expect([stats.available, stats.delayed, stats.leased]).toEqual(
      (["available", "delayed", "leased"] as const).map((state) => this.#naive.count(state)),
    );
    expect(this.#world.do<"browse">("q", { op: "browse", limit: 100 }).map(({ id }) => id)).toEqual(
      messages.map(({ id }) => id),
    );
    expect(
      this.#world
        .do<"browse">("dead", { op: "browse", limit: 100 })
        .map(({ id }) => id)
        .sort(),
    ).toEqual([...dead].sort());
  }
}
