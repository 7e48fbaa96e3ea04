/**
 * Detector: asks the members this node has links to whether they are there, and tells of those that do not answer.
 *
 * SWIM's probes (§3.1) with Lifeguard's amendments. Probes travel over links that are open anyway, of which a node has
 * few, so every one is probed every interval, and a member that dies is noticed by all its observers at once. Who is
 * asked indirectly are the member's other observers, which its record names. Whoever has just been probed by a member
 * knows that it is there, and saves its own probe: a link carries one probe per interval, of either side.
 *
 * (P1) A member is silent only after it was silent to this node and to every observer that was asked.
 * (P2) Whoever asked late asks again: a timer of ours that was held up proves nothing about others (H2).
 * (P3) A lost link is a silence like any other, only noticed at once.
 * (P4) At most one probe per member is under way.
 * (P6) Probes may be lost on the way; before a member with an open link counts as silent it is asked once in a way that
 *      cannot be, as memberlist does over TCP.
 * (P5) A round trip is measured only where it is certain which probe was answered (Karn and Partridge, 1987).
 * (P7) A member that was silent is asked by this node itself, whoever else probes whom, until it has answered.
 */
import { type Random, Timer, type Timers } from "../base/index.js";
import { LocalHealth, lateMs } from "./local-health.js";
import type { MembershipOptions } from "./types.js";

export interface DetectorHost extends Timers {
  readonly random: Random;
  /** Sends a probe over the link to `nodeId`. */
  probe(nodeId: string, id: number): void;
  /** Asks for a sign of life over the link to `nodeId` in a way that the network may not lose. */
  ping(nodeId: string): void;
  /** Asks others to probe `target`; answers who was asked. */
  probeThrough(target: string, id: number): readonly string[];
  /** When anything was heard from `nodeId` last. */
  heardMs(nodeId: string): number;
  /** `target` was silent to everybody asked. (P1) */
  silent(target: string, nowMs: number): void;
  /** `target` is there; it has answered after `roundTripMs`, where that is known. */
  answered(target: string, roundTripMs: number | undefined, nowMs: number): void;
}

type Phase =
  /** The next probe is due. */
  | { readonly kind: "idle" }
  /** Asked, once or twice. */
  | { readonly kind: "direct"; readonly id: number; readonly sentMs: number; readonly again: boolean }
  /** Others ask; those in `open` have not reported. */
  | { readonly kind: "indirect"; readonly id: number; readonly sentMs: number; readonly open: Set<string> };

/** One member that is asked for. */
interface Watch {
  readonly nodeId: string;
  readonly timer: Timer;
  phase: Phase;
  /** There is a link to it; without one only others can ask. (P3) */
  linked: boolean;
  /** It was silent when it was asked last. (P7) */
  wasSilent: boolean;
}

const idle: Phase = { kind: "idle" };

export class Detector {
  readonly health: LocalHealth = new LocalHealth();
  readonly #options: MembershipOptions;
  readonly #host: DetectorHost;
  readonly #watches = new Map<string, Watch>();
  /** Probes under way, by id. */
  readonly #probes = new Map<number, Watch>();
  #lastId = 0;

  constructor(options: MembershipOptions, host: DetectorHost) {
    this.#options = options;
    this.#host = host;
  }

  /** How many members are watched: each has a timer. */
  get size(): number {
    return this.#watches.size;
  }

  /** There is a link to `nodeId`: it is probed from now on. */
  watch(nodeId: string, nowMs: number): void {
    const watch = this.#watches.get(nodeId) ?? this.#add(nodeId);
    watch.linked = true;
    // spread, so that the members of a node are not all asked in the same millisecond
    this.#rest(watch, nowMs, this.#host.random.next());
  }

  /** There is no link to `nodeId`, or none any more, and nobody said goodbye: others are asked for it. (P3) */
  lost(nodeId: string, nowMs: number): void {
    const watch = this.#watches.get(nodeId) ?? this.#add(nodeId);
    watch.linked = false;
    if (watch.phase.kind !== "indirect") this.#askOthers(watch, nowMs);
  }

  /** `nodeId` is no longer asked for. */
  unwatch(nodeId: string): void {
    const watch = this.#watches.get(nodeId);
    if (watch === undefined) return;
    this.#end(watch);
    this.#watches.delete(nodeId);
    this.#host.unschedule(watch.timer);
  }

  /** `nodeId` has probed this node: it is there, and needs no probe of ours this time. */
  probed(nodeId: string, nowMs: number): void {
    const watch = this.#watches.get(nodeId);
    // a random share sooner or later than the other side, so that both take turns at measuring the round trip
    if (watch?.linked === true && watch.phase.kind === "idle" && !watch.wasSilent)
      this.#rest(watch, nowMs, 3 / 4 + this.#host.random.next() / 2);
  }

