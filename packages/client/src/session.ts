/**
 * Session: one connection to a node as clients use it, with and without a contract.
 *
 * Owns what is left when the connection is not there any more: the reason, told to everything that is asked later.
 */
import { MpregError, checkOptions, optionNames, placed } from "@mpreg/core/base";
import type { Goodbye } from "@mpreg/core/link";
import {
  type Asker,
  type Asking,
  type CallFields,
  type CancelSignal,
  type RequestFields,
  ValueWaiter,
  checkListeners,
  durationMs,
} from "@mpreg/core/rpc";
import type { Codec } from "@mpreg/core/values";
import type { InspectSubject, WireLimits } from "@mpreg/core/wire";
import type { Connection } from "./connection.js";
import { Status } from "./status.js";

export interface SessionParts {
  readonly url: string;
  readonly codec: Codec;
  readonly limits: WireLimits;
  readonly connection: Connection;
}

/** Options of a question about the cluster. */
export interface InspectOptions {
  /** Gives up waiting for the answer. */
  readonly signal?: CancelSignal | undefined;
  /** Time allowed, in ms; `deadline` after. Default: as long as it takes. */
  readonly timeoutMs?: number | undefined;
}

const inspectNames = optionNames<InspectOptions>({ signal: true, timeoutMs: true });

export class Session implements Asking {
  readonly url: string;
  readonly codec: Codec;
  readonly limits: WireLimits;
  readonly #connection: Connection;
  readonly status: Status;
  #gone: Goodbye | undefined;
  #closed = false;

  constructor({ url, codec, limits, connection }: SessionParts) {
    this.url = url;
    this.codec = codec;
    this.limits = limits;
    this.#connection = connection;
    this.status = new Status({ kind: "connected", url, node: connection.nodeName ?? "" });
  }

  get nodeName(): string | undefined {
    return this.#connection.nodeName;
  }

  call(fields: CallFields, asker: Asker): number {
    return this.#refused(asker) ? 0 : this.#connection.call(fields, asker);
  }

  request(fields: RequestFields, asker: Asker): number {
    return this.#refused(asker) ? 0 : this.#connection.request(fields, asker);
  }

  withdraw(ask: number): void {
    this.#connection.withdraw(ask);
  }

  /** What the node says about its cluster. */
  inspect(subject: InspectSubject, options: InspectOptions | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      try {
        if (options !== undefined) {
          checkOptions(options, inspectNames, subject);
          checkListeners(options, subject);
        }
        const signal = options?.signal;
        const timeoutMs = durationMs(options?.timeoutMs, `${subject}: timeoutMs`);
        const waiter = new ValueWaiter(this, undefined, resolve, reject, undefined);
        if (signal?.aborted === true) return waiter.cancelled(signal, "not-applied");
        const ask = this.#refused(waiter) ? 0 : this.#connection.inspect(subject, timeoutMs, waiter);
        if (signal !== undefined) waiter.cancelWith(signal, ask);
      } catch (error) {
        throw placed(error, { node: this.nodeName });
      }
    });
  }

  /** The connection is gone. */
  gone(reason: Goodbye): void {
    this.#gone = reason;
    this.status.tell({ kind: "disconnected", url: this.url, reason, isClosed: this.#closed });
  }

  close(): void {
    this.#closed = true;
    this.#connection.close("the client has closed");
  }

  /** Tells `asker` that there is no connection; answers `false` when there is one. */
  #refused(asker: Asker): boolean {
    if (this.#closed) {
      asker.failed(new MpregError("closed", `The client of ${this.url} is closed`));
      return true;
    }
    if (this.#gone === undefined) return false;
    const message = `The connection to ${this.url} is gone: ${this.#gone.reason}; connect again to go on`;
    asker.failed(new MpregError("not-connected", message));
    return true;
  }
}
