/** A suite of measurements that run one after the other, each of which starts and ends what it needs, told in one report. */
import { describeCommit, describeMachine, measureOtherLoad } from "../lib/machine.mjs";

/**
 * @template Budget
 * @typedef {object} Measurement
 * @property {string} name
 * @property {string} title
 * @property {() => string | undefined} [whyUnavailable]
 * @property {(budget: Budget, onProgress: (line: string) => void) => Promise<object>} measure
 */

/**
 * @template Budget
 * @param {object} about
 * @param {string} about.name
 * @param {readonly Measurement<Budget>[]} about.measurements
 * @param {{ full: Budget, quick: Budget }} about.budgets
 * @param {(measured: any) => import("../lib/verdicts.mjs").Verdict[]} about.judge of what was measured, by name
 * @param {(result: any) => string} about.render
 * @param {(result: any) => Promise<void>} about.write
 * @returns {import("./suite.mjs").Suite}
 */
export function suiteOf({ name: suite, measurements, budgets, judge, render, write: writeResult }) {
  return {
    name: suite,
    items: measurements.map(({ name, title }) => ({ name, title, family: suite })),
    run: async ({ names, quick, write, print }) => {
      const budget = quick ? budgets.quick : budgets.full;
      /** @type {Record<string, any>} */
      const outcomes = {};
      let otherLoad = 0;
      for (const measurement of measurements.filter(({ name }) => names.includes(name))) {
        otherLoad = Math.max(otherLoad, await measureOtherLoad());
        outcomes[measurement.name] = await measureOne(measurement, budget, print);
      }
      const measured = Object.fromEntries(Object.entries(outcomes).filter(([, { kind }]) => kind === "measured"));
      const result = {
        commit: describeCommit(),
        date: new Date().toISOString(),
        machine: describeMachine(),
        options: { budget, otherLoad },
        targets: judge(measured),
        measurements: outcomes,
      };
      print(`\n${render(result)}`);
      if (write) await writeResult(result);
      return {
        failed: Object.values(outcomes).some(({ kind }) => kind === "failed"),
        missed: result.targets.filter(({ reached }) => reached === false).length,
        targets: result.targets.length,
        otherLoad,
      };
    },
  };
}

/**
 * @template Budget
 * @param {Measurement<Budget>} measurement
 * @param {Budget} budget
 * @param {(line: string) => void} print
 */
async function measureOne({ name, title, whyUnavailable, measure }, budget, print) {
  const reason = whyUnavailable?.();
  if (reason !== undefined) return { kind: "unavailable", title, reason };
  try {
    return { kind: "measured", ...(await measure(budget, (line) => print(`${name.padEnd(13)} ${line}`))) };
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    print(`${name.padEnd(13)} failed: ${failure}`);
    return { kind: "failed", title, reason: failure };
  }
}
