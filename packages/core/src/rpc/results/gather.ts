/**
 * Gather: fetches the values that are kept elsewhere, for somebody who needs all of them here.
 *
 * (G1) It ends once: with all values, with the first failure, or stopped; then nothing of it is fetched any more.
 * (G2) No value takes more memory than it has bytes, and none is longer than `valueBytesMax`.
 * (G3) A stream is no value that could be fetched: it stays a reference, or is made an array for those who ask for that.
 * (G4) A value that is lost and made again is fetched from its beginning: it need not be the same bytes.
 */
import { MpregError } from "../../base/index.js";
import type { ResultRef, Value } from "../../wire/index.js";
import { type ArrayRoom, ItemArray, type ItemsRefusal } from "./item-array.js";
import type { Fetch, FetchSink, FetchWay, Fetches } from "./fetches.js";
import type { LostOutput, OutputReader } from "./outputs.js";
import { Window, windowBytesFirst } from "./window.js";

/** Puts the chunks of one value together. */
class Collecting implements FetchSink {
  readonly #gathering: Gathering;
  readonly #index: number;
  readonly #ref: ResultRef;
  readonly #window = new Window();
  #bytes: Uint8Array | undefined;
  #receivedBytes = 0;

  constructor(gathering: Gathering, index: number, ref: ResultRef) {
    this.#gathering = gathering;
    this.#index = index;
    this.#ref = ref;
  }

