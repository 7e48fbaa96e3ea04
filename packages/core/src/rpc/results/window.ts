/**
 * Window: how many bytes of one fetch may be under way.
 *
 * (W1) It doubles where all of it comes in hardly more than a round trip, up to `windowBytesMax`: then the distance is what the
 *      reader waits for, and the holder waits to be allowed more.
 * (W2) Where the way, the holder or the reader is slow it stays as it was: more would only wait on the way, in the memory of
 *      whoever passes it on.
 */
const windowBytesMin = 4 * 1024 * 1024;
/** As much as two nodes that are linked have under way in all, by default. */
const windowBytesMax = 16 * 1024 * 1024;

/**
 * How many round trips a whole window may take, and the distance still counts as the reason. More is allowed when half of it has
 * come: where a slow way is the reason, what was allowed last comes when the other half has, so that the whole takes two of those times.
 */
const roundTripsMax = 1.5;

/** What is allowed of a fetch before anything of it has come. */
export const windowBytesFirst: number = windowBytesMin;

export class Window {
  #bytes = windowBytesMin;
  /** The shortest time from an allowance until something came that had needed it. */
  #roundTripMs = Infinity;
  /** The allowance that is measured: when it was given, and the first byte that needs it. */
  #allowedMs = 0;
  #neededFrom = 0;
  /** When, and with which byte, the whole window began that is measured. */
  #beganMs = 0;
  #beganAt = 0;

  /** `receivedBytes` have come of `allowedBytes`; answers how many may come from now on, where that is more. */
  received(receivedBytes: number, allowedBytes: number, nowMs: number): number | undefined {
    if (this.#neededFrom > 0 && receivedBytes > this.#neededFrom) {
      this.#roundTripMs = Math.min(this.#roundTripMs, nowMs - this.#allowedMs);
      this.#neededFrom = 0;
    }
    if (this.#beganAt === 0) this.#begin(receivedBytes, nowMs);
    else if (receivedBytes - this.#beganAt >= this.#bytes) {
      const isDistance = nowMs - this.#beganMs <= this.#roundTripMs * roundTripsMax;
      if (isDistance) this.#bytes = Math.min(windowBytesMax, this.#bytes * 2); // (W1) (W2)
      this.#begin(receivedBytes, nowMs);
    }
    if (allowedBytes - receivedBytes > this.#bytes / 2) return undefined;
    if (this.#neededFrom === 0) {
      this.#allowedMs = nowMs;
      this.#neededFrom = allowedBytes;
    }
    return receivedBytes + this.#bytes;
  }

  #begin(receivedBytes: number, nowMs: number): void {
    this.#beganMs = nowMs;
    this.#beganAt = receivedBytes;
  }
}
