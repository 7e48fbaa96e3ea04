/**
 * Forwarding: messages that are published here, on their way to the other nodes that want them.
 *
 * Owns a route to each of these nodes: what is on its way and what waits. Which nodes want a topic is `interest.ts`, which link
 * leads to one `topics.ts`.
 *
 * (F1) A message goes to a node once, with the names of the groups for whose members that node was chosen; and once more only for
 *      groups for which it was handed on (`exchange.ts`, X9), never to a node that had no member for it.
 * (F2) At most `routeWindowBytes` are on their way to a node that it has not taken, or one message of any size. The rest waits, at
 *      most `routeBufferBytes`; beyond, the oldest is dropped.
 * (F3) The messages to a node are numbered, those that were dropped included: whatever is lost, here or with a link, is a gap that
 *      the node finds (`arrivals.ts`). A link begins with the number that was used last, and so does what follows a drop.
 * (F4) A node that is lost has no route. What waited for it goes to other members of its groups; the rest is counted as lost. All of
 *      it is found missing by the node if it comes back (`lapsed-routes.ts`).
 * (F5) Of a message that is to be confirmed each node tells what it has come to there, by its number; or, once that cannot come any
 *      more, it is known that the node will not tell.
 */
import { type BufferTotals, MessageBuffer, type WaitingMessage } from "./buffer.js";
import type { Confirmation } from "./confirmations.js";
import type { GroupMember } from "./groups.js";
import { LapsedRoutes } from "./lapsed-routes.js";
import type { TopicsLimits } from "./limits.js";
import type { Outcome } from "./published.js";

/** What a message needs on its way beside its bytes. */
export interface ForwardTerms {
  /** (F1) */
  readonly groups: readonly string[];
  /** When it came to this node. */
  readonly sinceMs: number;
  /** Who waits to hear what it comes to. (F5) */
  readonly confirmation: Confirmation | undefined;
  /** Other subscriptions have had it; these nodes had no member for it. Unless it is said, all that want it are to get it. */
  readonly tried: readonly string[] | undefined;
}

/** What is told with a message of how it came here. */
export type Coming = Omit<ForwardTerms, "groups">;

/**
 * What has become of a message that was to be sent: it is on its way; the node does not accept one of that size, and finds it
 * missing; or there is no way to it now.
 */
export type Handed = "sent" | "refused" | "unreached";

/** Gets a message that waited for a node which is lost, and answers whether it goes elsewhere. */
type Left = (message: WaitingMessage<ForwardTerms>) => boolean;

/** How messages leave. */
export interface ForwardSink {
  forward(nodeId: string, sequence: number, terms: ForwardTerms, nowMs: number, message: Uint8Array): Handed;
  /** Tells a node what number was used last. */
  forwardedUntil(nodeId: string, sequence: number): void;
  /** The process of the node to which there is a link, if there is one. */
  runOf(nodeId: string): string | undefined;
}

/** The way to a node. */
export class Route implements GroupMember {
  readonly nodeId: string;
  /** The process of the node that counts what comes, once there was a link to it. */
  run: string | undefined = undefined;
  readonly buffer: MessageBuffer<ForwardTerms>;
  untakenBytes = 0;
  /** Who waits to hear what messages on their way come to, by their numbers; there when there was one. (F5) */
  awaited: Map<number, Confirmation> | undefined = undefined;
  /** Number of the last message. (F3) */
  sequence = 0;
  chosenAt = 0;
  /** Of the message in hand: whether the node wants it, and the groups for which it was chosen. */
  isWanted = false;
  groups: string[] = [];

  constructor(nodeId: string, limits: TopicsLimits, totals: BufferTotals) {
    this.nodeId = nodeId;
    this.buffer = new MessageBuffer(limits.routeBufferMessages, limits.routeBufferBytes, totals, unhanded);
  }

  get waitingBytes(): number {
    return this.untakenBytes + this.buffer.bytes;
  }
}

const noGroups: readonly string[] = [];

/** What a message has come to that nobody gets. */
const nothing: Outcome = { handed: 0, waiting: 0, lost: 0 };

/** What has expired is nobody's, as its publisher wanted; what was dropped the node finds missing, for whom nobody knows. */
function unhanded(terms: ForwardTerms | undefined, hasExpired: boolean): void {
  if (hasExpired) terms?.confirmation?.told(nothing);
  else terms?.confirmation?.untold("node-lost");
}

export class Forwarding {
  readonly #sink: ForwardSink;
  readonly #limits: TopicsLimits;
  readonly #totals: BufferTotals;
  readonly #routes = new Map<string, Route>();
  readonly #lapsed = new LapsedRoutes();
  /** Those that want the message in hand. */
  readonly #wanting: Route[] = [];
  /** Times that a message was sent to a node. */
  forwarded = 0;
  /** Messages that were published here. */
  published = 0;
  #lost = 0;

  constructor(sink: ForwardSink, limits: TopicsLimits, totals: BufferTotals) {
    this.#sink = sink;
    this.#limits = limits;
    this.#totals = totals;
  }