  chunk(bytes: Uint8Array, totalBytes: number | undefined, nowMs: number): void {
    const gathering = this.#gathering;
    if (totalBytes === undefined || totalBytes > gathering.valueBytesMax) {
      const message = `A value of ${totalBytes ?? "unknown"} bytes is too much; the limit is ${gathering.valueBytesMax} (limits.valueBytesMax)`;
      return gathering.failed(new MpregError("too-large", message), nowMs); // (G2)
    }
    if (this.#bytes === undefined && bytes.length === totalBytes) return gathering.got(this.#index, bytes, nowMs);
    this.#bytes ??= new Uint8Array(totalBytes);
    this.#bytes.set(bytes, this.#receivedBytes);
    this.#receivedBytes += bytes.length;
    gathering.receivedBytes += bytes.length;
    if (this.#receivedBytes === totalBytes) gathering.got(this.#index, this.#bytes, nowMs);
    else gathering.allow(this.#index, this.#receivedBytes, this.#window, nowMs);
  }

  failed(error: MpregError, nowMs: number): void {
    this.#gathering.missed(this.#index, { ref: this.#ref, error }, this.#receivedBytes, nowMs);
  }
}

/** Puts the items of a stream into an array. (G3) */
class CollectingItems implements FetchSink {
  readonly #gathering: Gathering;
  readonly #index: number;
  readonly #items: ItemArray;

  constructor(gathering: Gathering, index: number, room: ArrayRoom, tooMany: ItemsRefusal | undefined) {
    this.#gathering = gathering;
    this.#index = index;
    this.#items = new ItemArray(room, tooMany);
  }

  chunk(bytes: Uint8Array, totalBytes: number | undefined, nowMs: number): void {
    const refusal = this.#items.push(bytes);
    if (refusal !== undefined) return this.#gathering.failed(this.#gathering.at(this.#index, refusal), nowMs);
    const { takenBytes } = this.#items;
    if (takenBytes === totalBytes) this.#gathering.got(this.#index, this.#items.encode(), nowMs);
    else this.#gathering.allowItems(this.#index, takenBytes, nowMs);
  }

  failed(error: MpregError, nowMs: number): void {
    this.#gathering.failed(error, nowMs);
  }
}

export interface GatherHost {
  readonly fetches: Fetches;
  readonly valueBytesMax: number;
  readonly way: FetchWay;
  /** Room for the arrays that are made of streams; without it none are. (G3) */
  readonly arrays?: ArrayRoom | undefined;
  /** Why the array of the stream of that index may not have as many items, if it may not. */
  readonly tooMany?: ((index: number) => ItemsRefusal | undefined) | undefined;
  /** The name of the step that has made the value of that index. */
  readonly stepOf?: ((index: number) => string | undefined) | undefined;
  /** Answers `reader` where what is lost can be had, of which `receivedBytes` had come. (G4) */
  readonly remake: (lost: LostOutput, receivedBytes: number, reader: OutputReader, nowMs: number) => void;
}

export class Gathering {
  readonly valueBytesMax: number;
  /** Bytes that have come, of all values that are fetched whole. */
  receivedBytes = 0;
  readonly #fetches: Fetches;
  readonly #way: FetchWay;
  readonly #remake: GatherHost["remake"];
  readonly #arrays: ArrayRoom | undefined;
  readonly #tooMany: GatherHost["tooMany"];
  readonly #stepOf: GatherHost["stepOf"];
  readonly #values: (Value | undefined)[];
  readonly #running = new Map<number, Fetch>();
  readonly #done: (values: readonly (Value | undefined)[], nowMs: number) => void;
  readonly #failed: (error: MpregError, nowMs: number) => void;
  #missing = 0;
  #over = false;

  /** Fetches what is no bytes yet of `values`. */
  constructor(
    { fetches, valueBytesMax, way, arrays, tooMany, stepOf, remake }: GatherHost,
    values: readonly (Value | undefined)[],
    done: (values: readonly (Value | undefined)[], nowMs: number) => void,
    failed: (error: MpregError, nowMs: number) => void,
  ) {
    this.#fetches = fetches;
    this.#way = way;
    this.#arrays = arrays;
    this.#tooMany = tooMany;
    this.#stepOf = stepOf;
    this.#remake = remake;
    this.valueBytesMax = valueBytesMax;
    this.#values = [...values];
    this.#done = done;
    this.#failed = failed;
  }

  /** Begins; it may end before this returns. */
  start(nowMs: number): void {
    const refs = [...this.#values.entries()].filter(
      (entry): entry is [number, ResultRef] => isRef(entry[1]) && (this.#arrays !== undefined || !entry[1].isStream),
    );
    this.#missing = refs.length;
    for (const [index, ref] of refs) {
      this.#fetch(index, ref, nowMs);
      if (this.isOver) return;
    }
  }

  #fetch(index: number, ref: ResultRef, nowMs: number): void {
    const arrays = ref.isStream ? this.#arrays : undefined;
    const sink =
      arrays === undefined
        ? new Collecting(this, index, ref)
        : new CollectingItems(this, index, arrays, this.#tooMany?.(index));
    const fetch = this.#fetches.start(ref, sink, windowBytesFirst, this.#way, nowMs);
    if (!this.isOver && !fetch.isOver) this.#running.set(index, fetch);
  }

  /** Nobody needs the values any more. */
  stop(): void {
    this.#over = true;
    this.#arrays?.giveBack();
    for (const fetch of this.#running.values()) this.#fetches.stop(fetch); // (G1)
    this.#running.clear();
  }

  got(index: number, bytes: Uint8Array, nowMs: number): void {
    this.#values[index] = bytes;
    this.#running.delete(index);
    this.#missing -= 1;
    if (this.#missing > 0) return;
    this.#over = true;
    this.#arrays?.told();
    this.#done(this.#values, nowMs);
  }

  allow(index: number, receivedBytes: number, window: Window, nowMs: number): void {
    const fetch = this.#running.get(index);
    if (fetch === undefined) return;
    const allowedBytes = window.received(receivedBytes, fetch.allowedBytes, nowMs);
    if (allowedBytes !== undefined) this.#fetches.allow(fetch, allowedBytes, nowMs);
  }

  /** Of a stream, what was taken need not be kept any more; what is ahead of that is kept by whoever makes it. */
  allowItems(index: number, takenBytes: number, nowMs: number): void {
    const fetch = this.#running.get(index);
    if (fetch !== undefined && fetch.allowedBytes - takenBytes <= windowBytesFirst / 2) {
      this.#fetches.allow(fetch, takenBytes + windowBytesFirst, nowMs, takenBytes);
    }
  }

  /** A value could not be fetched: where it was lost and can be had again, it is. (G4) */
  missed(index: number, lost: LostOutput, receivedBytes: number, nowMs: number): void {
    this.#running.delete(index);
    if (lost.error.code !== "result-lost" || this.#over) return this.failed(lost.error, nowMs);
    const reader: OutputReader = {
      made: (ref, thenMs) => {
        if (!this.#over) this.#fetch(index, ref, thenMs);
      },
      failed: (error, thenMs) => {
        this.failed(error, thenMs);
      },
    };
    this.#remake(lost, receivedBytes, reader, nowMs);
  }

  failed(error: MpregError, nowMs: number): void {
    if (this.#over) return;
    this.stop();
    this.#failed(error, nowMs);
  }

  /** The error, at the step whose value it is about. */
  at(index: number, error: MpregError): MpregError {
    return error.at({ step: this.#stepOf?.(index) });
  }

  /** Any fetch may have ended it. */
  get isOver(): boolean {
    return this.#over;
  }
}

/** Whether the value is kept somewhere, and not here in the message. */
export function isRef(value: Value | undefined): value is ResultRef {
  return value !== undefined && !(value instanceof Uint8Array);
}

/** Whether the value is a stream of items, which are taken one by one. */
export function isStream(value: Value | undefined): value is ResultRef {
  return isRef(value) && value.isStream;
}

/** Whether the value is kept somewhere, and is to be fetched before it can be used. (G3) */
export function isFetchable(value: Value | undefined): value is ResultRef {
  return isRef(value) && !value.isStream;
}

/** Bytes of a value, wherever it is. */
export function bytesOf(value: Value): number {
  return value instanceof Uint8Array ? value.length : value.bytes;
}
