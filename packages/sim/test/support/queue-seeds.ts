/**
 * Worlds of queues as tests, ten to a test.
 *
 * SIM_QUEUES=100000 runs that many worlds, SIM_FROM=1001 begins with that one, SIM_SEED=123 runs only the one. What came of them is printed.
 */
import { expect, test } from "vitest";
import { type QueuesPlan, type QueuesVerdict, planQueues, runQueues } from "../../src/index.js";
import { connectQueues } from "./queues-client.js";

const worldsPerTest = 10;
const again = "SIM_SEED=% npx vitest run packages/sim/test/queues/";

/** Tests every `parts`-th group of worlds, beginning with number `part`; so many worlds, unless `SIM_QUEUES` says how many. */
export function testQueues(
  part: number,
  parts: number,
  planned: (seed: number) => QueuesPlan = planQueues,
  usual: number = 100,
): void {
  const { SIM_SEED: only, SIM_QUEUES: count = usual, SIM_FROM: first = 1 } = process.env;
  if (only !== undefined) {
    testQueueWorlds([Number(only)], planned);
    return;
  }
  const end = Number(first) + Number(count);
  for (let from = Number(first) + part * worldsPerTest; from < end; from += parts * worldsPerTest) {
    const seeds = Array.from({ length: Math.min(worldsPerTest, end - from) }, (_, index) => from + index);
    testQueueWorlds(seeds, planned);
  }
}

/** Tests the worlds of these seeds. */
export function testQueueWorlds(seeds: readonly number[], planned: (seed: number) => QueuesPlan = planQueues): void {
  const named = seeds.length > 6 ? `${seeds[0] ?? ""} to ${seeds.at(-1) ?? ""}` : seeds.join(", ");
  test(`nothing that was taken is lost, and nothing done comes again, in the worlds of queues ${named}`, async () => {
    const totals: Record<string, number> = {};
    for (const seed of seeds) {
      const verdict = await runQueues(planned(seed), { connect: connectQueues });
      if (verdict.violations.length > 0) expect.fail(await explained(verdict, planned(seed)));
      for (const kind of ["sent", "delivered", "acknowledged", "spooled"] as const)
        totals[kind] = (totals[kind] ?? 0) + verdict[kind];
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(totals["sent"]).toBeGreaterThan(seeds.length * 10);
    expect(totals["acknowledged"]).toBeGreaterThan(seeds.length * 10);
    if (process.env["SIM_QUEUES"] !== undefined) console.log(`queues ${JSON.stringify(totals)}`);
  }, 120_000);
}

const linesShown = 60;

/** What is violated, how to see it again, and the lines of the trace that lead there. */
async function explained({ seed, violations }: QueuesVerdict, plan: QueuesPlan): Promise<string> {
  const { lines } = await runQueues(plan, { connect: connectQueues, trace: true });
  const seen = lines.findIndex((line) => line.includes("VIOLATION")) + 1 || lines.length;
  return [
    `World ${seed} violates`,
    ...violations.slice(0, 5).map(({ guarantee, message }) => `  ${guarantee}: ${message}`),
    `Run it again: ${again.replace("%", String(seed))}`,
    ...lines.slice(Math.max(0, seen - linesShown), seen),
  ].join("\n");
}
