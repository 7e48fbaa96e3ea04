/** Timed: an asker that waits only so long. */
import type { Deadline, Deadlines, MpregError } from "@mpreg/core/base";
import type { Asker } from "@mpreg/core/rpc";

export class Timed implements Asker, Deadline {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  readonly id: number;
  readonly #asker: Asker;
  readonly #deadlines: Deadlines<Timed>;

  constructor(id: number, asker: Asker, deadlines: Deadlines<Timed>) {
    this.id = id;
    this.#asker = asker;
    this.#deadlines = deadlines;
  }

  answered(...answer: Parameters<Asker["answered"]>): void {
    this.#deadlines.remove(this);
    this.#asker.answered(...answer);
  }

  results(...results: Parameters<Asker["results"]>): void {
    this.#deadlines.remove(this);
    this.#asker.results(...results);
  }

  failed(error: MpregError): void {
    this.#deadlines.remove(this);
    this.#asker.failed(error);
  }

  withdrawn(): void {
    this.#deadlines.remove(this);
  }
}
