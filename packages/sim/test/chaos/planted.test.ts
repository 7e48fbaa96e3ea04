/** Each check of chaotic worlds notices the fault it is for: planted in the machine of every node, or in the clients. */
import { MpregError } from "@mpreg/core/base";
import type { NodeInput } from "@mpreg/core/node";
import type { Settled } from "@mpreg/core/rpc";
import { describe, expect, test } from "vitest";
import type { Value } from "@mpreg/core/wire";
import { codec } from "../../src/capabilities/codec.js";
import { type ChaosOptions, type ConnectClient, planChaos, runChaos } from "../../src/index.js";
import { belittled, nothing, withFault } from "../support/faulty.js";
import { connectSession } from "../support/session-client.js";

const worldsMax = 4;
const requests = 60;

/** The guarantees that the first world violates in which the fault does harm, each with its first message. */
async function violated(options: Partial<ChaosOptions>): Promise<Record<string, string>> {
  for (let seed = 1; seed <= worldsMax; seed++) {
    const { violations } = await runChaos(planChaos(seed, requests), { connect: connectSession, ...options });
    if (violations.length === 0) continue;
    return Object.fromEntries(violations.toReversed().map(({ guarantee, message }) => [guarantee, message]));
  }
  return {};
}

/** The real client, of whose ends `change` makes what is told; `undefined`: nothing is. */
function clientWith(change: (settled: Settled) => Settled | undefined, delayMs = 0): ConnectClient {
  return (world, name, nodes) => {
    const client = connectSession(world, name, nodes);
    return {
      get waiting() {
        return client.waiting;
      },
      get connections() {
        return client.connections;
      },
      ask: (ask, onEnd) =>
        client.ask(ask, (settled) => {
          const changed = change(settled);
          if (changed === undefined) return;
          if (delayMs === 0) return onEnd(changed);
          world.after(delayMs, () => {
            onEnd(changed);
          });
        }),
      close: () => {
        client.close();
      },
    };
  };
}

/** Gives every result of a handler to the machine as `change` makes it. */
function machineWith(change: (result: Uint8Array) => Uint8Array | MpregError): Partial<ChaosOptions> {
  const input = (given: NodeInput): NodeInput => {
    if (given.kind !== "invoked" || given.result instanceof MpregError) return given;
    return { ...given, result: change(given.result) };
  };
  return { createMachine: withFault({ input }) };
}

/** Another list in the place of a list; anything else as it is. */
function withList(value: Value | undefined, harm: (list: unknown[]) => unknown[]): Value | undefined {
  if (!(value instanceof Uint8Array)) return value;
  const decoded = codec.decode(value);
  return Array.isArray(decoded) && decoded.length > 1 ? codec.encode(harm(decoded), "list") : value;
}

/** Every `period`-th. */
function every(period: number): () => boolean {
  let count = 0;
  return () => ++count % period === 0;
}

