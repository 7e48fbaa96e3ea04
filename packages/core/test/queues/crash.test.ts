import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { QueueSettings, ReceivedMessage } from "../../src/queues/index.js";
import { Clock } from "../support/clock.js";
import { type Ended, QueueWorld } from "./support.js";
import { StepDisk } from "./step-disk.js";

type Step =
  | { do: "send"; group: string; dedup: string | undefined; key: string | undefined; count: number }
  | { do: "receive"; max: number }
  | { do: "ack" | "release"; of: number }
  | { do: "advance"; ms: number }
  | { do: "commit"; count: number }
  | { do: "refuse" }
  | { do: "purge" }
  | { do: "crash"; kept: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant("send" as const),
        group: fc.constantFrom("a", "b"),
        dedup: fc.constantFrom(undefined, undefined, "d1", "d2"),
        key: fc.constantFrom(undefined, undefined, undefined, "k"),
        count: fc.integer({ min: 1, max: 3 }),
      }),
    },
    { weight: 5, arbitrary: fc.record({ do: fc.constant("receive" as const), max: fc.integer({ min: 1, max: 3 }) }) },
    {
      weight: 5,
      arbitrary: fc.record({ do: fc.constantFrom("ack" as const, "ack" as const, "release" as const), of: fc.nat(9) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.integer({ min: 0, max: 60 }) }) },
    { weight: 8, arbitrary: fc.record({ do: fc.constant("commit" as const), count: fc.integer({ min: 1, max: 6 }) }) },
    { weight: 1, arbitrary: fc.constant({ do: "refuse" as const }) },
    { weight: 1, arbitrary: fc.constant({ do: "purge" as const }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("crash" as const), kept: fc.nat(4) }) },
  ),
  { maxLength: 80, size: "max" },
);

const messagesMax = 6;
const visibilityMs = 50;

describe("a durable queue", () => {
  it.each<Partial<QueueSettings>>([
    { order: "standard" },
    { order: "fifo" },
    { order: "priority" },
    { order: "standard", overflow: "drop-oldest" },
    { order: "fifo", maxReceives: 2, deadLetter: "dead" },
  ])("keeps its promises whatever crashes when, and whatever the disk refuses: %o", (settings) => {
    fc.assert(
      fc.property(steps, (history) => {
        const life = new Life(settings);
        for (const step of history) life.step(step);
        life.finish();
      }),
      { numRuns: 60 },
    );
  });
});

/** What somebody was told, and what may be. */
interface Sent {
  readonly body: number;
  readonly group: string;
  readonly dedup: string | undefined;
  readonly key: string | undefined;
  told: "nothing" | "done" | "refused";
  /** Acknowledgements and purges of it that were asked for and not refused: with any, it may be gone. */
  endings: number;
  /** It is gone: that was told. */
  gone: boolean;
  leasedUntilMs: number;
}

interface Received {
  readonly message: ReceivedMessage;
  readonly sent: Sent;
  /** All that came with it. */
  readonly together: readonly Sent[];
}

class Life {
  readonly #disk = new StepDisk();
  readonly #settings: Partial<QueueSettings>;
  readonly #clock = new Clock();
  #world: QueueWorld;
  #runs = 1;
  readonly #sent: Sent[] = [];
  #received: Received[] = [];
  #checks: (() => boolean)[] = [];

  constructor(settings: Partial<QueueSettings>) {
    this.#settings = settings;
    this.#world = this.#start();
    this.#disk.commitAll();
  }

  step(step: Step): void {
    switch (step.do) {
      case "send":
        this.#send(step);
        break;
      case "receive":
        this.#receive(step.max);
        break;
      case "ack":
      case "release":
        this.#settle(step.do, step.of);
        break;
      case "advance":
        this.#clock.advance(step.ms);
        break;
      case "commit":
        this.#disk.commit(step.count);
        break;
      case "refuse":
        this.#disk.refuse();
        break;
      case "purge":
        this.#purge();
        break;
      case "crash":
        this.#crash(step.kept);
    }
    this.#look();
  }

