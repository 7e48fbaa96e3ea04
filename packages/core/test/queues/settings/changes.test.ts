import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MpregError } from "../../../src/base/index.js";
import type { QueueOperation, QueueSettings } from "../../../src/queues/index.js";
import { QueueWorld } from "../support.js";
import { StepDisk } from "../step-disk.js";

/** A durable queue of subscriptions, on a disk that commits and refuses when it is told to. */
class Life {
  readonly disk = new StepDisk();
  w: QueueWorld;
  #runs = 0;

  constructor() {
    this.w = this.#start();
    this.w.queues.create("q", { guarantee: { kind: "broadcast" } }, () => undefined, 0);
    this.disk.commitAll();
  }

  crash(kept: number): void {
    this.disk.crash(kept);
    this.w.queues.close();
    this.w = this.#start();
  }

  begin(operation: Extract<QueueOperation, { op: "update" | "subscribe" | "unsubscribe" | "delete" }>): {
    readonly end: { readonly kind: string } | undefined;
  } {
    return this.w.begin("q", operation as Extract<QueueOperation, { op: "update" }>);
  }

  settings(): QueueSettings {
    return this.w.do<"settings">("q", { op: "settings" });
  }

  lanes(): string[] {
    return ["a", "b"].filter((subscription) => {
      try {
        this.w.begin("q", { op: "browse", limit: 1, subscription });
        const { end } = this.w.begin<"receive">("q", { op: "receive", max: 1, waitMs: 0, subscription });
        return end?.kind === "done";
      } catch {
        return false;
      }
    });
  }

