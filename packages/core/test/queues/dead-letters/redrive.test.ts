import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { QueueSettings, Redrive } from "../../../src/queues/index.js";
import { Clock } from "../../support/clock.js";
import { Disk, QueueWorld } from "../support.js";
import { StepDisk } from "../step-disk.js";
import { Stepping } from "../stepping.js";

const bodies = (w: QueueWorld, queue: string): number[] =>
  w.do<"browse">(queue, { op: "browse", limit: 1_000 }).map(({ body }) => body[0] as number);

/** Sends `count` messages to `queue`, in groups, and lets them die. */
function die(w: QueueWorld, queue: string, from: number, count: number, flush: () => void): void {
  for (let body = from; body < from + count; body++) {
    w.begin<"send">(queue, { op: "send", messages: [{ body: Uint8Array.of(body), group: `g${body % 3}` }] });
    flush();
    const { end } = w.begin<"receive">(queue, { op: "receive", max: 1, waitMs: 0 });
    if (end?.kind !== "done") throw new Error("a receive has not ended");
    w.begin<"release">(queue, { op: "release", receipts: end.value.map(({ receipt }) => receipt) });
    flush();
  }
}

describe.each(["memory", "store"])("dead letters of queues in %s", (where) => {
  const world = (): QueueWorld => {
    const w = where === "memory" ? new QueueWorld() : new QueueWorld({ disk: new Disk() });
    for (const name of ["dead", "other"]) w.create(name);
    for (const name of ["a", "b"]) w.create(name, { maxReceives: 1, deadLetter: "dead" });
    die(w, "a", 0, 4, () => w.disk?.flush());
    die(w, "b", 10, 2, () => w.disk?.flush());
    return w;
  };
  const pass = (w: QueueWorld, ms: number): void => {
    for (let at = 0; at <= ms; at += 10) {
      w.clock.advance(at === 0 ? 0 : 10);
      w.disk?.flush();
    }
  };

  it("go back to where they come from, and what is no dead letter stays (V1, V3)", () => {
    const w = world();
    w.send("dead", { body: Uint8Array.of(99) });
    const begun = w.do<"redrive">("dead", { op: "redrive" });
    expect(begun).toMatchObject({ state: "running", messages: 7, moved: 0, to: undefined });
    die(w, "b", 20, 1, () => w.disk?.flush());
    pass(w, 50);
    expect([bodies(w, "a"), bodies(w, "b"), bodies(w, "dead")]).toEqual([
      [0, 1, 2, 3],
      [10, 11],
      [99, 20],
    ]);
    expect(w.do("dead", { op: "redrives" })).toMatchObject([
      { id: begun.id, state: "done", messages: 7, moved: 6, refused: 1 },
    ]);
    expect(w.stats("dead")).toMatchObject({ redriven: 6, createdMs: w.wallOffsetMs });
    const [back] = w.receive("a");
    expect(back?.receives).toBe(1);
    expect(back?.deadLetter).toBeUndefined();
  });

  it("go to one queue as fast as was asked for, until that is cancelled; one redrive runs at a time", () => {
    const w = world();
    const { id } = w.do<"redrive">("dead", { op: "redrive", to: "other", perSecond: 10 });
    expect(() => w.do("dead", { op: "redrive" })).toThrow(/one is running already/);
    pass(w, 250);
    expect(bodies(w, "other")).toEqual([0, 1, 2]);
    expect(w.do("dead", { op: "cancel-redrive", id })).toMatchObject({ state: "cancelled", moved: 3 });
    pass(w, 500);
    expect(bodies(w, "other")).toEqual([0, 1, 2]);
    for (let at = 0; at < 12; at++) {
      w.do("dead", { op: "redrive", to: "other" });
      pass(w, 20);
    }
    expect(w.do<"redrives">("dead", { op: "redrives" })).toHaveLength(10);
    expect(bodies(w, "dead")).toEqual([]);
  });

  it("go on behind what they wait for where an older redrive, which is over, is cancelled (V6)", () => {
    const w = world();
    const { id } = w.do<"redrive">("other", { op: "redrive", to: "dead" });
    pass(w, 0);
    w.send("other", { id: "first" });
    w.send("other", { id: "second", after: ["first"] });
    w.do("other", { op: "redrive", to: "a", perSecond: 10 });
    pass(w, 0);
    expect(w.do("other", { op: "cancel-redrive", id })).toMatchObject({ state: "done" });
    pass(w, 200);
    expect(w.do<"browse">("a", { op: "browse", limit: 10 }).map((message) => message.id)).toEqual(["first", "second"]);
  });

  it("stay where their queue takes none of their size, and are told so; dead letters do, too", () => {
    const w = world();
    w.send("dead", { body: new Uint8Array(100) });
    w.do("other", { op: "update", settings: { messageBytesMax: 99 } });
    w.do("dead", { op: "redrive", to: "other" });
    pass(w, 50);
    const [told] = w.do<"redrives">("dead", { op: "redrives" });
    expect(told).toMatchObject({ state: "done", moved: 6, refused: 1 });
    expect(told?.lastRefusal).toMatch(/has 100 bytes; the limit \("messageBytesMax"\) is 99/);
    expect([w.stats("dead").messages, w.stats("other").messages]).toEqual([1, 6]);

    w.do("dead", { op: "update", settings: { messageBytesMax: 99 } });
    w.send("b", { body: new Uint8Array(100) });
    w.do("b", { op: "release", receipts: w.receive("b").map(({ receipt }) => receipt) });
    pass(w, 50);
    expect(w.stats("b")).toMatchObject({ messages: 1, deadLettersRefused: 1 });
  });

  it("stay where their queue has no room", () => {
    const w = world();
    w.do("a", { op: "update", settings: { messagesMax: 2 } });
    w.do("dead", { op: "redrive" });
    pass(w, 50);
    // 11 is of the group of 2, and behind it
    expect([bodies(w, "a"), bodies(w, "b"), bodies(w, "dead")]).toEqual([[0, 1], [10], [2, 3, 11]]);
  });

  it("stay behind one of their group that stays (V2, V4)", () => {
    const w = world();
    w.receive("dead"); // 0, of group g0; 3 is behind it
    w.do("dead", { op: "redrive" });
    pass(w, 50);
    expect([bodies(w, "a"), bodies(w, "b"), bodies(w, "dead")]).toEqual([
      [1, 2],
      [10, 11],
      [0, 3],
    ]);
  });

  it("are not moved to what is not there, and it is said", () => {
    const w = world();
    expect(() => w.do("dead", { op: "redrive", to: "nowhere" })).toThrow(/no queue "nowhere"/);
    expect(() => w.do("dead", { op: "redrive", to: "dead" })).toThrow(/must be another queue/);
    expect(() => w.do("dead", { op: "redrive", perSecond: 0 })).toThrow(/"perSecond" must be a number/);
    expect(() => w.do("dead", { op: "cancel-redrive", id: "x" })).toThrow(/no redrive "x"; it has none/);
    w.do("b", { op: "delete" });
    w.do("dead", { op: "redrive" });
    pass(w, 20);
    expect(w.do("dead", { op: "redrives" })).toMatchObject([{ state: "done", moved: 4, refused: 2 }]);
  });
});

