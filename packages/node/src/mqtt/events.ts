/**
 * Events: what an MQTT client cannot be told, since MQTT 3.1.1 has no words for it, and people and programs are.
 *
 * (E1) Losses of a client are told together, once in a second.
 */
import type { Logger } from "../log.js";
import { type MqttCounts, type MqttLoss, type MqttRefusal, noCounts } from "./figures.js";

/** Something that happened to a client of the MQTT door. */
export type MqttStatus =
  /** It was not let in, was disconnected for what it published, or got no subscription. */
  | {
      readonly kind: "mqtt-refused";
      readonly clientId: string;
      readonly address: string;
      readonly what: MqttRefusal;
      readonly reason: string;
    }
  /** It does not read fast enough, or what was published has no form in MQTT: so many messages are lost to it; Infinity: a node has died, and nobody knows. */
  | {
      readonly kind: "mqtt-missed";
      readonly clientId: string;
      readonly address: string;
      readonly count: number;
    }
  /** It was disconnected because it does not read, as its door's `overflow` says. */
  | { readonly kind: "mqtt-ended"; readonly clientId: string; readonly address: string; readonly reason: string };

/** Who it happened to. */
export interface Who {
  readonly clientId: string;
  readonly address: string;
}

const toldEveryMs = 1_000;

export class MqttEvents {
  readonly #log: Logger;
  readonly #tell: (event: MqttStatus) => void;
  /** Of all that happens to clients; who makes it happen counts. */
  readonly counts: MqttCounts = noCounts();
  readonly #missed = new Map<Who, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Logger, tell: (event: MqttStatus) => void) {
    this.#log = log;
    this.#tell = tell;
  }

  refused({ clientId, address }: Who, what: MqttRefusal, reason: string): void {
    this.counts.refused[what] += 1;
    this.#log.warn({ clientId, address, reason }, `mqtt client may not ${what}`);
    this.#tell({ kind: "mqtt-refused", clientId, address, what, reason });
  }

  ended({ clientId, address }: Who, reason: string): void {
    this.#log.warn({ clientId, address, reason }, "mqtt client disconnected");
    this.#tell({ kind: "mqtt-ended", clientId, address, reason });
  }

  /** A connection has ended by an error of its own, or of its protocol. */
  failed({ clientId, address }: Who, error: Error): void {
    this.#log.info({ clientId, address, reason: error.message }, "mqtt connection ended");
  }

  /** A message has no form in MQTT. */
  unsendable(who: Who, topic: string, reason: string): void {
    this.#log.debug({ clientId: who.clientId, topic, reason }, "a message has no form in MQTT");
    this.missed(who, 1, "unsendable");
  }

  /** (E1) */
  missed(who: Who, count: number, why: MqttLoss): void {
    if (count < Infinity) this.counts.lost[why] += count; // what nobody knows is no figure
    this.#missed.set(who, (this.#missed.get(who) ?? 0) + count);
    this.#timer ??= setTimeout(() => {
      this.flush();
    }, toldEveryMs).unref();
  }

  /** Tells what was not told yet. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [{ clientId, address }, count] of this.#missed) {
      if (count < Infinity) this.#log.warn({ clientId, address, count }, "mqtt client misses messages");
      else this.#log.warn({ clientId, address }, "mqtt client may miss messages: nobody knows how many");
      this.#tell({ kind: "mqtt-missed", clientId, address, count });
    }
    this.#missed.clear();
  }
}
