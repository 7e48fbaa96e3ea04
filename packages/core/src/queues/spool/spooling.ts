/**
 * Spooling: the spool of a node, made when it is first needed: few nodes have messages for queues that are elsewhere.
 *
 * Without a courier there is none, and without a store none for what was sent.
 */
import { MpregError, quoted } from "../../base/index.js";
import type { QueueHost, QueuesCapabilities, TransferTarget } from "../host.js";
import type { OutgoingMessage, QueueEnd } from "../types.js";
import type { SettleSpooledEnd } from "./set-aside.js";
import { Spool, type SpoolFigures, type SpooledChoice, noFigures } from "./spool.js";
import type { Courier, SpoolVerdict, SpooledFor } from "./types.js";

export class Spooling {
  readonly #shared: () => QueueHost;
  readonly #capabilities: QueuesCapabilities;
  #spool: Spool | undefined;

  constructor(shared: () => QueueHost, capabilities: QueuesCapabilities) {
    this.#shared = shared;
    this.#capabilities = capabilities;
  }

  /** What is in the store is there. */
  recover(nowMs: number): void {
    const { store, courier } = this.#capabilities;
    if (store !== undefined && courier !== undefined && Spool.isIn(store)) this.#made(courier, nowMs);
  }

  list(): readonly SpooledFor[] {
    return this.#spool?.list() ?? [];
  }

  /** What there is, and what has become of what was set aside since the start. */
  figures(): SpoolFigures {
    return this.#spool?.figures() ?? noFigures;
  }

  /** See `Spool.madeHere`. */
  madeHere(id: string): string {
    return this.#spool?.madeHere(id) ?? id;
  }

  /** How many messages wait for that queue. */
  waitingFor(queue: string): number {
    return this.#spool?.waitingFor(queue) ?? 0;
  }

  /** Tells once that nothing waits for that queue any more; answers how to give that up. There is something. */
  whenEmpty(queue: string, empty: (nowMs: number) => void): () => void {
    return this.#spool?.whenEmpty(queue, empty) ?? (() => undefined);
  }

  /** Some node has that queue. */
  wake(queue: string, nowMs: number): void {
    this.#spool?.wake(queue, nowMs);
  }

  /** Keeps what was sent, on the disk: `unsupported` without a store. */
  send(queue: string, messages: readonly OutgoingMessage[], end: (end: QueueEnd<"send">) => void, nowMs: number): void {
    const { courier, store } = this.#capabilities;
    const { sendMessagesMax } = this.#shared().limits;
    if (courier === undefined || store === undefined) {
      const message = `Messages for queue ${quoted(queue)} cannot be spooled here: this node has no data directory`;
      end({ kind: "failed", error: new MpregError("unsupported", message) });
    } else if (messages.length > sendMessagesMax) {
      const message = `A send to queue ${quoted(queue)} has ${messages.length} messages; the limit is ${sendMessagesMax}`;
      end({ kind: "failed", error: new MpregError("too-large", message) });
    } else this.#made(courier, nowMs).send(queue, messages, end, nowMs);
  }

  /** See `Spool.settle`. */
  settle(verdict: SpoolVerdict, choice: SpooledChoice, end: SettleSpooledEnd, nowMs: number): void {
    if (this.#spool === undefined) end(0, undefined, nowMs);
    else this.#spool.settle(verdict, choice, end, nowMs);
  }

  /** For what is moved to that queue from one of this node; `undefined` where no node is known to have it. */
  targetOf(queue: string): TransferTarget | undefined {
    const { courier } = this.#capabilities;
    const where = courier?.whereIs(queue) ?? "unknown";
    if (courier === undefined || where === "unknown" || where === "gone") return undefined;
    return {
      prepareTransfer: (message, letter, nowMs) => this.#made(courier, nowMs).prepareMoved(queue, message, letter),
    };
  }

  close(): void {
    this.#spool?.close();
  }

  #made(courier: Courier, nowMs: number): Spool {
    if (this.#spool !== undefined) return this.#spool;
    const { limits, sealer, timers, random, utf8, writes, listener, run } = this.#shared();
    const wallMs = (): number => this.#capabilities.wallMs();
    return (this.#spool = new Spool(
      { timers, random, utf8, sealer, writes, limits, courier, listener, run, wallMs },
      nowMs,
    ));
  }
}
