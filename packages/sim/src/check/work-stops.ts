/**
 * Work stops: what nobody waits for any more is told so.
 *
 * (K1) Soon after a request has ended, or its asker has gone, each of its handlers has ended or was told to; so have the
 * handlers that those have called.
 */
import type { Observation } from "../observation.js";
import type { Ledger } from "../workload/ledger.js";
import type { World } from "../world.js";
import type { Checker, Report } from "./types.js";

export class WorkStops implements Checker {
  readonly guarantee = "work-stops";
  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #slackMs: number;
  /** Names of the steps of open requests, by asker and id. */
  readonly #open = new Map<string, Map<number, readonly string[]>>();

  /** `slackMs`: how long it may take until a handler hears of it. Steps must have tokens for names. */
  constructor(world: World, ledger: Ledger, slackMs: number) {
    this.#world = world;
    this.#ledger = ledger;
    this.#slackMs = slackMs;
  }

  observe(observation: Observation, _nowMs: number, report: Report): void {
    if (observation.kind === "asked") {
      const { asker, id, ask } = observation;
      if (ask.kind !== "request") return;
      const steps = ask.fields.steps.map(({ name }) => name);
      this.#of(asker).set(id, steps);
    } else if (observation.kind === "answered") {
      const asks = this.#of(observation.asker);
      this.#over(asks.get(observation.id) ?? [], report);
      asks.delete(observation.id);
    } else if (observation.kind === "asker-gone") {
      const asks = this.#of(observation.asker);
      for (const steps of asks.values()) this.#over(steps, report);
      asks.clear();
    }
  }

  /** (K1) */
  #over(steps: readonly string[], report: Report): void {
    if (steps.length === 0) return;
    this.#world.after(this.#slackMs, () => {
      for (const token of this.#ledger.running()) {
        if (!steps.some((step) => token === step || token.startsWith(`${step}/`))) continue;
        report(`"${token}" runs ${this.#slackMs.toFixed(0)} ms after its request has ended, and was not told to stop`);
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
