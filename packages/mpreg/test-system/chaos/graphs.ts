/**
 * Graphs: random graphs of the functions in `functions.mjs`, and what they come to.
 *
 * Every step has a token of its own, and every number that is passed on is one that shows what it is made of.
 */
import type { Client, Ref } from "mpreg";
import type { SeededRandom } from "../../../sim/src/index.js";

export interface Answer {
  readonly token: number;
  readonly sum: number;
}

export interface PlannedGraph {
  /** Tokens of the steps that must not run twice. */
  readonly once: readonly number[];
  readonly isIdempotent: boolean;
  readonly expected: Answer;
  run(client: Client): Promise<unknown>;
}

const stepsMax = 12;

/** A graph whose tokens are `first` and what follows. */
export function planGraph(random: SeededRandom, first: number, path: string): PlannedGraph {
  const isIdempotent = random.chance(0.5);
  const count = random.integer(1, stepsMax);
  const kinds = Array.from({ length: count }, () =>
    random.pick(isIdempotent ? ["sum", "slow", "weighed"] : ["sum", "slow", "weighed", "once", "once"]),
  );
  const inputs = kinds.map((_, index) => (index === 0 ? [] : [random.integer(0, index - 1), index - 1]));
  const numbers = kinds.map(() => random.integer(1, 1_000));
  const sums: number[] = [];
  kinds.forEach((kind, index) => {
    const token = first + index;
    const given = [...(inputs[index] ?? []).map((input) => sums[input] ?? 0), numbers[index] ?? 0];
    const sum = given.reduce((total, each) => total + each, 0);
    sums.push(kind === "weighed" ? 70_000 + given.length + (token % 251) : sum);
  });
  return {
    once: kinds.flatMap((kind, index) => (kind === "once" ? [first + index] : [])),
    isIdempotent,
    expected: { token: first + count - 1, sum: sums.at(-1) ?? 0 },
    run: (client) => {
      const graph = client.graph();
      const steps: Ref<Answer>[] = [];
      kinds.forEach((kind, index) => {
        const token = first + index;
        const given = [...(inputs[index] ?? []).map((input) => steps[input]?.sum), numbers[index]];
        if (kind === "weighed") {
          const blob = graph.call<Uint8Array>("blob", [token, ...given]);
          steps.push(graph.call<Answer>("weigh", [token, blob]));
        } else {
          steps.push(graph.call<Answer>(kind, kind === "once" ? [path, token, ...given] : [token, ...given]));
        }
      });
      return graph.run(steps.at(-1) as Ref<Answer>, { timeoutMs });
    },
  };
}

export const timeoutMs = 15_000;
