/**
 * Shrink: the smallest part of a failing plan that still fails, found by leaving things out.
 *
 * Halves first, then ever smaller pieces (Zeller and Hildebrandt's delta debugging, 2002), list by list.
 *
 * (Z1) What comes back violates the same guarantee.
 */
import type { Plan } from "../workload/plan.js";
import { type RunOptions, runPlan } from "./run-seed.js";

const runsMax = 150;

/** What can be left out of a plan. */
const lists = ["faults", "asks", "changes", "vandals", "clockSteps", "clients"] as const;

export async function shrink(plan: Plan, guarantee: string, options: RunOptions = {}): Promise<Plan> {
  let runs = 0;
  const fails = async (candidate: Plan): Promise<boolean> => {
    if (++runs > runsMax) return false;
    const { violations } = await runPlan(candidate, { ...options, trace: false });
    return violations.some((violation) => violation.guarantee === guarantee); // (Z1)
  };
  let smallest = plan;
  for (const list of lists) {
    smallest = await shrinkList(smallest, list, fails);
  }
  return smallest;
}

async function shrinkList(
  plan: Plan,
  list: (typeof lists)[number],
  fails: (candidate: Plan) => Promise<boolean>,
): Promise<Plan> {
  let smallest = plan;
  let size = Math.ceil(plan[list].length / 2);
  while (size >= 1) {
    let shrunk = false;
    for (let at = 0; at < smallest[list].length; at += size) {
      const items: readonly unknown[] = smallest[list];
      const candidate = { ...smallest, [list]: [...items.slice(0, at), ...items.slice(at + size)] };
      if (!(await fails(candidate))) continue;
      smallest = candidate;
      shrunk = true;
      at -= size;
    }
    if (size === 1 && !shrunk) break;
    size = size === 1 ? 1 : Math.ceil(size / 2);
  }
  return smallest;
}
