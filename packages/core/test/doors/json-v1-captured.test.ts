/**
 * The exchanges captured from the reference: the same frames give the same bytes, and where they do not, it is on
 * purpose and said here.
 */
import { describe, expect, test } from "vitest";
import { FakeHost, utf8 } from "./fake-host.js";

const debugFields = {
  return_intermediate_results: false,
  intermediate_result_callback_topic: null,
  include_execution_summary: false,
  debug_mode: false,
};

function command(name: string, fun: string, args: unknown[], kwargs: object = {}, locs: string[] = []): object {
  return { name, fun, args, kwargs, locs };
}

function rpc(u: string, cmds: object[], debug: object = debugFields): string {
  return JSON.stringify({ role: "rpc", cmds, u, ...debug });
}

const answered = (r: unknown, u: string): string =>
  JSON.stringify({ r, error: null, u, intermediate_results: [], execution_summary: null });

const failed = (error: unknown, u: string): string =>
  JSON.stringify({ r: null, error, u, intermediate_results: [], execution_summary: null });

describe("what the reference answers is answered in the same bytes (Y1)", () => {
  const exchanges: readonly (readonly [title: string, frame: string, reply: string])[] = [
    ["a single call", rpc("01H0HN", [command("echo", "echo", ["hello"])]), answered({ echo: "hello" }, "01H0HN")],
    [
      "several arguments of every JSON type",
      rpc("01H931V", [command("echos", "echos", [1, "two", { three: [3, null, true, 1.5] }])]),
      answered({ echos: [1, "two", { three: [3, null, true, 1.5] }] }, "01H931V"),
    ],
    [
      "two leaves of one root",
      rpc("u", [command("a", "echo", [1]), command("b", "echo", ["a"]), command("c", "echo", ["a"])]),
      answered({ b: 1, c: 1 }, "u"),
    ],
    [
      "resources that are a subset of what the function has",
      rpc("u", [command("train", "train", [1], {}, ["gpu"])]),
      answered({ train: { args: [1], kwargs: {} } }, "u"),
    ],
    [
      "keyword arguments",
      rpc("u", [command("train", "train", [1], { epochs: 2 }, ["model-v2", "gpu"])]),
      answered({ train: { args: [1], kwargs: { epochs: 2 } } }, "u"),
    ],
    [
      "the smallest request that works",
      '{"role": "rpc", "cmds": [{"name": "x", "fun": "echo", "args": [1]}], "u": "u3"}',
      answered({ x: 1 }, "u3"),
    ],
    [
      "fields that are not known",
      '{"role": "rpc", "cmds": [{"name": "x", "fun": "echo", "args": [1], "zzz": 1}], "u": "u5", "zzz": 1}',
      answered({ x: 1 }, "u5"),
    ],
    [
      "a role that is not known",
      '{"role": "martian", "u": "u1"}',
      failed({ code: 1004, message: "Invalid RPC request role: martian", details: null }, "u1"),
    ],
    ["no role", '{"u": "u2"}', failed({ code: 1004, message: "Invalid RPC request role: None", details: null }, "u2")],
    ["STATUS", '{"role": "server", "server": {"what": "STATUS"}, "u": "u6"}', answered("STATUS", "u6")],
  ];

  test.each(exchanges)("%s", (_title, frame, reply) => {
    expect(new FakeHost().exchange(frame)).toBe(reply);
  });

  test("a dependent request of three steps, with fields, inside arrays and objects", () => {
    const frame = rpc("u", [
      command("first", "echo", ["X"]),
      command("second", "wrap", ["first"], {}, ["cpu"]),
      command("third", "echos", ["second", "second.nested.deep", ["first", { k: "second.value" }]]),
    ]);
    const host = new FakeHost();
    const third = [{ value: "X", nested: { deep: "X" } }, "X", ["X", { k: "X" }]];
    expect(host.exchange(frame)).toBe(answered({ third }, "u"));
  });

  test("frames are bytes, however they were sent, and so are the replies", () => {
    const host = new FakeHost();
    const sent: unknown[] = [];
    host.send = (frame) => sent.push(frame);
    host.door.receive(
      utf8.encode('{"role": "rpc", "cmds": [{"name": "x", "fun": "echo", "args": ["ü"]}], "u": "u4"}'),
      0,
    );
    expect(sent).toEqual([utf8.encode(answered({ x: "ü" }, "u4"))]);
  });
});

