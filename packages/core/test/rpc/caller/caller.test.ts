import { describe, expect, test } from "vitest";
import { MpregError, contract, fn } from "../../../src/base/index.js";
import type { Caller, RequestEvent, RequestSummary } from "../../../src/rpc/index.js";
import { createHeld, rejection } from "../../support/asking.js";
import { codec } from "../../support/requests.js";

const bytes = (value: unknown): Uint8Array => codec.encode(value, "value");
const summary: RequestSummary = { requestId: "r", coordinator: "n", totalMs: 1, steps: [] };

describe("calls", () => {
  test("a call resolves to the value of its answer (A1)", async () => {
    const { held, caller } = createHeld();
    const promise = caller.call("f", [1, "x"]);
    expect(held.asks[0]!.fields).toEqual({
      fun: "f",
      resources: [],
      args: bytes([1, "x"]),
      timeoutMs: 0,
      waitForCapacityMs: 0,
      summary: false,
    });
    held.last.answered(bytes({ y: 2 }), undefined, undefined);
    expect(await promise).toEqual({ y: 2 });
  });

  test("options go with the call, kwargs as its last argument", () => {
    const { held, caller } = createHeld();
    void caller.call("f", [1], {
      resources: ["gpu", "gpu"],
      kwargs: { a: 1 },
      timeoutMs: 1.5,
      waitForCapacity: true,
      onSummary: () => undefined,
    });
    expect(held.asks[0]!.fields).toEqual({
      fun: "f",
      resources: ["gpu"],
      args: bytes([1, { a: 1 }]),
      timeoutMs: 2,
      waitForCapacityMs: 2 ** 31 - 1,
      summary: true,
    });
  });

  test("events are told while the call runs, with small results decoded, and none after its end", async () => {
    const { held, caller } = createHeld();
    held.tellsEvents = true;
    const told: RequestEvent[] = [];
    const promise = caller.call("f", [], { onEvent: (event) => told.push(event) });
    expect(held.asks[0]!.fields).toMatchObject({ watch: true });
    const available = { kind: "result-available", step: "f", node: "n", bytes: 1 } as const;
    held.last.event!({ kind: "started", step: "f", node: "n" }, undefined);
    held.last.event!(available, bytes(7));
    expect(told).toEqual([
      { kind: "started", step: "f", node: "n" },
      { ...available, value: 7 },
    ]);
    held.last.answered(bytes(7), undefined, undefined);
    held.last.event!({ kind: "finished" }, undefined);
    expect(await promise).toBe(7);
    expect(told).toHaveLength(2);
  });

  test("a listener that throws is told no more, and the call ends with what it threw (W1)", async () => {
    const { held, caller } = createHeld();
    held.tellsEvents = true;
    const cause = new Error("broken listener");
    let calls = 0;
    const promise = caller.call("f", [], {
      onEvent: () => {
        calls += 1;
        throw cause;
      },
    });
    held.last.event!({ kind: "started", step: "f", node: "n" }, undefined);
    held.last.event!({ kind: "finished" }, undefined);
    held.last.answered(bytes(7), undefined, undefined);
    expect(await rejection(promise)).toMatchObject({ code: "invalid-argument", outcome: "applied", cause });
    expect(calls).toBe(1);
  });

  test("where nobody tells events, watching is refused and nothing is sent", async () => {
    const { held, caller } = createHeld();
    expect(await rejection(caller.call("f", [], { onEvent: () => undefined }))).toMatchObject({ code: "unsupported" });
    const graph = caller.graph();
    graph.call("f");
    expect(await rejection(graph.run(undefined, { onEvent: () => undefined }))).toMatchObject({ code: "unsupported" });
    expect(held.asks).toEqual([]);
  });

  test("a failure rejects with the very error (A1)", async () => {
    const { held, caller } = createHeld();
    const error = new MpregError("overloaded", "full", { step: "f" });
    const promise = caller.call("f");
    held.last.failed(error);
    expect(await rejection(promise)).toBe(error);
  });

  test.for([
    ["a function without a name", "", [], {}, "invalid-argument"],
    ["arguments that are no array", "f", "x", {}, "invalid-argument"],
    ["an option that does not exist", "f", [], { timeout: 1 }, "invalid-argument"],
    ["an argument that cannot be sent", "f", [() => 1], {}, "not-encodable"],
  ] as const)("%s rejects, and nothing is sent (A1)", async ([, fun, args, options, code]) => {
    const { held, caller } = createHeld();
    const error = await rejection(caller.call(fun, args as never, options as never));
    expect(error).toBeInstanceOf(MpregError);
    expect(error).toMatchObject({ code, outcome: "not-applied" });
    expect(held.asks).toEqual([]);
  });

  test("an answer that cannot be read, or answers something else, rejects (A1)", async () => {
    const { held, caller } = createHeld();
    const unreadable = caller.call("f");
    held.last.answered(Uint8Array.of(0xc1), undefined, undefined);
    expect(await rejection(unreadable)).toMatchObject({ code: "malformed" });
    const other = caller.call("f");
    held.last.results([], undefined, undefined);
    expect(await rejection(other)).toMatchObject({ code: "malformed", outcome: "unknown" });
  });

  test("the summary is told before the answer", async () => {
    const { held, caller } = createHeld();
    const told: unknown[] = [];
    const promise = caller.call("f", [], { onSummary: (each) => told.push(each) });
    held.last.answered(bytes(1), undefined, summary);
    expect(told).toEqual([summary]);
    expect(await promise).toBe(1);
  });

  test("a contract's resources are asked for, and its functions only", async () => {
    const { held, caller } = createHeld({ contract: contract({ train: fn({ resources: ["gpu"] }) }) });
    void caller.call("train", [], { resources: ["model", "gpu"] });
    expect(held.asks[0]!.fields).toMatchObject({ fun: "train", resources: ["gpu", "model"] });
    const message = 'Cannot call "trian": the contract does not have it; did you mean "train"?';
    expect(await rejection(caller.call("trian"))).toMatchObject({ code: "invalid-argument", message });
    expect(await rejection(caller.call("toString"))).toMatchObject({ code: "invalid-argument" });
  });
});

