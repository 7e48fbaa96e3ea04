/** What a node keeps for a queue of another one, whatever crashes when, and whatever is lost, late or repeated on the way. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MpregError } from "../../../src/base/index.js";
import type { Courier, CourierEnd, QueueSettings } from "../../../src/queues/index.js";
import { Clock } from "../../support/clock.js";
import { StepDisk } from "../step-disk.js";
import { type Ended, QueueWorld } from "../support.js";

type Step =
  | { readonly do: "spool"; readonly count: number }
  | { readonly do: "die" | "redrive" | "refuse" | "link" | "over" | "retry" | "discard" }
  | { readonly do: "consume"; readonly count: number }
  | { readonly do: "commit"; readonly at: "near" | "far"; readonly count: number }
  | { readonly do: "call"; readonly how: "deliver" | "lose" | "repeat" | "keep" }
  | { readonly do: "answer"; readonly how: "deliver" | "lose" }
  | { readonly do: "late"; readonly of: number }
  | { readonly do: "advance"; readonly ms: number }
  | { readonly do: "crash"; readonly at: "near" | "far"; readonly kept: number };

const count = fc.integer({ min: 1, max: 4 });
const at = fc.constantFrom("near" as const, "far" as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("spool" as const), count }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(
        "die" as const,
        "die" as const,
        "redrive" as const,
        "refuse" as const,
        "link" as const,
        "over" as const,
        "retry" as const,
        "retry" as const,
        "discard" as const,
      ),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("consume" as const), count }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant("commit" as const), at, count }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("call" as const),
      how: fc.constantFrom("deliver" as const, "deliver" as const, "lose" as const, "repeat" as const, "keep" as const),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("answer" as const),
      how: fc.constantFrom("deliver" as const, "deliver" as const, "lose" as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("late" as const), of: fc.nat(3) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.integer({ min: 0, max: 400 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("crash" as const), at, kept: fc.nat(3) }) },
);

describe("the spool", () => {
  it.each<Partial<QueueSettings>>([
    {},
    { order: "fifo" },
    { messagesMax: 5 },
    { messageBytesMax: 1, maxReceives: 9, deadLetter: "bad" },
    { messageBytesMax: 1 },
  ])(
    "hands each message on once, in order, whatever crashes when and whatever is set aside and tried again: %o (P1, T1, T2, A1, A2)",
    (settings) => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 80, size: "max" }), (history) => {
          const life = new Life(settings);
          for (const each of history) life.step(each);
          life.finish();
        }),
        { numRuns: 150 },
      );
    },
  );
});

type Transfer = Parameters<Courier["transfer"]>[1];

interface Call {
  readonly transfer: Transfer;
  readonly end: (end: CourierEnd) => void;
}

interface Message {
  readonly body: number;
  readonly kind: "spooled" | "dead" | "redriven";
  told: "nothing" | "done" | "refused";
}

/** Whatever was set aside; and it is, as soon as the link has been gone for a while. */
const all = { queue: undefined, ids: undefined, allows: () => true };
const limits = { spoolAgeMsMax: 1_000 };

const lost = new MpregError("node-lost", "the link broke", { outcome: "unknown" });

/** A node near by, and one far away that has the queue "q". */
class Life {
  readonly #clock = new Clock();
  readonly #disks = { near: new StepDisk(), far: new StepDisk() };
  readonly #settings: Partial<QueueSettings>;
  #near: QueueWorld;
  #far: QueueWorld;
  #runs = 1;
  #isLinked = true;
  #calls: Call[] = [];
  /** Calls that are held up on their way. */
  #kept: Transfer[] = [];
  #answers: { readonly call: Call; readonly ended: Ended<"transfer"> }[] = [];
  readonly #messages: Message[] = [];
  #checks: (() => boolean)[] = [];
  /** Bodies of what was set aside: that goes on behind what it was before. */
  readonly #aside = new Set<number>();
  readonly #discarded = new Set<number>();
  /** Bodies that consumers of "q" have had, in their order. */
  readonly #had: number[] = [];

  constructor(settings: Partial<QueueSettings>) {
    this.#settings = settings;
    this.#far = this.#startFar();
    this.#near = this.#startNear();
  }

