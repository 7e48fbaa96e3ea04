/** A client's platform in a simulated mesh: its clock, its randomness, and sockets that tests can hold and cut. */
import { Deadlines, Timer } from "@mpreg/core/base";
import type { Connection, Endpoint } from "../../../core/test/support/connection.js";
import type { Mesh } from "../../../core/test/support/mesh.js";
import { seeded } from "../../../core/test/support/random.js";
import { utf8 } from "../../../core/test/support/wire.js";
import type { Platform, Socket, SocketEvents } from "../../src/platform.js";

/** An address where packets vanish. */
export const blackHole = "ws://hole";

/** A socket as the test sees it. */
export interface MeshSocket {
  readonly url: string;
  readonly connection: Connection;
  /** The client's end of it. */
  readonly end: Endpoint;
}

export class MeshPlatform implements Platform {
  readonly utf8 = utf8;
  readonly random: Platform["random"];
  /** Every address that was dialled, in order. */
  readonly dials: { readonly url: string; readonly atMs: number }[] = [];
  /** Every address to which the client has closed its connection, open or not, in order. */
  readonly closed: string[] = [];
  /** Every connection there was, in order. */
  readonly sockets: MeshSocket[] = [];
  /** Sees every connection before anything is sent over it. */
  onSocket: (socket: MeshSocket) => void = () => undefined;
  readonly #mesh: Mesh;
  readonly #timers = new Deadlines<Timer>();

  constructor(mesh: Mesh) {
    this.#mesh = mesh;
    this.random = seeded(7 + mesh.clocks.length); // each client has randomness of its own
    mesh.clocks.push(this);
  }

  get nextDueMs(): number {
    return this.#timers.nextDueMs;
  }

  tick(): void {
    for (let due = this.#timers.takeDue(this.now()); due !== undefined; due = this.#timers.takeDue(this.now())) {
      due.onDue(this.now());
    }
  }

  now(): number {
    return this.#mesh.nowMs;
  }

  wallMs(): number {
    return Math.floor(this.#mesh.nowMs);
  }

  setTimer(callback: () => void, ms: number): Timer {
    const timer = new Timer(callback);
    this.#timers.set(timer, this.now() + ms);
    return timer;
  }

  openTelemetry(): undefined {
    return undefined;
  }

  clearTimer(timer: object | number): void {
    this.#timers.remove(timer as Timer);
  }

  endOfTurn(callback: () => void): void {
    this.#mesh.post(callback);
  }

  openSocket(url: string, { timeoutMs }: { readonly timeoutMs: number }, events: SocketEvents): Socket {
    let connection: Connection | undefined;
    let isGone = false;
    const gone = (reason: string): void => {
      if (isGone) return;
      isGone = true;
      events.onClose(reason);
    };
    const end: Endpoint = {
      received: (frame) => {
        if (!isGone) events.onFrame(frame);
      },
      writable: () => {
        events.onWritable();
      },
      lost: gone,
    };
    this.dials.push({ url, atMs: this.now() });
    this.#mesh.post(() => {
      if (isGone) return;
      if (url === blackHole) {
        this.setTimer(() => {
          gone("nobody has answered in time");
        }, timeoutMs);
        return;
      }
      connection = this.#mesh.reach(url, end);
      if (connection === undefined) return gone("nobody listens");
      const socket = { url, connection, end };
      this.sockets.push(socket);
      this.onSocket(socket);
      events.onOpen();
    });
    return {
      send: (frame) => connection?.send(end, frame.slice()) ?? 0,
      close: () => {
        isGone = true;
        this.closed.push(url);
        connection?.close(end);
      },
    };
  }
}
