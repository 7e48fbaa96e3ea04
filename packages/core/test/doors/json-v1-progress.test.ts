/** The intermediate results of requests of the JSON protocol, published while they run. */
import { describe, expect, test } from "vitest";
import type { Action, Policy } from "../../src/base/index.js";
import { Levels } from "../../src/doors/json-v1-levels.js";
import { LevelProgress, keptBytesMax } from "../../src/doors/json-v1-progress.js";
import type { LevelResults } from "../../src/program/index.js";
import { FakeHost, type FakeHostOptions, type Reply } from "./fake-host.js";

const command = (name: string, fun: string, args: unknown[]) => ({ name, fun, args, kwargs: {}, locs: [] });

const cmds = [command("first", "echo", ["X"]), command("lone", "echo", [7]), command("second", "echo", ["first"])];

/** Steps of the fake take 1 ms each, one after the other; its wall clock stands still. */
const levels = [
  {
    request_id: "01H",
    level_index: 0,
    level_results: { first: "X", lone: 7 },
    accumulated_results: { first: "X", lone: 7 },
    total_levels: 2,
    completed_levels: 1,
    timestamp: 1_000,
    execution_time_ms: 2,
  },
  {
    request_id: "01H",
    level_index: 1,
    level_results: { second: "X" },
    accumulated_results: { first: "X", lone: 7, second: "X" },
    total_levels: 2,
    completed_levels: 2,
    timestamp: 1_000,
    execution_time_ms: 1,
  },
];

interface Frame {
  readonly role?: string;
  readonly message?: { readonly topic: string; readonly payload: unknown; readonly message_id: string };
}

function hostOf(pattern: string, options: FakeHostOptions = {}): FakeHost {
  const host = new FakeHost({ wallMs: 1_000_000, ...options });
  const subscription = { subscription_id: "s", patterns: [{ pattern }], get_backlog: false };
  host.exchange({ role: "pubsub-subscribe", subscription, u: "s" });
  host.replies.length = 0;
  return host;
}

function frames(host: FakeHost): Frame[] {
  return host.replies.map((reply) => JSON.parse(reply) as Frame);
}

function payloads(host: FakeHost): Record<string, unknown>[] {
  const messages = frames(host).flatMap(({ message }) => (message === undefined ? [] : [message]));
  return messages.map(({ payload }) => payload as Record<string, unknown>);
}

const asking = (topic: unknown, all: unknown = cmds, fields: object = {}) => {
  return { role: "rpc", u: "01H", cmds: all, intermediate_result_callback_topic: topic, ...fields };
};

function answer(host: FakeHost): Reply {
  return JSON.parse(host.replies.at(-1)!) as Reply;
}

describe("a topic for intermediate results", () => {
  test.each(["my.progress", "mpreg.rpc.request.01H", "mpreg.rpc.request.01H.progress", "mpreg.rpc.request.01H.a.b"])(
    "%s gets each level with the fields of the reply's entries, in order, before the reply (C1, C2)",
    (topic) => {
      const host = hostOf(topic);
      host.exchange(asking(topic));
      expect(payloads(host)).toEqual(levels);
      const ids = frames(host).map(({ message }) => message?.message_id);
      expect(ids.map((id) => typeof id)).toEqual(["string", "string", "undefined"]);
      expect(ids[0]).not.toBe(ids[1]);
      expect(host.replies[2]).toBe(
        '{"r":{"lone":7,"second":"X"},"error":null,"u":"01H","intermediate_results":[],"execution_summary":null}',
      );
    },
  );

  test("the reply tells what it is asked for, all the same", () => {
    const host = hostOf("t");
    host.exchange(asking("t", cmds, { return_intermediate_results: true, include_execution_summary: true }));
    const { intermediate_results: told, execution_summary: summary, notices } = answer(host);
    expect([told.length, summary?.["total_levels"], notices]).toEqual([2, 2, undefined]);
    expect(payloads(host).length).toBe(2);
  });

  test("the levels of a request that fails come as far as it got", () => {
    const host = hostOf("t");
    host.exchange(asking("t", [...cmds, command("third", "boom", ["second"])]));
    expect(payloads(host).map(({ completed_levels: done, total_levels: all }) => [done, all])).toEqual([
      [1, 3],
      [2, 3],
    ]);
    expect(answer(host).error.code).toBe(1003);
  });

  test("an empty text names none, as in the reference", () => {
    const host = hostOf("#");
    host.exchange(asking(""));
    expect([payloads(host), host.started[0]!.fields.watch === true]).toEqual([[], false]);
  });

  test("without one, nothing is followed", () => {
    const host = hostOf("#");
    host.exchange(asking(null));
    expect([payloads(host), host.started[0]!.fields.watch === true]).toEqual([[], false]);
  });
});

test("a level waits for those below it, and tells its own times (C1)", () => {
  const host = hostOf("t", { hold: true });
  host.exchange(asking("t"));
  const told: LevelResults[] = [];
  let nowMs = 0;
  const progress = new LevelProgress(
    {
      u: "01H",
      topic: "t",
      levels: new Levels(host.started[0]!.fields),
      toldBytesMax: 1_000,
      kept: { left: 1_000 },
      publish: (_topic, level) => told.push(level),
    },
    { codec: host.codec, nowMs: () => nowMs, wallMs: () => 1_000_000 + nowMs },
  );
  const tell = (atMs: number, kind: "step-ready" | "result-available", step: string): void => {
    nowMs = atMs;
    progress.event(
      { kind, step, node: "n", bytes: 1 },
      kind === "step-ready" ? undefined : host.codec.encode(step, ""),
    );
  };
  tell(0, "step-ready", "first");
  tell(0, "step-ready", "lone");
  tell(1, "result-available", "first");
  tell(1, "step-ready", "second");
  tell(3, "result-available", "second");
  expect(told).toEqual([]);
  tell(7, "result-available", "lone");
  tell(8, "result-available", "lone"); // made again
  expect(told.map(({ level_index: index, timestamp, execution_time_ms: ms }) => [index, timestamp, ms])).toEqual([
    [0, 1_000.007, 7],
    [1, 1_000.003, 2],
  ]);
});

