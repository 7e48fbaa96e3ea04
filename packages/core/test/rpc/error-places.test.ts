/**
 * Where errors say that they happened: what is found before anything is sent, and what comes back without a place. On
 * which node a step failed is shown where steps run (`requests.test.ts`, `capacity.test.ts`).
 */
import { describe, expect, test } from "vitest";
import { MpregError } from "../../src/base/index.js";
import type { Caller, PlainStep, RunOptions } from "../../src/rpc/index.js";
import { createHeld, rejection } from "../support/asking.js";

const step = (name: string, ...args: readonly unknown[]): PlainStep => ({ name, fun: "f", args });
const aborted = { signal: AbortSignal.abort() };

async function runOf(caller: Caller, args: readonly unknown[], options?: RunOptions): Promise<unknown> {
  const graph = caller.graph();
  graph.call("f", args, { name: "first" });
  return graph.run(undefined, { ...options, onError: "fail" });
}

describe("what the caller's side finds has the node it is connected to, and the step (A3)", () => {
  test.each<[string, (caller: Caller) => Promise<unknown>, { readonly code: string; readonly step?: string }]>([
    ["two steps of one name", (c) => c.request([step("a"), step("a")]), { code: "duplicate-step", step: "a" }],
    [
      "two steps of one name in a graph",
      async (caller) => {
        const graph = caller.graph();
        graph.call("f", [], { name: "a" });
        graph.call("g", [], { name: "a" });
      },
      { code: "duplicate-step", step: "a" },
    ],
    ["an unknown reference", (c) => c.request([step("a", { $ref: "b" })]), { code: "unknown-reference", step: "a" }],
    ["a cycle", (c) => c.request([step("a", { $ref: "a" })]), { code: "cycle", step: "a" }],
    ["arguments that cannot be sent, of a call", (c) => c.call("f", [() => 1]), { code: "not-encodable", step: "f" }],
    ["those of a request", (c) => c.request([step("a", () => 1)]), { code: "not-encodable", step: "a" }],
    ["those of a graph", (c) => runOf(c, [() => 1]), { code: "not-encodable", step: "first" }],
    [
      "a reference of another graph",
      (c) => runOf(c, [createHeld().caller.graph().call("g")]),
      { code: "invalid-argument", step: "first" },
    ],
    ["an option of a call", (c) => c.call("f", [], { timeoutMs: 0 }), { code: "invalid-argument", step: "f" }],
    [
      "an option of a step",
      async (c) => c.graph().call("f", [], { name: "a", timeoutMs: 0 }),
      { code: "invalid-argument", step: "a" },
    ],
    ["a step that is none", async (c) => c.graph().call("f", "x" as never), { code: "invalid-argument", step: "f" }],
    ["a call that was cancelled before", (c) => c.call("f", [], aborted), { code: "cancelled", step: "f" }],
  ])("%s", async (_what, attempt, expected) => {
    const { caller } = createHeld({ nodeName: "entry" });
    expect(await rejection(attempt(caller))).toMatchObject({ ...expected, node: "entry", outcome: "not-applied" });
  });
});

describe("what concerns a whole request has no step (A3)", () => {
  test.each<[string, (caller: Caller) => Promise<unknown>, string]>([
    ["no step at all", (c) => c.request([]), "empty-request"],
    ["an option", (c) => c.request([step("a")], { timeoutMs: 0 }), "invalid-argument"],
    ["an option of a graph", (c) => runOf(c, [], { timeoutMs: 0 }), "invalid-argument"],
    ["an output that is no step", (c) => c.request([step("a")], { outputs: ["b"] }), "unknown-reference"],
    ["cancelling it", (c) => runOf(c, [], aborted), "cancelled"],
    ["a function without a name", (c) => c.call(""), "invalid-argument"],
  ])("%s", async (_what, attempt, code) => {
    const { caller } = createHeld({ nodeName: "entry" });
    const error = await rejection(attempt(caller));
    expect(error).toMatchObject({ code, node: "entry", outcome: "not-applied" });
    expect((error as MpregError).step).toBeUndefined();
  });
});

describe("a failure that comes back", () => {
  test("without a place has that of the call and of the node that sent it (A3)", async () => {
    const { held, caller } = createHeld({ nodeName: "entry" });
    const failing = caller.call("f");
    held.last.failed(new MpregError("closed", "The node closes", { outcome: "unknown" }));
    expect(await rejection(failing)).toMatchObject({ code: "closed", step: "f", node: "entry", outcome: "unknown" });
  });

  test("with a place keeps it", async () => {
    const { held, caller } = createHeld({ nodeName: "entry" });
    const failing = caller.request([step("a")]);
    const error = new MpregError("handler-error", "boom", { step: "a", node: "worker", outcome: "applied" });
    held.last.failed(error);
    expect(await rejection(failing)).toBe(error);
  });

  test("is the caller's own word that it cancelled, with a place too (A3)", async () => {
    const { caller } = createHeld({ nodeName: "entry" });
    const controller = new AbortController();
    const failing = caller.call("f", [], { signal: controller.signal });
    controller.abort(new Error("enough"));
    expect(await rejection(failing)).toMatchObject({ code: "cancelled", step: "f", node: "entry", outcome: "unknown" });
  });

  test("because its answer cannot be read has a place too (A3)", async () => {
    const { held, caller } = createHeld({ nodeName: "entry" });
    const failing = caller.call("f");
    held.last.answered(Uint8Array.of(0xc1), undefined, undefined);
    expect(await rejection(failing)).toMatchObject({ code: "malformed", step: "f", node: "entry", outcome: "applied" });
  });
});
