/**
 * Intake: what one subscription has had, has taken, and needs to hear again after its connection was lost.
 *
 *     asked ──answered──▶ open ──connection lost──▶ unasked ──▶ asked (with a replay) ──▶ open …
 *
 * Owns the window, the ids that are known, and what a gap has come to. Where messages wait for their consumer is `inbox.ts`.
 *
 * (K1) A message is handed on once, also when it is told again (`seen-ids.ts`).
 * (K2) Bytes are told as taken when their consumer has taken them, and over the connection over which they came: what came
 *      over an earlier one is nobody's window any more.
 * (K3) A gap is filled where the node says that its backlog is whole since the last message, and nothing that was had since can
 *      have been forgotten here. Otherwise it is unknown, and the next message says so.
 * (K4) What is asked for again begins early enough for what had waited at the node: how late a message came nobody says, so
 *      it counts from when nothing can have waited.
 * (K5) A gap counts once: where the answer says that other nodes have told nothing, or that bounds have cut what is told, the unknown gap
 *      that is told behind it is the one that was counted with the answer.
 */
import type { WireReplay } from "../../wire/index.js";
import { SeenIds } from "./seen-ids.js";

/** A message told so long before the last one may have come after it; and the clock of a node may be behind by the way there. */
const slackMs = 1_000;
/** Where nothing comes for so long although there is room, nothing waits. */
const idleMs = 1_000;

export interface IntakeOptions {
  readonly windowBytes: number;
  /** What was asked of the backlog. */
  readonly replay: WireReplay | undefined;
  /** Whether it may ask again for what came while there was no connection: not where others get it. */
  readonly mayReplay: boolean;
  /** Whether there will be another connection. */
  readonly remembers: boolean;
}

/** A gap: what came while there was no connection is here, or will be; or nobody knows. */
export type Gap = "filled" | "unknown";

export class Intake {
  readonly #options: IntakeOptions;
  readonly #seen: SeenIds | undefined;
  /** Of what came over this connection and was not taken yet; and over earlier ones. */
  #heldBytes = 0;
  #staleBytes = 0;
  /** Taken, and not told. */
  #untoldBytes = 0;
  /** Since when something may have waited at the node; `undefined`: nothing has. (K4) */
  #behindMs: number | undefined;
  #lastMs = 0;
  #isAgain = false;
  #isCovered = false;
  /** The unknown gap that the node tells next was counted with its answer. (K5) */
  #isCounted = false;
  /** Missing before the next message. */
  #missedBefore = 0;
  /** Messages that the node has told as missed. */
  missed = 0;
  /** Gaps of which nobody knows what was in them. */
  unknownGaps = 0;
  /** Messages that expired before they were taken. */
  expired = 0;
  /** Messages that came again and were dropped. */
  repeated = 0;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#seen = options.remembers && options.mayReplay ? new SeenIds() : undefined;
    if (options.replay !== undefined) this.#behindMs = -Infinity;
  }

  /** A message has come. Answers false if it is known, and counts as taken. (K1) */
  delivered(message: Uint8Array, nowMs: number): boolean {
    const { length } = message;
    if (this.#seen?.note(message, nowMs) === false) {
      this.repeated += 1;
      this.#untoldBytes += length;
      return false;
    }
    const inUse = this.#heldBytes + this.#untoldBytes;
    if (inUse === 0 && nowMs - this.#lastMs >= idleMs) this.#behindMs = undefined;
    this.#heldBytes += length;
    if (this.#behindMs === undefined && inUse + length > this.#options.windowBytes / 2) this.#behindMs = this.#lastMs;
    this.#lastMs = nowMs;
    return true;
  }

  /** What is missing before the message that has just come, told once. */
  takeMissedBefore(): number {
    const missed = this.#missedBefore;
    this.#missedBefore = 0;
    return missed;
  }

  /** So many are missing here; Infinity: nobody knows how many. Answers false if that was counted before. (K5) */
  wasMissed(count: number): boolean {
    if (count === Infinity && this.#isCounted) return (this.#isCounted = false);
    if (count === Infinity) this.unknownGaps += 1;
    else this.missed += count;
    this.#missedBefore += count;
    return true;
  }

  /** The consumer has taken a message. (K2) */
  taken(bytes: number): void {
    if (this.#staleBytes > 0) {
      this.#staleBytes -= bytes;
      return;
    }
    this.#heldBytes -= bytes;
    this.#untoldBytes += bytes;
  }

  /** Whether so much was taken that the node should know at once. */
  get isPressing(): boolean {
    return this.#untoldBytes * 4 >= this.#options.windowBytes;
  }

  /** What was taken and was not told before. */
  takeUntold(): number {
    const bytes = this.#untoldBytes;
    this.#untoldBytes = 0;
    return bytes;
  }

  /** The connection over which it was served is gone; the node was heard last at `heardMs`. */
  lost(heardMs: number): void {
    const inUse = this.#heldBytes + this.#untoldBytes;
    if (inUse === 0 && heardMs - this.#lastMs >= idleMs) {
      this.#behindMs = undefined; // (K4)
      this.#lastMs = heardMs;
    }
    this.#staleBytes += this.#heldBytes; // (K2)
    this.#heldBytes = 0;
    this.#untoldBytes = 0;
    this.#isAgain = true;
  }

  /** What is asked of the backlog now. */
  replay(nowMs: number): WireReplay | undefined {
    const { replay, mayReplay } = this.#options;
    if (!this.#isAgain) return replay;
    this.#isCovered = false;
    if (!mayReplay || this.#seen === undefined) return undefined;
    this.#seen.recall();
    if (replay !== undefined && replay.kind !== "age" && this.#behindMs === -Infinity) return replay;
    const wantedMs = Math.min(this.#behindMs ?? this.#lastMs, this.#lastMs) - slackMs;
    const fromMs = Math.max(wantedMs, this.#seen.forgottenMs + slackMs);
    this.#isCovered = fromMs <= wantedMs; // (K3)
    const ageMs = Math.ceil(Math.min(nowMs - fromMs, Number.MAX_SAFE_INTEGER));
    return { kind: "age", value: Math.max(1, ageMs) };
  }

  /**
   * The node serves it. `isWhole`: nothing that it was to replay had left its backlog; `isTold`: nodes have not told what they have, or the
   * bounds of one have cut that, which the node tells as an unknown gap before all else. Answers what the gap is, if there was one.
   */
  answered(isWhole: boolean, isTold: boolean, nowMs: number): Gap | undefined {
    this.#isCounted = false;
    if (!this.#isAgain) {
      const { replay } = this.#options;
      if (replay?.kind === "age") this.#behindMs = nowMs - replay.value;
      this.#lastMs = nowMs;
      if (isTold) this.#unknownGap(isTold);
      return undefined;
    }
    this.#behindMs = Math.min(this.#behindMs ?? this.#lastMs, this.#lastMs); // until all of that is here
    if (isWhole && this.#isCovered) return "filled";
    this.#unknownGap(isTold);
    return "unknown";
  }

  /** (K5) */
  #unknownGap(isTold: boolean): void {
    this.unknownGaps += 1;
    this.#missedBefore = Infinity;
    this.#isCounted = isTold;
  }
}
