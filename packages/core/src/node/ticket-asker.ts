/** Ticket asker: tells the end of a run to the node's own program or to one of its handlers. */
import type { MpregError } from "../base/index.js";
import type { Asker, RequestEvent, RequestSummary, Settled } from "../rpc/index.js";
import type { StepReport, Timings, Value } from "../wire/index.js";

export class TicketAsker implements Asker {
  readonly #ticket: number;
  readonly #settle: (ticket: number, settled: Settled) => void;
  readonly #told: (ticket: number, event: RequestEvent, value: Uint8Array | undefined) => void;

  readonly takesStreams: boolean | undefined;

  constructor(
    ticket: number,
    takesStreams: boolean | undefined,
    settle: (ticket: number, settled: Settled) => void,
    told: (ticket: number, event: RequestEvent, value: Uint8Array | undefined) => void,
  ) {
    this.#ticket = ticket;
    this.takesStreams = takesStreams;
    this.#settle = settle;
    this.#told = told;
  }

  event(event: RequestEvent, value: Uint8Array | undefined): void {
    this.#told(this.#ticket, event, value);
  }

  answered(value: Value, _timings: Timings | undefined, summary: RequestSummary | undefined): void {
    this.#settle(this.#ticket, { kind: "answered", value, summary });
  }

  results(
    outputs: readonly (Value | undefined)[],
    reports: readonly StepReport[] | undefined,
    summary: RequestSummary | undefined,
  ): void {
    this.#settle(this.#ticket, { kind: "results", outputs, reports, summary });
  }

  failed(error: MpregError): void {
    this.#settle(this.#ticket, { kind: "failed", error });
  }
}
