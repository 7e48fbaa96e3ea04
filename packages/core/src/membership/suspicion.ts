/**
 * Suspicion: how long a silent member stays suspect before it is declared down.
 *
 * Lifeguard's suspicion timeout (§IV-B): it starts at its longest and shrinks, logarithmically, with every independent
 * confirmation, so that one mistaken accuser leaves time to refute and many quickly agree.
 *
 * (S1) The deadline only ever moves earlier.
 * (S2) One accuser counts once.
 */

export interface SuspicionTimes {
  readonly suspicionMsMin: number;
  readonly suspicionMsMax: number;
  /** Confirmations beside the first accusation that bring the deadline to its earliest. */
  readonly confirmations: number;
}

export class Suspicion {
  readonly startedMs: number;
  /** Its end is near, and the one who holds it is awake. */
  isEnding = false;
  readonly #times: SuspicionTimes;
  readonly #accusers = new Set<string>();
  #concluded = false;

  constructor(times: SuspicionTimes, nowMs: number) {
    this.startedMs = nowMs;
    this.#times = times;
  }

  get accusers(): ReadonlySet<string> {
    return this.#accusers;
  }

  get confirmations(): number {
    return this.#times.confirmations;
  }

  /** Somebody's suspicion has ended already. */
  get concluded(): boolean {
    return this.#concluded;
  }

  /** Counts an accuser. (S2) */
  confirm(accuser: string): void {
    this.#accusers.add(accuser);
  }

  /** Somebody's suspicion has ended already: this one ends as early as it can. (S1) */
  conclude(): void {
    this.#concluded = true;
  }

  /** When the member is declared down. (S1) */
  get dueMs(): number {
    const { suspicionMsMin, suspicionMsMax, confirmations } = this.#times;
    if (confirmations < 1 || this.#concluded) return this.startedMs + suspicionMsMin;
    const share = Math.log(Math.max(1, this.#accusers.size)) / Math.log(confirmations + 1);
    const timeoutMs = suspicionMsMax - share * (suspicionMsMax - suspicionMsMin);
    return this.startedMs + Math.max(suspicionMsMin, timeoutMs);
  }
}
