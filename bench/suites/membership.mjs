/** The suite on membership: simulated clusters, then real processes. Written to docs/benchmarks/membership.{md,json} and pictures. */
import { describeCommit, describeMachine, measureOtherLoad } from "../lib/machine.mjs";
import { writeMembership } from "../lib/result-files.mjs";
import { fullBudget, measurements, quickBudget } from "../membership/index.mjs";
import { renderMembership } from "../membership/report.mjs";
import { judge } from "../membership/targets.mjs";

/** @type {import("./suite.mjs").Suite} */
export const membership = {
  name: "membership",
  items: measurements.map(({ name, title }) => ({ name, title, family: "membership" })),
  run: async ({ names, quick, write, print }) => {
    const budget = quick ? quickBudget : fullBudget;
    const selected = measurements.filter(({ name }) => names.includes(name));
    /** @type {Record<string, any>} */
    const outcomes = {};
    let otherLoad = 0;
    for (const measurement of selected) {
      otherLoad = Math.max(otherLoad, await measureOtherLoad());
      outcomes[measurement.name] = await measureOne(measurement, budget, print);
    }
    const measured = Object.fromEntries(Object.entries(outcomes).filter(([, { kind }]) => kind === "measured"));
    /** @type {import("../membership/report.mjs").Result} */
    const result = {
      commit: describeCommit(),
      date: new Date().toISOString(),
      machine: describeMachine(),
      options: { budget, otherLoad },
      targets: judge(measured),
      measurements: outcomes,
    };
    print(`\n${renderMembership(result)}`);
    if (write) await writeMembership(result);
    return {
      failed: Object.values(outcomes).some(({ kind }) => kind === "failed"),
      missed: result.targets.filter(({ reached }) => reached === false).length,
      targets: result.targets.length,
      otherLoad,
    };
  },
};

/**
 * @param {import("../membership/measurement.mjs").Measurement} measurement
 * @param {import("../membership/measurement.mjs").Budget} budget
 * @param {(line: string) => void} print
 */
async function measureOne({ name, title, whyUnavailable, measure }, budget, print) {
  const reason = whyUnavailable?.();
  if (reason !== undefined) return { kind: "unavailable", title, reason };
  try {
    return { kind: "measured", ...(await measure(budget, (line) => print(`${name.padEnd(12)} ${line}`))) };
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    print(`${name.padEnd(12)} failed: ${failure}`);
    return { kind: "failed", title, reason: failure };
  }
}