  /** All that there is comes, once what is on its way is there; after a last crash. */
  finish(): void {
    this.#disk.commitAll();
    this.#look();
    this.#crash(0);
    const came = new Set<Sent>();
    for (let round = 0; round < 40; round++) {
      this.#disk.commitAll();
      for (const { message, sent } of this.#receive(10)) {
        came.add(sent);
        this.#world.begin<"ack">("q", { op: "ack", receipts: [message.receipt] });
        sent.endings += 1;
        this.#disk.commitAll();
        sent.gone = true;
      }
      this.#clock.advance(visibilityMs);
    }
    const dead = new Set(this.#world.do<"browse">("dead", { op: "browse", limit: 100 }).map(({ body }) => body[0]));
    const lost = this.#sent.filter(
      (sent) => sent.told === "done" && sent.endings === 0 && !came.has(sent) && !dead.has(sent.body),
    );
    if (this.#settings.overflow !== "drop-oldest") expect(lost.filter(({ key }) => key === undefined)).toEqual([]);
  }

  #start(): QueueWorld {
    const world = new QueueWorld({
      store: this.#disk,
      clock: this.#clock,
      seed: this.#runs++,
      limits: { bodiesBytesMax: 100, awakeMessagesMax: this.#runs % 3 },
    });
    this.#disk.owner = world;
    for (const [name, settings] of [
      ["dead", {}],
      [
        "q",
        { ...this.#settings, messagesMax, visibilityMs, dedup: { windowMs: 1e9, scope: "queue", byContent: false } },
      ],
    ] as const) {
      world.queues.create(
        name,
        { ...settings, durable: true },
        (end) => {
          if (end.kind === "failed") throw end.error;
        },
        this.#clock.nowMs,
      );
      this.#disk.commitAll();
    }
    return world;
  }

  #send({ group, dedup, key, count }: Extract<Step, { do: "send" }>): void {
    const some = Array.from({ length: count }, (): Sent => {
      const sent: Sent = {
        body: this.#sent.length,
        group,
        dedup,
        key,
        told: "nothing",
        endings: 0,
        gone: false,
        leasedUntilMs: -1,
      };
      this.#sent.push(sent);
      return sent;
    });
    const messages = some.map(({ body }) => ({
      body: Uint8Array.of(body),
      group,
      ...(dedup === undefined ? {} : { dedup }),
      ...(key === undefined ? {} : { idempotencyKey: key }),
    }));
    const ended = this.#world.begin<"send">("q", { op: "send", messages });
    this.#whenEnded(ended, (ends) => {
      for (const [at, sent] of some.entries()) {
        const end = ends[at];
        sent.told = end?.kind === "done" && !end.duplicate ? "done" : "refused";
        if (end?.kind === "done" && end.duplicate) {
          expect(this.#sent.some((other) => other !== sent && other.dedup === dedup && other.told !== "refused")).toBe(
            true,
          );
        }
      }
    });
  }

  #receive(max: number): Received[] {
    const { end } = this.#world.begin<"receive">("q", { op: "receive", max, waitMs: 0 });
    this.#look();
    if (end?.kind !== "done") throw new Error("a receive has not ended");
    const together: Sent[] = [];
    return end.value.map((message) => {
      const sent = this.#sent[message.body[0] as number] as Sent;
      expect(sent.gone, `${sent.body} was gone`).toBe(false);
      expect(sent.told, `${sent.body} was refused`).not.toBe("refused");
      expect(sent.leasedUntilMs, `${sent.body} is leased`).toBeLessThanOrEqual(this.#clock.nowMs);
      const twins = this.#sent.filter(
        ({ dedup, told }) => dedup !== undefined && dedup === sent.dedup && told === "done",
      );
      expect(twins.length, `${sent.dedup ?? ""} was sent twice`).toBeLessThanOrEqual(1);
      if (this.#settings.order === "fifo") this.#checkOrder(sent, together);
      together.push(sent);
      sent.leasedUntilMs = this.#clock.nowMs + visibilityMs;
      const received = { message, sent, together };
      this.#received.push(received);
      return received;
    });
  }

  /** Nothing of its group that was sent before it waits still, or was received by somebody else; but what was received with it. */
  #checkOrder({ group, body }: Sent, together: readonly Sent[]): void {
    const isElsewhere = (other: Sent): boolean => other.group === group && !together.includes(other);
    const others = this.#sent.filter(
      (other) => isElsewhere(other) && other.leasedUntilMs > this.#clock.nowMs && other.endings === 0 && !other.gone,
    );
    expect(others, "two receivers of one group").toEqual([]);
    if (this.#settings.deadLetter !== undefined) {
      // what is in the way may be a dead letter by now
      const first = this.#world
        .do<"browse">("q", { op: "browse", limit: 100 })
        .map((one) => this.#sent[one.body[0] as number] as Sent)
        .find((other) => isElsewhere(other) && other.key === undefined); // what has a key may be on its way out, as done before
      expect(first?.body ?? body).toBeGreaterThanOrEqual(body);
      return;
    }
    const before = this.#sent.filter(
      (other) =>
        isElsewhere(other) &&
        other.body < body &&
        other.told === "done" &&
        other.endings === 0 &&
        other.key === undefined,
    );
    expect(before).toEqual([]);
  }

  #settle(op: "ack" | "release", of: number): void {
    const given = this.#received[this.#received.length - 1 - of];
    if (given === undefined) return;
    const { sent, message, together } = given;
    if (op === "ack") sent.endings += 1;
    const ended = this.#world.begin<"ack">("q", { op: op as "ack", receipts: [message.receipt] });
    this.#whenEnded(ended, ([end]) => {
      if (end?.kind === "done") {
        if (op === "ack") sent.gone = true;
        else {
          sent.leasedUntilMs = -1;
          if (this.#settings.order === "fifo") {
            // what is behind it has gone back with it
            for (const other of together)
              if (other.group === sent.group && other.body > sent.body) other.leasedUntilMs = -1;
          }
        }
      } else if (op === "ack") sent.endings -= 1;
    });
  }

  #purge(): void {
    const there = this.#sent.filter(({ told }) => told !== "refused");
    for (const sent of there) sent.endings += 1;
    const ended = this.#world.begin<"purge">("q", { op: "purge" });
    this.#checks.push(() => {
      if (ended.end?.kind === "done") for (const sent of there) sent.gone = true;
      else if (ended.end?.kind === "failed") for (const sent of there) sent.endings -= 1;
      else return false;
      return true;
    });
  }

  /** Looks at what has ended meanwhile. */
  #look(): void {
    this.#checks = this.#checks.filter((check) => !check());
    const stats = this.#world.do<"stats">("q", { op: "stats" });
    expect(stats.messages).toBeLessThanOrEqual(messagesMax);
    const counts = (["available", "delayed", "leased"] as const).map(
      (state) => this.#world.do<"browse">("q", { op: "browse", limit: 100, state }).length,
    );
    expect([stats.available, stats.delayed, stats.leased], "stats and browse").toEqual(counts);
  }

  #whenEnded<O extends "send" | "ack">(
    ended: Ended<O>,
    then: (value: Extract<NonNullable<Ended<O>["end"]>, { kind: "done" }>["value"]) => void,
  ): void {
    this.#checks.push(() => {
      if (ended.end === undefined) return false;
      if (ended.end.kind === "failed") throw ended.end.error;
      then(ended.end.value);
      return true;
    });
  }

  #crash(kept: number): void {
    this.#look();
    this.#disk.crash(kept);
    this.#checks = [];
    this.#world.queues.close();
    for (const sent of this.#sent) sent.leasedUntilMs = -1; // who had it may hear that his receipt is stale
    this.#world = this.#start();
  }
}
