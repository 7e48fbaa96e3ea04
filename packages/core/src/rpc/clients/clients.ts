/**
 * Clients: those that may come back over another link, by what they call themselves.
 *
 *     linked ──goodbye──▶ forgotten
 *        └──link lost──▶ gone ──a new link──▶ linked
 *                         └──`resumeMs`──▶ forgotten, what runs abandoned; what is detached runs on, and its end is kept
 *     linked without a session ──link lost──▶ forgotten
 *
 * (N1) A client has one link here. When it opens another one, or asks for its asks elsewhere, the earlier one is ended: what
 *      it may still bring must not be taken for new.
 * (N2) Those that are gone are bounded in number, in time, and in the bytes of what is kept for them.
 * (N3) What is detached runs to its end, whether or not its client may come back, or until all are forgotten with the node.
 */
import { Timer, type Timers, hexOf } from "../../base/index.js";
import { ByteBudget, type Holder } from "../../structures/index.js";
import type { SessionHello } from "../../wire/index.js";
import { LinkAsker } from "../link-asker.js";
import { ClientSession } from "./client-session.js";
import type { RpcLimits } from "../limits.js";
import type { ClientKept } from "../results/client-kept.js";
import type { Channel } from "../task.js";

export interface ClientsHost extends Timers {
  seed(): number;
  /** Ends a link because its client has come back over another one. */
  supersede(channel: Channel, nowMs: number): void;
  /** The client is there, be it again. */
  back(kept: ClientKept, nowMs: number): void;
  /** It does not come back to this node. */
  forgotten(kept: ClientKept): void;
}

interface Entry {
  readonly session: ClientSession;
  readonly expiry: Timer;
  readonly held: Holder;
}

export class Clients {
  readonly #host: ClientsHost;
  readonly #options: RpcLimits;
  readonly #entries = new Map<string, Entry>();
  /** Those without a link, the one that has been gone longest first. */
  readonly #gone = new Set<Entry>();
  /** Those that are forgotten, of whom something runs on. (N3) */
  readonly #outlived = new Set<ClientSession>();
  readonly #byChannel = new Map<Channel, Entry>();
  readonly #budget: ByteBudget;

  constructor(host: ClientsHost, options: RpcLimits) {
    this.#host = host;
    this.#options = options;
    this.#budget = new ByteBudget(options.resumeBytesMax);
  }

  /** How many may come back, or are forgotten and something of theirs runs on. */
  get gone(): number {
    return this.#gone.size + this.#outlived.size;
  }

  /** A client has opened a link. (N1) */
  opened(hello: SessionHello, channel: Channel, nowMs: number): void {
    const entry = this.#entries.get(hexOf(hello.token)) ?? this.#create(hello);
    const { session, expiry } = entry;
    if (session.channel !== undefined) this.#host.supersede(session.channel, nowMs);
    this.#gone.delete(entry);
    this.#host.unschedule(expiry);
    this.#entries.set(session.key, entry);
    this.#byChannel.set(channel, entry);
    session.channel = channel;
    channel.kept = session.kept;
    this.#host.back(session.kept, nowMs);
    const sent = this.#budget.holder(() => {
      session.isComplete = false;
      channel.link.outbox.forgetSent();
    });
    channel.link.outbox.keepSent((bytes) => {
      sent.hold(bytes);
    });
  }

  of(channel: Channel): ClientSession | undefined {
    return this.#byChannel.get(channel)?.session;
  }

  /** The client `key`, whose link is gone for whoever asks. (N1) */
  find(key: string, nowMs: number): ClientSession | undefined {
    const session = this.#entries.get(key)?.session;
    if (session?.channel !== undefined) this.#host.supersede(session.channel, nowMs);
    return session;
  }

  /** The link has ended; with a goodbye of the client it does not come back. Answers whether it had one of these. */
  lost(channel: Channel, isGoodbye: boolean, nowMs: number): boolean {
    const entry = this.#byChannel.get(channel);
    if (entry === undefined) {
      this.#lostForGood(channel);
      return false;
    }
    this.#byChannel.delete(channel);
    const { session } = entry;
    session.park(channel);
    channel.link.outbox.keepSent(() => undefined);
    if (session.channel === channel) session.channel = undefined;
    if (isGoodbye) session.abandon(false);
    this.#gone.add(entry);
    this.#expireLater(entry, isGoodbye, nowMs);
    if (this.#gone.size > this.#options.resumeSessionsMax) this.#forgetOldest();
    return true;
  }

  /** A link without a session has ended: what is detached of it is all that may stay. (N3) */
  #lostForGood(channel: Channel): void {
    const asked = channel.asked.values();
    if (!asked.some((asker) => asker instanceof LinkAsker && asker.isDetached)) return;
    const session = new ClientSession({ token: noToken, lastAsk: 0 }, this.#host.seed(), () => undefined);
    session.park(channel);
    this.#forgetSession(session);
  }

  /** Forgets everybody. */
  clear(): void {
    for (const session of this.#outlived) session.abandon(true);
    this.#outlived.clear();
    for (const entry of [...this.#gone]) {
      entry.session.abandon(true);
      this.#forget(entry);
    }
    this.#byChannel.clear();
    this.#entries.clear();
  }

  #create(hello: SessionHello): Entry {
    const holds = (bytes: number): void => {
      entry.held.hold(bytes);
    };
    const session = new ClientSession(hello, this.#host.seed(), holds);
    const entry: Entry = {
      session,
      expiry: new Timer((nowMs) => {
        this.#expire(entry, nowMs);
      }),
      held: this.#budget.holder(() => {
        session.dropEnds();
      }),
    };
    return entry;
  }

  #expireLater(entry: Entry, isGoodbye: boolean, nowMs: number): void {
    if (isGoodbye && entry.session.running === 0) return this.#forget(entry);
    this.#host.schedule(entry.expiry, nowMs + this.#options.resumeMs);
  }

  #expire(entry: Entry, nowMs: number): void {
    const { session } = entry;
    const isAwaited = session.isAwaited; // its client waits at another node
    if (!isAwaited) session.abandon(false);
    const isKept = isAwaited || session.running > 0 || session.hasDetachedEnd;
    session.hasDetachedEnd = false;
    if (isKept) this.#host.schedule(entry.expiry, nowMs + this.#options.resumeMs);
    else this.#forget(entry);
  }

  #forget(entry: Entry): void {
    this.#host.unschedule(entry.expiry);
    this.#gone.delete(entry);
    this.#entries.delete(entry.session.key);
    this.#forgetSession(entry.session);
    entry.held.hold(0);
  }

  #forgetSession(session: ClientSession): void {
    session.abandon(false);
    session.forget();
    this.#host.forgotten(session.kept);
    if (session.running === 0) return;
    this.#outlived.add(session);
    session.onOver = () => {
      this.#outlived.delete(session);
    };
  }

  /** (N2) */
  #forgetOldest(): void {
    const [oldest] = this.#gone;
    if (oldest !== undefined) this.#forget(oldest);
  }
}

const noToken = new Uint8Array(0);
