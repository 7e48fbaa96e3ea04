/**
 * Checkers: each judges one guarantee by what it observes.
 */
import type { Observation } from "../observation.js";
import type { World } from "../world.js";

/** Tells what is wrong. */
export type Report = (message: string) => void;

export interface Checker {
  /** Name of the guarantee, as it stands in a violation. */
  readonly guarantee: string;
  /** Looks at what happens while it happens. */
  observe?(observation: Observation, nowMs: number, report: Report): void;
  /** What is not yet as it must be once nothing is under way and nothing is disturbed. Asked again and again. */
  pending?(world: World): readonly string[];
  /** Looks back when the world is over. */
  finish?(world: World, report: Report): void;
}

/** Lets checkers watch a world; answers how to make them look back at its end. */
export function watch(world: World, checkers: readonly Checker[]): { finish(): void } {
  const reportOf =
    (checker: Checker): Report =>
    (message) => {
      world.violated(checker.guarantee, message);
    };
  for (const checker of checkers) {
    if (checker.observe === undefined) continue;
    const report = reportOf(checker);
    world.observers.add((observation, nowMs) => checker.observe?.(observation, nowMs, report));
  }
  return {
    finish: () => {
      for (const checker of checkers) {
        for (const message of checker.pending?.(world) ?? []) world.violated(checker.guarantee, message);
        checker.finish?.(world, reportOf(checker));
      }
    },
  };
}
