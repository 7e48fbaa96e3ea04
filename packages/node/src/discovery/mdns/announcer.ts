/**
 * Announcer: tells each network that this node is there, and that it leaves (RFC 6762 §6, §8.3, §10.1).
 *
 * Names are made of the node's key and so are nobody else's: they are not probed for (§8.1).
 *
 * (A1) A network that appears is told twice, a second apart, because datagrams are lost.
 * (A2) Answers wait 20 to 120 ms, so that all who are asked do not speak at once, and one answers all who asked meanwhile.
 * (A3) Nothing is said twice within a second in one network, however often it is asked for.
 */
import type { Random } from "@mpreg/core/base";
import { type Announcement, type Answer, type Packet, isAskedFor, recordsOf } from "./records.js";

const apartMs = 1_000;
const announcements = 2;

export interface AnnouncerHost {
  readonly random: Random;
  /** What is announced in the network in which this machine has `address`. */
  announcementAt(address: string): Announcement;
  /** Resolves when the records have left. */
  respond(records: readonly Answer[], address: string): Promise<void>;
}

interface Network {
  readonly records: readonly Answer[];
  readonly goodbye: readonly Answer[];
  lastMs: number;
  /** Announcements still to be made. (A1) */
  left: number;
  timer: NodeJS.Timeout | undefined;
}

export class Announcer {
  readonly #host: AnnouncerHost;
  readonly #networks = new Map<string, Network>();

  constructor(host: AnnouncerHost) {
    this.#host = host;
  }

  opened(address: string): void {
    const announcement = this.#host.announcementAt(address);
    const records = recordsOf(announcement);
    if (records.length === 0) return;
    const goodbye = recordsOf(announcement, 0);
    const network: Network = { records, goodbye, lastMs: -Infinity, left: announcements - 1, timer: undefined };
    this.#networks.set(address, network);
    this.#say(network, address);
  }

  closed(address: string): void {
    clearTimeout(this.#networks.get(address)?.timer);
    this.#networks.delete(address);
  }

  query(query: Packet, address: string): void {
    const network = this.#networks.get(address);
    if (network === undefined || !isAskedFor(network.records, query)) return;
    const delayMs = 20 + this.#host.random.next() * 100; // (A2)
    this.#sayIn(network, address, Math.max(delayMs, network.lastMs + apartMs - performance.now())); // (A3)
  }

  /** Takes back what was said. */
  async close(): Promise<void> {
    const leaving = [...this.#networks].map(([address, { goodbye, timer }]) => {
      clearTimeout(timer);
      return this.#host.respond(goodbye, address);
    });
    this.#networks.clear();
    await Promise.all(leaving);
  }

  #sayIn(network: Network, address: string, delayMs: number): void {
    if (network.timer !== undefined) return; // it is about to be said (A2)
    network.timer = setTimeout(() => {
      network.timer = undefined;
      network.left -= 1;
      this.#say(network, address);
    }, delayMs);
    network.timer.unref();
  }

  #say(network: Network, address: string): void {
    network.lastMs = performance.now();
    void this.#host.respond(network.records, address);
    if (network.left > 0) this.#sayIn(network, address, apartMs);
  }
}