  #start(): QueueWorld {
    const world = new QueueWorld({ store: this.disk, seed: ++this.#runs });
    this.disk.owner = world;
    return world;
  }
}

describe("changes of a queue that are on their way to the disk together", () => {
  it("are all there after a restart (H1)", () => {
    const life = new Life();
    life.begin({ op: "subscribe", name: "b" });
    life.disk.commitAll();
    const begun = [
      life.begin({ op: "update", settings: { delayMs: 7 } }),
      life.begin({ op: "subscribe", name: "a" }),
      life.begin({ op: "update", settings: { ttlMs: 5_000 } }),
      life.begin({ op: "unsubscribe", name: "b" }),
    ];
    life.disk.commitAll();
    expect(begun.map(({ end }) => end?.kind)).toEqual(["done", "done", "done", "done"]);
    expect([life.settings(), life.lanes()]).toMatchObject([{ delayMs: 7, ttlMs: 5_000 }, ["a"]]);
    life.crash(0);
    expect([life.settings(), life.lanes()]).toMatchObject([{ delayMs: 7, ttlMs: 5_000 }, ["a"]]);
  });

  it("leave nothing of one that the disk has refused (H1)", () => {
    const life = new Life();
    const refused = life.begin({ op: "update", settings: { delayMs: 7 } });
    const after = life.begin({ op: "subscribe", name: "a" });
    life.disk.refuse();
    life.disk.commitAll();
    expect([refused.end?.kind, after.end?.kind]).toEqual(["failed", "done"]);
    life.crash(0);
    expect([life.settings().delayMs, life.lanes()]).toEqual([0, ["a"]]);
  });

  it("are checked against those before them (H1)", () => {
    const life = new Life();
    const first = life.begin({ op: "update", settings: { maxReceives: 2, deadLetter: "dead" } });
    const second = life.begin({ op: "update", settings: { maxReceives: undefined } });
    const again = [life.begin({ op: "subscribe", name: "a" }), life.begin({ op: "subscribe", name: "a" })];
    life.disk.commitAll();
    expect(first.end?.kind).toBe("done");
    expect(second.end).toMatchObject({ kind: "failed", error: { code: "invalid-argument" } });
    expect(again.map(({ end }) => end)).toMatchObject([{ value: true }, { value: false }]);
  });

  it("are not written behind the deletion of the queue, nor to a disk that has failed (H2)", () => {
    const life = new Life();
    const begin = (): ReturnType<Life["begin"]>[] => [
      life.begin({ op: "update", settings: { delayMs: 7 } }),
      life.begin({ op: "subscribe", name: "a" }),
      life.begin({ op: "subscribe", name: "b" }),
    ];
    const failing = begin();
    const deletion = life.begin({ op: "delete" });
    life.disk.commitAll();
    expect(failing.map(({ end }) => end?.kind)).toEqual(["done", "failed", "failed"]);
    expect([deletion.end?.kind, life.disk.waiting]).toEqual(["done", 0]);
    life.crash(0);
    expect(life.w.queues.names()).toEqual([]);

    life.w.queues.create("q", { guarantee: { kind: "broadcast" } }, () => undefined, 0);
    life.disk.commitAll();
    const cut = begin();
    const { waiting } = life.disk;
    life.w.queues.frozen({ error: new MpregError("storage-failed", "fsync: EIO"), unknown: undefined }, 0);
    expect(cut.map(({ end }) => end)).toMatchObject([
      { error: { code: "storage-failed", outcome: "unknown" } },
      { error: { code: "storage-failed", outcome: "not-applied" } },
      { error: { code: "storage-failed", outcome: "not-applied" } },
    ]);
    expect(life.disk.waiting).toBe(waiting);
  });

  it("are no more than a bound, and those beyond are refused", () => {
    const life = new Life();
    const begun = Array.from({ length: 1_100 }, (_, at) => life.begin({ op: "update", settings: { delayMs: at } }));
    expect(begun[1_099]?.end).toMatchObject({ kind: "failed", error: { code: "overloaded", outcome: "not-applied" } });
    life.disk.commitAll();
    expect(begun.filter(({ end }) => end?.kind === "done").length).toBe(1_001);
    expect(life.settings().delayMs).toBe(1_000);
  });

  it("keep what was told, whatever crashes when, and whatever the disk refuses", () => {
    const change = fc.oneof(
      fc.record({
        do: fc.constantFrom("delayMs" as const, "visibilityMs" as const),
        to: fc.integer({ min: 1, max: 99 }),
      }),
      fc.record({ do: fc.constantFrom("a" as const, "b" as const), to: fc.boolean() }),
      fc.record({ do: fc.constantFrom("commit" as const, "refuse" as const, "crash" as const), to: fc.nat(2) }),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30, size: "max" }), (steps) => {
        const life = new Life();
        const told = new Map<string, unknown>();
        let begun: { readonly of: string; readonly to: unknown; readonly ended: ReturnType<Life["begin"]> }[] = [];
        const look = (): void => {
          for (const { of, to, ended } of begun) if (ended.end?.kind === "done") told.set(of, to);
          begun = begun.filter(({ ended }) => ended.end === undefined);
        };
        for (const { do: what, to } of steps) {
          if (what === "commit") life.disk.commit(to);
          else if (what === "refuse") life.disk.refuse();
          else if (what === "crash") {
            life.crash(to);
            const [settings, lanes] = [life.settings(), life.lanes()];
            for (const [of, was] of [
              ["delayMs", 0],
              ["visibilityMs", 30_000],
              ["a", false],
              ["b", false],
            ] as const) {
              const may = [told.get(of) ?? was, ...begun.filter((one) => one.of === of).map((one) => one.to)];
              const is = of === "a" || of === "b" ? lanes.includes(of) : settings[of];
              expect(may, of).toContain(is);
              told.set(of, is);
            }
            begun = [];
          } else if (typeof to === "number")
            begun.push({ of: what, to, ended: life.begin({ op: "update", settings: { [what]: to } }) });
          else begun.push({ of: what, to, ended: life.begin({ op: to ? "subscribe" : "unsubscribe", name: what }) });
          look();
        }
      }),
      { numRuns: 200 },
    );
  });
});
