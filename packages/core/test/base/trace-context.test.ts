/** Trace contexts: what travels of a trace, and what does not. */
import { describe, expect, test } from "vitest";
import { checkedTrace, isSampled, packTrace, traceparentOf, unpackTrace } from "../../src/base/index.js";

const fields = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  traceFlags: 1,
  state: "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
};

test("a trace context is what it was when it was packed", () => {
  const trace = packTrace(fields);
  expect(trace).toHaveLength(25 + fields.state.length);
  expect(checkedTrace(trace)).toBe(trace);
  expect(unpackTrace(trace)).toEqual(fields);
  expect(traceparentOf(trace)).toBe("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  expect(unpackTrace(packTrace({ ...fields, state: "" })).state).toBe("");
});

test("every digit of an id travels, in either case", () => {
  const traceId = "0123456789abcdef0123456789ABCDEF";
  const spanId = "f0e1d2c3b4a59687";
  expect(unpackTrace(packTrace({ ...fields, traceId, spanId }))).toEqual({
    ...fields,
    traceId: traceId.toLowerCase(),
    spanId,
  });
});

test.each([
  [0, false],
  [1, true],
  [2, false],
  [255, true],
])("flags %d: sampled is %s, and all of them travel", (traceFlags, sampled) => {
  const trace = packTrace({ ...fields, traceFlags });
  expect(isSampled(trace)).toBe(sampled);
  expect(unpackTrace(trace).traceFlags).toBe(traceFlags);
});

describe("what is no trace context", () => {
  test.each([
    ["nothing", new Uint8Array(0)],
    ["too short", packTrace(fields).subarray(0, 24)],
    ["a trace's id of zeros", packTrace({ ...fields, traceId: "0".repeat(32) })],
    ["a parent's id of zeros", packTrace({ ...fields, spanId: "0".repeat(16) })],
  ])("%s is as if it were not there (C1)", (_what, bytes) => {
    expect(checkedTrace(bytes)).toBeUndefined();
  });

  test.each([
    ["too long", "x".repeat(513)],
    ["of several lines", "a=1\nb=2"],
    ["beyond ASCII", "a=é"],
  ])("a state that is %s is left out, and the ids are not (C2)", (_what, state) => {
    const packed = packTrace({ ...fields, state });
    expect(unpackTrace(packed)).toEqual({ ...fields, state: "" });
    const raw = Uint8Array.of(...packed, ...Array.from(state, (each) => each.charCodeAt(0)));
    expect(unpackTrace(checkedTrace(raw)!)).toEqual({ ...fields, state: "" });
  });

  test("a state of 512 characters travels (C2)", () => {
    const state = "x".repeat(512);
    expect(unpackTrace(checkedTrace(packTrace({ ...fields, state }))!).state).toBe(state);
  });
});
