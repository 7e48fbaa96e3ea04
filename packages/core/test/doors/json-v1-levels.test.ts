/** Levels of a machine that has none: what `intermediate_results` and `execution_summary` say. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FakeHost, type FakeHostOptions, type Reply, type Times } from "./fake-host.js";

const wanted = { return_intermediate_results: true, include_execution_summary: true };
const step = (name: string, ...args: unknown[]): object => ({ name, fun: "echos", args });

function ask(cmds: readonly object[], options: FakeHostOptions = {}): Reply {
  return new FakeHost(options).ask(cmds, wanted);
}

/** The names in the results of each level. */
function levelsOf(cmds: readonly object[]): string[][] {
  return ask(cmds).intermediate_results.map(({ level_results }) => Object.keys(level_results));
}

describe("a level", () => {
  test("is the steps of one dependency depth, in the order of the commands (V1)", () => {
    expect(levelsOf([step("d", "b", "a"), step("b", "a"), step("a"), step("c", "a"), step("lone")])).toEqual([
      ["a", "lone"],
      ["b", "c"],
      ["d"],
    ]);
  });

  test("is that of the longest way when there are several (V1)", () => {
    expect(levelsOf([step("a"), step("b", "a"), step("c", "b"), step("d", "a", "c"), step("e", "a")])).toEqual([
      ["a"],
      ["b", "e"],
      ["c"],
      ["d"],
    ]);
  });

  test("of a request of one command is the only one", () => {
    const { r, intermediate_results, execution_summary } = ask([step("x", 1)]);
    expect(r).toEqual({ x: [1] });
    expect(intermediate_results).toMatchObject([{ level_results: { x: [1] }, accumulated_results: { x: [1] } }]);
    expect(execution_summary).toMatchObject({ total_levels: 1, parallel_commands_executed: 1 });
  });

  test("counts references in kwargs, and several references to one command once", () => {
    const cmds = [step("a"), { name: "b", fun: "echo", kwargs: { x: ["a", "a.0", "a"] } }];
    expect(new FakeHost({ functions: { echos: () => [1] } }).ask(cmds, wanted).intermediate_results).toHaveLength(2);
  });
});

test("whatever the graph, each step is told in the level of its longest way, and r has what no step uses (V1)", () => {
  const graphs = fc
    .array(fc.array(fc.nat(20), { maxLength: 4 }), { minLength: 1, maxLength: 20 })
    .map((uses) => uses.map((picks, at) => [...new Set(picks)].filter((used) => used < at)))
    .chain((uses) =>
      fc.shuffledSubarray([...uses.keys()], { minLength: uses.length }).map((order) => ({ uses, order })),
    );
  fc.assert(
    fc.property(graphs, ({ uses, order }) => {
      const depthOf = (at: number): number => Math.max(-1, ...uses[at]!.map(depthOf)) + 1;
      const { r, intermediate_results } = ask(
        order.map((at) => step(`s${at}`, ...uses[at]!.map((used) => `s${used}`))),
      );
      const levels = intermediate_results.map(({ level_results }) => Object.keys(level_results));
      const depths = order.map((at) => depthOf(at));
      const expected = levels.map((_, level) => order.filter((_at, i) => depths[i] === level).map((at) => `s${at}`));
      expect(levels).toEqual(expected);
      expect(levels.length).toBe(Math.max(...depths) + 1);
      const used = new Set(uses.flat());
      expect(Object.keys(r as object)).toEqual(order.filter((at) => !used.has(at)).map((at) => `s${at}`));
      expect(Object.keys(intermediate_results.at(-1)!.accumulated_results)).toEqual(levels.flat());
    }),
  );
});

describe("intermediate results", () => {
  const chain = [step("a", 1), step("b", "a"), step("side", 2), step("c", "b")];

  test("hold the results of all steps, while r has those that no step uses", () => {
    const { r, intermediate_results } = ask(chain);
    expect(r).toEqual({ side: [2], c: [[[1]]] });
    expect(intermediate_results.map(({ level_results }) => level_results)).toEqual([
      { a: [1], side: [2] },
      { b: [[1]] },
      { c: [[[1]]] },
    ]);
    expect(intermediate_results.map(({ accumulated_results }) => accumulated_results)).toEqual([
      { a: [1], side: [2] },
      { a: [1], side: [2], b: [[1]] },
      { a: [1], side: [2], b: [[1]], c: [[[1]]] },
    ]);
  });

  test("count the levels, and say whose they are, whatever its u is", () => {
    const reply = new FakeHost().ask(chain, { ...wanted, u: 'a"\ud800\n' });
    expect(reply.intermediate_results).toMatchObject(
      [0, 1, 2].map((index) => ({
        request_id: 'a"\ud800\n',
        level_index: index,
        completed_levels: index + 1,
        total_levels: 3,
      })),
    );
    expect(reply.execution_summary).toMatchObject({ request_id: 'a"\ud800\n' });
  });

  test("have any names and values, in their order, as r has them", () => {
    const functions = { give: () => new Map([["n", 2n ** 60n]]) };
    const host = new FakeHost({ functions });
    const cmds = ["b", "10", "__proto__"].map((name) => ({ name, fun: "give" }));
    const reply = host.exchange({ role: "rpc", u: "q", cmds, ...wanted });
    const results =
      '{"b":{"n":1152921504606846976},"10":{"n":1152921504606846976},"__proto__":{"n":1152921504606846976}}';
    expect(reply).toContain(`{"r":${results},`);
    expect(reply).toContain(`"level_results":${results},"accumulated_results":${results},`);
  });

  test("that cannot be told as JSON fail the request, which has then run", () => {
    const cmds = [{ name: "big", fun: "big" }, step("b", "big.0")];
    const functions = { big: () => [1, 2n ** 70n] };
    expect(new FakeHost({ functions }).ask(cmds).r).toEqual({ b: [1] });
    const { r, error, intermediate_results } = ask(cmds, { functions });
    expect([r, intermediate_results]).toEqual([null, []]);
    expect(error).toMatchObject({ code: 1003, details: { code: "not-encodable", step: "big", outcome: "applied" } });
  });
});