describe("a fault is noticed:", () => {
  test("a request that ends late (E1)", async () => {
    const connect = clientWith((settled) => settled, 21_000);
    expect(await violated({ connect })).toMatchObject({
      "in-time": expect.stringMatching(/ended after \d+ ms; it was/),
    });
  });

  test("a request that never ends (E1)", async () => {
    const isLost = every(20);
    const connect = clientWith((settled) => (isLost() ? undefined : settled));
    expect(await violated({ connect })).toMatchObject({ "in-time": expect.stringContaining("has not ended") });
  });

  test("an idempotent request that fails although its providers live (E2)", async () => {
    const isLost = every(30);
    const options = machineWith((result) =>
      isLost() ? new MpregError("node-lost", "planted", { outcome: "applied" }) : result,
    );
    expect(await violated(options)).toMatchObject({
      "outlives-faults": expect.stringContaining("planted"),
    });
  });

  test("a deadline that is told too early (E3)", async () => {
    const isEarly = every(30);
    const options = machineWith((result) => (isEarly() ? new MpregError("deadline", "planted") : result));
    expect(await violated(options)).toMatchObject({ "true-reasons": expect.stringContaining("ended with deadline") });
  });

  test("a function that nobody is known to offer for as long as the request has time (E4)", async () => {
    const hidden = new MpregError(
      "deadline",
      'The time allowed for "mix" ran out while it waited for a node that offers it',
    );
    const delayMs = 21_000; // else it would be told too early as well (E3)
    const connect = clientWith(() => ({ kind: "failed", error: hidden }), delayMs);
    expect(await violated({ connect })).toMatchObject({
      "true-reasons": expect.stringMatching(/had \d+ ms: .* offers it$/),
    });
  });

  test("a request that ends for what was lost, though all that is large may be made again (E5)", async () => {
    const lost = new MpregError("result-lost", "planted", { outcome: "applied" });
    const connect = clientWith(() => ({ kind: "failed", error: lost }));
    expect(await violated({ connect })).toMatchObject({
      "outlives-faults": expect.stringContaining("may be made again: planted"),
    });
  });

  test("a step of a function that is not idempotent which runs twice (R1)", async () => {
    const createMachine = withFault({
      effects: ({ invoke }) => ({
        invoke: (invocation) => {
          invoke(invocation);
          if (invocation.fun.startsWith("once-")) invoke({ ...invocation, id: invocation.id + 1e6 });
        },
      }),
    });
    expect(await violated({ createMachine })).toMatchObject({ once: expect.stringMatching(/ran on . and on ./) });
  });

  test("what is told to be done and has failed (R2)", async () => {
    const connect = clientWith((settled) =>
      settled.kind === "failed" ? { kind: "answered", value: nothing, summary: undefined } : settled,
    );
    expect(await violated({ connect })).toMatchObject({ "true-runs": expect.stringContaining("told to be done") });
  });

  test("what is told to be not applied and has run (R3)", async () => {
    const connect = clientWith((settled) =>
      settled.kind === "failed" ? { kind: "failed", error: belittled(settled.error) } : settled,
    );
    expect(await violated({ connect })).toMatchObject({
      "true-runs": expect.stringContaining("told to be not applied"),
    });
  });

  test("an answer that is another request's (V1)", async () => {
    let kept: Settled | undefined;
    const connect = clientWith((settled) => {
      if (settled.kind !== "answered") return settled;
      const told = kept ?? settled;
      kept = settled;
      return told;
    });
    expect(await violated({ connect })).toMatchObject({ "right-values": expect.stringMatching(/ for its call, not /) });
  });

  test("an output that is missing (V1)", async () => {
    const connect = clientWith((settled) =>
      settled.kind === "results" ? { ...settled, outputs: settled.outputs.map(() => undefined) } : settled,
    );
    expect(await violated({ connect })).toMatchObject({
      "right-values": expect.stringContaining("though its step is"),
    });
  });

  test("a list of a map that is not in the order of its items, or lacks one (V1)", async () => {
    for (const harm of [(list: unknown[]) => list.toReversed(), (list: unknown[]) => list.slice(1)]) {
      const connect = clientWith((settled) =>
        settled.kind === "results"
          ? { ...settled, outputs: settled.outputs.map((each) => withList(each, harm)) }
          : settled,
      );
      expect(await violated({ connect })).toMatchObject({
        "right-values": expect.stringMatching(/ for output \d+, not /),
      });
    }
  });

  test("an item of a stream that comes twice, and one that does not come (V1)", async () => {
    const isHit = every(10);
    let before: Uint8Array | undefined;
    const input = (given: NodeInput): NodeInput => {
      if (given.kind !== "made") return given;
      const item = isHit() ? (before ?? given.item) : given.item;
      before = given.item;
      return { ...given, item };
    };
    const createMachine = withFault({ input });
    expect(await violated({ createMachine })).toMatchObject({ "right-values": expect.stringContaining(", not ") });
  });

  test("a call of a map that runs twice (R1)", async () => {
    const createMachine = withFault({
      effects: ({ invoke }) => ({
        invoke: (invocation) => {
          invoke(invocation);
          const isOfMap = invocation.step.includes("[");
          if (isOfMap && invocation.fun.startsWith("once-")) invoke({ ...invocation, id: invocation.id + 1e6 });
        },
      }),
    });
    expect(await violated({ createMachine })).toMatchObject({ once: expect.stringMatching(/\/\d+\.\d+ .* and on ./) });
  });

  test("a table that is not empty after quiet (X2)", async () => {
    const createMachine = withFault({ size: (size) => ({ ...size, kept: 1 }) });
    expect(await violated({ createMachine })).toMatchObject({ "empty-tables": expect.stringContaining('"kept"') });
  });
});

test("without a fault the same worlds violate nothing", async () => {
  expect(await violated({})).toEqual({});
});
