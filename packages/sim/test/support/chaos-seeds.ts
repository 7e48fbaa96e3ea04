/**
 * Chaotic worlds as tests, 250 requests in each, four worlds to a test.
 *
 * SIM_REQUESTS=100000 makes that many requests, SIM_SEED=123 runs only the one world. What came of them is printed.
 */
import { expect, test } from "vitest";
import { type ChaosVerdict, planChaos, runChaos } from "../../src/index.js";
import { connectSession } from "./session-client.js";

const requestsPerWorld = 250;
const worldsPerTest = 4;
const again = "SIM_SEED=% npx vitest run packages/sim/test/chaos/";

/** Tests every `parts`-th group of worlds, beginning with number `part`. */
export function testChaos(part: number, parts: number): void {
  const { SIM_SEED: only, SIM_REQUESTS: count = "2000" } = process.env;
  if (only !== undefined) {
    testRange(Number(only), 1);
    return;
  }
  const worlds = Math.ceil(Number(count) / requestsPerWorld);
  for (let from = 1 + part * worldsPerTest; from <= worlds; from += parts * worldsPerTest) {
    testRange(from, Math.min(worldsPerTest, worlds - from + 1));
  }
}

function testRange(from: number, count: number): void {
  test(`every request survives what befalls the nodes of the chaotic worlds ${from} to ${from + count - 1}`, async () => {
    const totals: Record<string, number> = {};
    for (let seed = from; seed < from + count; seed++) {
      const plan = planChaos(seed, requestsPerWorld);
      const verdict = await runChaos(plan, { connect: connectSession });
      if (verdict.violations.length > 0) expect.fail(await explained(verdict));
      for (const counts of [verdict.ends, verdict.done, verdict.faults]) {
        for (const [kind, times] of Object.entries(counts)) totals[kind] = (totals[kind] ?? 0) + times;
      }
      totals["simulated ms"] = (totals["simulated ms"] ?? 0) + Math.round(verdict.simulatedMs);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(totals["ok"]).toBeGreaterThan(count * 80);
    expect(totals["map"]).toBeGreaterThan(count * 40);
    expect(totals["stream"]).toBeGreaterThan(count * 15);
    if (process.env["SIM_REQUESTS"] !== undefined) console.log(`chaos ${JSON.stringify(totals)}`);
  }, 120_000);
}

const linesShown = 60;

/** What is violated, how to see it again, and the lines of the trace that lead there. */
async function explained({ seed, violations }: ChaosVerdict): Promise<string> {
  const { lines } = await runChaos(planChaos(seed, requestsPerWorld), { connect: connectSession, trace: true });
  const seen = lines.findIndex((line) => line.includes("VIOLATION")) + 1 || lines.length;
  return [
    `World ${seed} violates`,
    ...violations.slice(0, 5).map(({ guarantee, message }) => `  ${guarantee}: ${message}`),
    `Run it again: ${again.replace("%", String(seed))}`,
    ...lines.slice(Math.max(0, seen - linesShown), seen),
  ].join("\n");
}