describe("times", () => {
  const cmds = [step("a"), step("slow"), step("b", "a"), step("c", "b", "slow")];
  // as measured: `b` starts long before `slow` of the level below has ended
  const times: Times = {
    totalMs: 100,
    steps: {
      a: { readyMs: 1, queueMs: 1, runMs: 3 },
      slow: { readyMs: 1, queueMs: 0.5, networkMs: 8, runMs: 50, node: "other" },
      b: { readyMs: 5, runMs: 15 },
      c: { readyMs: 59.5, queueMs: 2, networkMs: 0.25, runMs: 30, node: "other" },
    },
  };
  const told = ask(cmds, { times, wallMs: 1_000_100 });

  test("of a level go from when its first step had its inputs to its last result; levels overlap (V2)", () => {
    expect(told.intermediate_results.map((level) => level.execution_time_ms)).toEqual([58.5, 15, 32.25]);
    expect(told.execution_summary).toMatchObject({ level_execution_times: [58.5, 15, 32.25] });
  });

  test("when a level was complete is told by the wall clock, in seconds (V2)", () => {
    expect(told.intermediate_results.map(({ timestamp }) => timestamp)).toEqual([1000.0595, 1000.02, 1000.09175]);
  });

  test("of the whole request are its own, not the sum of the levels'", () => {
    expect(told.execution_summary).toMatchObject({
      total_execution_time_ms: 100,
      bottleneck_level_index: 0,
      average_level_time_ms: (58.5 + 15 + 32.25) / 3,
    });
  });

  test("the bottleneck is the first of the longest levels", () => {
    const steps = { a: { runMs: 1 }, b: { readyMs: 1, runMs: 7 }, c: { readyMs: 8, runMs: 7 } };
    const chain = [step("a"), step("b", "a"), step("c", "b")];
    expect(ask(chain, { times: { totalMs: 15, steps } }).execution_summary).toMatchObject({
      bottleneck_level_index: 1,
    });
  });

  test("commands are counted, and those that ran on another node, also when it has the same name", () => {
    expect(told.execution_summary).toMatchObject({ parallel_commands_executed: 4, cross_cluster_hops: 2 });
    const namesake = { totalMs: 5, steps: { x: { networkMs: 2, node: "entry" } } };
    expect(ask([step("x")], { times: namesake }).execution_summary).toMatchObject({ cross_cluster_hops: 1 });
  });
});

describe("what takes too much", () => {
  const chainOf = (length: number): object[] =>
    Array.from({ length }, (_, i) => ({ name: `s${i}`, fun: "echo", args: i === 0 ? [1] : [`s${i - 1}`] }));

  test("by its number of levels alone is refused before anything runs (V3)", () => {
    const host = new FakeHost();
    const { error } = host.ask(chainOf(10_000), wanted);
    expect(error).toMatchObject({ code: 1003, details: { code: "too-large", outcome: "not-applied" } });
    expect(error.message).toMatch(
      /^The intermediate results of 10000 levels take more than the 67108864 characters that are allowed; ask without return_intermediate_results$/,
    );
    expect(host.calls).toEqual([]);
    expect(host.ask(chainOf(10_000)).r).toEqual({ s9999: 1 });
  });

  test("does not count where only the summary is wanted", () => {
    const { execution_summary } = new FakeHost().ask(chainOf(10_000), { include_execution_summary: true });
    expect(execution_summary).toMatchObject({ total_levels: 10_000, parallel_commands_executed: 10_000 });
  });

  test("by its values, told again in every level, is refused before the text is made (V3)", () => {
    const options = { limits: { messageBytesMax: 20_000 }, functions: { give: () => "x".repeat(1_600) } };
    const cmds = [{ name: "s0", fun: "give" }, ...chainOf(10).slice(1)];
    expect(new FakeHost(options).ask(cmds).r).toEqual({ s9: "x".repeat(1_600) });
    const { error } = ask(cmds, options);
    expect(error).toMatchObject({ code: 1003, details: { code: "too-large", step: "s0", outcome: "applied" } });
    expect(error.message).toContain('the result of step "s0", 11 times for return_intermediate_results');
  });

  test("is what does not fit: what just fits is told", () => {
    const cmds = [step("a", "x".repeat(300)), step("b", "a")];
    const { length } = new FakeHost().exchange({ role: "rpc", u: "q", cmds, ...wanted })!;
    const asked = (messageBytesMax: number): Reply => ask(cmds, { limits: { messageBytesMax } });
    expect(asked(length + 1_000).error).toBeNull();
    expect(asked(length - 300).error).toMatchObject({ details: { code: "too-large" } });
  });
});

describe("debugging fields of the wrong type are 1003", () => {
  test.each<[string, unknown, string]>([
    ["return_intermediate_results", 1, "must be true or false, got number"],
    ["return_intermediate_results", null, "must be true or false, got null"],
    ["include_execution_summary", "true", "must be true or false, got string"],
    ["intermediate_result_callback_topic", 7, "must be a text or null, got number"],
  ])("%s: %j", (field, value, text) => {
    const host = new FakeHost();
    const { r, error } = host.ask([step("x")], { [field]: value });
    expect([r, error.code, error.message]).toEqual([null, 1003, `The request's "${field}" ${text}`]);
    expect(host.started).toEqual([]);
  });
});
