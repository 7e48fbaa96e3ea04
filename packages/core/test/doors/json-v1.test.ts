import { describe, expect, test } from "vitest";
import { MpregError } from "../../src/base/index.js";
import { LeftBehind } from "../../src/rpc/left.js";
import { FakeHost, utf8 } from "./fake-host.js";

const echo = (u: string, value: unknown): object => ({
  role: "rpc",
  u,
  cmds: [{ name: "x", fun: "echo", args: [value] }],
});
const answer = (u: string, value: unknown): string =>
  JSON.stringify({ r: { x: value }, error: null, u, intermediate_results: [], execution_summary: null });

describe("requests of one connection", () => {
  test("run side by side and are answered as they end, told apart by u", () => {
    const host = new FakeHost({ hold: true });
    for (const u of ["1", "2", "3"]) expect(host.exchange(echo(u, u))).toBeUndefined();
    for (const at of [1, 2, 0]) host.started[at]!.finish();
    expect(host.replies).toEqual([answer("2", "2"), answer("3", "3"), answer("1", "1")]);
  });

  test("may share a u: each gets its answer", () => {
    const host = new FakeHost({ hold: true });
    host.exchange(echo("u", 1));
    host.exchange(echo("u", 2));
    for (const at of [1, 0]) host.started[at]!.finish();
    expect(host.replies).toEqual([answer("u", 2), answer("u", 1)]);
  });

  test("are answered once, whatever the host says after that (G1)", () => {
    const host = new FakeHost({ hold: true });
    host.exchange(echo("u", 1));
    host.started[0]!.finish();
    host.started[0]!.finish();
    expect(host.replies).toEqual([answer("u", 1)]);
  });

  test("may end before the host returns: with an answer, or with an error before anything runs", () => {
    const host = new FakeHost();
    expect(host.exchange(echo("1", 1))).toBe(answer("1", 1));
    host.request = (_ask, asker) => {
      asker.failed(new MpregError("deadline", "The time allowed ran out", { outcome: "unknown", step: "x" }));
    };
    expect(JSON.parse(host.exchange(echo("2", 2))!)).toMatchObject({
      u: "2",
      error: { code: 1003, details: { code: "deadline", step: "x", node: "entry", outcome: "unknown" } },
    });
  });

  test("ask for nothing that the protocol cannot say: the node's own deadline, no waiting, no settling", () => {
    const host = new FakeHost();
    host.exchange(echo("1", 1));
    expect(host.started[0]!.fields).toMatchObject({
      timeoutMs: 0,
      waitForCapacityMs: 0,
      settle: false,
      summary: false,
    });
  });

  test("are refused beyond asksMax until others have ended (G4)", () => {
    const host = new FakeHost({ hold: true, asksMax: 2 });
    host.exchange(echo("1", 1));
    host.exchange(echo("2", 2));
    expect(JSON.parse(host.exchange(echo("3", 3))!)).toMatchObject({
      u: "3",
      error: { code: 1003, details: { code: "overloaded", outcome: "not-applied" } },
    });
    host.started[0]!.finish();
    expect(host.exchange(echo("4", 4))).toBeUndefined();
    expect(host.started).toHaveLength(3);
  });
});

describe("the end of the connection", () => {
  test("abandons all that waits, and nothing is sent or read any more (G1) (G3)", () => {
    const host = new FakeHost({ hold: true });
    for (const u of ["1", "2", "3"]) host.exchange(echo(u, u));
    host.started[0]!.finish();
    host.door.closed(0);
    expect(host.started.map(({ isAbandoned }) => isAbandoned)).toEqual([false, true, true]);
    host.exchange(echo("4", 4));
    expect(host.started).toHaveLength(3);
    expect(host.replies).toEqual([answer("1", "1")]);
  });

  test("abandons what waits also when it is the door that ends it (G3)", () => {
    const host = new FakeHost({ hold: true });
    host.exchange(echo("1", 1));
    host.exchange("{nope");
    expect(host.started[0]!.isAbandoned).toBe(true);
    expect(host.closedWith).toBeDefined();
  });

  test("abandons what handlers have left behind for requests that were answered (G3)", () => {
    const host = new FakeHost();
    const left = new LeftBehind();
    let isAbandoned = false;
    left.add({ abandon: () => (isAbandoned = true), keptBy: () => undefined });
    host.request = (_ask, asker) => {
      left.handOn(asker);
      asker.results([host.codec.encode(1, "1")], undefined, undefined);
    };
    host.exchange(echo("1", 1));
    expect([host.replies.length, isAbandoned]).toEqual([1, false]);
    host.door.closed(0);
    expect(isAbandoned).toBe(true);
  });

  test("silences a request that ends in spite of being abandoned (G1)", () => {
    const host = new FakeHost();
    let end: (() => void) | undefined;
    host.request = (_ask, asker) => {
      end = () => {
        asker.results([utf8.encode("\u0001")], undefined, undefined);
      };
    };
    host.exchange(echo("1", 1));
    host.door.closed(0);
    end?.();
    expect(host.replies).toEqual([]);
  });
});

test("a result whose bytes are no value is 1003, not a broken connection", () => {
  const host = new FakeHost();
  host.request = (_ask, asker) => {
    asker.results([Uint8Array.of(0xc1)], undefined, undefined);
  };
  expect(JSON.parse(host.exchange(echo("1", 1))!).error).toMatchObject({
    code: 1003,
    details: { code: "malformed", step: "x", node: "entry", outcome: "applied" },
  });
});
