/**
 * Worlds of topics as tests, ten to a test.
 *
 * SIM_TOPICS=5000 runs that many worlds, SIM_SEED=123 only the one. What came of them is printed.
 */
import { expect, test } from "vitest";
import { type TopicsPlan, type TopicsVerdict, planTopics, runTopics } from "../../src/index.js";
import { connectTopics } from "./topics-client.js";

const worldsPerTest = 10;
const again = "SIM_SEED=% npx vitest run packages/sim/test/topics/";

/** Tests every `parts`-th group of worlds, beginning with number `part`. */
export function testTopics(part: number, parts: number, planned: (seed: number) => TopicsPlan = planTopics): void {
  const { SIM_SEED: only, SIM_TOPICS: count = "40" } = process.env;
  if (only !== undefined) {
    testWorlds([Number(only)], planned);
    return;
  }
  const worlds = Number(count);
  for (let from = 1 + part * worldsPerTest; from <= worlds; from += parts * worldsPerTest) {
    const seeds = Array.from({ length: Math.min(worldsPerTest, worlds - from + 1) }, (_, index) => from + index);
    testWorlds(seeds, planned);
  }
}

/** Tests the worlds of these seeds. */
export function testWorlds(seeds: readonly number[], planned: (seed: number) => TopicsPlan = planTopics): void {
  const named = seeds.length > 6 ? `${seeds[0] ?? ""} to ${seeds.at(-1) ?? ""}` : seeds.join(", ");
  test(`nothing is lost in silence, comes twice or is left in the worlds of topics ${named}`, async () => {
    const totals: Record<string, number> = {};
    for (const seed of seeds) {
      const verdict = await runTopics(planned(seed), { connect: connectTopics });
      if (verdict.violations.length > 0) expect.fail(await explained(verdict, planned(seed)));
      for (const kind of ["published", "heard", "missed", "unknownGaps"] as const) {
        totals[kind] = (totals[kind] ?? 0) + verdict[kind];
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(totals["published"]).toBeGreaterThan(seeds.length * 40);
    expect(totals["heard"]).toBeGreaterThan(seeds.length * 40);
    if (process.env["SIM_TOPICS"] !== undefined) console.log(`topics ${JSON.stringify(totals)}`);
  }, 120_000);
}

const linesShown = 60;

/** What is violated, how to see it again, and the lines of the trace that lead there. */
async function explained({ seed, violations }: TopicsVerdict, plan: TopicsPlan): Promise<string> {
  const { lines } = await runTopics(plan, { connect: connectTopics, trace: true });
  const seen = lines.findIndex((line) => line.includes("VIOLATION")) + 1 || lines.length;
  return [
    `World ${seed} violates`,
    ...violations.slice(0, 5).map(({ guarantee, message }) => `  ${guarantee}: ${message}`),
    `Run it again: ${again.replace("%", String(seed))}`,
    ...lines.slice(Math.max(0, seen - linesShown), seen),
  ].join("\n");
}
