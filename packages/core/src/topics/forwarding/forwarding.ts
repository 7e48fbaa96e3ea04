/**
 * Forwarding: messages that are published here, on their way to the other nodes that want them.
 *
 * Owns a route to each of these nodes: what is on its way and what waits. Which nodes want a topic is `interest.ts`, which link
 * leads to one `topics.ts`.
 *
 * (F1) A message goes to a node once, with the names of the groups for whose members that node was chosen; and once more only for
 *      groups for which it was handed on (`exchange.ts`, X9), never to a node that had no member for it.
 * (F2) At most `routeWindowBytes` are on their way to a node that it has not taken, or one message of any size. The rest waits, at
 *      most `routeBufferBytes`; beyond, the oldest is dropped. Over a neighbour one message goes first, until something was taken: it may turn
 *      out to have no way to the node, and then what has gone there is lost.
 * (F3) The messages to a node are numbered, those that were dropped included: whatever is lost, here or with a link, is a gap that
 *      the node finds (`arrivals.ts`). A link begins with the number that was used last, and so does what follows a drop.
 * (F6) What waits for a link goes over a neighbour after `patienceMs`, and so does what the node misses, which it hears also where nothing
 *      follows. Who leaves waits for no link.
 * (F4) A node that is lost has no route. What waited for it goes to other members of its groups; the rest is counted as lost. All of
 *      it is found missing by the node if it comes back (`lapsed-routes.ts`).
 * (F5) Of a message that is to be confirmed each node tells what it has come to there, by its number; or, once that cannot come any
 *      more, it is known that the node will not tell.
 * (F7) It is known since when the oldest message for a node is on its way or waits, and told of each that was taken, or lost: who was
 *      served there, and comes back elsewhere, does not know that it misses it (`late/late-arrivals.ts`).
 * (F8) Who drains waits for what it has sent over neighbours: what such a one loses nobody else could tell of.
 */
import type { BufferTotals, WaitingMessage } from "../delivery/buffer.js";
import type { Confirmation } from "./confirmations.js";
import type { ExchangeFigures } from "../figures.js";
import { LapsedRoutes } from "./lapsed-routes.js";
import type { TopicsLimits } from "../limits.js";
import { Scratch } from "../../structures/index.js";
import { OverRoutes, type OverSink, SharedWays } from "./over-routes.js";
import type { Outcome } from "../published.js";
import { type Coming, type ForwardTerms, type Handed, Route, unhanded } from "./route.js";

/** Gets a message that waited for a node which is lost, and answers whether it goes elsewhere. */
type Left = (message: WaitingMessage<ForwardTerms>) => boolean;

/** How messages leave. */
export interface ForwardSink {
  forward(nodeId: string, sequence: number, terms: ForwardTerms, nowMs: number, message: Uint8Array): Handed;
  /** Tells a node what number was used last. */
  forwardedUntil(nodeId: string, sequence: number): void;
  /** The process of the node to which there is a link, if there is one. */
  runOf(nodeId: string): string | undefined;
  /** The way over neighbours, where there is any. */
  readonly over?: OverSink | undefined;
}

type Late = (sinceMs: number, nowMs: number) => void;

const noGroups: readonly string[] = [];
/** As long as steps wait for a link (`rpc/dispatch/reaching.ts`). (F6) */
const patienceMs = 1_000;

export class Forwarding {
  readonly #sink: ForwardSink;
  readonly #limits: TopicsLimits;
  readonly #totals: BufferTotals;
  readonly #routes = new Map<string, Route>();
  readonly #lapsed = new LapsedRoutes();
  readonly #over: OverRoutes;
  readonly #late: Late;
  /** Those that want the message in hand. */
  readonly #wanting = new Scratch<Route>();
  /** Times that a message was sent to a node. */
  forwarded = 0;
  /** Messages that were published here. */
  published = 0;
  #lost = 0;

