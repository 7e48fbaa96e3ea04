/**
 * Started once: no step is started twice by one attempt.
 *
 * (S1) A handler starts at most once for one step of one request of one coordinator, wherever in the cluster; unless its
 *      function is idempotent.
 *
 * A coordinator that starts again with its old key counts its requests from the beginning: from then on nothing is
 * said about it here. (Generated worlds have tokens beside, which tell steps apart for ever.)
 */
import type { Observation } from "../observation.js";
import type { Checker, Report } from "./types.js";

export class StartedOnce implements Checker {
  readonly guarantee = "started-once";
  readonly #started = new Map<string, string>();
  readonly #starts = new Set<string>();
  readonly #ambiguous = new Set<string>();

  observe(observation: Observation, _nowMs: number, report: Report): void {
    if (observation.kind === "node-up") {
      if (this.#starts.has(observation.id)) this.#ambiguous.add(observation.id);
      this.#starts.add(observation.id);
    }
    if (observation.kind !== "started" || observation.mayRepeat) return;
    const { coordinator, request, step, fun } = observation.invocation;
    if (this.#ambiguous.has(coordinator)) return;
    const key = `${coordinator} ${request} ${step}`;
    const before = this.#started.get(key);
    this.#started.set(key, observation.node);
    if (before === undefined) return;
    const where = before === observation.node ? `twice on ${before}` : `on ${before} and on ${observation.node}`;
    report(`step "${step}" ("${fun}") of request ${request} of ${coordinator.slice(0, 8)} was started ${where}`); // (S1)
  }
}
