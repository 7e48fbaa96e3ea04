/**
 * Forwarding: messages that are published here, on their way to the other nodes that want them.
 *
 * Owns a route to each of these nodes: what is on its way and what waits. Which nodes want a topic is `interest.ts`, which link
 * leads to one `topics.ts`.
 *
 * (F1) A message goes to a node once, with the names of the groups for whose members that node was chosen.
 * (F2) At most `routeWindowBytes` are on their way to a node that it has not taken, or one message of any size. The rest waits, at
 *      most `routeBufferBytes`; beyond, the oldest is dropped.
 * (F3) The messages to a node are numbered, those that were dropped included: whatever is lost, here or with a link, is a gap that
 *      the node finds (`arrivals.ts`). A link begins with the number that was used last, and so does what follows a drop.
 * (F4) A node that does not want anything any more has no route. What waited for it is counted as lost.
 */
import { type BufferTotals, MessageBuffer } from "./buffer.js";
import type { GroupMember } from "./groups.js";
import type { TopicsLimits } from "./limits.js";

/** What a message needs on its way beside its bytes. */
export interface ForwardTerms {
  /** (F1) */
  readonly groups: readonly string[];
  /** When it came to this node. */
  readonly sinceMs: number;
}

/** How messages leave. */
export interface ForwardSink {
  /** Answers whether there was a link that took it. */
  forward(nodeId: string, sequence: number, terms: ForwardTerms, nowMs: number, message: Uint8Array): boolean;
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
  /** Number of the last message. (F3) */
  sequence = 0;
  chosenAt = 0;
  /** Of the message in hand: whether the node wants it, and the groups for which it was chosen. */
  isWanted = false;
  groups: string[] = [];

  constructor(nodeId: string, limits: TopicsLimits, totals: BufferTotals) {
    this.nodeId = nodeId;
    this.buffer = new MessageBuffer(limits.routeBufferMessages, limits.routeBufferBytes, totals);
  }

  get waitingBytes(): number {
    return this.untakenBytes + this.buffer.bytes;
  }
}

const noGroups: readonly string[] = [];

export class Forwarding {
  readonly #sink: ForwardSink;
  readonly #limits: TopicsLimits;
  readonly #totals: BufferTotals;
  readonly #routes = new Map<string, Route>();
  /** Those that want the message in hand. */
  readonly #wanting: Route[] = [];
  /** Times that a message was sent to a node. */
  forwarded = 0;
  #lost = 0;

  constructor(sink: ForwardSink, limits: TopicsLimits, totals: BufferTotals) {
    this.#sink = sink;
    this.#limits = limits;
    this.#totals = totals;
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
    for (const route of wanting) {
      route.isWanted = false;
      route.groups = [];
    }
    wanting.length = 0;
  }

  /** Only the node that was chosen for `group` gets the message in hand, for that group, if there is one. Answers whether there is. */
  narrow(group: string | undefined): boolean {
    const chosen = group === undefined ? undefined : this.#wanting.find(({ groups }) => groups.includes(group));
    this.begin();
    if (chosen !== undefined) this.want(chosen, group);
    return chosen !== undefined;
  }

  /** The way to a node that may want the message in hand. */
  routeTo(nodeId: string): Route {
    let route = this.#routes.get(nodeId);
    if (route === undefined) {
      route = new Route(nodeId, this.#limits, this.#totals);
      route.run = this.#sink.runOf(nodeId);
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
  send(message: Uint8Array, priority: number, expiresMs: number, nowMs: number): number {
    const wanting = this.#wanting;
    const { length } = wanting;
    let copy: Uint8Array | undefined;
    for (const route of wanting) {
      const groups = route.groups.length === 0 ? noGroups : route.groups;
      route.isWanted = false;
      if (groups !== noGroups) route.groups = [];
      const terms: ForwardTerms = { groups, sinceMs: nowMs };
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

  /** There is a new link to the node: what was on its way over an older one has come or is lost, and is not awaited. */
  linked(nodeId: string, run: string, nowMs: number): void {
    const route = this.#routes.get(nodeId);
    if (route === undefined) return;
    if (route.run !== undefined && route.run !== run) route.sequence = 0; // it has never heard of what went to the one before
    route.run = run;
    route.untakenBytes = 0;
    this.#sink.forwardedUntil(nodeId, route.sequence); // (F3)
    this.#drain(route, nowMs);
  }

  /** The node wants nothing any more, or is gone. (F4) */
  forget(nodeId: string): void {
    const route = this.#routes.get(nodeId);
    if (route === undefined) return;
    this.#lost += route.buffer.size;
    this.#routes.delete(nodeId);
  }

  #hasWindow({ untakenBytes }: Route, length: number): boolean {
    return untakenBytes === 0 || untakenBytes + length <= this.#limits.routeWindowBytes; // (F2)
  }

  #hand(route: Route, message: Uint8Array, terms: ForwardTerms, nowMs: number): boolean {
    if (!this.#sink.forward(route.nodeId, route.sequence + 1, terms, nowMs, message)) return false;
    route.sequence += 1;
    route.untakenBytes += message.length;
    this.forwarded += 1;
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
    if (buffer.makeRoom(body.length, priority, nowMs)) buffer.push(body, priority, expiresMs, terms);
    else buffer.lose(priority); // (F3)
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
