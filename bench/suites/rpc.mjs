/** The suite on requests: contestants in interleaved rounds. Written to docs/benchmarks/rpc.{md,json}. */
import { contestants } from "../contestants/index.mjs";
import { describeCommit, describeMachine } from "../lib/machine.mjs";
import { renderReport } from "../lib/report.mjs";
import { readSoak, writeResult } from "../lib/result-files.mjs";
import { runRounds } from "../lib/rounds.mjs";
import { judge } from "../lib/targets.mjs";

/** @type {import("../lib/load.mjs").Budget} */
const fullBudget = { warmUpMs: 1000, sequentialCalls: 4000, loadMs: 1500, settleMs: 2000 };
/** @type {import("../lib/load.mjs").Budget} */
const quickBudget = { warmUpMs: 300, sequentialCalls: 1000, loadMs: 500, settleMs: 500 };

/** @type {import("./suite.mjs").Suite} */
export const rpc = {
  name: "rpc",
  items: contestants,
  run: async ({ names, quick, rounds: wanted, write, print }) => {
    const rounds = quick ? 1 : wanted;
    const budget = quick ? quickBudget : fullBudget;
    const selected = contestants.filter(({ name }) => names.includes(name));
    const { outcomes, otherLoad } = await runRounds(selected, { rounds, budget, onProgress: print });
    /** @type {import("../lib/report.mjs").Result} */
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
    print(`\n${renderReport(result, await readSoak())}`);
    if (write) await writeResult(result);
    return {
      failed: Object.values(outcomes).some(({ kind }) => kind === "failed"),
      missed: result.targets.filter(({ reached }) => reached === false).length,
      targets: result.targets.length,
      otherLoad,
    };
  },
};
