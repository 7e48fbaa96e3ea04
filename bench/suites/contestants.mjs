/** A suite of contestants that are measured in interleaved rounds, with fresh processes in each, told in one report. */
import { describeCommit, describeMachine } from "../lib/machine.mjs";
import { runRounds } from "../lib/rounds.mjs";

/**
 * @template Budget
 * @typedef {object} Contestant
 * @property {string} name
 * @property {string} title
 * @property {string} family
 * @property {string} group
 * @property {() => Promise<string | undefined> | string | undefined} [whyUnavailable]
 * @property {(budget: Budget) => Promise<Record<string, number>>} measure
 */

/**
 * @template Budget
 * @param {object} about
 * @param {string} about.name
 * @param {readonly Contestant<Budget>[]} about.contestants
 * @param {{ full: Budget, quick: Budget }} about.budgets
 * @param {(outcomes: Record<string, import("../lib/rounds.mjs").Outcome>) => import("../lib/verdicts.mjs").Verdict[]} about.judge
 * @param {(result: any) => Promise<string> | string} about.render
 * @param {(result: any) => Promise<void>} about.write
 * @returns {import("./suite.mjs").Suite}
 */
export function suiteOfContestants({ name: suite, contestants, budgets, judge, render, write: writeResult }) {
  return {
    name: suite,
    items: contestants,
    run: async ({ names, quick, rounds: wanted, write, print }) => {
      const rounds = quick ? 1 : wanted;
      const budget = quick ? budgets.quick : budgets.full;
      const selected = contestants.filter(({ name }) => names.includes(name));
      const { outcomes, otherLoad } = await runRounds(selected, { rounds, budget, onProgress: print });
      const result = {
        commit: describeCommit(),
        date: new Date().toISOString(),
        machine: describeMachine(),
        options: { rounds, budget, otherLoad },
        targets: judge(outcomes),
        contestants: Object.fromEntries(
          selected.map(({ name, title, family, group }) => [name, { title, family, group, ...outcomes[name] }]),
        ),
      };
      print(`\n${await render(result)}`);
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
