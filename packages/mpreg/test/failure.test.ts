import { MpregError } from "@mpreg/core/base";
import picocolors from "picocolors";
import { describe, expect, test } from "vitest";
import { CommandError, failureOf } from "../src/failure.js";
import { failureText } from "../src/render/failure.js";

describe("failures", () => {
  test("what was typed wrong is 2, what a node or the system refuses is 1 (F1)", () => {
    const exitCodeOf = (error: unknown): number => failureOf(error, "run").exitCode;
    expect(exitCodeOf(new MpregError("invalid-argument", "no URL"))).toBe(2);
    expect(exitCodeOf(new MpregError("cycle", "a needs itself"))).toBe(2);
    expect(exitCodeOf(new MpregError("unknown-reference", "no such step", { step: "a", node: "b" }))).toBe(2);
    expect(exitCodeOf(new MpregError("handler-error", "invalid-argument: a handler says so", { node: "b" }))).toBe(1);
    expect(exitCodeOf(new MpregError("invalid-argument", "port in use", { cause: new Error("EADDRINUSE") }))).toBe(1);
    expect(exitCodeOf(new MpregError("deadline", "too slow"))).toBe(1);
    expect(exitCodeOf(new Error("a mistake of ours"))).toBe(1);
  });

  test("the stack of a user's module is told to people without our frames, a mistake of ours with all", () => {
    const cause = new Error("no database");
    cause.stack = `Error: no database\n    at register (file:///app/f.mjs:2:3)\n    at node:internal/x:1:1\n    at f (/x/node_modules/y.js:1:1)`;
    const told = failureOf(new CommandError(1, "register() failed: no database", cause), "start");
    expect(told.stack).toEqual(["    at register (file:///app/f.mjs:2:3)"]);
    expect(failureOf(cause, "start")).toMatchObject({ code: "internal", stack: { length: 3 } });
  });

  test("whoever asks for a queue that cannot be, or is not there, is told what helps at the shell", () => {
    const noDisk = new MpregError("no-provider", 'Cannot place queue "q": no node of the cluster has a disk for it');
    expect(failureOf(noDisk, "queue create").hint).toMatch(/--data-dir DIR.*--setting durable=false/);
    const unknown = new MpregError("unknown-queue", 'No node has a queue "q" just now');
    expect(failureOf(unknown, "queue send").hint).toMatch(/mpreg queue list.*mpreg nodes --all.*mpreg queue create/);
    expect(failureOf(new MpregError("no-provider", 'Cannot call "f"'), "call").hint).toBeUndefined();
  });

  test("people are told what failed, where, and what it left behind", () => {
    const error = new MpregError("node-lost", "The link broke", { step: "clean", node: "etl", outcome: "unknown" });
    expect(failureText(failureOf(error, "run"), picocolors.createColors(false))).toBe(
      'mpreg: The link broke\n  node-lost, step "clean", node "etl", whether it took effect is unknown',
    );
  });
});
