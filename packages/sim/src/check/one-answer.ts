/**
 * One answer: whoever asks and stays connected is answered exactly once, and in time.
 *
 * (A1) An answer belongs to an open ask of its asker.
 * (A2) An ask whose asker has kept its link is answered, whatever else fails.
 * (A3) It is answered by its deadline, or at once when it is cancelled; later only by as long as the world was disturbed,
 * and a little.
 */
import type { Observation } from "../observation.js";
import type { Checker, Report } from "./types.js";

export interface OneAnswerOptions {
  /** Time allowed for asks that name none. */
  readonly timeoutMs: number;
  /** Time on top of a deadline within which the answer is there, when nothing disturbs it. */
  readonly slackMs: number;
  /** How long the world was disturbed between two times. */
  readonly disturbedMs: (fromMs: number, untilMs: number) => number;
}

interface OpenAsk {
  readonly askedMs: number;
  readonly timeoutMs: number;
}

export class OneAnswer implements Checker {
  readonly guarantee = "one-answer";
  readonly #options: OneAnswerOptions;
  readonly #open = new Map<string, Map<number, OpenAsk>>();

  constructor(options: OneAnswerOptions) {
    this.#options = options;
  }

  observe(observation: Observation, nowMs: number, report: Report): void {
    switch (observation.kind) {
      case "asked": {
        const { asker, id, ask } = observation;
        const timeoutMs = ask.fields.timeoutMs || this.#options.timeoutMs;
        this.#of(asker).set(id, { askedMs: nowMs, timeoutMs });
        return;
      }
      case "withdrawn":
        return this.#withdrawn(observation.asker, observation.id, observation.answerFollows, nowMs);
      case "answered":
        return this.#answered(observation.asker, observation.id, nowMs, report);
      case "asker-gone":
        this.#of(observation.asker).clear();
        return;
      default:
    }
  }

  /** (A2) */
  pending(): string[] {
    return [...this.#open].flatMap(([asker, asks]) =>
      [...asks].map(([id, { askedMs }]) => `ask ${id} of ${asker}, made at ${askedMs.toFixed(1)} ms, has no answer`),
    );
  }

  #withdrawn(asker: string, id: number, answerFollows: boolean, nowMs: number): void {
    const asks = this.#of(asker);
    const ask = asks.get(id);
    if (ask === undefined) return;
    if (answerFollows) asks.set(id, { ...ask, timeoutMs: Math.min(ask.timeoutMs, nowMs - ask.askedMs) });
    else asks.delete(id);
  }

  #answered(asker: string, id: number, nowMs: number, report: Report): void {
    const asks = this.#of(asker);
    const ask = asks.get(id);
    if (ask === undefined) return report(`${asker} got an answer to ask ${id}, which is not open`); // (A1)
    asks.delete(id);
    const { timeoutMs, askedMs } = ask;
    const tookMs = nowMs - askedMs;
    const allowedMs = timeoutMs + this.#options.slackMs + this.#options.disturbedMs(askedMs, nowMs);
    if (tookMs > allowedMs) {
      report(`ask ${id} of ${asker} was answered after ${tookMs.toFixed(1)} ms; it was allowed ${timeoutMs} ms`); // (A3)
    }
  }

  #of(asker: string): Map<number, OpenAsk> {
    const known = this.#open.get(asker);
    if (known !== undefined) return known;
    const asks = new Map<number, OpenAsk>();
    this.#open.set(asker, asks);
    return asks;
  }
}