describe("what may be named", () => {
  test.each([
    ["of another request", "mpreg.rpc.request.01X.progress", "01H"],
    ["beginning as its own", "mpreg.rpc.request.01HX", "01H"],
    ["of the cluster", "mpreg.cluster.member.lost", "01H"],
    ["all of it", "mpreg", "01H"],
    ["of a request that a node has numbered", "mpreg.rpc.request.0123abcd-4z.finished", "0123abcd-4z"],
    ["made of a u of several words", "mpreg.rpc.request.0123abcd-4z.finished", "0123abcd-4z.finished"],
    ["of no request", "mpreg.rpc.request.", ""],
  ])("a reserved topic %s is refused, and nothing runs", (_title, topic, u) => {
    const host = hostOf("mpreg.#");
    host.exchange({ ...asking(topic), u });
    const { error } = answer(host);
    expect(error).toMatchObject({ code: 1003, details: { code: "denied", outcome: "not-applied", node: "entry" } });
    expect([host.started.length, payloads(host)]).toEqual([0, []]);
  });

  test("a topic with a wildcard is refused, and nothing runs", () => {
    const host = hostOf("#");
    host.exchange(asking("my.*"));
    expect([answer(host).error.details, host.started.length]).toMatchObject([{ code: "invalid-argument" }, 0]);
  });

  test("the policy decides, for topics of both kinds", () => {
    const asked: Action[] = [];
    const policy: Policy = (_subject, action) => {
      if (action.kind === "publish") asked.push(action);
      return action.kind === "publish" ? { allow: false, reason: "not you" } : { allow: true };
    };
    for (const topic of ["t", "mpreg.rpc.request.01H"]) {
      const host = hostOf(topic, { policy });
      host.exchange(asking(topic));
      expect(answer(host).error.message).toBe(`Cannot publish to "${topic}": not you`);
      expect(host.started.length).toBe(0);
    }
    expect(asked.map((action) => action.kind === "publish" && action.topic)).toEqual(["t", "mpreg.rpc.request.01H"]);
  });
});

describe("what is not told", () => {
  test("a result that is large is named in the level's notices, and in those after it (C2)", () => {
    const host = hostOf("t");
    host.exchange(
      asking("t", [
        command("a", "echo", ["x".repeat(20_000)]),
        command("b", "inc", [1]),
        command("c", "echos", ["a.length", "b"]),
      ]),
    );
    const [first, second] = payloads(host);
    const notices = [
      'The results of "a" are not told: they are streams, larger than 16384 bytes, or more than is told of one request; ' +
        "return_intermediate_results puts them into the reply",
    ];
    expect(first).toMatchObject({ level_results: { b: 2 }, accumulated_results: { b: 2 }, notices });
    expect(second).toMatchObject({ accumulated_results: { b: 2, c: [20_000, 2] }, notices });
  });

  test("what all requests of a connection keep is bounded, and given back (C3)", () => {
    const host = hostOf("t");
    const text = "x".repeat(16_000);
    const many = Array.from({ length: 300 }, (_, at) => command(`s${at}`, "echo", [text]));
    const told = (): number => Object.keys(payloads(host).at(-1)?.["level_results"] as object).length;
    host.exchange(asking("t", many));
    expect(told()).toBe(Math.floor(keptBytesMax / 16_003));
    host.exchange(asking("t", [command("s", "echo", [text])]));
    expect(told()).toBe(1);
  });

  test("what one request tells is bounded: levels after that have no results (C3)", () => {
    const host = hostOf("t", { limits: { messageBytesMax: 40_000 } });
    const chain = Array.from({ length: 4 }, (_, at) =>
      command(`s${at}`, "echo", [at === 0 ? "x".repeat(9_000) : `s${at - 1}`]),
    );
    host.exchange(asking("t", chain));
    expect(payloads(host).map(({ accumulated_results: all }) => Object.keys(all as object))).toEqual([
      ["s0"],
      [],
      [],
      [],
    ]);
    expect(payloads(host).at(-1)).toMatchObject({ completed_levels: 4 });
    expect(answer(host).r).toEqual({ s3: "x".repeat(9_000) });
  });

  test("a level that cannot be published costs no answer: a notice says so (C4)", () => {
    let publishes = 0;
    const policy: Policy = (_subject, { kind }) => {
      if (kind === "publish") publishes += 1;
      return kind === "publish" && publishes > 1 ? { allow: false, reason: "enough" } : { allow: true };
    };
    for (const topic of ["t", "mpreg.rpc.request.01H"]) {
      publishes = 0;
      const host = hostOf(topic, { policy });
      host.exchange(asking(topic));
      const { r, notices } = answer(host);
      expect(r).toEqual({ lone: 7, second: "X" });
      expect(notices).toEqual([
        `2 of 2 levels could not be published on "${topic}": Cannot publish to "${topic}": enough`,
      ]);
    }
  });
});
