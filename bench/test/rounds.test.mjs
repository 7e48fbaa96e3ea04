import assert from "node:assert/strict";
import { test } from "node:test";
import { runRounds } from "../lib/rounds.mjs";

const named = (/** @type {string} */ name, /** @type {object} */ rest) => ({
  name,
  title: name,
  family: "peer",
  group: "one",
  measure: async () => ({ rate: 1 }),
  ...rest,
});

test("who cannot run, or cannot say so, is out with the reason; rounds begin with another contestant each time (R1, R2)", async () => {
  /** @type {string[]} */
  const order = [];
  let rate = 0;
  const good = (/** @type {string} */ name) =>
    named(name, { measure: async () => (order.push(name), { rate: (rate += 10) }) });
  const contestants = [
    good("a"),
    named("absent", { whyUnavailable: async () => "it is not installed" }),
    named("unsure", { whyUnavailable: () => Promise.reject(new Error("it ended")) }),
    named("breaks", { measure: () => Promise.reject(new Error("no answer")) }),
    good("b"),
  ];
  const options = { rounds: 2, budget: {}, onProgress: () => {} };
  const { outcomes } = await runRounds(contestants, options);
  assert.deepEqual(outcomes.absent, { kind: "unavailable", reason: "it is not installed" });
  assert.deepEqual(outcomes.unsure, { kind: "failed", reason: "it ended" });
  assert.deepEqual(outcomes.breaks, { kind: "failed", reason: "no answer" });
  assert.deepEqual(order, ["a", "b", "b", "a"]);
  assert.deepEqual(outcomes.a, {
    kind: "measured",
    figures: { rate: { median: 25, min: 10, max: 40, rounds: [10, 40] } },
  });
});