  /** An answer to a probe has come. */
  acknowledged(nodeId: string, id: number, nowMs: number): void {
    const watch = this.#probes.get(id);
    if (watch?.nodeId !== nodeId || watch.phase.kind !== "direct") return;
    const { sentMs, again } = watch.phase;
    this.#reached(watch, again ? undefined : nowMs - sentMs, nowMs); // (P5)
  }

  /** `from` has reported; it counts for something if it was asked, once. */
  reported(from: string, id: number, reached: boolean, nowMs: number): void {
    const watch = this.#probes.get(id);
    if (watch?.phase.kind !== "indirect" || !watch.phase.open.delete(from)) return;
    if (reached) return this.#reached(watch, undefined, nowMs);
    if (watch.phase.open.size === 0 && !watch.linked) this.#silent(watch, nowMs); // (P1)
  }

  stop(): void {
    for (const nodeId of [...this.#watches.keys()]) this.unwatch(nodeId);
  }

  #add(nodeId: string): Watch {
    const timer = new Timer((nowMs) => {
      this.#due(watch, nowMs);
    });
    const watch: Watch = { nodeId, timer, phase: idle, linked: true, wasSilent: false };
    this.#watches.set(nodeId, watch);
    return watch;
  }

  #due(watch: Watch, nowMs: number): void {
    const { phase, timer, nodeId } = watch;
    const { probeTimeoutMs } = this.#options;
    if (phase.kind === "idle") return this.#ask(watch, nowMs);
    if (nowMs - timer.dueMs > lateMs) {
      this.health.failed();
      return watch.linked ? this.#ask(watch, nowMs) : this.#askOthers(watch, nowMs); // (P2)
    }
    if (watch.linked && this.#host.heardMs(nodeId) > phase.sentMs) return this.#reached(watch, undefined, nowMs);
    if (phase.kind === "indirect") return this.#silent(watch, nowMs);
    if (phase.again) return this.#askOthers(watch, nowMs);
    this.#host.probe(nodeId, phase.id);
    watch.phase = { ...phase, again: true };
    this.#host.schedule(timer, nowMs + this.health.scaled(probeTimeoutMs / 2));
  }

  #ask(watch: Watch, nowMs: number): void {
    this.#end(watch);
    const id = this.#begin(watch);
    watch.phase = { kind: "direct", id, sentMs: nowMs, again: false };
    this.#host.schedule(watch.timer, nowMs + this.health.scaled(this.#options.probeTimeoutMs / 2));
    this.#host.probe(watch.nodeId, id);
  }

  #askOthers(watch: Watch, nowMs: number): void {
    this.#end(watch);
    const id = this.#begin(watch);
    const open = new Set(this.#host.probeThrough(watch.nodeId, id));
    watch.phase = { kind: "indirect", id, sentMs: nowMs, open };
    if (watch.linked) this.#host.ping(watch.nodeId); // (P6)
    if (open.size === 0 && !watch.linked) this.#silent(watch, nowMs);
    else this.#host.schedule(watch.timer, nowMs + this.health.scaled(this.#options.probeTimeoutMs));
  }

  #reached(watch: Watch, roundTripMs: number | undefined, nowMs: number): void {
    this.health.succeeded();
    watch.wasSilent = false;
    this.#restOrForget(watch, nowMs);
    this.#host.answered(watch.nodeId, roundTripMs, nowMs);
  }

  #silent(watch: Watch, nowMs: number): void {
    if (watch.linked) this.health.failed();
    watch.wasSilent = true; // (P7)
    this.#restOrForget(watch, nowMs);
    this.#host.silent(watch.nodeId, nowMs); // (P1)
  }

  /** Without a link the member is not asked for again before somebody misses it. */
  #restOrForget(watch: Watch, nowMs: number): void {
    if (watch.linked) this.#rest(watch, nowMs, 1);
    else this.unwatch(watch.nodeId);
  }

  /** The probe is over; the next one begins after so many intervals. */
  #rest(watch: Watch, nowMs: number, intervals: number): void {
    this.#end(watch);
    this.#host.schedule(watch.timer, nowMs + intervals * this.#options.probeIntervalMs);
  }

  #begin(watch: Watch): number {
    do
      this.#lastId = (this.#lastId + 1) % 0x8000_0000; // the other half are relayed probes (relays.ts)
    while (this.#probes.has(this.#lastId));
    this.#probes.set(this.#lastId, watch); // (P4)
    return this.#lastId;
  }

  #end(watch: Watch): void {
    if (watch.phase.kind !== "idle") this.#probes.delete(watch.phase.id);
    watch.phase = idle;
  }
}
