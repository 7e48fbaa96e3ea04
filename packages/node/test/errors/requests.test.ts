/** Requests that cannot run as they are, from the client and from strangers who do not use it. */
import type { PlainStep } from "@mpreg/core";
import { expect, test } from "vitest";
import { startPair } from "../support/cluster.js";
import { failureOf, thrownBy, told } from "../support/failure.js";

const echo = (name: string, ...args: unknown[]): PlainStep => ({ name, fun: "echos", args });
const $ref = (name: string) => ({ $ref: name });

test.each<[string, readonly PlainStep[], string, string, string | undefined]>([
  ["without a step", [], "empty-request", "The request has no step", undefined],
  [
    "with two steps of one name",
    [echo("a"), echo("a")],
    "duplicate-step",
    `steps[0] and steps[1] are both named "a"`,
    "a",
  ],
  [
    "with a reference to a step that it does not have",
    [echo("clean"), echo("b", [{ x: $ref("claen") }])],
    "unknown-reference",
    `step "b", args[0][0].x refers to "claen", which is not a step of the request; did you mean "clean"?`,
    "b",
  ],
  [
    "with a cycle",
    [echo("a", $ref("c")), echo("b", $ref("a")), echo("c", $ref("b"))],
    "cycle",
    "The references form a cycle: a → c → b → a (each step needs the next)",
    "a",
  ],
  [
    "with a step that uses itself",
    [echo("me", $ref("me"))],
    "cycle",
    "The references form a cycle: me → me (each step needs the next)",
    "me",
  ],
])("a request %s is refused by name", async (_what, steps, code, message, step) => {
  const { client, node } = await startPair();
  for (const caller of [client, node]) {
    expect(told(await failureOf(caller.request(steps)))).toEqual({
      code,
      message,
      step,
      node: "solo",
      outcome: "not-applied",
    });
  }
});

test("a graph with two steps of one name is refused where the second is added", async () => {
  const { client } = await startPair();
  const graph = client.graph();
  graph.call("echo", [], { name: "a" });
  expect(told(thrownBy(() => graph.call("echo", [], { name: "a" })))).toEqual({
    code: "duplicate-step",
    message: `graph.call("echo"): the graph has a step "a" already`,
    step: "a",
    node: "solo",
    outcome: "not-applied",
  });
});

test("a reference of another graph is refused, with its step", async () => {
  const { client } = await startPair();
  const foreign = client.graph().call("echo", [1]);
  const graph = client.graph();
  const error = await failureOf(graph.run(graph.call("echo", [foreign], { name: "here" })));
  expect(told(error)).toMatchObject({ code: "invalid-argument", step: "here" });
  expect(error.message).toContain("the reference belongs to another graph");
});

test("options that do not exist, or of a wrong value, are refused by name, on clients and on nodes", async () => {
  const { client, node } = await startPair();
  for (const caller of [client, node]) {
    expect((await failureOf(caller.call("echo", [], { timeout: 5 } as never))).message).toBe(
      `call("echo") has no option "timeout"; it has resources, kwargs, signal, timeoutMs, waitForCapacity, onSummary, onEvent, intermediates, detached, retries, idempotencyKey, version, target, prefer, hedge, priority; did you mean "timeoutMs"?`,
    );
    expect((await failureOf(caller.call("echo", [], { resources: "gpu" as never }))).message).toBe(
      `call("echo"): resources must be an array of names, got "gpu"`,
    );
    expect((await failureOf(caller.request([echo("a")], { output: ["a"] } as never))).message).toBe(
      `request has no option "output"; it has outputs, signal, timeoutMs, onError, waitForCapacity, onSummary, onEvent, intermediates, detached; did you mean "outputs"?`,
    );
    expect((await failureOf(caller.request([echo("a")], { timeoutMs: "1s" as never }))).message).toBe(
      `timeoutMs must be a number of milliseconds above 0 and up to 2147483647, got "1s"`,
    );
  }
});
