/**
 * Handler note: which handler the event loop is in, where another thread can read it.
 *
 * Written by the node's thread around each start of a handler. Read by the watchdog's, only when the other one has stood
 * still for long: so nothing guards against reading half of it.
 *
 * (N1) Names are written only when they differ from the last call's: a call costs a few comparisons and stores.
 */
import type { Invocation } from "@mpreg/core/rpc";

/** Which handler of which request. */
export interface HandlerPlace {
  readonly fun: string;
  readonly step: string;
  readonly coordinator: string;
  readonly request: number;
}

/** What names are cut off at; longer ones are not accepted from others. */
const nameBytesMax = 1_024;
/** The length of a name, and the name. */
const sharedNameBytes = Int32Array.BYTES_PER_ELEMENT + nameBytesMax;

/** The request's number, then whether it is inside of a handler (0 or 1), then three names. */
const isInsideOffset = Float64Array.BYTES_PER_ELEMENT;
const namesOffset = isInsideOffset + Int32Array.BYTES_PER_ELEMENT;
export const handlerNoteBytes: number = namesOffset + 3 * sharedNameBytes;

export class HandlerNote {
  readonly #request: Float64Array;
  readonly #isInside: Int32Array;
  readonly #fun: SharedName;
  readonly #step: SharedName;
  readonly #coordinator: SharedName;

  constructor(memory: SharedArrayBuffer) {
    this.#request = new Float64Array(memory, 0, 1);
    this.#isInside = new Int32Array(memory, isInsideOffset, 1);
    this.#fun = new SharedName(memory, namesOffset);
    this.#step = new SharedName(memory, namesOffset + sharedNameBytes);
    this.#coordinator = new SharedName(memory, namesOffset + 2 * sharedNameBytes);
  }

  /** The handler of `invocation` gets the event loop. */
  enter({ fun, step, coordinator, request }: Invocation): void {
    this.#fun.set(fun);
    this.#step.set(step);
    this.#coordinator.set(coordinator);
    this.#request[0] = request;
    this.#isInside[0] = 1;
  }

  /** It has given it back. */
  leave(): void {
    this.#isInside[0] = 0;
  }

  /** The handler that has the event loop; `undefined` when none has, as far as is noted. */
  read(): HandlerPlace | undefined {
    if (this.#isInside[0] === 0) return undefined;
    const [request = 0] = this.#request;
    return { fun: this.#fun.read(), step: this.#step.read(), coordinator: this.#coordinator.read(), request };
  }
}

class SharedName {
  readonly #length: Int32Array;
  readonly #text: Buffer;
  #last = "";

  constructor(memory: SharedArrayBuffer, offset: number) {
    this.#length = new Int32Array(memory, offset, 1);
    this.#text = Buffer.from(memory, offset + Int32Array.BYTES_PER_ELEMENT, nameBytesMax);
  }

  set(name: string): void {
    if (name === this.#last) return; // (N1)
    this.#last = name;
    this.#length[0] = this.#text.write(name);
  }

  read(): string {
    return this.#text.toString("utf8", 0, this.#length[0]);
  }
}
