/**
 * Reach: tries addresses until a node answers at one of them.
 *
 * Addresses are tried in their order, each with a head start before the next ("Happy Eyeballs", RFC 8305): one where
 * packets vanish costs a moment, and not the time that a connection may take.
 *
 * (H1) The first connection that opens is taken, and the others are closed.
 * (H2) It ends once: `opened`, `failed` with what was wrong at each address, or by `cancel`, after which nothing is told.
 */
import type { Goodbye } from "@mpreg/core/link";
import { Alarm } from "@mpreg/core/program";
import type { Connection, ConnectionEvents } from "./connection.js";
import type { Platform } from "./platform.js";

const headStartMs = 250;

/** What was wrong at an address. */
export interface Unreached {
  readonly url: string;
  readonly reason: string;
}

export interface ReachHost {
  /** Begins to open a connection. */
  open(url: string, timeoutMs: number, events: ConnectionEvents): Connection;
  opened(connection: Connection): void;
  failed(failures: readonly Unreached[]): void;
}

export class Reach {
  readonly #platform: Platform;
  readonly #host: ReachHost;
  readonly #untried: string[];
  readonly #untilMs: number;
  readonly #trying = new Set<Connection>();
  readonly #failures: Unreached[] = [];
  readonly #alarm: Alarm;
  #over = false;

  /** Begins at once. All attempts end within `timeoutMs`. */
  constructor(platform: Platform, urls: readonly string[], timeoutMs: number, host: ReachHost) {
    this.#platform = platform;
    this.#host = host;
    this.#untried = [...urls];
    this.#untilMs = platform.now() + timeoutMs;
    this.#alarm = new Alarm(platform, () => {
      this.#next();
    });
    this.#next();
  }

  /** Gives up. */
  cancel(reason: string): void {
    this.#end();
    for (const connection of [...this.#trying]) connection.close(reason);
    this.#trying.clear();
  }

  #next(): void {
    if (this.#over) return;
    const url = this.#untried.shift();
    const leftMs = Math.ceil(this.#untilMs - this.#platform.now());
    if (url === undefined) return;
    if (leftMs <= 0) {
      this.#failures.push({ url, reason: "there was no time left to try it" });
      return this.#untried.length > 0 ? this.#next() : this.#settle();
    }
    const connection = this.#host.open(url, leftMs, {
      opened: (opened) => {
        this.#opened(opened);
      },
      message: () => undefined, // there are none before it is open
      gone: (gone, reason) => {
        this.#gone(gone, reason);
      },
    });
    this.#trying.add(connection);
    if (this.#untried.length > 0) this.#alarm.set(this.#platform.now() + headStartMs);
  }

  /** (H1) */
  #opened(connection: Connection): void {
    if (this.#over) return;
    this.#trying.delete(connection);
    this.cancel("another address has answered");
    this.#host.opened(connection);
  }

  #gone(connection: Connection, { reason }: Goodbye): void {
    if (this.#over) return;
    this.#trying.delete(connection);
    this.#failures.push({ url: connection.url, reason });
    if (this.#untried.length > 0) {
      this.#alarm.clear();
      this.#next();
    } else this.#settle();
  }

  #settle(): void {
    if (this.#trying.size > 0) return;
    this.#end();
    this.#host.failed(this.#failures);
  }

  #end(): void {
    this.#over = true; // (H2)
    this.#alarm.clear();
  }
}
