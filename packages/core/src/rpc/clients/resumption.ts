/**
 * Resumption: an ask that comes again, after the link over which it came before has ended.
 *
 * The nodes that were asked before are asked what has become of it, the last one first: each may have run it, or waited for
 * the one before it. (What is asked is the process: a node that was started again knows nothing.)
 *
 * (R1) It is run here only when every one of them says that it has not received it and never will, or when all functions
 *      of it may run twice. Else it ends as `node-lost`, and nobody knows whether it took effect.
 * (R2) A node that runs it, or has its end, is waited for: the end is passed on as it was written.
 * (R3) Whether that is so is not decided while nodes are expected that may offer them.
 */
import type { MpregError } from "../../base/index.js";
import type { ResumePlace, ResumeVerdict } from "../../wire/index.js";
import type { LinkAsker } from "../link-asker.js";
import type { Run } from "../run.js";

/** Whether all functions of an ask may run twice; of some nobody may know yet. */
export type MayRunTwice = "yes" | "no" | "unknown";

export interface ResumptionHost {
  /** Finds out what has become of the ask at `place`, and tells {@link Resumption.told}; answers how to give that up. */
  find(resumption: Resumption, place: ResumePlace, nowMs: number): () => void;
  /** Has {@link Resumption.next} called when more is known of who offers what. */
  expect(resumption: Resumption): void;
  /** Runs it, as if it had come for the first time. */
  start(nowMs: number): void;
  ended(resumption: Resumption): void;
}

export class Resumption implements Run {
  readonly asker: LinkAsker;
  readonly #host: ResumptionHost;
  readonly #left: ResumePlace[];
  readonly #mayRunTwice: (nowMs: number) => MayRunTwice;
  readonly #lost: () => MpregError;
  /** Somebody may have run it. */
  #isUncertain: boolean;
  #giveUp: (() => void) | undefined;
  #over = false;

  constructor(
    host: ResumptionHost,
    asker: LinkAsker,
    places: readonly ResumePlace[],
    isUncertain: boolean,
    mayRunTwice: (nowMs: number) => MayRunTwice,
    lost: () => MpregError,
  ) {
    this.#isUncertain = isUncertain;
    this.#host = host;
    this.asker = asker;
    this.#left = [...places];
    this.#mayRunTwice = mayRunTwice;
    this.#lost = lost;
  }

  /** Asks the next node, or decides. */
  next(nowMs: number): void {
    if (this.#over) return;
    const place = this.#left.pop();
    if (place !== undefined) {
      this.#giveUp = this.#host.find(this, place, nowMs);
      return;
    }
    if (this.#isUncertain) {
      const mayRun = this.#mayRunTwice(nowMs);
      if (mayRun === "unknown") return this.#host.expect(this); // (R3)
      if (mayRun === "no") {
        this.#end();
        return this.asker.failed(this.#lost());
      }
    }
    this.#end();
    this.#host.start(nowMs); // (R1)
  }

  /** What a node knows. */
  told(verdict: ResumeVerdict, nowMs: number): void {
    if (this.#over) return;
    this.#giveUp = undefined;
    if (verdict.kind === "ended") {
      this.#end();
      return this.asker.endedWith(verdict.message); // (R2)
    }
    if (verdict.kind === "forgotten") this.#isUncertain = true;
    this.next(nowMs);
  }

  fail(error: MpregError): void {
    if (this.#over) return;
    this.#stop();
    this.asker.failed(error.withOutcome("unknown"));
  }

  abandon(): void {
    if (!this.#over) this.#stop();
  }

  #stop(): void {
    const giveUp = this.#giveUp;
    this.#end();
    giveUp?.();
  }

  #end(): void {
    this.#over = true;
    this.#giveUp = undefined;
    this.#host.ended(this);
  }
}
