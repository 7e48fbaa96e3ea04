/** Handler note: what one thread writes, as another reads it. */
import { createCodec } from "@mpreg/core/values";
import type { Invocation } from "@mpreg/core/rpc";
import { expect, test } from "vitest";
import { utf8 } from "../../src/capabilities.js";
import { HandlerNote, handlerNoteBytes } from "../../src/watchdog/handler-note.js";

function invocation(fun: string, step: string, request: number): Invocation {
  return {
    id: 1,
    fun,
    version: undefined,
    template: createCodec(utf8).encode([], "args"),
    bound: [],
    startedMs: 0,
    deadlineMs: 1,
    depth: 0,
    request,
    coordinator: "c0ffee",
    step,
    caller: { kind: "self" } as never,
    connection: 0,
    timings: false,
    terms: undefined,
  };
}

test("it reads as the handler that was entered last, until it is left, names cut off at whole characters (N1)", () => {
  const memory = new SharedArrayBuffer(handlerNoteBytes);
  const [written, seen] = [new HandlerNote(memory), new HandlerNote(memory)];
  expect(seen.read()).toBeUndefined();
  written.enter(invocation("classify", "step", 7));
  expect(seen.read()).toEqual({ fun: "classify", step: "step", coordinator: "c0ffee", request: 7 });
  written.leave();
  expect(seen.read()).toBeUndefined();
  written.enter(invocation("f", "step", 2 ** 40));
  expect(seen.read()).toEqual({ fun: "f", step: "step", coordinator: "c0ffee", request: 2 ** 40 });
  written.enter(invocation("ä".repeat(600), "", 8));
  expect(seen.read()).toEqual({ fun: "ä".repeat(512), step: "", coordinator: "c0ffee", request: 8 });
});
