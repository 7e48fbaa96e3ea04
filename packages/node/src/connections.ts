/**
 * Connections: sockets joined with the links that the driver makes of them.
 *
 * Owns the dials in progress. What a connection may cost is the gate's business (`transports/`), what is said over it
 * the machine's.
 *
 * (J1) The gate is told as soon as the machine has seen a handshake to its end.
 */
import type { LinkId } from "@mpreg/core/link";
import type { Driver } from "./driver.js";
import type { Logger } from "./log.js";
import type { Gate } from "./transports/gate.js";
import type { Connection } from "./transports/types.js";
import {
  type DialOptions,
  type Dialing,
  type OpenSocket,
  type SocketEvents,
  dialSocket,
  socketConnection,
} from "./transports/websocket.js";

export class Connections {
  readonly #driver: Driver;
  readonly #gate: Gate;
  readonly #options: DialOptions;
  readonly #log: Logger;
  readonly #dialing = new Set<Dialing>();

  constructor(driver: Driver, gate: Gate, options: DialOptions, log: Logger) {
    this.#driver = driver;
    this.#gate = gate;
    this.#options = options;
    this.#log = log;
  }

  /** The other side has opened a connection. */
  accept(opened: OpenSocket): void {
    this.#join(opened, (connection) => this.#driver.accepted(connection));
  }

  /** Opens a connection to `url`, for the machine's dial `attempt`. */
  dial(url: string, attempt: number): void {
    const dialing = dialSocket(
      url,
      this.#options,
      (opened) => {
        this.#dialing.delete(dialing);
        this.#join(opened, (connection) => this.#driver.dialed(connection, attempt));
      },
      (reason) => {
        this.#dialing.delete(dialing);
        this.#driver.dialFailed(attempt, reason);
      },
    );
    this.#dialing.add(dialing);
  }

  /** Gives up all dials in progress. */
  abort(): void {
    for (const each of this.#dialing) each.abort();
  }

  #join(opened: OpenSocket, open: (connection: Connection) => LinkId): void {
    const driver = this.#driver;
    let link: LinkId = 0;
    const received = (frame: Uint8Array): void => {
      driver.received(link, frame);
    };
    const events: SocketEvents = {
      onFrame: (frame) => {
        received(frame);
        if (!driver.machine.isKnown(link)) return;
        connection.known(); // (J1)
        events.onFrame = received;
      },
      onWritable: () => {
        driver.writable(link);
      },
      onEnded: (reason) => {
        const { accepted, address, protocol } = opened;
        if (accepted && protocol === "native" && !driver.machine.isKnown(link)) return; // the machine reports these
        this.#log.warn({ address, protocol, reason }, "connection ended");
      },
      onClose: (reason) => {
        driver.disconnected(link, reason);
      },
    };
    const connection = socketConnection(opened, this.#gate, () => events);
    link = open(connection);
  }
}