  /** `late` is told since when a message was on its way that was taken, or lost, now. (F7) */
  constructor(sink: ForwardSink, limits: TopicsLimits, totals: BufferTotals, late: Late = () => undefined) {
    this.#late = late;
    this.#sink = sink;
    this.#limits = limits;
    this.#totals = totals;
    this.#over = new OverRoutes(sink.over);
  }

  /** Whether another node wants the message in hand. */
  get isAnyWanting(): boolean {
    return this.#wanting.size > 0;
  }

  get figures(): Pick<ExchangeFigures, "published" | "forwarded" | "routes"> {
    return { published: this.published, forwarded: this.forwarded, routes: this.#routes.size };
  }

  /** Messages that waited for nodes which have gone. */
  get lost(): number {
    return this.#lost;
  }

  get waitingBytes(): number {
    let bytes = 0;
    for (const route of this.#routes.values()) bytes += route.buffer.bytes;
    return bytes;
  }

  /** Another message is in hand, which nobody is known to want. */
  begin(): void {
    const wanting = this.#wanting;
    for (let at = 0; at < wanting.size; at++) {
      const route = wanting.at(at);
      route.isWanted = false;
      route.groups = [];
    }
    wanting.clear();
  }

  /** The way to a node that may want the message in hand. */
  routeTo(nodeId: string): Route {
    let route = this.#routes.get(nodeId);
    if (route === undefined) {
      route = new Route(nodeId, this.#limits, this.#totals);
      route.run = this.#sink.runOf(nodeId);
      const lapsed = this.#lapsed.take(nodeId, this.published);
      if (lapsed !== undefined && (route.run ?? lapsed.run) === lapsed.run) {
        route.run = lapsed.run;
        route.sequence = lapsed.sequence; // (F4)
      }
      this.#routes.set(nodeId, route);
    }
    return route;
  }

  /** The node wants the message in hand; with a group, for a member of that. */
  want(route: Route, group?: string): void {
    if (!route.isWanted) {
      route.isWanted = true;
      this.#wanting.push(route);
    }
    if (group !== undefined) route.groups.push(group);
  }

  /** Sends the message in hand to all that want it; answers to how many nodes it went or waits to go. */
  send(message: Uint8Array, priority: number, expiresMs: number, nowMs: number, coming?: Partial<Coming>): number {
    const wanting = this.#wanting;
    const { size } = wanting;
    const confirmation = coming?.confirmation;
    confirmation?.awaits(size);
    if (size === 0) return 0;
    if (this.#over.size > 0) for (let at = 0; at < size; at++) this.#renew(wanting.at(at), nowMs);
    const shared = this.#over.size === 0 ? undefined : new SharedWays(wanting);
    for (let at = 0; at < size; at++) {
      const route = wanting.at(at);
      const groups = route.groups.length === 0 ? noGroups : route.groups;
      route.isWanted = false;
      if (groups !== noGroups) route.groups = [];
      const terms: ForwardTerms = { groups, sinceMs: coming?.sinceMs ?? nowMs, confirmation, tried: coming?.tried };
      const isNext = route.buffer.isIdle && this.#hasWindow(route, message.length);
      if (isNext && shared?.take(route, terms) === true) continue;
      if (isNext && this.#hand(route, message, terms, nowMs)) continue;
      this.#wait(route, message, terms, priority, expiresMs, nowMs);
    }
    wanting.clear();
    if (shared === undefined) return size;
    for (const [via, all] of shared.ways) {
      const handed = this.#over.forward(via, all, nowMs, message);
      for (const { route, terms } of all) {
        if (handed !== "unreached") this.#sent(route, handed, message.length, terms, nowMs);
        else this.#wait(route, message, terms, priority, expiresMs, nowMs);
      }
    }
    return size;
  }

  /** The number that was used last for the process `run` of the node, also before that was taken for lost; `undefined` where something waits for it. */
  sentTo(nodeId: string, run: string | undefined): number | undefined {
    const route = this.#routes.get(nodeId);
    if (route?.buffer.isIdle === false) return undefined;
    const last = route ?? this.#lapsed.get(nodeId);
    return last === undefined || (last.run ?? run) !== (run ?? last.run) ? 0 : last.sequence;
  }

  /** The node has taken `bytes`. */
  taken(nodeId: string, bytes: number, nowMs: number): void {
    const route = this.#routes.get(nodeId);
    if (route === undefined) return;
    route.untakenBytes -= Math.min(bytes, route.untakenBytes);
    route.isProven = true;
    this.#late(route.onTheWay.taken(bytes), nowMs);
    if (route.isReturning && route.untakenBytes === 0) this.#over.leave(route); // all that went there has come
    this.#drain(route, nowMs);
  }

  /** The node tells what a message has come to there. (F5) */
  reported(nodeId: string, sequence: number, outcome: Outcome): void {
    const awaited = this.#routes.get(nodeId)?.awaited;
    const confirmation = awaited?.get(sequence);
    if (confirmation === undefined) return;
    awaited?.delete(sequence);
    confirmation.told(outcome);
  }

  /** Who waits to hear what a message has come to at the node. */
  awaiting(nodeId: string, sequence: number): Confirmation | undefined {
    return this.#routes.get(nodeId)?.awaited?.get(sequence);
  }

  /** The number that was used last for the node; 0 where there was none. */
  lastFor(nodeId: string): number {
    return this.#routes.get(nodeId)?.sequence ?? 0;
  }

  /** Whether something is on its way over a neighbour. (F8) */
  get isAwaitingNeighbours(): boolean {
    return this.#over.isAwaiting;
  }

  /** Since when the oldest message for any node is on its way, or waits; Infinity: there is none. (F7) */
  oldestMs(nowMs: number): number {
    let oldestMs = Infinity;
    for (const { onTheWay, buffer } of this.#routes.values()) {
      oldestMs = Math.min(oldestMs, onTheWay.sinceMs, waitingSinceMs(buffer, nowMs));
    }
    return oldestMs;
  }

  /**
   * There is no link to the node any more: of what was on its way it will not tell (F5). `isComplete`: it ended with all that either side
   * had to say.
   */
  unlinked(nodeId: string, isComplete: boolean, nowMs: number): void {
    for (const route of this.#over.over(nodeId)) this.#lostWay(route, nowMs);
    const route = this.#routes.get(nodeId);
    if (route === undefined) return;
    route.isReturning = false; // it goes on over the neighbour
    if (route.via !== undefined) return;
    untold(route);
    if (route.sequence > 0 && (!isComplete || route.untakenBytes > 0)) route.untoldMs = nowMs; // (F6)
    this.#cleared(route, nowMs);
    if (!route.buffer.isIdle) this.#drain(route, nowMs);
  }

  /** A neighbour cannot pass on to the node what it has got, or has passed on and may be lost; or the process `run` is told what is not for it. */
  unreached(nodeId: string, via: string, run: string | undefined, nowMs: number): void {
    const route = this.#routes.get(nodeId);
    if (route !== undefined && this.#over.unreached(route, via, run)) this.#lostWay(route, nowMs);
  }

  /** What goes over a neighbour goes to the present process of its node. (R6 of `over-routes.ts`) */
  #renew(route: Route, nowMs: number): void {
    if (!this.#over.isOutdated(route)) return;
    this.#over.leave(route);
    untold(route);
    this.#cleared(route, nowMs);
    this.#over.find(route, true);
  }

  /** What was on its way over a neighbour may be lost, and goes on over another one, or the link to the node. (F3) */
  #lostWay(route: Route, nowMs: number): void {
    if (!route.isReturning) route.untoldMs = nowMs; // (F6)
    this.#over.leave(route);
    untold(route);
    this.#cleared(route, nowMs);
    this.#sink.forwardedUntil(route.nodeId, route.sequence);
    this.#over.find(route); // the node hears what it misses
    this.#drain(route, nowMs);
  }

  /** Lets go of confirmations that are over. */
  forgetOver(): void {
    for (const { awaited } of this.#routes.values()) {
      if (awaited === undefined) continue;
      for (const [sequence, { isOver }] of awaited) if (isOver) awaited.delete(sequence);
    }
  }

  /** There is a new link to the node: what was on its way over an older one has come or is lost, and is not awaited. */
  linked(nodeId: string, run: string, nowMs: number): void {
    for (const route of this.#over.over(nodeId)) this.#lostWay(route, nowMs); // what was taken is told over the older one, or never
    const route = this.#routes.get(nodeId);
    if (route === undefined) {
      const sequence = this.#lapsed.linked(nodeId, run, this.published, nowMs);
      return this.#sink.forwardedUntil(nodeId, sequence); // (F4)
    }
    if (route.via !== undefined) {
      if (route.run === run && route.untakenBytes > 0) return void (route.isReturning = true);
      this.#over.leave(route);
    }
    if (route.run !== undefined && route.run !== run) {
      route.sequence = 0; // it has never heard of what went to the one before
      untold(route);
    }
    route.run = run;
    this.#cleared(route, nowMs);
    route.untoldMs = undefined;
    this.#sink.forwardedUntil(nodeId, route.sequence); // (F3)
    this.#drain(route, nowMs);
  }

  /** The node is taken for lost: `left` gets what waited for it, and answers whether that is not lost. (F4) */
  forget(nodeId: string, nowMs: number, left: Left): void {
    const route = this.#routes.get(nodeId);
    if (route !== undefined) {
      untold(route);
      this.#cleared(route, nowMs);
      this.#lose(route, nowMs, left);
      this.#over.leave(route);
      this.#routes.delete(nodeId);
      this.begin();
      this.#wanting.release(); // nothing holds it any more
    }
    this.#lapsed.keep(nodeId, route?.run ?? this.#sink.runOf(nodeId), route?.sequence, this.published);
  }

  /** This node leaves: what waits for others is lost, and they find it missing. (F3) */
  leave(nowMs: number): void {
    for (const route of this.#routes.values()) {
      if (isBehind(route) && this.#over.find(route, true)) {
        route.isProven = true; // there is no time to wait for that
        this.#drain(route, nowMs); // (F6)
      }
      const { sequence } = route;
      this.#lose(route, nowMs, () => false);
      if (route.sequence > sequence) this.#until(route);
    }
  }

  /** Whether {@link tick} has something to do: a message waits for a way, or goes round; or what is published counts for who is back. */
  get isSeeking(): boolean {
    if (this.#over.size > 0 || this.#lapsed.isCounting) return true;
    for (const route of this.#routes.values()) if (isBehind(route)) return true;
    return false;
  }

  tick(nowMs: number): void {
    this.#over.tick();
    for (const route of this.#routes.values()) {
      if (isBehind(route) && this.#over.find(route, isPressing(route, nowMs))) this.#drain(route, nowMs);
    }
    this.#lapsed.tick(this.published, nowMs, (nodeId, sequence) => {
      this.#sink.forwardedUntil(nodeId, sequence);
    });
  }

  /** What waits for the node is lost to it; its numbers are used. (F3) */
  #lose(route: Route, nowMs: number, left: Left): void {
    const { buffer } = route;
    while (!buffer.isIdle) {
      route.sequence += buffer.takeMissed(nowMs);
      const next = buffer.first(nowMs);
      if (next === undefined) continue;
      buffer.shift(nowMs);
      route.sequence += 1;
      if (!left(next)) this.#lost += 1;
      next.about?.confirmation?.untold("node-lost");
    }
  }

  /** What was on its way is not awaited any more. (F7) */
  #cleared(route: Route, nowMs: number): void {
    route.untakenBytes = 0;
    this.#late(route.onTheWay.clear(), nowMs);
  }

  #hasWindow({ untakenBytes, isReturning, via, isProven }: Route, length: number): boolean {
    if (isReturning) return false;
    if (untakenBytes === 0) return true;
    return (via === undefined || isProven) && untakenBytes + length <= this.#limits.routeWindowBytes; // (F2)
  }

  /** Answers false where it has to wait. */
  #hand(route: Route, message: Uint8Array, terms: ForwardTerms, nowMs: number): boolean {
    let handed: Handed = "unreached";
    const { nodeId, via } = route;
    if (via === undefined) handed = this.#sink.forward(nodeId, route.sequence + 1, terms, nowMs, message);
    if (handed === "unreached") {
      if (!this.#over.find(route)) return false;
      handed = this.#over.forward(route.via as unknown as string, [{ route, terms }], nowMs, message);
    }
    if (handed === "unreached") return false;
    this.#sent(route, handed, message.length, terms, nowMs);
    return true;
  }

  /** The message after the last one is on its way, or will never be. */
  #sent(route: Route, handed: "sent" | "refused", length: number, { confirmation }: ForwardTerms, nowMs: number): void {
    const sequence = ++route.sequence;
    if (handed === "refused") {
      confirmation?.untold("node-lost");
      return this.#until(route); // (F3)
    }
    route.untakenBytes += length;
    route.onTheWay.sent(length, nowMs);
    this.forwarded += 1;
    if (confirmation?.isOver === false) (route.awaited ??= new Map()).set(sequence, confirmation); // (F5)
  }

  /** Tells the node what number was used last. */
  #until(route: Route): void {
    if (route.via === undefined) this.#sink.forwardedUntil(route.nodeId, route.sequence);
    else this.#over.until(route);
  }

  #wait(
    { buffer }: Route,
    message: Uint8Array,
    terms: ForwardTerms,
    priority: number,
    expiresMs: number,
    nowMs: number,
  ): void {
    if (buffer.makeRoom(message.length, priority, nowMs)) return buffer.pushCopy(message, priority, expiresMs, terms);
    buffer.lose(priority); // (F3)
    unhanded(terms, false);
  }

  #drain(route: Route, nowMs: number): void {
    this.#renew(route, nowMs);
    const { buffer } = route;
    let isBehind = false; // the last numbers were used for what was dropped
    while (!buffer.isIdle) {
      const missed = buffer.takeMissed(nowMs);
      route.sequence += missed; // (F3)
      isBehind ||= missed > 0;
      const next = buffer.first(nowMs);
      if (next === undefined) continue;
      if (!this.#hasWindow(route, next.body.length)) return;
      if (!this.#hand(route, next.body, next.about as ForwardTerms, nowMs)) return;
      buffer.shift(nowMs);
      isBehind = false;
    }
    if (isBehind) this.#until(route);
  }
}

/** Whether there is something for the node that it could have by now. */
function isBehind({ buffer, untoldMs }: Route): boolean {
  return !buffer.isIdle || untoldMs !== undefined;
}

/** Since when the oldest message waits that could still go; Infinity: there is none. The one that is next may be a newer one, of a higher priority. */
function waitingSinceMs(buffer: Route["buffer"], nowMs: number): number {
  let oldestMs = Infinity;
  buffer.eachFirst((about) => {
    if (about !== undefined) oldestMs = Math.min(oldestMs, about.sinceMs);
  }, nowMs);
  return oldestMs;
}

/** (F6) */
function isPressing({ buffer, untoldMs }: Route, nowMs: number): boolean {
  const sinceMs = Math.min(untoldMs ?? Infinity, waitingSinceMs(buffer, nowMs));
  return nowMs - sinceMs >= patienceMs;
}

/** Of what is on its way the node will not tell. (F5) */
function untold(route: Route): void {
  const awaited = route.awaited?.values() ?? [];
  route.awaited = undefined;
  for (const confirmation of awaited) confirmation.untold("node-lost");
}
