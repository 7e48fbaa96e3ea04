/**
 * Browser: which nodes of this cluster the networks tell of (RFC 6762 §5.2).
 *
 * (B1) Only nodes of the same cluster count, and never this one.
 * (B2) What was heard is forgotten when its time is over or its node says goodbye. Before that it is asked for again, at
 *      80, 85, 90 and 95 % of the time.
 * (B3) Without a reason to ask, the waits between questions double, from a second to an hour.
 * (B4) At most `nodesMax` nodes are remembered: what a stranger makes up does not grow without end.
 */
import type { Random } from "@mpreg/core/base";
import { type Sighting, clusterText } from "./records.js";

const firstWaitMs = 1_000;
const lastWaitMs = 3_600_000;
const nodesMax = 256;

export interface BrowserHost {
  readonly random: Random;
  /** Asks all networks which nodes there are. */
  ask(): void;
  /** These are all addresses known now. */
  found(urls: readonly string[]): void;
}

interface Found {
  readonly urls: readonly string[];
  readonly heardMs: number;
  readonly ttlMs: number;
  /** Share of the time to live after which to ask again. */
  askAt: number;
}

export class Browser {
  readonly #selfId: string;
  readonly #cluster: string;
  readonly #host: BrowserHost;
  readonly #nodes = new Map<string, Found>();
  #waitMs = firstWaitMs;
  #askMs = Infinity;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(selfId: string, cluster: string, host: BrowserHost) {
    this.#selfId = selfId;
    this.#cluster = clusterText(cluster);
    this.#host = host;
  }

  /** There is a network that was not asked yet. */
  opened(): void {
    if (this.#isClosed) return;
    this.#waitMs = firstWaitMs;
    this.#askMs = performance.now() + 20 + this.#host.random.next() * 100;
    this.#setTimer();
  }

  heard(sightings: readonly Sighting[]): void {
    if (this.#isClosed) return;
    let isNews = false;
    for (const sighting of sightings) if (this.#isOurs(sighting)) isNews = this.#note(sighting) || isNews;
    if (isNews) this.#tell();
    this.#setTimer();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#nodes.clear();
  }

  /** (B1) */
  #isOurs({ id, cluster }: Sighting): boolean {
    return cluster === this.#cluster && id !== this.#selfId.toLowerCase();
  }

  /** True when it changes what is known. */
  #note({ id, urls, ttlS }: Sighting): boolean {
    const known = this.#nodes.get(id);
    if (ttlS === 0 || urls.length === 0) return this.#nodes.delete(id); // (B2)
    if (known === undefined && this.#nodes.size >= nodesMax) return false; // (B4)
    const askAt = 0.8 + this.#host.random.next() * 0.02;
    this.#nodes.set(id, { urls, heardMs: performance.now(), ttlMs: ttlS * 1000, askAt });
    return known === undefined || known.urls.join(" ") !== urls.join(" ");
  }

  #tell(): void {
    this.#host.found([...this.#nodes.values()].flatMap(({ urls }) => urls));
  }

  readonly #tick = (): void => {
    const nowMs = performance.now();
    let isNews = false;
    let isDue = nowMs >= this.#askMs;
    for (const [id, found] of this.#nodes) {
      const age = (nowMs - found.heardMs) / found.ttlMs;
      if (age >= 1) isNews = this.#nodes.delete(id);
      else if (age >= found.askAt) {
        found.askAt += 0.05; // (B2)
        isDue = true;
      }
    }
    if (isNews) this.#tell();
    if (isDue) {
      this.#host.ask();
      this.#askMs = nowMs + this.#waitMs;
      this.#waitMs = Math.min(lastWaitMs, this.#waitMs * 2); // (B3)
    }
    this.#setTimer();
  };

  #setTimer(): void {
    let dueMs = this.#askMs;
    for (const { heardMs, ttlMs, askAt } of this.#nodes.values())
      dueMs = Math.min(dueMs, heardMs + Math.min(1, askAt) * ttlMs);
    clearTimeout(this.#timer);
    if (dueMs === Infinity) return; // no network was opened, and nobody heard
    this.#timer = setTimeout(this.#tick, Math.max(1, dueMs - performance.now()));
    this.#timer.unref();
  }
}
