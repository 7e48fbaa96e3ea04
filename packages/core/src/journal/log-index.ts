/**
 * Log index: where in a log's file the value of each key is. All keys are in memory, no value.
 *
 * (X1) It is made of the frames of one file, in their order, and of nothing else.
 */
import { type FrameReader, readFrame } from "./frame.js";
import { OrderedMap } from "./ordered-map.js";

/** Where a sealed value is in the file. */
export interface Place {
  readonly at: number;
  readonly length: number;
}

export class LogIndex implements FrameReader {
  readonly tables: Map<string, OrderedMap<Place>> = new Map();
  /** Bytes of all keys and sealed values that there are. */
  liveBytes = 0;
  #frameAt = 0;

  /** Takes in the frame whose payload begins at `frameAt` of the file. */
  add(frameAt: number, payload: Uint8Array): void {
    this.#frameAt = frameAt;
    readFrame(payload, this);
  }

  put(table: string, key: Uint8Array, valueAt: number, length: number): void {
    let places = this.tables.get(table);
    if (places === undefined) this.tables.set(table, (places = new OrderedMap()));
    this.#gone(key, places.set(key, { at: this.#frameAt + valueAt, length }));
    this.liveBytes += key.length + length;
  }

  delete(table: string, key: Uint8Array): void {
    this.#gone(key, this.tables.get(table)?.delete(key));
  }

  deleteRange(table: string, from: Uint8Array | undefined, to: Uint8Array | undefined): void {
    const keys = [...(this.tables.get(table)?.entries(from, to) ?? [])].map(([key]) => key);
    for (const key of keys) this.delete(table, key);
  }

  #gone(key: Uint8Array, place: Place | undefined): void {
    if (place !== undefined) this.liveBytes -= key.length + place.length;
  }
}