  /** Whether another node wants the message in hand. */
  get isAnyWanting(): boolean {
    return this.#wanting.length > 0;
  }

  get routes(): number {
    return this.#routes.size;
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
    if (wanting.length === 0) return;
    for (const route of wanting) {
      route.isWanted = false;
      route.groups = [];
    }
    wanting.length = 0;
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
    const { length } = wanting;
    const confirmation = coming?.confirmation;
    confirmation?.awaits(length);
    if (length === 0) return 0;
    let copy: Uint8Array | undefined;
    for (const route of wanting) {
      const groups = route.groups.length === 0 ? noGroups : route.groups;
      route.isWanted = false;
      if (groups !== noGroups) route.groups = [];
      const terms: ForwardTerms = { groups, sinceMs: coming?.sinceMs ?? nowMs, confirmation, tried: coming?.tried };
      const isNext = route.buffer.isIdle && this.#hasWindow(route, message.length);
      if (isNext && this.#hand(route, message, terms, nowMs)) continue;
      copy ??= message.slice();
      this.#wait(route, copy, terms, priority, expiresMs, nowMs);
    }
    wanting.length = 0;
    return length;
  }

  /** The node has taken `bytes`. */
  taken(nodeId: string, bytes: number, nowMs: number): void {
    const route = this.#routes.get(nodeId);
    if (route === undefined) return;
    route.untakenBytes -= Math.min(bytes, route.untakenBytes);
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

  /** There is no link to the node any more: of what was on its way it will not tell. (F5) */
  unlinked(nodeId: string): void {
    const route = this.#routes.get(nodeId);
    if (route !== undefined) untold(route);
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
    const route = this.#routes.get(nodeId);
    if (route === undefined) {
      const sequence = this.#lapsed.linked(nodeId, run, this.published, nowMs);
      return this.#sink.forwardedUntil(nodeId, sequence); // (F4)
    }
    if (route.run !== undefined && route.run !== run) {
      route.sequence = 0; // it has never heard of what went to the one before
      untold(route);
    }
    route.run = run;
    route.untakenBytes = 0;
    this.#sink.forwardedUntil(nodeId, route.sequence); // (F3)
    this.#drain(route, nowMs);
  }

  /** The node is taken for lost: `left` gets what waited for it, and answers whether that is not lost. (F4) */
  forget(nodeId: string, nowMs: number, left: Left): void {
    const route = this.#routes.get(nodeId);
    if (route !== undefined) {
      untold(route);
      this.#lose(route, nowMs, left);
      this.#routes.delete(nodeId);
    }
    this.#lapsed.keep(nodeId, route?.run ?? this.#sink.runOf(nodeId), route?.sequence, this.published);
  }

  /** This node leaves: what waits for others is lost, and they find it missing. (F3) */
  leave(nowMs: number): void {
    for (const [nodeId, route] of this.#routes) {
      const { sequence } = route;
      this.#lose(route, nowMs, () => false);
      if (route.sequence > sequence) this.#sink.forwardedUntil(nodeId, route.sequence);
    }
  }

  /** The routes to nodes that may come back. */
  get lapsed(): LapsedRoutes {
    return this.#lapsed;
  }

  tick(nowMs: number): void {
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

  #hasWindow({ untakenBytes }: Route, length: number): boolean {
    return untakenBytes === 0 || untakenBytes + length <= this.#limits.routeWindowBytes; // (F2)
  }

  /** Answers false where it has to wait. */
  #hand(route: Route, message: Uint8Array, terms: ForwardTerms, nowMs: number): boolean {
    const { nodeId } = route;
    const sequence = route.sequence + 1;
    const handed = this.#sink.forward(nodeId, sequence, terms, nowMs, message);
    if (handed === "unreached") return false;
    route.sequence = sequence;
    const { confirmation } = terms;
    if (handed === "refused") {
      confirmation?.untold("node-lost");
      this.#sink.forwardedUntil(nodeId, sequence); // (F3)
      return true;
    }
    route.untakenBytes += message.length;
    this.forwarded += 1;
    if (confirmation?.isOver === false) (route.awaited ??= new Map()).set(sequence, confirmation); // (F5)
    return true;
  }

  #wait(
    { buffer }: Route,
    body: Uint8Array,
    terms: ForwardTerms,
    priority: number,
    expiresMs: number,
    nowMs: number,
  ): void {
    if (buffer.makeRoom(body.length, priority, nowMs)) return buffer.push(body, priority, expiresMs, terms);
    buffer.lose(priority); // (F3)
    unhanded(terms, false);
  }

  #drain(route: Route, nowMs: number): void {
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
    if (isBehind) this.#sink.forwardedUntil(route.nodeId, route.sequence);
  }
}

/** Of what is on its way the node will not tell. (F5) */
function untold(route: Route): void {
  const awaited = route.awaited?.values() ?? [];
  route.awaited = undefined;
  for (const confirmation of awaited) confirmation.untold("node-lost");
}
