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

const messageOverheadBytes = 4096;

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
    if (this.#tooLarge(value.length)) return;
    const encoded = summary === undefined ? undefined : this.#host.encodeSummary(summary);
    writeAnswer(this.#channel.link.outbox.writer, this.#id, value, this.#timings ? timings : undefined, encoded);
    this.#sent();
  }

  results(
    outputs: readonly (Uint8Array | undefined)[],
    reports: readonly StepReport[] | undefined,
    summary: RequestSummary | undefined,
  ): void {
    if (this.#tooLarge(outputs.reduce((sum, output) => sum + 8 + (output?.length ?? 0), 0))) return;
    const encoded = summary === undefined ? undefined : this.#host.encodeSummary(summary);
    writeResults(this.#channel.link.outbox.writer, { id: this.#id, summary: encoded, reports, outputs });
    this.#sent();
  }

  failed(error: MpregError): void {
    writeFailure(this.#channel.link.outbox.writer, this.#id, error);
    this.#sent();
  }

  #tooLarge(bytes: number): boolean {
    const max = this.#channel.link.remoteMessageBytesMax;
    if (bytes + messageOverheadBytes <= max) return false;
    const message = `The result takes ${bytes} bytes; the caller accepts messages of ${max}`;
    this.failed(new MpregError("too-large", message, { outcome: "applied" })); // (K1)
    return true;
  }

  #sent(): void {
    this.#channel.asked.take(this.#id);
    if (this.#channel.link.outbox.commit() === 0) this.#host.overflowed(this.#channel); // (K2)
  }
}
