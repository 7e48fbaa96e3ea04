/**
 * Streams in the requests of a chaotic world: a step that makes items, steps that make others of them, one that takes all.
 *
 * (S1) Each stream has one reader: nothing else refers to it.
 */
import type { SeededRandom } from "../capabilities/random.js";
import { Part } from "../workload/plan.js";
import { streamFunctions } from "./functions.js";
import type { ChaosCall } from "./plan.js";

const pipesMax = 2;
const pausesMs = [0, 1, 10, 40];

/** The steps of a pipeline, the first of which is number `from` of its request. */
export function drawPipeline(
  random: SeededRandom,
  token: string,
  from: number,
  drawValue: () => unknown,
): readonly ChaosCall[] {
  const { trickle, pipe, gather } = streamFunctions;
  const pipes = random.integer(0, pipesMax);
  return [trickle, ...Array.from({ length: pipes }, () => pipe), gather].map((fun, index): ChaosCall => {
    const lead = index === 0 ? [random.integer(0, 20), random.pick(pausesMs)] : [new Part(from + index - 1, [])]; // (S1)
    const values = random.chance(0.5) ? [drawValue()] : [];
    return {
      kind: "call",
      token: `${token}.s${index}`,
      fun,
      values: [...lead, ...values],
      timeoutMs: 0,
      terms: undefined,
    };
  });
}
