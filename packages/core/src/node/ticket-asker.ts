/** Ticket asker: tells the end of a run, or what is seen of one, to the node's own program or to one of its handlers. */
import type { MpregError, Subject } from "../base/index.js";
import type { Asker, Left, RequestEvent, RequestSummary, Run, Settled, Watcher } from "../rpc/index.js";
import type { StepReport, Timings, Value } from "../wire/index.js";

export interface TicketAskerHost {
  settle(ticket: number, settled: Settled): void;
  told(ticket: number, event: RequestEvent, value: Uint8Array | undefined): void;
  /** What it waits for is under way. */
  begun(run: Run): void;
  /** Handlers have left this behind. */
  left(left: Left): void;
}

const self: Subject = { kind: "self" };

export class TicketAsker implements Asker, Watcher {
  readonly subject: Subject = self;
  readonly takesStreams: boolean | undefined;
  readonly #ticket: number;
  readonly #host: TicketAskerHost;

  constructor(ticket: number, takesStreams: boolean | undefined, host: TicketAskerHost) {
    this.#ticket = ticket;
    this.takesStreams = takesStreams;
    this.#host = host;
  }

  event(event: RequestEvent, value: Uint8Array | undefined): void {
    this.#host.told(this.#ticket, event, value);
  }

  answered(value: Value, _timings: Timings | undefined, summary: RequestSummary | undefined): void {
    this.#host.settle(this.#ticket, { kind: "answered", value, summary });
  }

  answeredWith(value: Uint8Array): void {
    this.answered(value, undefined, undefined);
  }

  results(
    outputs: readonly (Value | undefined)[],
    reports: readonly StepReport[] | undefined,
    summary: RequestSummary | undefined,
  ): void {
    this.#host.settle(this.#ticket, { kind: "results", outputs, reports, summary });
  }

  left(left: Left): void {
    this.#host.left(left);
  }

  failed(error: MpregError): void {
    this.#host.settle(this.#ticket, { kind: "failed", error });
  }

  follow(run: Run): void {
    this.#host.begun(run);
  }
}
