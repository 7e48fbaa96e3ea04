/**
 * Work stops: what nobody waits for any more is told so.
 *
 * (K1) Soon after a request has ended, or its asker has gone, each of its handlers has ended or was told to.
 */
import type { Observation } from "../observation.js";
import type { World } from "../world.js";
import type { Checker, Report } from "./types.js";

export class WorkStops implements Checker {
  readonly guarantee = "work-stops";
  readonly #world: World;
  readonly #slackMs: number;
  /** Nodes on which steps run that were not told to stop, by the steps' names. */
  readonly #running = new Map<string, Set<string>>();
  /** Names of the steps of open requests, by asker and id. */
  readonly #open = new Map<string, Map<number, readonly string[]>>();

  /** `slackMs`: how long it may take until a handler hears of it. Steps must have names of their own. */
  constructor(world: World, slackMs: number) {
    this.#world = world;
    this.#slackMs = slackMs;
  }

  observe(observation: Observation, _nowMs: number, report: Report): void {
    switch (observation.kind) {
      case "asked": {
        const { asker, id, ask } = observation;
        if (ask.kind === "request") this.#of(asker).set(id, ask.fields.steps.map(({ name }) => name)); // prettier-ignore
        return;
      }
      case "answered":
        this.#over(this.#of(observation.asker).get(observation.id) ?? [], report);
        this.#of(observation.asker).delete(observation.id);
        return;
      case "asker-gone":
        for (const steps of this.#of(observation.asker).values()) this.#over(steps, report);
        this.#of(observation.asker).clear();
        return;
      case "started": {
        const { step } = observation.invocation;
        const nodes = this.#running.get(step);
        if (nodes === undefined) this.#running.set(step, new Set([observation.node]));
        else nodes.add(observation.node);
        return;
      }
      case "aborted":
      case "ended":
        this.#running.get(observation.invocation.step)?.delete(observation.node);
        return;
      default:
    }
  }

  /** (K1) */
  #over(steps: readonly string[], report: Report): void {
    this.#world.after(this.#slackMs, () => {
      for (const step of steps) {
        for (const node of this.#running.get(step) ?? []) {
          report(`step "${step}" runs on ${node}, ${this.#slackMs} ms after its request has ended`);
        }
      }
    });
  }

  #of(asker: string): Map<number, readonly string[]> {
    const known = this.#open.get(asker);
    if (known !== undefined) return known;
    const asks = new Map<number, readonly string[]>();
    this.#open.set(asker, asks);
    return asks;
  }
}
