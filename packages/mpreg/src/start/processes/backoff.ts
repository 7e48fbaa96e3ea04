/**
 * Backoff: how long a process that has died is waited with before it is started again.
 *
 * (B1) One that dies again and again is waited with for longer and longer; one that has run for long begins anew.
 */
const delayMsMin = 500;
const delayMsMax = 30_000;
/** Who has run for so long is well. */
const wellMs = 60_000;

export class Backoff {
  #deaths = 0;

  /** How many ms to wait, after the process has run for `ranMs`. */
  after(ranMs: number): number {
    this.#deaths = ranMs >= wellMs ? 1 : this.#deaths + 1;
    return Math.min(delayMsMax, delayMsMin * 2 ** (this.#deaths - 1));
  }
}
