/**
 * Position: where this node stands, from the round trips to those it is linked with.
 *
 * (T1) A single long round trip moves nothing: the median of the last samples of a link counts, as in hashicorp/serf.
 */
import type { Random } from "../base/index.js";
import { type Coordinate, moved, origin } from "./coordinates.js";

const samplesMax = 3;

export class Position {
  readonly #random: Random;
  readonly #samples = new Map<string, number[]>();
  #coordinate: Coordinate = origin;

  constructor(random: Random) {
    this.#random = random;
  }

  get coordinate(): Coordinate {
    return this.#coordinate;
  }

  /** Whether anything was measured yet. */
  get isKnown(): boolean {
    return this.#coordinate !== origin;
  }

  /** A round trip to `nodeId`, which stands at `coordinate`. */
  measured(nodeId: string, coordinate: Coordinate | undefined, roundTripMs: number): void {
    const samples = this.#samples.get(nodeId) ?? [];
    samples.push(roundTripMs);
    if (samples.length > samplesMax) samples.shift();
    this.#samples.set(nodeId, samples);
    if (coordinate === undefined) return;
    this.#coordinate = moved(this.#coordinate, coordinate, median(samples), this.#random); // (T1)
  }

  /** Median of the round trips measured last, in ms. */
  roundTripMs(nodeId: string): number | undefined {
    const samples = this.#samples.get(nodeId);
    return samples === undefined ? undefined : median(samples);
  }

  forget(nodeId: string): void {
    this.#samples.delete(nodeId);
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
