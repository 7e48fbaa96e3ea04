/** A naive queue: arrays and scans. What it does is obviously right, and slow. */
export interface NaiveSettings {
  readonly order: "standard" | "fifo" | "priority";
  readonly priorityAgeMs: number | undefined;
  readonly visibilityMs: number;
  readonly delayMs: number;
  readonly ttlMs: number;
  readonly maxReceives: number | undefined;
  readonly retry: { readonly baseMs: number; readonly maxMs: number; readonly jitter: false } | undefined;
  readonly messagesMax: number;
  readonly overflow: "reject" | "drop-oldest";
}

export interface NaiveMessage {
  readonly id: string;
  readonly group: string | undefined;
  readonly priority: number;
  readonly sentMs: number;
  readonly ttlMs: number;
  state: "available" | "delayed" | "leased";
  untilMs: number;
  receives: number;
  /** Number of its last lease. */
  lease: number;
}

export class NaiveQueue {
  messages: NaiveMessage[] = [];
  dead: string[] = [];
  expired = 0;
  dropped = 0;
  nowMs = 0;

  readonly settings: NaiveSettings;

  constructor(settings: NaiveSettings) {
    this.settings = settings;
  }

  /** Answers whether it was taken. */
  send(
    id: string,
    of: {
      group?: string | undefined;
      priority?: number | undefined;
      delayMs?: number | undefined;
      ttlMs?: number | undefined;
    },
  ): boolean {
    const { messagesMax, overflow, ttlMs } = this.settings;
    if (this.messages.length >= messagesMax) {
      const oldest = overflow === "reject" ? undefined : this.messages.find(({ state }) => state !== "leased");
      if (oldest === undefined) return false;
      this.#remove(oldest);
      this.dropped += 1;
    }
    const delayMs = of.delayMs ?? this.settings.delayMs;
    this.messages.push({
      id,
      group: of.group,
      priority: of.priority ?? 4,
      sentMs: this.nowMs,
      ttlMs: Math.min(of.ttlMs ?? ttlMs, ttlMs),
      state: delayMs > 0 ? "delayed" : "available",
      untilMs: this.nowMs + delayMs,
      receives: 0,
      lease: 0,
    });
    return true;
  }

  /** The messages of which any may come next, to who has just got `last`. */
  next(last?: NaiveMessage): NaiveMessage[] {
    const available = this.messages.filter(({ state }) => state === "available");
    if (this.settings.order === "priority") {
      const { priorityAgeMs } = this.settings;
      const rank = ({ priority, sentMs }: NaiveMessage): number =>
        priorityAgeMs === undefined ? -priority : sentMs - priority * priorityAgeMs;
      const best = Math.min(...available.map(rank));
      const candidates = available.filter((message) => rank(message) === best);
      const top = Math.max(...candidates.map(({ priority }) => priority));
      return candidates.filter(({ priority }) => priority === top).slice(0, 1);
    }
    const groups = new Set(this.messages.map(({ group }) => group));
    const among = this.settings.order === "fifo" ? this.messages : available;
    if (this.settings.order === "fifo" && last !== undefined) {
      const behind = this.messages.slice(this.messages.indexOf(last) + 1).find(({ group }) => group === last.group);
      if (behind?.state === "available") return [behind]; // as many of one group as there are
    }
    const heads = [...groups].map((group) => among.find((message) => message.group === group));
    return heads.filter((head): head is NaiveMessage => head?.state === "available");
  }

  lease(message: NaiveMessage, visibilityMs: number): void {
    message.state = "leased";
    message.untilMs = this.nowMs + visibilityMs;
    message.receives += 1;
    message.lease += 1;
  }

  ack(message: NaiveMessage): void {
    this.#remove(message);
  }

  /** A lease ends, by itself or because it was released. */
  end(message: NaiveMessage, delayMs: number | undefined): void {
    const { maxReceives, retry } = this.settings;
    if (this.settings.order === "fifo") {
      for (const behind of this.messages.slice(this.messages.indexOf(message) + 1)) {
        if (behind.group === message.group && behind.state === "leased") this.#pull(behind);
      }
    }
    if (message.sentMs + message.ttlMs <= this.nowMs) {
      this.#remove(message);
      this.expired += 1;
    } else if (maxReceives !== undefined && message.receives >= maxReceives) {
      this.#remove(message);
      this.dead.push(message.id);
    } else {
      const waitMs =
        delayMs ?? (retry === undefined ? 0 : Math.min(retry.maxMs, retry.baseMs * 2 ** (message.receives - 1)));
      message.state = waitMs > 0 ? "delayed" : "available";
      message.untilMs = this.nowMs + waitMs;
    }
  }

  /** Millisecond by millisecond. */
  advance(forMs: number): void {
    for (let ms = 0; ms < forMs; ms++) {
      this.nowMs += 1;
      this.settle();
    }
  }

  settle(): void {
    for (const message of [...this.messages]) {
      if (message.state === "leased" && message.untilMs <= this.nowMs) this.end(message, undefined);
      else if (message.state === "delayed" && message.untilMs <= this.nowMs) message.state = "available";
      if (
        message.state !== "leased" &&
        this.messages.includes(message) &&
        message.sentMs + message.ttlMs <= this.nowMs
      ) {
        this.#remove(message);
        this.expired += 1;
      }
    }
  }

  /** It goes back as if it had not been received. */
  #pull(message: NaiveMessage): void {
    message.receives -= 1;
    message.state = "available";
    message.untilMs = this.nowMs;
  }

  count(state: NaiveMessage["state"]): number {
    return this.messages.filter((message) => message.state === state).length;
  }

  #remove(message: NaiveMessage): void {
    this.messages = this.messages.filter((one) => one !== message);
  }
}
