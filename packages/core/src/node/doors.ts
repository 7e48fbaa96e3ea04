/**
 * Doors: the connections of this node that speak other protocols.
 *
 * Owns which there are, and lets go of those that do not read. What is said over one is its door's business (`core/doors`).
 *
 * (R1) A door that is over is over for both: what it asked for is abandoned, and its connection is closed.
 * (R2) One whose far side does not read is ended with the turn, never while somebody is telling it something.
 */
import type { Subject } from "../base/index.js";
import { type Door, JsonMessageTeller, JsonV1Door } from "../doors/index.js";
import type { Goodbye, LinkId } from "../link/index.js";
import { type Asker, type OwnRequestFields, type Rpc, clientOrigin, leaving } from "../rpc/index.js";
import { MessageWriter, type Topics } from "../topics/index.js";
import type { NodeCapabilities, NodeEffects, NodeOptions } from "./types.js";

export interface DoorsHost {
  readonly options: NodeOptions;
  readonly capabilities: NodeCapabilities;
  readonly effects: NodeEffects;
  readonly rpc: Pick<Rpc, "request">;
  readonly topics: Topics;
  isDraining(): boolean;
  nowMs(): number;
}

export class Doors {
  readonly #host: DoorsHost;
  readonly #doors = new Map<LinkId, Door>();
  /** Those that do not read, with what waits for them. (R2) */
  readonly #overflowed = new Map<LinkId, number>();
  /** There once a message is told. */
  #teller: JsonMessageTeller | undefined;
  /** There once something is published for a client. */
  #messages: MessageWriter | undefined;

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
  lost(link: LinkId, nowMs: number): boolean {
    const door = this.#doors.get(link);
    if (door === undefined) return false;
    this.#doors.delete(link);
    this.#overflowed.delete(link);
    door.closed(nowMs);
    return true;
  }

  /** What has happened is done: what was told is not needed any more. */
  settle(): void {
    this.#teller?.forget();
  }

  /** Ends those that do not read. */
  flush(nowMs: number): void {
    for (const [link, bytes] of this.#overflowed)
      this.#end(link, { code: "slow", reason: `${bytes} bytes wait to be read` }, nowMs);
    this.#overflowed.clear();
  }

  close(goodbye: Goodbye, nowMs: number): void {
    for (const link of [...this.#doors.keys()]) this.#end(link, goodbye, nowMs);
  }

  #jsonDoor(link: LinkId, subject: Subject): Door {
    const { options, capabilities, effects, rpc, topics } = this.#host;
    const { codec, utf8 } = capabilities;
    const { limits } = options.link;
    return new JsonV1Door({
      codec,
      utf8,
      limits,
      nodeName: options.name,
      asksMax: options.rpc.asksPerLinkMax,
      link,
      subject,
      policy: options.policy,
      topics,
      topicsLimits: options.topics,
      teller: () => (this.#teller ??= new JsonMessageTeller({ codec, utf8, limits })),
      messages: () => (this.#messages ??= new MessageWriter(capabilities.random, utf8)),
      nowMs: () => this.#host.nowMs(),
      request: (ask: OwnRequestFields, asker: Asker, nowMs, onStart) => {
        if (this.#host.isDraining()) return asker.failed(leaving(options.name));
        rpc.request(ask, clientOrigin(subject, link), asker, nowMs, onStart);
      },
      send: (frame) => {
        const overflowBytes = this.#overflowed.get(link);
        if (overflowBytes !== undefined) return overflowBytes;
        const waitingBytes = effects.send(link, frame);
        if (waitingBytes > options.link.queueBytesMax) this.#overflowed.set(link, waitingBytes); // (R2)
        return waitingBytes;
      },
      wallMs: () => capabilities.wallMs(),
      close: (reason, nowMs) => {
        this.#end(link, { code: "malformed", reason }, nowMs);
      },
    });
  }

  /** (R1) */
  #end(link: LinkId, goodbye: Goodbye, nowMs: number): void {
    if (this.lost(link, nowMs)) this.#host.effects.close(link, goodbye);
  }
}