describe("the debugging fields are answered as the reference answers them", () => {
  const cmds = [command("first", "echo", ["X"]), command("second", "echo", ["first"])];
  // the times are those that the reference took
  const times = {
    totalMs: 0.14519691467285156,
    steps: {
      first: { readyMs: 0, runMs: 0.07224082946777344 },
      second: { readyMs: 0.084, queueMs: 0.023603439331054688 },
    },
  };
  const fields = {
    return_intermediate_results: true,
    intermediate_result_callback_topic: null,
    include_execution_summary: true,
    debug_mode: true,
  };
  const results = [
    {
      request_id: "my-request-id",
      level_index: 0,
      level_results: { first: "X" },
      accumulated_results: { first: "X" },
      total_levels: 2,
      completed_levels: 1,
      timestamp: 1795164200.3148644,
      execution_time_ms: 0.07224082946777344,
    },
    {
      request_id: "my-request-id",
      level_index: 1,
      level_results: { second: "X" },
      accumulated_results: { first: "X", second: "X" },
      total_levels: 2,
      completed_levels: 2,
      timestamp: 1795164200.3149,
      execution_time_ms: 0.023603439331054688,
    },
  ];
  const summary = {
    request_id: "my-request-id",
    total_execution_time_ms: 0.14519691467285156,
    total_levels: 2,
    level_execution_times: [0.07224082946777344, 0.023603439331054688],
    bottleneck_level_index: 0,
    average_level_time_ms: 0.04792213439941406,
    parallel_commands_executed: 2,
    cross_cluster_hops: 0,
  };

  /** `text` with its numbers rounded: the reference's times do not add up to the last digit. */
  const rounded = (text: string): string =>
    JSON.stringify(JSON.parse(text), (_key, value: unknown) =>
      typeof value === "number" ? Number(value.toFixed(4)) : value,
    );

  test.each([
    ["both", true, true],
    ["intermediate results alone", true, false],
    ["the summary alone", false, true],
  ])("%s", (_title, wantsResults, wantsSummary) => {
    const host = new FakeHost({ times, wallMs: 1795164200314.93746 });
    const asked = { return_intermediate_results: wantsResults, include_execution_summary: wantsSummary };
    const expected = {
      r: { second: "X" },
      error: null,
      u: "my-request-id",
      intermediate_results: wantsResults ? results : [],
      execution_summary: wantsSummary ? summary : null,
    };
    const reply = host.exchange(rpc("my-request-id", cmds, { ...fields, ...asked }))!;
    expect(rounded(reply)).toBe(rounded(JSON.stringify(expected)));
  });

  test("debug_mode alone adds nothing, and nothing is measured for it", () => {
    const host = new FakeHost({ times });
    const asked = { ...fields, return_intermediate_results: false, include_execution_summary: false };
    expect(host.exchange(rpc("u", cmds, asked))).toBe(answered({ second: "X" }, "u"));
    expect(host.started[0]!.fields).toMatchObject({ summary: false, outputs: [{ step: 1, path: [] }] });
  });

  test("a request that fails tells no levels", () => {
    const failing = [...cmds, command("third", "boom", ["second"])];
    const { r, error, intermediate_results, execution_summary } = new FakeHost({ times }).ask(failing, fields);
    expect([r, error.code, intermediate_results, execution_summary]).toEqual([null, 1003, [], null]);
  });
});

describe("where the reference loses or garbles something, the answer differs", () => {
  test("a lone step beside a chain is in the answer: the reference drops it (R2)", () => {
    const { r } = new FakeHost().ask([
      command("lone", "echo", [7]),
      command("p", "echo", [1]),
      command("q", "echo", ["p"]),
    ]);
    expect(r).toEqual({ lone: 7, q: 1 });
  });

  test("references in kwargs are references: the referred step is used, and not in the answer", () => {
    const host = new FakeHost();
    const { r } = host.ask([command("p", "echo", [1]), command("q", "add", [], { a: "p", b: 2 }, ["cpu"])]);
    expect(r).toEqual({ q: 3 });
    expect(host.calls.at(-1)).toEqual(["add", { a: 1, b: 2 }]);
  });

  test("a function that nobody offers is 1001, with what we know in the details and no traceback", () => {
    const { r, error, u } = new FakeHost().ask([command("nope", "nope", [1])], { u: "01H" });
    expect({ r, u }).toEqual({ r: null, u: "01H" });
    expect(error).toEqual({
      code: 1001,
      message: 'Cannot call "nope": no node offers it',
      details: { code: "no-provider", step: "nope", node: "entry", outcome: "not-applied" },
    });
  });

  test("resources that no node has are 1001, and the message says which", () => {
    const { error } = new FakeHost().ask([command("inc", "inc", [1], {}, ["gpu"])]);
    expect(error).toMatchObject({ code: 1001, message: 'Cannot call "inc": no node offers it with [gpu]' });
  });

  test("a function that raises is 1003 with its message, step, node and outcome", () => {
    const { error } = new FakeHost().ask([command("b", "boom", [1])]);
    expect(error).toEqual({
      code: 1003,
      message: "boom (1,)",
      details: { code: "handler-error", step: "b", node: "n1", outcome: "applied" },
    });
  });

  test("a cycle is 1003 and names its path", () => {
    const { error } = new FakeHost().ask([command("a", "echo", ["b"]), command("b", "echo", ["a"])]);
    expect(error).toMatchObject({ code: 1003, details: { code: "cycle" } });
    expect(error.message).toContain("a → b → a");
  });

  test("an empty request is 1003 and says so", () => {
    expect(new FakeHost().ask([]).error).toMatchObject({ code: 1003, message: "The request has no step" });
  });

  test("two commands of one name are 1003: the reference runs the last", () => {
    const { error } = new FakeHost().ask([command("a", "echo", [1]), command("a", "echo", [2])]);
    expect(error).toMatchObject({ code: 1003, details: { code: "duplicate-step", step: "a" } });
  });

  test("a path that leads nowhere is 1003: the reference passes the text", () => {
    const host = new FakeHost();
    const { error } = host.ask([command("m", "wrap", [1]), command("x", "echo", ["m.nested.shallow"])]);
    expect(error).toMatchObject({ code: 1003, details: { code: "path-missing", step: "x" } });
    expect(host.calls).toEqual([["wrap", 1]]);
  });

  test.each(["internal-rpc", "internal-answer", "pubsub-gossip", "pubsub-ack", "gossip"])(
    "%s is not for clients: 1004",
    (role) => {
      const reply = failed({ code: 1004, message: `Invalid RPC request role: ${role}`, details: null }, "u7");
      expect(new FakeHost().exchange({ role, u: "u7" })).toBe(reply);
    },
  );

  test("other messages between servers are refused with 1000", () => {
    const reply = new FakeHost().exchange({ role: "server", server: { what: "HELLO", funs: ["echo"] }, u: "u8" });
    expect(reply).toBe(failed({ code: 1000, message: "Invalid server message: HELLO", details: null }, "u8"));
  });
});