describe("requests", () => {
  test("a graph resolves to what was asked for, put together again (A1)", async () => {
    const { held, caller } = createHeld();
    const graph = caller.graph();
    const rows = graph.call("ingest", ["s"]) as never;
    const promise = graph.run({ rows, fixed: 1 });
    expect(held.asks[0]!.fields).toMatchObject({ settle: false, outputs: [{ step: 0, path: [] }] });
    held.last.results([bytes([1, 2])], undefined, undefined);
    expect(await promise).toEqual({ rows: [1, 2], fixed: 1 });
  });

  test("the plain form resolves to the results by name", async () => {
    const { held, caller } = createHeld();
    const promise = caller.request([
      { name: "a", fun: "f" },
      { name: "b", fun: "g", args: [{ $ref: "a" }] },
    ]);
    held.last.results([bytes("x")], undefined, undefined);
    expect(await promise).toEqual({ b: "x" });
  });

  test("a request that settles tells what became of each step", async () => {
    const { held, caller } = createHeld();
    const promise = caller.request(
      [
        { name: "a", fun: "f" },
        { name: "b", fun: "g", args: [{ $ref: "a" }] },
      ],
      { onError: "settle" },
    );
    const error = new MpregError("handler-error", "broken", { outcome: "applied" });
    held.last.results(
      [undefined],
      [
        { status: "failed", error },
        { status: "skipped", because: 0 },
      ],
      undefined,
    );
    expect(await promise).toEqual({
      outputs: { b: undefined },
      steps: { a: { status: "failed", error }, b: { status: "skipped", because: "a" } },
    });
  });

  test("a request that is wrong rejects and is not sent (A1)", async () => {
    const { held, caller } = createHeld();
    const promise = caller.request([{ name: "a", fun: "f", args: [{ $ref: "b" }] }]);
    expect(await rejection(promise)).toMatchObject({ code: "unknown-reference" });
    expect(held.asks).toEqual([]);
  });

  test("a single value for a request rejects (A1)", async () => {
    const { held, caller } = createHeld();
    const promise = caller.request([{ name: "a", fun: "f" }]);
    held.last.answered(bytes(1), undefined, undefined);
    expect(await rejection(promise)).toMatchObject({ code: "malformed" });
  });
});

describe("signals", () => {
  const start: readonly (readonly [string, (caller: Caller, signal: AbortSignal) => Promise<unknown>])[] = [
    ["call", (caller, signal) => caller.call("f", [], { signal })],
    ["request", (caller, signal) => caller.request([{ name: "a", fun: "f" }], { signal })],
  ];

  test.for(start)("nothing is sent for one that is aborted already: %s (A2)", async ([, begin]) => {
    const { held, caller } = createHeld();
    const reason = new Error("too late");
    const error = await rejection(begin(caller, AbortSignal.abort(reason)));
    expect(error).toMatchObject({ code: "cancelled", outcome: "not-applied", cause: reason });
    expect(held.asks).toEqual([]);
  });

  test.for(start)("one that aborts withdraws what was sent: %s (A2)", async ([, begin]) => {
    const { held, caller } = createHeld();
    const controller = new AbortController();
    const promise = begin(caller, controller.signal);
    controller.abort();
    expect(await rejection(promise)).toMatchObject({ code: "cancelled", outcome: "unknown" });
    expect(held.withdrawn).toEqual([0]);
  });

  test.for(start)("one that aborts after the end changes nothing: %s (A1) (A2)", async ([, begin]) => {
    const { held, caller } = createHeld();
    const controller = new AbortController();
    const promise = begin(caller, controller.signal);
    const error = new MpregError("overloaded", "full", { step: "f" });
    held.last.failed(error);
    controller.abort();
    expect(await rejection(promise)).toBe(error);
    expect(held.withdrawn).toEqual([]);
  });

  test("one that is aborted is not listened to when the ask failed at once (A2)", async () => {
    const { held, caller } = createHeld();
    const error = new MpregError("closed", "closed", { step: "f" });
    held.call = (_fields, asker) => {
      asker.failed(error);
      return 5;
    };
    const controller = new AbortController();
    const promise = caller.call("f", [], { signal: controller.signal });
    controller.abort();
    expect(await rejection(promise)).toBe(error);
    expect(held.withdrawn).toEqual([]);
  });
});
