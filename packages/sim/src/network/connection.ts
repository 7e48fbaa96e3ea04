/**
 * Connection: two pipes between two hosts, and a socket at each end.
 *
 * A connection can end at one end and not at the other: then the far side finds out by itself, or never.
 *
 * (C1) A socket's owner hears of its end at most once, and of nothing after it, and of neither after its own `close`.
 * (C2) Nothing is sent on a socket that has ended: that is its owner's mistake.
 */
import type { Clock } from "../clock.js";
import type { Path } from "./path.js";
import { type Inlet, type Mark, type Outlet, Pipe } from "./pipe.js";

/** Whoever holds a socket. */
export interface SocketOwner {
  received(frame: Uint8Array): void;
  /** What was sent has left. */
  writable(): void;
  /** The connection is gone, and not by `close`. */
  lost(reason: string): void;
}

/** One end of a connection. */
export class Socket implements Inlet, Outlet {
  /** The host at this end and the one at the other. */
  readonly host: string;
  readonly remoteHost: string;
  readonly #connection: Connection;
  #owner: SocketOwner | undefined;
  #onOpened: (() => void) | undefined;
  #over = false;

  constructor(connection: Connection, host: string, remoteHost: string) {
    this.#connection = connection;
    this.host = host;
    this.remoteHost = remoteHost;
  }

  /** True once the socket is closed or lost. */
  get over(): boolean {
    return this.#over;
  }

  /** Whoever hears what arrives from now on; `onOpened` when the far side has accepted. */
  own(owner: SocketOwner, onOpened?: () => void): void {
    this.#owner = owner;
    this.#onOpened = onOpened;
  }

  /** Says yes to a connection that the other side has opened. */
  accept(): void {
    if (!this.#over) this.#connection.pipeFrom(this).open();
  }

  /** Sends one frame; answers how many bytes wait to leave. A socket that is over takes nothing. (C2) */
  send(frame: Uint8Array): number {
    return this.#over ? 0 : this.#connection.send(this, frame);
  }

  /** Closes in order: what was sent arrives, then the far side hears of the end. */
  close(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#connection.pipeFrom(this).end(reason);
    this.#connection.ended();
  }

  /** The host at this end is gone, without a word. */
  vanish(): void {
    this.#over = true;
    this.#connection.ended();
  }

  arrived(content: Uint8Array | Mark): void {
    if (this.#over) return; // (C1)
    if (content instanceof Uint8Array) {
      this.#owner?.received(content);
    } else if (content.kind === "opened") {
      this.#onOpened?.();
    } else {
      this.#over = true;
      this.#connection.ended();
      this.#owner?.lost(content.reason);
    }
  }

  drained(): void {
    if (!this.#over) this.#owner?.writable();
  }
}

export interface ConnectionHost {
  readonly clock: Clock;
  path(from: string, to: string): Path;
  /** Is a process running there? */
  isUp(host: string): boolean;
  /** Both ends are over. */
  gone(connection: Connection): void;
}

export class Connection {
  readonly dialer: Socket;
  readonly acceptor: Socket;
  readonly #host: ConnectionHost;
  readonly #toAcceptor: Pipe;
  readonly #toDialer: Pipe;
  #gone = false;

  constructor(host: ConnectionHost, from: string, to: string) {
    this.#host = host;
    this.dialer = new Socket(this, from, to);
    this.acceptor = new Socket(this, to, from);
    this.#toAcceptor = new Pipe(host.clock, host.path(from, to), this.dialer, this.acceptor);
    this.#toDialer = new Pipe(host.clock, host.path(to, from), this.acceptor, this.dialer);
  }

  pipeFrom(socket: Socket): Pipe {
    return socket === this.dialer ? this.#toAcceptor : this.#toDialer;
  }

  joins(a: string, b: string): boolean {
    const { host, remoteHost } = this.dialer;
    return (host === a && remoteHost === b) || (host === b && remoteHost === a);
  }

  send(socket: Socket, frame: Uint8Array): number {
    const pipe = this.pipeFrom(socket);
    const waitingBytes = pipe.send(frame);
    const far = socket === this.dialer ? this.acceptor : this.dialer;
    const host = this.#host;
    if (pipe.dead && far.over && host.isUp(far.host) && !host.path(socket.host, far.host).blocked) {
      // the far host is back and knows nothing of the connection: it says so
      this.reset(socket, "connection reset by peer");
    }
    return waitingBytes;
  }

  /** `socket` hears of the end after the first `keep` parcels that are on their way to it. */
  reset(socket: Socket, reason: string, keep = 0): void {
    this.pipeTo(socket).cut(keep, reason);
  }

  pipeTo(socket: Socket): Pipe {
    return socket === this.dialer ? this.#toDialer : this.#toAcceptor;
  }

  ended(): void {
    if (this.#gone || !this.dialer.over || !this.acceptor.over) return;
    this.#gone = true;
    this.#toAcceptor.release();
    this.#toDialer.release();
    this.#host.gone(this);
  }
}
