/** Each checker notices the fault it is for: a fault is planted in the machine of every node. */
import { MpregError } from "@mpreg/core/base";
import type { NodeInput } from "@mpreg/core/node";
import { describe, expect, test } from "vitest";
import { runSeed } from "../../src/index.js";
import { type Fault, belittled, isAnswer, nothing, withFault } from "../support/faulty.js";

const seedsMax = 60;

/** What the first world violates in which the fault does harm. */
async function firstViolation(fault: Fault, from?: number): Promise<string> {
  for (let seed = 1; seed <= seedsMax; seed++) {
    const { violations } = await runSeed(seed, { createMachine: withFault(fault, from) });
    const [first] = violations;
    if (first !== undefined) return `${first.guarantee}: ${first.message}`;
  }
  return `nothing in ${seedsMax} worlds`;
}

describe("a fault is noticed:", () => {
  test("an answer that is sent twice (A1)", async () => {
    const fault: Fault = {
      effects: ({ send }) => ({
        send: (link, frame) => {
          if (isAnswer(frame, "answer", "failure", "results")) send(link, frame);
          return send(link, frame);
        },
      }),
    };
    expect(await firstViolation(fault)).toMatch(/^one-answer: .* which is not open/);
  });

  test("an answer that is not sent (A2)", async () => {
    const fault: Fault = {
      effects: ({ send }) => ({ send: (link, frame) => (isAnswer(frame, "results") ? 0 : send(link, frame)) }),
    };
    expect(await firstViolation(fault)).toMatch(/^one-answer: .* has no answer/);
  });

  test("a deadline that comes ten times too late (A3)", async () => {
    expect(await firstViolation({ slowness: 10 })).toMatch(/^one-answer: .* was answered after/);
  });

  test("a step that is started twice (S1)", async () => {
    const fault: Fault = {
      effects: ({ invoke }) => ({
        invoke: (invocation) => {
          invoke(invocation);
          invoke({ ...invocation, id: invocation.id + 1e6 });
        },
      }),
    };
    expect(await firstViolation(fault)).toMatch(/^started-once: step .* was started twice/);
  });

  test("a result that goes to another call (T1)", async () => {
    let kept: Uint8Array | undefined;
    const fault: Fault = {
      input: (input) => {
        if (input.kind !== "invoked" || input.result instanceof MpregError) return input;
        const result = kept ?? input.result;
        kept = input.result;
        return { ...input, result };
      },
    };
    expect(await firstViolation(fault)).toMatch(/^true-results: .* (got|ended with path-missing) /);
  });

  test("a failure that is told as success (T2)", async () => {
    expect(await firstViolation({ input: onFailure(() => nothing) })).toMatch(/^true-results: /);
  });

  test("an effect that is denied (T3)", async () => {
    expect(await firstViolation({ input: onFailure(belittled) })).toMatch(
      /^true-results: .* was told to be not applied/,
    );
  });

  test("an error that nothing explains (T4)", async () => {
    const unexplained = (): MpregError => new MpregError("malformed", "no reason", { outcome: "unknown" });
    expect(await firstViolation({ input: onFailure(unexplained) })).toMatch(/^true-results: .* ended with malformed/);
  });

  test("a handler that is not told to stop (K1)", async () => {
    expect(await firstViolation({ effects: () => ({ abort: () => undefined }) })).toMatch(
      /^work-stops: .* was not told to stop/,
    );
  });

  test("a table entry that stays (E1)", async () => {
    const fault: Fault = { size: (size) => ({ ...size, requests: size.requests + 1 }) };
    expect(await firstViolation(fault)).toMatch(/^empty-tables: .* "requests"/);
  });

  test("a node that no longer dials (M1)", async () => {
    expect(await firstViolation({ effects: () => ({ dial: () => undefined }) }, 0)).toMatch(
      /^full-mesh: .* knows 1 nodes/,
    );
  });

  test("a connection that is not closed (M2)", async () => {
    expect(await firstViolation({ effects: () => ({ close: () => undefined }) })).toMatch(/^full-mesh: .* connections/);
  });

  test("a removal that is not announced (C1)", async () => {
    const fault: Fault = { input: (input) => (input.kind === "unregister" ? undefined : input) };
    expect(await firstViolation(fault)).toMatch(/^same-catalog: .* believes in "passing-/);
  });

  test("a frame on a link that is not open (V2)", async () => {
    const fault: Fault = { effects: ({ send }) => ({ send: (link, frame) => send(link + 1_000, frame) }) };
    expect(await firstViolation(fault)).toMatch(/^links-are-used-while-open: /);
  });

  test("an ask that is settled twice (V2)", async () => {
    const fault: Fault = {
      effects: ({ settle }) => ({
        settle: (ticket, settled) => {
          settle(ticket, settled);
          settle(ticket, settled);
        },
      }),
    };
    expect(await firstViolation(fault)).toMatch(/^asks-end-once: /);
  });

  test("a machine that throws", async () => {
    const fault: Fault = {
      effects: () => ({
        invoke: () => {
          throw new Error("planted");
        },
      }),
    };
    expect(await firstViolation(fault)).toMatch(/^machine-runs: Node "." threw: Error: planted/);
  });
});

describe("without a fault", () => {
  test("the same worlds violate nothing", async () => {
    expect(await firstViolation({})).toBe(`nothing in ${seedsMax} worlds`);
  }, 300_000);
});

/** Changes the error of every handler that has failed. */
function onFailure(change: (error: MpregError) => MpregError | Uint8Array): NonNullable<Fault["input"]> {
  return (input: NodeInput) => {
    if (input.kind !== "invoked" || !(input.result instanceof MpregError)) return input;
    return { ...input, result: change(input.result) };
  };
}