  step(each: Step): void {
    switch (each.do) {
      case "spool":
        this.#spool(each.count);
        break;
      case "die":
        this.#die();
        break;
      case "redrive":
        this.#redrive();
        break;
      case "refuse":
        this.#disks.near.refuse();
        this.#disks.far.refuse();
        break;
      case "link":
        this.#link(!this.#isLinked);
        break;
      case "over":
        this.#clock.advance(61_000);
        break;
      case "retry":
        this.#retry();
        break;
      case "discard":
        for (const body of this.#setAside()) this.#discarded.add(body); // whether or not it gets there
        this.#near.queues.spooling.settle("discard", all, () => undefined, this.#clock.nowMs);
        break;
      case "consume":
        this.#consume(each.count);
        break;
      case "commit":
        this.#disks[each.at].commit(each.count);
        break;
      case "call":
        this.#call(each.how);
        break;
      case "answer":
        this.#answer(each.how);
        break;
      case "late":
        this.#late(each.of);
        break;
      case "advance":
        this.#clock.advance(each.ms);
        break;
      case "crash":
        this.#crash(each.at, each.kept);
    }
    this.#look();
  }

  /** All that was taken is over there in the end, once. */
  finish(): void {
    this.#crash("near", 0);
    this.#link(true);
    const isDone = (): boolean =>
      this.#near.queues.spooling.list().length === 0 &&
      this.#near.stats("work").messages === 0 &&
      this.#calls.length === 0;
    this.#far.begin("q", { op: "update", settings: { messageBytesMax: 1_000 } });
    this.#disks.far.commitAll();
    for (let round = 0; round < 300 && !(round > 20 && isDone()); round++) {
      this.#near.begin("parked", { op: "redrive", to: "q" });
      this.#giveUp();
      this.#disks.near.commitAll();
      this.#call("deliver");
      this.#disks.far.commitAll();
      this.#answer("deliver");
      this.#disks.near.commitAll();
      this.#consume(10);
      this.#late(0);
      this.#clock.advance(1_000);
      this.#retry();
    }
    expect(this.#near.queues.spooling.list()).toEqual([]);
    const arrived = this.#arrived();
    const due = this.#messages.filter(
      ({ kind, told, body }) => (kind !== "spooled" || told === "done") && !this.#discarded.has(body),
    );
    expect(new Set(arrived)).toEqual(new Set([...arrived, ...due.map(({ body }) => body)]));
    const refused = this.#messages.filter(({ told }) => told === "refused").map(({ body }) => body);
    expect(arrived.filter((body) => refused.includes(body))).toEqual([]);
  }

  /** Each at most once, and those of a kind in their order. */
  #arrived(): readonly number[] {
    const bad = this.#bodiesAt(this.#far, "bad");
    const waiting = this.#bodiesAt(this.#far, "q");
    const all = [...this.#had, ...waiting, ...bad];
    expect(new Set(all).size, `each once: ${all.join(" ")}`).toBe(all.length);
    for (const line of [[...this.#had, ...waiting], bad]) {
      const spooled = line.filter((body) => this.#messages[body]?.kind === "spooled" && !this.#aside.has(body));
      expect(spooled).toEqual([...spooled].sort((a, b) => a - b));
    }
    return all;
  }

  #bodiesAt(world: QueueWorld, queue: string): number[] {
    return world
      .do<"browse">(queue, { op: "browse", limit: 1_000 })
      .map(({ body }) => (body[0] as number) * 256 + (body[1] as number));
  }

  #startFar(): QueueWorld {
    const far = new QueueWorld({ store: this.#disks.far, clock: this.#clock, seed: 1_000 + this.#runs++ });
    this.#disks.far.owner = far;
    this.#create(far, this.#disks.far, "bad", {});
    this.#create(far, this.#disks.far, "q", { visibilityMs: 43_200_000, ...this.#settings });
    return far;
  }

  #startNear(): QueueWorld {
    const run = this.#runs++;
    const courier: Courier = {
      whereIs: (queue) => (queue === "q" ? (this.#isLinked ? "there" : "away") : "unknown"),
      transfer: (_queue, transfer, end) => {
        const call: Call = { transfer, end };
        this.#calls.push(call);
        return () => {
          this.#calls = this.#calls.filter((one) => one !== call);
        };
      },
    };
    const near = new QueueWorld({ store: this.#disks.near, clock: this.#clock, seed: run, courier, limits });
    this.#disks.near.owner = near;
    this.#create(near, this.#disks.near, "work", { maxReceives: 1, deadLetter: "q" });
    this.#create(near, this.#disks.near, "parked", {});
    return near;
  }

  #create(world: QueueWorld, disk: StepDisk, name: string, settings: Partial<QueueSettings>): void {
    world.queues.create(
      name,
      { ...settings, durable: true },
      (end) => {
        if (end.kind === "failed") throw end.error;
      },
      this.#clock.nowMs,
    );
    disk.commitAll();
  }

  #made(kind: Message["kind"]): Message {
    const message: Message = { body: this.#messages.length, kind, told: "nothing" };
    this.#messages.push(message);
    return message;
  }

  #bodyOf({ body }: Message): Uint8Array {
    return Uint8Array.of(body >> 8, body & 255);
  }

  #spool(howMany: number): void {
    const some = Array.from({ length: howMany }, () => this.#made("spooled"));
    const messages = some.map((message) => ({ body: this.#bodyOf(message), group: "g" }));
    this.#near.queues.spooling.send(
      "q",
      messages,
      (end) => {
        if (end.kind === "failed") throw end.error;
        for (const [index, one] of end.value.entries()) (some[index] as Message).told = one.kind;
      },
      this.#clock.nowMs,
    );
  }

  /** A message of this node's becomes a dead letter; what is told is its send. */
  #die(): void {
    this.#disks.near.commitAll();
    const message = this.#made("dead");
    this.#near.begin<"send">("work", { op: "send", messages: [{ body: this.#bodyOf(message) }] });
    this.#disks.near.commitAll();
    this.#giveUp();
  }

  #giveUp(): void {
    const { end } = this.#near.begin<"receive">("work", { op: "receive", max: 100, waitMs: 0 });
    if (end?.kind !== "done") throw new Error("a receive has not ended");
    this.#near.begin("work", { op: "release", receipts: end.value.map(({ receipt }) => receipt) });
  }

  #redrive(): void {
    this.#disks.near.commitAll();
    const message = this.#made("redriven");
    this.#near.begin<"send">("parked", { op: "send", messages: [{ body: this.#bodyOf(message) }] });
    this.#disks.near.commitAll();
    this.#near.begin("parked", { op: "redrive", to: "q" });
    this.#disks.near.commit(1);
    this.#clock.advance(0);
  }

  #consume(howMany: number): void {
    const { end } = this.#far.begin<"receive">("q", { op: "receive", max: howMany, waitMs: 0 });
    if (end?.kind !== "done") throw new Error("a receive has not ended");
    for (const { body, receipt } of end.value) {
      const acked = this.#far.begin<"ack">("q", { op: "ack", receipts: [receipt] });
      this.#disks.far.commitAll();
      if (acked.end?.kind !== "done" || acked.end.value[0]?.kind !== "done") throw new Error("not acknowledged");
      this.#had.push((body[0] as number) * 256 + (body[1] as number));
    }
  }

  #call(how: Extract<Step, { do: "call" }>["how"]): void {
    const call = this.#calls.shift();
    if (call === undefined) return;
    if (how === "lose" || how === "keep") {
      if (how === "keep") this.#kept.push(call.transfer);
      call.end({ kind: "failed", error: lost, nowMs: this.#clock.nowMs });
      return;
    }
    if (how === "repeat") this.#kept.push(call.transfer);
    this.#answers.push({ call, ended: this.#far.begin<"transfer">("q", { op: "transfer", ...call.transfer }) });
  }

  #late(of: number): void {
    const [transfer] = this.#kept.splice(of, 1);
    if (transfer !== undefined) this.#far.begin<"transfer">("q", { op: "transfer", ...transfer });
  }

  #answer(how: "deliver" | "lose"): void {
    const first = this.#answers[0];
    if (first === undefined || (how === "deliver" && first.ended.end === undefined)) return;
    this.#answers.shift();
    const { end } = first.ended;
    const nowMs = this.#clock.nowMs;
    if (how === "lose" || end === undefined) first.call.end({ kind: "failed", error: lost, nowMs });
    else if (end.kind === "failed") first.call.end({ kind: "failed", error: end.error, nowMs });
    else first.call.end({ kind: "answered", answer: end.value, nowMs });
  }

  #link(isLinked: boolean): void {
    this.#isLinked = isLinked;
    if (isLinked) this.#near.queues.spooling.wake("q", this.#clock.nowMs);
    this.#clock.advance(0);
  }

  #retry(): void {
    this.#near.queues.spooling.settle("retry", all, () => undefined, this.#clock.nowMs);
    this.#clock.advance(0);
  }

  /** As it lies on the disk: the body of a message is the end of its row. */
  #setAside(): number[] {
    const rows = this.#disks.near.range("queue-spool-refused", { from: new Uint8Array(1), limit: 1_000 });
    return rows.map(({ value }) => (value.at(-2) as number) * 256 + (value.at(-1) as number));
  }

  #look(): void {
    for (const body of this.#setAside()) this.#aside.add(body);
    this.#checks = this.#checks.filter((check) => !check());
    this.#arrived();
  }

  #crash(node: "near" | "far", kept: number): void {
    this.#disks[node].crash(kept);
    if (node === "near") {
      this.#near.queues.close();
      // what is on its way goes on without it
      this.#kept.push(...this.#calls.splice(0).map(({ transfer }) => transfer));
      this.#answers = [];
      this.#near = this.#startNear();
      return;
    }
    this.#far.queues.close();
    // links are gone, and with them what was on its way
    this.#kept = [];
    this.#far = this.#startFar();
    for (const { end } of [...this.#calls.splice(0), ...this.#answers.splice(0).map(({ call }) => call)])
      end({ kind: "failed", error: lost, nowMs: this.#clock.nowMs });
    this.#link(this.#isLinked);
  }
}
