/** Messages of quorums over crashes: each is done, or one dead letter, whatever is refused. */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { OutgoingMessage, QueueSettings } from "../../../src/queues/index.js";
import { Stepping } from "../stepping.js";

type Step =
  | { do: "send"; group: string }
  | { do: "receive" | "unsubscribe" | "subscribe"; lane: string }
  | { do: "ack" | "release"; of: number }
  | { do: "advance"; ms: number }
  | { do: "commit"; count: number }
  | { do: "refuse" }
  | { do: "crash"; kept: number };

const lanes = ["x", "y", "z"];
const lane = fc.constantFrom(...lanes);

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant("send" as const), group: fc.constantFrom("a", "b") }) },
    { weight: 8, arbitrary: fc.record({ do: fc.constant("receive" as const), lane }) },
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constantFrom("ack" as const, "release" as const, "release" as const),
        of: fc.nat(5),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("unsubscribe" as const, "subscribe" as const), lane }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.constantFrom(10, 60, 1_500) }) },
    { weight: 8, arbitrary: fc.record({ do: fc.constant("commit" as const), count: fc.integer({ min: 1, max: 6 }) }) },
    { weight: 3, arbitrary: fc.constant({ do: "refuse" as const }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("crash" as const), kept: fc.nat(4) }) },
  ),
  { maxLength: 100, size: "max" },
);

it.each<Partial<QueueSettings>>([{ order: "standard" }, { order: "fifo" }])(
  "each message of a quorum is done, or is one dead letter, and never both, whatever crashes when, and whatever is refused: %o",
  (settings) => {
    fc.assert(
      fc.property(steps, (history) => {
        const life = new Life(settings);
        for (const step of history) life.step(step);
        life.finish();
      }),
      { numRuns: 150 },
    );
  },
);

interface Sent {
  told: "nothing" | "done" | "refused";
  /** Lanes that were told that they have acknowledged it, and that may have. */
  readonly acked: Set<string>;
  readonly mayHave: Set<string>;
}

class Life {
  readonly #s = new Stepping();
  readonly #sent: Sent[] = [];
  #received: { readonly receipt: string; readonly lane: string; readonly sent: Sent }[] = [];
  #checks: (() => boolean)[] = [];

  constructor(settings: Partial<QueueSettings>) {
    const quorum = { guarantee: { kind: "quorum", needed: 2 }, maxReceives: 1, deadLetter: "dead" } as const;
    this.#s.create("q", { ...settings, ...quorum, visibilityMs: 50 }, lanes);
    this.#s.create("dead", { messagesMax: 2 });
  }

  step(step: Step): void {
    const s = this.#s;
    switch (step.do) {
      case "send":
        this.#send(step.group);
        break;
      case "receive":
        this.#receive(step.lane);
        break;
      case "ack":
      case "release":
        this.#settle(step.do, step.of);
        break;
      case "unsubscribe":
        s.begin("q", { op: "unsubscribe", name: step.lane });
        break;
      case "subscribe":
        s.begin("q", { op: "subscribe", name: step.lane });
        break;
      case "advance":
        s.clock.advance(step.ms);
        break;
      case "commit":
        s.disk.commit(step.count);
        break;
      case "refuse":
        s.disk.refuse();
        break;
      case "crash":
        this.#look();
        this.#checks = [];
        s.crash(step.kept);
    }
    this.#look();
  }

  finish(): void {
    const s = this.#s;
    s.pass(0);
    this.#look();
    s.do("dead", { op: "update", settings: { messagesMax: 1_000 } });
    for (let round = 0; round < 10; round++) {
      for (const name of lanes) {
        for (const { sent, receipt } of this.#receive(name)) {
          s.do("q", { op: "ack", receipts: [receipt] });
          sent.acked.add(name);
          sent.mayHave.add(name);
        }
      }
      s.pass(31_000);
    }
    this.#look();
    expect(s.stats("q").messages).toBe(0);
    const dead = s.do<"browse">("dead", { op: "browse", limit: 1_000 }).map(({ body }) => body[0]);
    for (const [body, { told, acked, mayHave }] of this.#sent.entries()) {
      const letters = dead.filter((one) => one === body).length;
      if (told === "refused") expect(letters, `letters of ${body}, which was refused`).toBe(0);
      if (told !== "done") continue;
      expect(letters, `letters of ${body}`).toBeLessThanOrEqual(1);
      if (letters === 0)
        expect(mayHave.size, `acknowledgements of ${body}, which is no dead letter`).toBeGreaterThan(1);
      else expect(acked.size, `acknowledgements of ${body}, which is a dead letter`).toBeLessThan(2);
    }
  }

  #send(group: string): void {
    const sent: Sent = { told: "nothing", acked: new Set(), mayHave: new Set() };
    const messages: OutgoingMessage[] = [{ body: Uint8Array.of(this.#sent.length), group }];
    this.#sent.push(sent);
    const ended = this.#s.begin<"send">("q", { op: "send", messages });
    this.#checks.push(() => {
      if (ended.end === undefined) return false;
      if (ended.end.kind === "failed") throw ended.end.error;
      sent.told = ended.end.value[0]?.kind === "done" ? "done" : "refused";
      return true;
    });
  }

  #receive(name: string): { readonly receipt: string; readonly lane: string; readonly sent: Sent }[] {
    const { end } = this.#s.begin<"receive">("q", { op: "receive", max: 3, waitMs: 0, subscription: name });
    this.#look();
    if (end?.kind !== "done") return []; // there is no such subscription just now
    const some = end.value.map(({ body, receipt }) => {
      const sent = this.#sent[body[0] as number] as Sent;
      expect(sent.told, `${body[0] ?? ""} was refused`).not.toBe("refused");
      expect(sent.acked.has(name), `${body[0] ?? ""} was acknowledged by ${name}`).toBe(false);
      expect(sent.acked.size, `${body[0] ?? ""} was done`).toBeLessThan(2);
      return { receipt, lane: name, sent };
    });
    this.#received.push(...some);
    return some;
  }

  #settle(op: "ack" | "release", of: number): void {
    const given = this.#received[this.#received.length - 1 - of];
    if (given === undefined) return;
    const { sent, receipt } = given;
    const isFirst = !sent.mayHave.has(given.lane);
    if (op === "ack") sent.mayHave.add(given.lane);
    const ended = this.#s.begin<"ack">("q", { op: op as "ack", receipts: [receipt] });
    this.#checks.push(() => {
      if (ended.end === undefined) return false;
      if (ended.end.kind === "failed") throw ended.end.error;
      if (op === "ack" && ended.end.value[0]?.kind === "done") sent.acked.add(given.lane);
      else if (op === "ack" && isFirst && !sent.acked.has(given.lane)) sent.mayHave.delete(given.lane);
      return true;
    });
  }

  #look(): void {
    this.#checks = this.#checks.filter((check) => !check());
  }
}
