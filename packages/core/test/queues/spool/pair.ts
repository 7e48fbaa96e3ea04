/** A node that keeps messages for a queue of another one, with what goes between them in the hands of the test. */
import type { MpregError } from "../../../src/base/index.js";
import type { Courier, CourierEnd, QueueSettings, QueuesLimits, SendEnd } from "../../../src/queues/index.js";
import { Clock } from "../../support/clock.js";
import { Disk, QueueWorld } from "../support.js";

type Transfer = Parameters<Courier["transfer"]>[1];

/** A node that keeps messages, and one that has the queue "q"; calls between them are carried by hand. */
export class Pair {
  readonly clock = new Clock();
  readonly disks = { near: new Disk(), far: new Disk() };
  near: QueueWorld;
  far: QueueWorld;
  where: "there" | "away" | "unknown" = "there";
  calls: { readonly transfer: Transfer; readonly end: (end: CourierEnd) => void }[] = [];
  #runs = 0;
  readonly #settings: Partial<QueueSettings>;
  readonly #limits: Partial<QueuesLimits>;

  constructor(settings: Partial<QueueSettings> = {}, limits: Partial<QueuesLimits> = {}) {
    this.#settings = settings;
    this.#limits = limits;
    this.far = this.startFar();
    this.near = this.startNear();
  }

  startNear(): QueueWorld {
    const courier: Courier = {
      whereIs: (queue) => (queue === "q" ? this.where : "unknown"),
      transfer: (_queue, transfer, end) => {
        this.calls.push({ transfer, end });
        return () => undefined;
      },
    };
    const { clock } = this;
    return (this.near = new QueueWorld({
      disk: this.disks.near,
      clock,
      seed: ++this.#runs,
      courier,
      limits: this.#limits,
    }));
  }

  startFar(): QueueWorld {
    this.far = new QueueWorld({ disk: this.disks.far, clock: this.clock, seed: 100 + ++this.#runs });
    this.far.create("bad");
    this.far.create("q", this.#settings);
    return this.far;
  }

  spool(...bodies: readonly number[]): readonly SendEnd[] {
    let ends: readonly SendEnd[] = [];
    const messages = bodies.map((body) => ({ body: new Uint8Array(body > 99 ? 5_000 : 1).fill(body) }));
    const told = (end: { kind: "done"; value: unknown } | { kind: "failed"; error: MpregError }): void => {
      if (end.kind === "failed") throw end.error;
      ends = end.value as readonly SendEnd[];
    };
    this.near.queues.spooling.send("q", messages, told, this.clock.nowMs);
    this.disks.near.flush();
    this.clock.advance(0);
    return ends;
  }

  /** What the far side answers to a transfer. */
  ask(transfer: Omit<Transfer, "kept">) {
    return this.far.do<"transfer">("q", { op: "transfer", ...transfer });
  }

  /** Carries all calls there, and their answers back. */
  carry(): void {
    for (let call = this.calls.shift(); call !== undefined; call = this.calls.shift()) {
      call.end({ kind: "answered", answer: this.ask(call.transfer), nowMs: this.clock.nowMs });
      this.disks.near.flush();
      this.clock.advance(0);
    }
  }

  fail(error: MpregError): void {
    this.calls.shift()?.end({ kind: "failed", error, nowMs: this.clock.nowMs });
  }

  bodies(queue: string = "q"): number[] {
    return this.far.do<"browse">(queue, { op: "browse", limit: 100 }).map(({ body }) => body[0] as number);
  }
}