describe("a redrive that is cancelled", () => {
  it("is over once that is on the disk: nothing that runs on is written behind it", () => {
    const disk = new StepDisk();
    const clock = new Clock();
    let w = new QueueWorld({ store: disk, clock });
    disk.owner = w;
    const flush = (): void => {
      disk.commitAll();
    };
    for (const [name, settings] of [
      ["dead", {}],
      ["a", { maxReceives: 1, deadLetter: "dead" }],
    ] as const) {
      w.queues.create(name, settings, () => undefined, clock.nowMs);
      flush();
    }
    die(w, "a", 0, 5, flush);
    w.begin("dead", { op: "redrive", perSecond: 10 });
    flush();
    clock.advance(0);
    const [{ id } = { id: "" }] = w.do<"redrives">("dead", { op: "redrives" });
    const cancelled = w.begin<"cancel-redrive">("dead", { op: "cancel-redrive", id });
    clock.advance(1_000);
    disk.commit(1);
    clock.advance(1_000);
    expect(cancelled.end).toBeUndefined();
    disk.commit(1);
    expect(cancelled.end).toMatchObject({ kind: "done", value: { state: "cancelled", moved: 1 } });
    disk.crash(9);
    w.queues.close();
    w = new QueueWorld({ store: disk, clock, seed: 2 });
    disk.owner = w;
    clock.advance(1_000);
    flush();
    expect(w.do("dead", { op: "redrives" })).toMatchObject([{ id, state: "cancelled", moved: 1 }]);
    expect([bodies(w, "a"), bodies(w, "dead")]).toEqual([[0], [1, 2, 3, 4]]);
  });
});

describe("a queue that is being deleted", () => {
  it("takes nothing any more, and is there as it was where the disk refuses its deletion", () => {
    const disk = new StepDisk();
    const w = new QueueWorld({ store: disk });
    disk.owner = w;
    w.queues.create("q", {}, () => undefined, w.clock.nowMs);
    disk.commitAll();
    const deleting = w.begin("q", { op: "delete" });
    expect(() => w.send("q")).toThrow(/"q" is being deleted/);
    disk.refuse();
    expect(deleting.end).toMatchObject({ kind: "failed", error: { code: "overloaded" } });
    w.begin("q", { op: "send", messages: [{ body: Uint8Array.of(1) }] });
    disk.commitAll();
    expect(w.stats("q").messages).toBe(1);
  });
});

type Step =
  | { do: "advance"; ms: number }
  | { do: "commit"; count: number }
  | { do: "refuse" }
  | { do: "receive" }
  | { do: "cancel" }
  | { do: "purge" }
  | { do: "crash"; kept: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.integer({ min: 0, max: 300 }) }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant("commit" as const), count: fc.integer({ min: 1, max: 3 }) }) },
    { weight: 1, arbitrary: fc.constant({ do: "refuse" as const }) },
    { weight: 1, arbitrary: fc.constant({ do: "receive" as const }) },
    { weight: 1, arbitrary: fc.constant({ do: "cancel" as const }) },
    { weight: 1, arbitrary: fc.constant({ do: "purge" as const }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("crash" as const), kept: fc.nat(3) }) },
  ),
  { maxLength: 40, size: "max" },
);

