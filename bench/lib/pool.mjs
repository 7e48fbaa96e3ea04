/**
 * Jobs that need no quiet machine, on all cores: each in a process of its own, so that none inherits another's heap.
 */
import { availableParallelism } from "node:os";
import { withChildren } from "./child.mjs";

/**
 * @template Job, Answer
 * @param {readonly Job[]} jobs the longest first
 * @param {{ module: URL, function: string, timeoutMs: number, onDone: (job: Job, answer: Answer) => void }} how
 * @returns {Promise<Answer[]>} in the order of the jobs
 */
export async function runJobs(jobs, { module, function: name, timeoutMs, onDone }) {
  /** @type {Answer[]} */
  const answers = new Array(jobs.length);
  let next = 0;
  const worker = async () => {
    while (next < jobs.length) {
      const index = next++;
      answers[index] = await withChildren((open) => open(module).call(name, jobs[index], timeoutMs));
      onDone(jobs[index], answers[index]);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(availableParallelism(), jobs.length) }, worker));
  } finally {
    next = jobs.length; // when one has failed, nobody begins another
  }
  return answers;
}
