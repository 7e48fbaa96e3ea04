/** The real client in a simulated world: its session, over the world's clock and sockets. */
import { createCodec } from "@mpreg/core/values";
import type { Platform, Socket, SocketEvents } from "../../../client/src/platform.js";
import { Session } from "../../../client/src/session.js";
import { sessionOptions } from "../../../client/test/support/session-options.js";
import { utf8 } from "../../src/capabilities/utf8.js";
import type { ConnectClient, World } from "../../src/index.js";

interface SimulatedTimer {
  isSet: boolean;
}

export class WorldPlatform implements Platform {
  /** Sockets that have been opened. */
  opened = 0;
  readonly utf8 = utf8;
  readonly random: Platform["random"];
  readonly #world: World;
  readonly #name: string;
  readonly #stirred: () => void;

  /** `stirred` is told when something has happened that may have settled promises. */
  constructor(world: World, name: string, stirred: () => void = () => undefined) {
    this.#world = world;
    this.#name = name;
    this.#stirred = stirred;
    this.random = world.random(`session ${name}`);
  }

  now(): number {
    return this.#world.nowMs;
  }

  wallMs(): number {
    return Math.floor(this.#world.nowMs);
  }

  setTimer(callback: () => void, ms: number): SimulatedTimer {
    const timer = { isSet: true };
    this.#world.after(ms, () => {
      if (!timer.isSet) return;
      callback();
      this.#stirred();
    });
    return timer;
  }

  clearTimer(timer: object | number): void {
    (timer as SimulatedTimer).isSet = false;
  }

  endOfTurn(callback: () => void): void {
    this.#world.after(0, callback);
  }

  openTelemetry(): undefined {
    return undefined;
  }

  openSocket(url: string, _options: object, events: SocketEvents): Socket {
    const { network } = this.#world;
    let isGone = false;
    let close: (reason: string) => void = () => undefined;
    let send: (frame: Uint8Array) => number = () => 0;
    const gone = (reason: string): void => {
      if (isGone) return;
      isGone = true;
      events.onClose(reason);
      this.#stirred();
    };
    network.dial(this.#name, url, {
      connected: (socket) => {
        if (isGone) return socket.close("the client has changed its mind");
        this.opened += 1;
        close = (reason) => {
          socket.close(reason);
        };
        send = (frame) => (socket.over ? 0 : network.send(socket, frame.slice()));
        socket.own({
          received: (frame) => {
            if (isGone) return;
            events.onFrame(frame);
            this.#stirred();
          },
          writable: () => {
            if (!isGone) events.onWritable();
          },
          lost: gone,
        });
        events.onOpen();
      },
      failed: gone,
    });
    return {
      send: (frame) => send(frame),
      close: (_code, reason) => {
        isGone = true;
        close(reason);
      },
    };
  }
}

/** Connects the real client, which looks for a node until there is one. */
export const connectSession: ConnectClient = (world, name, nodes) => {
  const platform = new WorldPlatform(world, name);
  const urls = nodes.map((node) => world.network.urlOf(node));
  const session = new Session(platform, sessionOptions(urls, createCodec(utf8)));
  session.open(
    () => undefined,
    (failures) => {
      world.violated("client-connects", `${name} cannot connect: ${failures.map(({ reason }) => reason).join(", ")}`);
    },
  );
  let waiting = 0;
  return {
    get waiting() {
      return waiting;
    },
    get connections() {
      return platform.opened;
    },
    ask: (ask, onEnd) => {
      waiting += 1;
      const end: typeof onEnd = (settled) => {
        waiting -= 1;
        onEnd(settled);
      };
      const asker = {
        answered: (value: Uint8Array) => {
          end({ kind: "answered", value, summary: undefined });
        },
        results: (outputs: readonly (Uint8Array | undefined)[], reports: never) => {
          end({ kind: "results", outputs, reports, summary: undefined });
        },
        failed: (error: never) => {
          end({ kind: "failed", error });
        },
      };
      const number = ask.kind === "call" ? session.call(ask.fields, asker) : session.request(ask.fields, asker);
      return () => {
        waiting -= 1;
        session.withdraw(number);
      };
    },
    close: () => {
      session.close("the client has closed");
    },
  };
};