describe("a redrive of durable queues", () => {
  it("loses nothing, doubles nothing and keeps the order of groups, whatever crashes when, and whatever the disk refuses (V1, V2, V3)", () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 12 }), (history, messagesMax) => {
        run(history, messagesMax);
      }),
      { numRuns: 300 },
    );
  });
});

function run(history: readonly Step[], messagesMax: number): void {
  const disk = new StepDisk();
  const clock = new Clock();
  const flush = (): void => {
    disk.commitAll();
  };
  let runs = 0;
  const start = (): QueueWorld => {
    const world = new QueueWorld({ store: disk, clock, seed: ++runs });
    disk.owner = world;
    return world;
  };
  let w = start();
  const create = (name: string, settings: Partial<QueueSettings>): void => {
    w.queues.create(name, settings, () => undefined, clock.nowMs);
    flush();
  };
  create("dead", { visibilityMs: 200 });
  for (const name of ["a", "b"]) create(name, { maxReceives: 1, deadLetter: "dead" });
  die(w, "a", 0, 8, flush);
  die(w, "b", 20, 4, flush);
  w.begin("a", { op: "update", settings: { messagesMax } });
  const begun = w.begin<"redrive">("dead", { op: "redrive", perSecond: 20 });
  flush();
  if (begun.end?.kind !== "done") throw new Error("a redrive has not begun");
  const { id } = begun.end.value;
  let [mayBeGone, isGone, isCancelled] = [[] as number[], [] as number[], false];
  let purges: { readonly ended: { readonly end: { readonly kind: string } | undefined }; readonly of: number[] }[] = [];
  let cancelling: { readonly end: unknown } | undefined;
  for (const step of history) {
    if (step.do === "advance") clock.advance(step.ms);
    else if (step.do === "commit") disk.commit(step.count);
    else if (step.do === "refuse") disk.refuse();
    else if (step.do === "receive") w.begin("dead", { op: "receive", max: 1, waitMs: 0 });
    else if (step.do === "cancel") cancelling = w.begin("dead", { op: "cancel-redrive", id });
    else if (step.do === "purge") {
      flush();
      const of = bodies(w, "dead");
      mayBeGone = [...mayBeGone, ...of];
      purges.push({ of, ended: w.begin("dead", { op: "purge" }) });
    } else {
      disk.crash(step.kept);
      w.queues.close();
      w = start();
      cancelling = undefined;
      purges = [];
    }
    isGone = [...isGone, ...purges.filter(({ ended }) => ended.end?.kind === "done").flatMap(({ of }) => of)];
    const state = (cancelling?.end as { readonly value?: Redrive } | undefined)?.value?.state;
    if (state === "cancelled") isCancelled = true;
  }
  flush();
  const before = bodies(w, "dead");
  for (let at = 0; at < 40; at++) {
    clock.advance(100);
    flush();
  }
  const [a, b, dead] = [bodies(w, "a"), bodies(w, "b"), bodies(w, "dead")];
  const all = [...a, ...b, ...dead].sort((x, y) => x - y);
  const sent = [0, 1, 2, 3, 4, 5, 6, 7, 20, 21, 22, 23];
  expect(new Set(all).size).toBe(all.length); // none twice
  expect(all.filter((body) => isGone.includes(body))).toEqual([]); // nothing comes back from a purge
  expect(sent.filter((body) => !all.includes(body) && !mayBeGone.includes(body))).toEqual([]);
  for (const group of [0, 1, 2]) {
    const stayed = dead.filter((body) => body % 3 === group);
    for (const queue of [a, b]) {
      expect(queue.filter((body) => body % 3 === group && stayed.some((other) => other < body))).toEqual([]); // (V2)
      const own = queue.filter((body) => body % 3 === group);
      expect(own).toEqual([...own].sort((x, y) => x - y));
    }
  }
  expect(a.length).toBeLessThanOrEqual(messagesMax);
  const [task] = w.do<"redrives">("dead", { op: "redrives" });
  expect(task?.state).not.toBe("running");
  expect(task?.moved).toBe(a.length + b.length);
  expect(task?.messages).toBe(sent.length);
  if (isCancelled) expect(dead).toEqual(before);
}

it("what all subscriptions have given up is a dead letter once, and is not moved as well", () => {
  const s = new Stepping();
  s.create("dead", { messagesMax: 1 });
  s.create("other");
  s.send("dead");
  const quorum = { guarantee: { kind: "quorum", needed: 1 }, maxReceives: 1, deadLetter: "dead" } as const;
  s.create("q", quorum, ["a", "b"]);
  s.send("q");
  s.refuse("q", ["a", "b"]);
  s.do("q", { op: "redrive", to: "other" });
  s.pass(100);
  s.do("dead", { op: "purge" });
  s.pass(2_000);
  expect([s.stats("dead").messages, s.stats("other").messages]).toEqual([1, 0]);
});
