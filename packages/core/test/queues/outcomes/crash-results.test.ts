/** Results over crashes: whatever was told of a message once is told again. */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { ResultEnd } from "../../../src/queues/index.js";
import { Clock } from "../../support/clock.js";
import { StepDisk } from "../step-disk.js";
import { QueueWorld } from "../support.js";

type Step =
  | { do: "send" | "receive" | "refuse" }
  | { do: "ack" | "release" | "withdraw" | "ask"; of: number }
  | { do: "commit"; count: number }
  | { do: "advance" | "crash"; by: number };

const of = (what: "ack" | "release" | "withdraw" | "ask", weight: number) => ({
  weight,
  arbitrary: fc.record({ do: fc.constant(what), of: fc.nat(4) }),
});

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant({ do: "send" as const }) },
    { weight: 5, arbitrary: fc.constant({ do: "receive" as const }) },
    of("ack", 4),
    of("release", 4),
    of("withdraw", 1),
    of("ask", 4),
    { weight: 8, arbitrary: fc.record({ do: fc.constant("commit" as const), count: fc.integer({ min: 1, max: 4 }) }) },
    { weight: 1, arbitrary: fc.constant({ do: "refuse" as const }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("advance" as const), by: fc.nat(60) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("crash" as const), by: fc.nat(4) }) },
  ),
  { maxLength: 80, size: "max" },
);

interface Sent {
  readonly id: string;
  readonly body: number;
  /** It was asked to be acknowledged, withdrawn. */
  acknowledged: boolean;
  withdrawn: boolean;
  released: boolean;
  /** Told, and to be told for ever: its time is not over here. */
  told: ResultEnd | undefined;
}

class Life {
  readonly #disk = new StepDisk();
  readonly #clock = new Clock();
  #world: QueueWorld;
  #runs = 0;
  readonly #sent: Sent[] = [];
  #receipts: { readonly receipt: string; readonly sent: Sent }[] = [];
  #checks: (() => boolean)[] = [];

  constructor() {
    this.#world = this.#start();
  }

  #start(): QueueWorld {
    const world = new QueueWorld({ store: this.#disk, clock: this.#clock, seed: ++this.#runs });
    this.#disk.owner = world;
    const settings = { visibilityMs: 50, maxReceives: 2, deadLetter: "dead", resultMs: 1e9 };
    world.queues.create("dead", { durable: true }, () => undefined, this.#clock.nowMs);
    world.queues.create("q", { durable: true, ...settings }, () => undefined, this.#clock.nowMs);
    this.#disk.commitAll();
    return world;
  }

  step(step: Step): void {
    const world = this.#world;
    if (step.do === "send") {
      const body = this.#sent.length;
      const id = `m${body}`;
      const ended = world.begin<"send">("q", {
        op: "send",
        messages: [{ id, body: Uint8Array.of(body), keepResult: true }],
      });
      this.#checks.push(() => {
        if (ended.end?.kind === "done" && ended.end.value[0]?.kind === "done")
          this.#sent[body] = { id, body, acknowledged: false, withdrawn: false, released: false, told: undefined };
        return ended.end !== undefined;
      });
      this.#sent.push({ id, body, acknowledged: false, withdrawn: false, released: false, told: { kind: "unknown" } });
    } else if (step.do === "receive") {
      const { end } = world.begin<"receive">("q", { op: "receive", max: 2, waitMs: 0 });
      this.#look();
      if (end?.kind !== "done") throw new Error("a receive has not ended");
      for (const message of end.value) {
        const sent = this.#sent[message.body[0] as number] as Sent;
        expect(sent.told?.kind === "done" || sent.told?.kind === "failed", `${sent.id} was told to be over`).toBe(
          false,
        );
        this.#receipts.push({ receipt: message.receipt, sent });
      }
    } else if (step.do === "ack" || step.do === "release") {
      const given = this.#receipts[this.#receipts.length - 1 - step.of];
      if (given === undefined) return;
      const { receipt, sent } = given;
      if (step.do === "ack") {
        sent.acknowledged = true;
        const results = [{ kind: "done" as const, value: Uint8Array.of(sent.body) }];
        world.begin<"ack">("q", { op: "ack", receipts: [receipt], results });
      } else {
        sent.released = true;
        const failure = { code: "handler-error", outcome: "applied" } as const;
        world.begin<"release">("q", { op: "release", receipts: [receipt], error: sent.id, failure });
      }
    } else if (step.do === "withdraw") {
      const sent = this.#sent[this.#sent.length - 1 - step.of];
      if (sent?.told !== undefined || sent === undefined) return;
      sent.withdrawn = true;
      world.begin<"withdraw">("q", { op: "withdraw", id: sent.id });
    } else if (step.do === "ask") this.#ask(this.#sent[this.#sent.length - 1 - step.of]);
    else if (step.do === "commit") this.#disk.commit(step.count);
    else if (step.do === "refuse") this.#disk.refuse();
    else if (step.do === "advance") this.#clock.advance(step.by);
    else if (step.do === "crash") {
      this.#disk.crash(step.by);
      this.#world.queues.close(); // its timers are gone with it
      this.#checks = [];
      this.#receipts = [];
      this.#world = this.#start();
    }
    this.#look();
  }

  #look(): void {
    this.#checks = this.#checks.filter((check) => !check());
  }

  #ask(sent: Sent | undefined): void {
    if (sent === undefined || sent.told?.kind === "unknown") return; // its send was not told
    const end = this.#world.do<"result">("q", { op: "result", id: sent.id, waitMs: 0 });
    if (sent.told !== undefined) return expect(end).toEqual(sent.told);
    if (end.kind === "waiting") return;
    if (end.kind === "done") {
      expect(sent.acknowledged).toBe(true);
      expect(end.value).toEqual(Uint8Array.of(sent.body));
    } else if (end.kind === "failed") {
      expect(sent.released || sent.withdrawn || end.code === "deadline").toBe(true);
      if (end.code === "handler-error") expect(end.error).toBe(sent.id);
    } else expect.fail(`${sent.id} is unknown`);
    sent.told = end;
  }

  finish(): void {
    this.#disk.commitAll();
    this.#look();
    for (const sent of this.#sent) this.#ask(sent);
    this.step({ do: "crash", by: 0 });
    for (const sent of this.#sent) this.#ask(sent);
  }
}

it("what was told of a message is told again after every crash, and nothing is told that has not happened (A1, A3)", () => {
  fc.assert(
    fc.property(steps, (history) => {
      const life = new Life();
      for (const step of history) life.step(step);
      life.finish();
    }),
    { numRuns: 200 },
  );
});
