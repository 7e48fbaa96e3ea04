/**
 * Network: hosts, the paths between them, and the connections that are open.
 *
 * Owns dialling. What a connection is like is `connection.ts`; which faults happen when is `faults/`.
 *
 * (W1) Every dial has one answer: a socket or a failure.
 * (W2) Each pair of hosts draws from its own stream of randomness.
 */
import type { Clock, Moment } from "../clock.js";
import type { SeededRandom } from "../capabilities/random.js";
import { afterLoss } from "./loss.js";
import { Connection, type Socket } from "./connection.js";
import { Path, type PathOptions } from "./path.js";

export interface NetworkOptions extends PathOptions {
  /** Time after which a dial without an answer has failed. */
  readonly dialTimeoutMs: number;
  /** What opening a connection costs beside its three ways, in ms. */
  readonly openingMs: number;
  /**
   * Bytes that a sender's buffer takes. Above it `send` answers a number so large that every sender stops until it is
   * told to go on, so that small worlds know back-pressure too.
   */
  readonly sendBufferBytes: number;
  /** Share of the messages of droppable kinds that are lost (`loss.ts`). */
  readonly lossRatio: number;
}

export const defaultNetworkOptions: NetworkOptions = {
  latencyMs: [0.2, 1],
  bytesPerMs: Infinity,
  dialTimeoutMs: 3_000,
  openingMs: 0.8,
  sendBufferBytes: Infinity,
  lossRatio: 0,
};

const stopBytes = 2 ** 40;

/** Whoever dials. */
export interface Dialer {
  connected(socket: Socket): void;
  failed(reason: string): void;
}

/** A process that can be reached. */
export interface Listener {
  /** Takes the far side's connection: `accept` it, or close it. */
  accept(socket: Socket): void;
}

/** What has been counted since the start. */
export interface NetworkCounts {
  dials: number;
  opened: number;
  frames: number;
  bytes: number;
}

export class Network {
  readonly counts: NetworkCounts = { dials: 0, opened: 0, frames: 0, bytes: 0 };
  readonly clock: Clock;
  readonly #random: SeededRandom;
  readonly #options: NetworkOptions;
  readonly #paths = new Map<string, Path>();
  readonly #listeners = new Map<string, Listener>();
  readonly #silent = new Set<string>();
  readonly #connections = new Set<Connection>();

  constructor(clock: Clock, random: SeededRandom, options: NetworkOptions) {
    this.clock = clock;
    this.#random = random;
    this.#options = options;
  }

  /** The connections of which one end at least is open. */
  get connections(): ReadonlySet<Connection> {
    return this.#connections;
  }

  /** The address by which others dial `host`. */
  urlOf(host: string): string {
    return `${scheme}${host}`;
  }

  listen(host: string, listener: Listener): void {
    this.#listeners.set(host, listener);
    this.#silent.delete(host);
  }

  /** The way from one host to another. */
  path(from: string, to: string): Path {
    const key = `${from}\n${to}`;
    let path = this.#paths.get(key);
    if (path === undefined) {
      path = new Path(this.#options, this.#random.split(key)); // (W2)
      this.#paths.set(key, path);
    }
    return path;
  }

  /** Sends one frame; answers how many bytes wait to leave. */
  send(socket: Socket, frame: Uint8Array): number {
    this.counts.frames += 1;
    this.counts.bytes += frame.length;
    const rest = afterLoss(frame, this.#options.lossRatio, this.#random);
    if (rest.length === 0) return 0;
    const waitingBytes = socket.send(rest);
    return waitingBytes > this.#options.sendBufferBytes ? waitingBytes + stopBytes : waitingBytes;
  }

  isUp(host: string): boolean {
    return this.#listeners.has(host);
  }

  dial(from: string, url: string, dialer: Dialer): void {
    this.counts.dials += 1;
    const to = url.startsWith(scheme) ? url.slice(scheme.length) : url;
    const attempt = new Attempt(this, from, to, dialer, this.#options.dialTimeoutMs);
    const path = this.path(from, to);
    if (path.blocked || this.#silent.has(to)) return; // nothing comes back: the attempt times out
    const arrivesMs = 2 * path.latencyMs() + this.path(to, from).latencyMs() + this.#options.openingMs;
    this.clock.after(arrivesMs, () => this.#arrive(attempt, from, to));
  }

  /**
   * The process of `host` is gone. What it had sent arrives in part; the far sides hear of the end, or, when the whole
   * machine is `silent`, nothing.
   */
  crash(host: string, silent: boolean): void {
    this.#listeners.delete(host);
    if (silent) this.#silent.add(host);
    for (const connection of [...this.#connections]) {
      const { dialer, acceptor } = connection;
      for (const socket of [dialer, acceptor]) {
        if (socket.host !== host || socket.over) continue;
        const far = socket === dialer ? acceptor : dialer;
        socket.vanish();
        if (silent) this.silence(connection, far);
        else this.inform(connection, far, "connection reset by peer");
        connection.pipeTo(socket).kill();
      }
    }
  }

  /** The connection breaks; `told` says which ends hear of it. */
  cut(connection: Connection, told: "both" | "dialer" | "acceptor" | "neither"): void {
    const { dialer, acceptor } = connection;
    for (const socket of [dialer, acceptor]) {
      const isTold = told === "both" || socket === connection[told === "neither" ? "dialer" : told];
      if (told !== "neither" && isTold) this.inform(connection, socket, "connection lost");
      else this.silence(connection, socket);
    }
  }

  /** `socket` gets some of what is on its way to it, then hears of the end. */
  inform(connection: Connection, socket: Socket, reason: string): void {
    const pipe = connection.pipeTo(socket);
    connection.reset(socket, reason, this.#random.integer(0, pipe.inFlight));
  }

  /** Nothing reaches `socket` any more. */
  silence(connection: Connection, socket: Socket): void {
    connection.pipeTo(socket).kill();
  }

  gone(connection: Connection): void {
    this.#connections.delete(connection);
  }

  #arrive(attempt: Attempt, from: string, to: string): void {
    const listener = this.#listeners.get(to);
    if (attempt.over) return;
    if (listener === undefined) {
      if (!this.#silent.has(to)) attempt.fail("connection refused");
      return;
    }
    const connection = new Connection(this, from, to);
    this.#connections.add(connection);
    attempt.reached(connection);
    listener.accept(connection.acceptor);
  }
}

const scheme = "sim://";

/** One dial, until it is answered. (W1) */
class Attempt {
  over = false;
  readonly #network: Network;
  readonly #dialer: Dialer;
  readonly #timeout: Moment;
  #connection: Connection | undefined;

  constructor(network: Network, from: string, to: string, dialer: Dialer, timeoutMs: number) {
    this.#network = network;
    this.#dialer = dialer;
    this.#timeout = network.clock.after(timeoutMs, () => {
      this.fail(`${from} got no answer from ${to} within ${timeoutMs} ms`);
    });
  }

  fail(reason: string): void {
    if (this.over) return;
    this.#end();
    this.#connection?.dialer.close("the dialer has given up");
    this.#dialer.failed(reason);
  }

  reached(connection: Connection): void {
    this.#connection = connection;
    const { dialer } = connection;
    const lost = (reason: string): void => {
      this.fail(reason);
    };
    dialer.own({ received: ignore, writable: ignore, lost }, () => {
      if (this.over) return;
      this.#end();
      this.#network.counts.opened += 1;
      this.#dialer.connected(dialer);
    });
  }

  #end(): void {
    this.over = true;
    this.#network.clock.cancel(this.#timeout);
  }
}

function ignore(): void {
  // nothing arrives before the connection is open
}
