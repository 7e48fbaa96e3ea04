/**
 * Doors: the connections of this node that speak other protocols.
 *
 * Owns which there are, and lets go of those that do not read. What is said over one is its door's business (`core/doors`).
 *
 * (R1) A door that is over is over for both: what it asked for is abandoned, and its connection is closed.
 * (R2) One whose far side does not read is ended with the turn, never while somebody is telling it something.
 */
import type { Subject } from "../base/index.js";
import { type Door, JsonV1Door } from "../doors/index.js";
import type { Goodbye, LinkId } from "../link/index.js";
import { type Asker, type OwnRequestFields, type Rpc, clientOrigin, leaving } from "../rpc/index.js";
import type { NodeCapabilities, NodeEffects, NodeOptions } from "./types.js";

export interface DoorsHost {
  readonly options: NodeOptions;
  readonly capabilities: NodeCapabilities;
  readonly effects: NodeEffects;
  readonly rpc: Pick<Rpc, "request">;
  isDraining(): boolean;
}

export class Doors {
  readonly #host: DoorsHost;
  readonly #doors = new Map<LinkId, Door>();
  /** Those that do not read, with what waits for them. (R2) */
  readonly #overflowed = new Map<LinkId, number>();

  constructor(host: DoorsHost) {
    this.#host = host;
  }

  get size(): number {
    return this.#doors.size;
  }

  /** Requests of all that wait for their answer. */
  get asked(): number {
    let asked = 0;
    for (const door of this.#doors.values()) asked += door.size;
    return asked;
  }

  get(link: LinkId): Door | undefined {
    return this.#doors.get(link);
  }

  /** A connection has opened; the policy may refuse it. */
  open(link: LinkId, address: string): void {
    const { options, effects } = this.#host;
    const subject: Subject = { kind: "client", address, credentials: undefined, via: undefined };
    const decision = options.policy(subject, { kind: "accept", role: "client", cluster: options.cluster });
    if (decision.allow) this.#doors.set(link, this.#jsonDoor(link, subject));
    else effects.close(link, { code: "refused", reason: decision.reason });
  }

  /** The connection is gone. Answers false if it was no door's. */
  lost(link: LinkId): boolean {
    const door = this.#doors.get(link);
    if (door === undefined) return false;
    this.#doors.delete(link);
    this.#overflowed.delete(link);
    door.closed();
    return true;
  }

  /** Ends those that do not read. */
  flush(): void {
    for (const [link, bytes] of this.#overflowed)
      this.#end(link, { code: "slow", reason: `${bytes} bytes wait to be read` });
    this.#overflowed.clear();
  }

  close(goodbye: Goodbye): void {
    for (const link of [...this.#doors.keys()]) this.#end(link, goodbye);
  }

  #jsonDoor(link: LinkId, subject: Subject): Door {
    const { options, capabilities, effects, rpc } = this.#host;
    return new JsonV1Door({
      codec: capabilities.codec,
      utf8: capabilities.utf8,
      limits: options.link.limits,
      nodeName: options.name,
      asksMax: options.rpc.asksPerLinkMax,
      request: (ask: OwnRequestFields, asker: Asker, nowMs, onStart) => {
        if (this.#host.isDraining()) return asker.failed(leaving(options.name));
        rpc.request(ask, clientOrigin(subject, link), asker, nowMs, onStart);
      },
      send: (frame) => {
        if (this.#overflowed.has(link)) return;
        const waitingBytes = effects.send(link, frame);
        if (waitingBytes > options.link.queueBytesMax) this.#overflowed.set(link, waitingBytes); // (R2)
      },
      wallMs: () => capabilities.wallMs(),
      close: (reason) => {
        this.#end(link, { code: "malformed", reason });
      },
    });
  }

  /** (R1) */
  #end(link: LinkId, goodbye: Goodbye): void {
    if (this.lost(link)) this.#host.effects.close(link, goodbye);
  }
}
