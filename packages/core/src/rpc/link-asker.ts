/**
 * Link asker: tells the end of a run to the far side of a link.
 *
 * (K1) Every asked id is answered once, with something the far side accepts: an answer larger than its limit becomes
 * a `too-large` failure.
 * (K2) An answer that cannot be queued ends the link: silence would be a lie.
 */
import { MpregError } from "../base/index.js";
import { type StepReport, type Timings, writeAnswer, writeFailure, writeResults } from "../wire/index.js";
import type { Channel } from "./task.js";
import type { Asker } from "./run.js";
import type { RequestSummary } from "./types.js";

export interface LinkAskerHost {
  encodeSummary(summary: RequestSummary): Uint8Array;
  /** The far side does not read its answers. */
  overflowed(channel: Channel): void;
}

export class LinkAsker implements Asker {
  readonly #channel: Channel;
  readonly #id: number;
  readonly #timings: boolean;
  readonly #host: LinkAskerHost;

  constructor(channel: Channel, id: number, timings: boolean, host: LinkAskerHost) {
    this.#channel = channel;
    this.#id = id;
    this.#timings = timings;
    this.#host = host;
  }

  answered(value: Uint8Array, timings: Timings | undefined, summary: RequestSummary | undefined): void {
    const encoded = summary === undefined ? undefined : this.#host.encodeSummary(summary);
    writeAnswer(this.#channel.link.outbox.writer, this.#id, value, this.#timings ? timings : undefined, encoded);
    this.#send(this.#channel.link.remoteMessageBytesMax);
  }

  results(
    outputs: readonly (Uint8Array | undefined)[],
    reports: readonly StepReport[] | undefined,
    summary: RequestSummary | undefined,
  ): void {
    const encoded = summary === undefined ? undefined : this.#host.encodeSummary(summary);
    writeResults(this.#channel.link.outbox.writer, { id: this.#id, summary: encoded, reports, outputs });
    this.#send(this.#channel.link.remoteMessageBytesMax);
  }

  failed(error: MpregError): void {
    writeFailure(this.#channel.link.outbox.writer, this.#id, error);
    this.#send(Infinity); // errors are short, see writeFailure
  }

  #send(bytesMax: number): void {
    const bytes = this.#channel.link.outbox.commit(bytesMax);
    if (bytes < 0) {
      const message = `The answer takes ${-bytes} bytes; the caller accepts messages of ${bytesMax}`;
      this.failed(new MpregError("too-large", message, { outcome: "applied" })); // (K1)
      return;
    }
    this.#channel.asked.take(this.#id);
    if (bytes === 0) this.#host.overflowed(this.#channel); // (K2)
  }
}
