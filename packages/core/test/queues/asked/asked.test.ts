/** Whatever comes from elsewhere as an operation or as settings is done or refused: nothing that a caller says ends the node. */
import { describe, expect, it } from "vitest";
import { MpregError } from "../../../src/base/index.js";
import { askedOperation, askedSettings, checkSettings, defaultQueueSettings } from "../../../src/queues/index.js";
import { Disk, QueueWorld } from "../support.js";

const anything: readonly unknown[] = [
  undefined,
  null,
  0,
  -1,
  1.5,
  NaN,
  Infinity,
  1e300,
  "",
  "x",
  true,
  5n,
  [],
  ["x"],
  [null],
  {},
  { a: 1 },
  { toString: 1 },
  new Uint8Array(3),
  new Date(0),
  new Date(NaN),
  new Map(),
];

/** One of each that is right, with every field that there is. */
const settings: Readonly<Record<string, unknown>> = {
  ...defaultQueueSettings,
  guarantee: { kind: "at-least-once" },
  retry: { baseMs: 1, maxMs: 2, jitter: true },
  dedup: { windowMs: 1_000, scope: "queue", byContent: false },
  rate: { perSecond: 1, burst: 1 },
  groupRate: { perSecond: 1, burst: 1 },
  priorityAgeMs: 1,
  maxReceives: 3,
  deadLetter: "dead",
  consumer: {
    function: "f",
    concurrency: 1,
    timeoutMs: 1,
    version: "1",
    resources: ["r"],
    argument: "value",
    withMessage: true,
  },
  topics: ["a.*"],
  tags: { a: "b" },
};
const message = {
  id: "id",
  body: new Uint8Array(1),
  headers: { a: "b" },
  attributes: { a: { type: "String", value: "b" } },
  group: "g",
  dedup: "d",
  priority: 1,
  delayMs: 1,
  ttlMs: 1,
  after: ["other"],
  idempotencyKey: "k",
  correlationId: "c",
  replyTo: "r",
  keepResult: true,
};
const operations: readonly Readonly<Record<string, unknown>>[] = [
  { op: "send", messages: [message] },
  { op: "receive", max: 1, waitMs: 0, visibilityMs: 1, subscription: "s", attempt: "a" },
  { op: "ack", receipts: ["r"], results: [{ kind: "done", value: undefined }] },
  {
    op: "release",
    receipts: ["r"],
    delayMs: 1,
    error: "e",
    failure: { code: "deadline", outcome: "unknown" },
    uncounted: true,
  },
  { op: "extend", receipts: ["r"], visibilityMs: 1 },
  { op: "browse", state: "available", from: "x", limit: 1, subscription: "s" },
  { op: "result", id: "id", waitMs: 0 },
  { op: "withdraw", id: "id" },
  { op: "update", settings: {} },
  { op: "subscribe", name: "s" },
  { op: "unsubscribe", name: "s" },
  { op: "transfer", origin: "o", call: 1, messages: [{ number: 1, form: 1, content: new Uint8Array(1) }], over: true },
  { op: "redrive", to: "dead", perSecond: 1 },
  { op: "cancel-redrive", id: "x" },
  { op: "schedule", name: "s", message: { body: new Uint8Array(1) }, missed: "one", cron: "@hourly", timeZone: "UTC" },
  { op: "schedule", name: "s", message: { body: new Uint8Array(1) }, everyMs: 100_000, at: 5 },
  { op: "unschedule", name: "s" },
];

/** All that `value` becomes where one of its parts, or of theirs, is something else. */
function* spoiled(value: unknown): Generator {
  yield* anything;
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return;
  for (const [name, part] of Object.entries(value)) {
    for (const other of spoiled(part))
      yield Array.isArray(value)
        ? Object.assign([...(value as unknown[])], { [name]: other })
        : { ...value, [name]: other };
  }
}

/** Whether `run` has done it; everything but a truthful refusal is thrown. */
function isDone(run: () => void): boolean {
  try {
    run();
    return true;
  } catch (error) {
    if (!(error instanceof MpregError)) throw error;
    expect(["invalid-argument", "too-large", "unsupported"]).toContain(error.code);
    return false;
  }
}

describe("what comes from elsewhere", () => {
  it.each(Object.entries(settings))("as the setting %s is taken, or refused with a reason (O1)", (name, value) => {
    const ends = [...spoiled(value)].map((other) =>
      isDone(() => {
        const given = askedSettings("orders", { ...settings, [name]: other });
        for (const before of [undefined, defaultQueueSettings]) JSON.stringify(checkSettings("orders", given, before));
      }),
    );
    expect(ends).toContain(false);
  });

  it.each(operations)("as $op is done, or refused with a reason (O1)", (operation) => {
    const disk = new Disk();
    const world = new QueueWorld({ disk });
    world.create("orders", { dedup: { windowMs: 1_000, scope: "group", byContent: true } });
    for (const other of spoiled(operation)) {
      isDone(() => {
        const asked = askedOperation("orders", other);
        const ended = world.begin("orders", asked);
        disk.flush();
        ended.cancel();
        world.clock.advance(10);
      });
    }
    world.queues.close();
  });

  it("may say null for what is left out (T1)", () => {
    expect(askedSettings("orders", { rate: null, maxReceives: undefined, delayMs: undefined })).toEqual({
      rate: undefined,
      maxReceives: undefined,
    });
    expect(() => askedSettings("orders", { delayMs: null })).toThrow(
      'queue "orders": delayMs must be a number, got null',
    );
  });

  it("as a guarantee is told how one looks", () => {
    expect(() => askedSettings("orders", { guarantee: "broadcast" })).toThrow(
      'queue "orders": guarantee must be an object, such as { kind: "broadcast" }, got "broadcast"',
    );
  });
});
