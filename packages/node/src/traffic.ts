/**
 * Traffic: what a node has sent, received and run, counted where it passes.
 *
 * Owns the numbers of the driver; what the machine counts is in the core (`rpc/counters.ts`), what all of them are called
 * outside is `http/metric-table.ts`.
 */
import { FunctionCounters, countedFunctionsMax } from "@mpreg/core/rpc";

export class Traffic {
  framesReceived = 0;
  bytesReceived = 0;
  framesSent = 0;
  bytesSent = 0;
  /** Handlers that have run here, whoever has coordinated their calls. */
  readonly runs: FunctionCounters = new FunctionCounters(countedFunctionsMax);

  received(bytes: number): void {
    this.framesReceived += 1;
    this.bytesReceived += bytes;
  }

  sent(bytes: number): void {
    this.framesSent += 1;
    this.bytesSent += bytes;
  }
}
