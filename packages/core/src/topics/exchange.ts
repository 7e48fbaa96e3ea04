/**
 * Exchange: the topics of one node. What is published goes to every subscription that wants it, and into the backlog.
 *
 * Owns who is subscribed to what, and who may name a subscription. How a message goes out or waits is `delivery.ts`, what is
 * kept for those who come late `backlog.ts`, which patterns match `structures/pattern-matcher.ts`.
 *
 * The caller calls `tick` about every second while there `isAging` something: age is nothing that comes by itself.
 *
 * (X1) A subscription gets a message once, however many of its patterns match, and a group gets it once.
 * (X2) What a subscription gets of one publisher and one priority comes in the order in which it was published.
 * (X3) Each time that a message was for a subscription it was handed on, waits, or is counted as dropped, expired or undelivered.
 * (X4) A publish that is `blocked` has changed nothing but that its publisher will be resumed.
 * (X9) A message for a group that has no member for it here is handed back, and goes on to a member anywhere, to no node twice.
 * (X5) A message is the publisher's bytes, as they are: nothing of it is written again.
 * (X6) To a reserved topic only the cluster publishes.
 * (X7) A subscription can be ended only over the outlet that has it.
 * (X10) What the cluster publishes goes to those who name what is reserved, never to a pattern that begins with a wildcard, and waits for no subscription.
 * (X11) One that drains gets nothing new, and all that it had been given.
 * (X8) Without subscriptions and outlets nothing of them is left.
 */
import { MpregError, type Utf8, checkTopic } from "../base/index.js";
import { type Matched, PatternMatcher, Scratch } from "../structures/index.js";
import { TextCache } from "../wire/index.js";
import { Backlog } from "./backlog/backlog.js";
import { Blockers } from "./delivery/blockers.js";
import type { BufferTotals, WaitingMessage } from "./delivery/buffer.js";
import type { Confirmation } from "./forwarding/confirmations.js";
import { Delivery } from "./delivery/delivery.js";
import type { ExchangeFigures } from "./figures.js";
import { type ForwardSink, Forwarding } from "./forwarding/forwarding.js";
import { Groups } from "./delivery/groups.js";
import type { TopicsLimits } from "./limits.js";
import { Outlet } from "./delivery/outlet.js";
import type { Published } from "./published.js";
import type { Provenance } from "./late/held-back.js";
import type { MergedReplay } from "./late/merged-replay.js";
import { localOrigin, ownOrigin } from "./late/origins.js";
import { type Coverage, type Gather, type Late, Replays } from "./late/replays.js";
import type { Coming, Route } from "./forwarding/route.js";
import { isReserved, reservedRefusal, wants } from "./reserved.js";
import { type Arrival, type Scope, everybody, here, none, provenanceOf, triedMax } from "./scope.js";
import type { SubscriptionEnd, TopicSink } from "./sink.js";
import { Slots } from "./delivery/slots.js";
import { Subscription, type SubscriptionTerms, over } from "./delivery/subscription.js";
import { type SubscriptionTally, Tallies } from "./delivery/tally.js";
import { TopicMessageReader } from "./topic-message.js";
import {
  type Elsewhere,
  type ExchangeOptions,
  type PublishResult,
  type Publisher,
  type Wanting,
  nowhere,
} from "./types.js";
import { type SubscriptionWish, checkRoom, checkedPatterns, checkedTerms, keptFilter } from "./wish.js";

const blocked: PublishResult = { kind: "blocked" };

export class Exchange {
  readonly #limits: TopicsLimits;
  readonly #utf8: Utf8;
  readonly #sink: TopicSink;
  readonly #matcher: PatternMatcher;
  readonly #delivery: Delivery;
  readonly #backlog: Backlog;
  readonly #groups = new Groups<Subscription | Route>();
  readonly #tallies = new Tallies();
  readonly #forwarding: Forwarding;
  readonly #elsewhere: Elsewhere;
  readonly #outlets = new Map<number, Outlet<Subscription>>();
  readonly #slots = new Slots<Subscription>();
  /** Of all subscriptions. */
  #reservedPatterns = 0;
  readonly #blockers: Blockers;
  readonly #reader: TopicMessageReader;
  /** What those are told who come late, here and on other nodes. */
  readonly replays: Replays;
  /** Who gets the message in hand. */
  readonly #targets = new Scratch<Subscription>();
  /** Those of the subscription that began last. */
  #usualTerms: SubscriptionTerms | undefined;
  readonly #totals: BufferTotals = { dropped: 0, expired: 0 };
  #receivedCount = 0;
  #missedCount = 0;
  /** Groups of which a member was chosen for the message in hand. */
  #chosenCount = 0;
  #unchosen: readonly string[] = none;
  #undelivered = 0;

  /** For whom the message in hand is. */
  #scope: Scope = everybody;

  readonly #want: Wanting = {
    plain: ({ nodeId }) => {
      if (this.#scope.isForGroups) return;
      this.#forwarding.want(this.#forwarding.routeTo(nodeId));
    },
    member: ({ nodeId }, group) => {
      const { groups, tried } = this.#scope;
      if (groups?.includes(group) === false || tried.includes(nodeId)) return; // (X9)
      this.#groups.offerTo(group, this.#forwarding.routeTo(nodeId));
    },
  };
  readonly #chosen = (member: Subscription | Route, group: string): void => {
    this.#chosenCount += 1;
    if (member instanceof Subscription) this.#targets.push(member);
    else this.#forwarding.want(member, group);
    member.chosenAt = this.#groups.nextTurn();
  };

  constructor(sink: TopicSink, ways: ForwardSink, { limits, utf8, seed, elsewhere = nowhere }: ExchangeOptions) {
    this.#sink = sink;
    this.#limits = limits;
    this.#utf8 = utf8;
    this.#matcher = new PatternMatcher({ seed });
    this.#blockers = new Blockers(limits);
    this.#delivery = new Delivery(sink, limits.waitingBytesMax, this.#totals);
    this.#forwarding = new Forwarding(ways, limits, this.#totals, (...late) => {
      this.replays.took(...late);
    });
    this.#elsewhere = elsewhere;
    this.#backlog = new Backlog(limits.backlog);
    const texts = new TextCache(utf8);
    this.#reader = new TopicMessageReader(texts, utf8, limits.topic.bytesMax, limits.message);
    const replayed = new TopicMessageReader(texts, utf8, limits.topic.bytesMax, limits.message);
    this.replays = new Replays(this.#backlog, replayed, (nowMs) => this.#forwarding.oldestMs(nowMs));
  }

  get subscriptions(): number {
    return this.#slots.size;
  }

  /** Whether it has something whose time runs: it wants a `tick` about every second. */
  get isAging(): boolean {
    return this.#backlog.messages > 0 || this.#blockers.isBlocking || this.#forwarding.isSeeking;
  }

  /** Whether `outletId` has a subscription of that number. */
  has(outletId: number, number: number): boolean {
    return this.#outlets.get(outletId)?.subscriptions.has(number) === true;
  }

  /** Whether it drains. (X11) */
  isDraining(outletId: number, number: number): boolean {
    return this.#delivery.draining.has(this.#outlets.get(outletId)?.subscriptions.get(number));
  }

  /** The id of `message`, whatever else is wrong with it; empty where it cannot be read. */
  idOf(message: Uint8Array): string {
    return this.#reader.idOf(message);
  }

  get figures(): ExchangeFigures {
    const [slots, forwarding, { dropped, expired }] = [this.#slots, this.#forwarding, this.#totals];
    const counts = { subscriptions: slots.size, outlets: this.#outlets.size, groups: this.#groups.size };
    const came = { received: this.#receivedCount, missedElsewhere: this.#missedCount, handed: this.#delivery.handed };
    const lost = { dropped, expired, undelivered: this.#undelivered + forwarding.lost };
    const waitingBytes = this.#delivery.waitingBytes + forwarding.waitingBytes;
    const kept = this.#backlog.figures;
    return { ...this.#matcher.figures, ...counts, ...forwarding.figures, ...came, ...lost, waitingBytes, ...kept };
  }

  /** What the subscriptions come to, by what they want. See {@link Tallies.report}. */
  tallies(most: number): { readonly tallies: readonly SubscriptionTally[]; readonly leftOut: number } {
    return this.#tallies.report(this.#slots.all, most);
  }

  /**
   * Publishes `message`, the bytes that `writeTopicMessage` writes; they are not needed any more when this returns. The
   * answer is valid until the next publish. `confirmation` will hear from the other nodes to which it goes.
   *
   * Throws `malformed`, `too-large` or `invalid-argument` for a message that is none, `denied` for a reserved topic.
   */
  publish(publisher: Publisher, message: Uint8Array, nowMs: number, confirmation?: Confirmation): PublishResult {
    const { topic, ttlMs, priority } = this.#reader.open(message);
    const known = this.#known(topic);
    const isOfCluster = isReserved(topic);
    if (isOfCluster && !publisher.isCluster) throw reservedRefusal(topic); // (X6)
    publisher.authorize?.(topic);
    this.#choose(topic, known, publisher.isLocal === true ? here : everybody);
    if (!isOfCluster && this.#blocks(publisher, message, nowMs)) return blocked; // (X4)
    this.#forwarding.published += 1;
    const expiresMs = ttlMs === 0 ? Infinity : nowMs + ttlMs;
    this.#backlog.append(topic, message, nowMs, expiresMs, publisher.isLocal === true ? localOrigin : ownOrigin);
    const coming = confirmation && { confirmation };
    const published = this.#send(message, priority, expiresMs, nowMs, false, coming);
    this.#endDoomed(nowMs);
    return published;
  }

  /**
   * Takes a message that was published on another node, which has chosen this one for members of `groups`. It goes no further;
   * {@link unchosen} are those that have no member for it here. Only these get what was `tried` elsewhere.
   *
   * Answers and throws as {@link publish}.
   */
  receive(publisher: Publisher, message: Uint8Array, arrival: Arrival, nowMs: number): PublishResult {
    const { groups, tried, sinceMs } = arrival;
    const isForGroups = tried !== undefined;
    const { topic, ttlMs, priority } = this.#reader.open(message);
    this.#choose(topic, this.#known(topic), { groups, isForGroups, isElsewhere: false, tried: none });
    if (this.#blocks(publisher, message, nowMs)) return blocked; // (X4)
    this.#receivedCount += 1;
    this.#unchosen = groups.length === this.#chosenCount ? none : groups.filter((name) => !this.#isChosen(name)); // (X9)
    const expiresMs = ttlMs === 0 ? Infinity : sinceMs + ttlMs;
    if (!isForGroups) {
      this.#backlog.append(topic, message, nowMs, expiresMs, this.replays.originOf(arrival));
      this.replays.took(sinceMs, nowMs);
    }
    const published = this.#send(message, priority, expiresMs, nowMs, false, undefined, provenanceOf(arrival));
    this.#endDoomed(nowMs);
    return published;
  }

  /** The groups of what was received last that have no member for it here. */
  get unchosen(): readonly string[] {
    return this.#unchosen;
  }

  /**
   * Takes a message that nodes have handed back, for members of `groups` here or on nodes other than those that were `tried`. What
   * finds no member is lost to its group.
   *
   * Answers as {@link publish}.
   */
  handOn(publisher: Publisher, message: Uint8Array, arrival: Arrival, nowMs: number): PublishResult {
    const { groups, tried = none, sinceMs, confirmation } = arrival;
    const { topic, ttlMs, priority } = this.#reader.open(message);
    this.#choose(topic, undefined, { groups, isForGroups: true, isElsewhere: tried.length <= triedMax, tried });
    if (this.#blocks(publisher, message, nowMs)) return blocked; // (X4)
    const lost = groups.length - this.#chosenCount;
    this.lostToGroups(lost);
    const expiresMs = ttlMs === 0 ? Infinity : sinceMs + ttlMs;
    const published = this.#send(message, priority, expiresMs, nowMs, false, { sinceMs, tried, confirmation });
    this.#endDoomed(nowMs);
    return { ...published, lost: published.lost + lost };
  }

  /** A message was lost to so many groups, which have no member for it anywhere as far as is known. (X3) */
  lostToGroups(count: number): void {
    this.#undelivered += count;
  }

  /** Another node is gone, or wants nothing any more. What waited for it goes to other members of the groups for which it was. */
  forgetNode(nodeId: string, nowMs: number): void {
    this.#forwarding.forget(nodeId, nowMs, (message) => {
      const { groups, tried = none } = message.about ?? { groups: none };
      for (const group of groups) {
        if (!this.#passOn(message, group, [...tried, nodeId], nowMs)) this.#undelivered += 1;
      }
      return groups.length > 0;
    });
  }

  /** `count` messages from another node are lost, or Infinity, where nobody knows how many: each subscription may have wanted them. */
  missedElsewhere(count: number, from?: Provenance): void {
    if (count < Infinity) this.#missedCount += count;
    for (const subscription of this.#slots.all) {
      if (subscription === undefined || this.#delivery.draining.has(subscription)) continue; // (X11)
      this.#delivery.missElsewhere(subscription, count, from);
    }
  }

  /** The way to other nodes. */
  get forwarding(): Forwarding {
    return this.#forwarding;
  }

  /**
   * Subscribes; `number` is the subscription's name on `outletId`, of which nothing was known before its first one. Nothing
   * is told before `drain`. With `gather`, that has other nodes asked for what it wants replayed, and {@link gathered} follows. Answers
   * what it is told of the time that it wants replayed, without other nodes.
   *
   * Throws `invalid-argument` for a wish that cannot be granted or a number that is in use, `overloaded` beyond the limits.
   */
  subscribe(outletId: number, number: number, wish: SubscriptionWish, nowMs: number, gather?: Gather): Coverage {
    const { subscriptionsMax, subscriptionsPerOutletMax, outletWindowBytes } = this.#limits;
    const terms = checkedTerms(wish, this.#limits, this.#utf8, this.#usualTerms);
    const patterns = checkedPatterns(wish.patterns, this.#limits);
    const kept = keptFilter(wish, this.#utf8);
    const known = this.#outlets.get(outletId);
    if (known?.subscriptions.has(number) === true) {
      throw new MpregError("invalid-argument", `Cannot subscribe: this link has a subscription ${number} already`);
    }
    checkRoom(this.#slots.size, subscriptionsMax, "this node");
    checkRoom(known?.subscriptions.size ?? 0, subscriptionsPerOutletMax, "this link");
    this.#elsewhere.subscribed(patterns, wish.group);
    const outlet = known ?? new Outlet<Subscription>(outletId, outletWindowBytes);
    this.#outlets.set(outletId, outlet);
    const group = wish.group === undefined ? undefined : this.#groups.join(wish.group);
    const slot = this.#slots.free();
    const tally = this.#tallies.join(patterns, wish.group);
    const subscription = new Subscription(outlet, number, slot, terms, group, tally);
    this.#usualTerms = terms;
    this.#slots.set(slot, subscription);
    this.#blockers.add(subscription);
    outlet.subscriptions.set(number, subscription);
    for (const pattern of patterns) {
      this.#matcher.add(pattern, slot);
      if (isReserved(pattern)) this.#reservedPatterns += 1;
    }
    if (wish.replay === undefined || (group !== undefined && group.size > 1)) return "unknown";
    const late = { patterns, filter: terms.filter, kept, wish: wish.replay };
    return this.replays.begin(subscription, late, this.#elsewhere.isAlone === true, gather, nowMs);
  }

  /** The subscription that was gathered for is told `replay`, and then what was held back. */
  gathered({ outlet, number }: Late, replay: MergedReplay, nowMs: number): void {
    const subscription = this.#outlets.get(outlet)?.subscriptions.get(number);
    if (subscription?.phase.kind !== "gather") return;
    this.#delivery.beginReplay(subscription, replay, nowMs);
    this.#endDoomed(nowMs);
  }

  /** Ends a subscription; one that `drains`, once what waits for it is on its way. Answers false if `outletId` has none of that number. (X7) */
  unsubscribe(outletId: number, number: number, nowMs: number, drains: boolean = false): boolean {
    const subscription = this.#outlets.get(outletId)?.subscriptions.get(number);
    if (subscription === undefined) return false;
    if (!drains || !subscription.isWaiting) this.#end(subscription, nowMs);
    else if (this.#delivery.draining.begin(subscription)) this.#withdraw(subscription); // (X11)
    this.#endDoomed(nowMs);
    return true;
  }

  /** Ends all subscriptions of an outlet: its link is gone. */
  close(outletId: number, nowMs: number): void {
    const outlet = this.#outlets.get(outletId);
    if (outlet === undefined) return;
    for (const subscription of outlet.subscriptions.values()) this.#end(subscription, nowMs);
    this.#endDoomed(nowMs);
  }

  /** A publisher is gone: it need not be resumed. */
  forget(publisherId: number): void {
    this.#blockers.forget(publisherId);
  }

  /** The consumer of a subscription has taken `bytes` of messages. What names no subscription comes late and means nothing. */
  taken(outletId: number, number: number, bytes: number, nowMs: number): void {
    const subscription = this.#outlets.get(outletId)?.subscriptions.get(number);
    if (subscription === undefined) return;
    this.#delivery.taken(subscription, bytes, nowMs);
    this.#endDoomed(nowMs);
  }

  /** Tells what waits for the subscriptions of an outlet, as far as there is room on the way. */
  drain(outletId: number, nowMs: number): void {
    const outlet = this.#outlets.get(outletId);
    if (outlet === undefined) return;
    this.#delivery.drain(outlet, nowMs);
    this.#endDoomed(nowMs);
  }

  /** Lets go of what is too old, and of subscriptions that have kept publishers waiting for too long. */
  tick(nowMs: number): void {
    this.#backlog.sweep(nowMs);
    this.#forwarding.tick(nowMs);
    this.#blockers.each(nowMs, (subscription, isStalled) => {
      this.#delivery.resumeIfRoom(subscription, nowMs);
      if (isStalled && subscription.buffer?.blocking !== undefined)
        this.#delivery.doomed.push({ subscription, why: "stalled" });
    });
    this.#endDoomed(nowMs);
  }

  /** Whether a subscription here wants something that is reserved. */
  get wantsReserved(): boolean {
    return this.#reservedPatterns > 0;
  }

  /** Whether anybody, or anybody here, wants what the cluster publishes to `topic`. (X10) */
  isWanted(topic: string, isLocal: boolean): boolean {
    this.#choose(topic, undefined, isLocal ? here : everybody);
    return this.#targets.size > 0 || this.#forwarding.isAnyWanting;
  }

  /** What matches `topic`, where that is known; else throws unless it is a topic: of those that are known, that was found before. */
  #known(topic: string): Matched | undefined {
    const known = this.#matcher.find(topic);
    if (known === undefined) checkTopic(topic, this.#limits.topic);
    return known;
  }

  /** Who of `scope` gets the message that is open in the reader. (X1) */
  #choose(topic: string, known: Matched | undefined, scope: Scope): void {
    this.#scope = scope;
    const { groups } = scope;
    const targets = this.#targets;
    const isOfCluster = isReserved(topic);
    targets.clear();
    this.#forwarding.begin();
    const { values, start, end } = known ?? this.#matcher.match(topic);
    for (let at = start; at < end; at++) {
      const subscription = this.#slots.at(values[at] as number);
      const { filter } = subscription.terms;
      if (isOfCluster && !subscription.patterns.some((pattern) => wants(pattern, topic))) continue; // (X10)
      if (filter?.passes(this.#reader) === false) continue;
      const { group } = subscription;
      if (group === undefined) {
        if (!scope.isForGroups) targets.push(subscription);
      } else if (groups === undefined || groups.includes(group.name)) this.#groups.offer(group, subscription);
    }
    if (scope.isElsewhere && !this.#elsewhere.isEmpty) this.#elsewhere.wanting(topic, this.#want);
    this.#chosenCount = 0;
    this.#groups.choose(this.#chosen);
  }

  /** Whether the publisher has to wait for those who were chosen. */
  #blocks({ id }: Publisher, { length }: Uint8Array, nowMs: number): boolean {
    return this.#blockers.blocks(this.#targets, id, length, nowMs);
  }

  /** Sends a message to those who were chosen. */
  #send(
    message: Uint8Array,
    priority: number,
    expiresMs: number,
    nowMs: number,
    isOwn: boolean,
    coming?: Partial<Coming>,
    from?: Provenance,
  ): Published {
    this.#delivery.begin(message, priority, expiresMs, nowMs, isOwn, from);
    for (let at = 0; at < this.#targets.size; at++) this.#delivery.offer(this.#targets.at(at));
    return this.#delivery.end(this.#forwarding.send(message, priority, expiresMs, nowMs, coming));
  }

  #endDoomed(nowMs: number): void {
    const { doomed, draining } = this.#delivery;
    for (let next = doomed.pop(); next !== undefined; next = doomed.pop())
      this.#end(next.subscription, nowMs, next.why);
    for (let next = draining.next(); next !== undefined; next = draining.next()) this.#end(next, nowMs);
  }

  /** Nothing more comes for `subscription`, and nobody waits for it. */
  #withdraw(subscription: Subscription): void {
    const { patterns, slot, group } = subscription;
    for (const pattern of patterns) {
      this.#matcher.remove(pattern, slot);
      if (isReserved(pattern)) this.#reservedPatterns -= 1;
    }
    this.#elsewhere.unsubscribed(patterns, group?.name);
    this.#blockers.remove(subscription);
    if (group !== undefined) this.#groups.leave(group);
    this.#delivery.resume(subscription);
  }

  /** Ends `subscription`; with `why`, it is told. */
  #end(subscription: Subscription, nowMs: number, why?: SubscriptionEnd): void {
    if (subscription.phase.kind === "over") return;
    const { outlet, number, slot, group, buffer, phase } = subscription;
    let lost = 0;
    if (phase.kind === "gather") {
      lost = phase.held.messages;
      phase.left();
    }
    subscription.phase = over;
    const hasDrained = this.#delivery.draining.end(subscription);
    if (!hasDrained) this.#withdraw(subscription);
    this.#slots.delete(slot); // (X8)
    outlet.subscriptions.delete(number);
    outlet.dequeue(subscription);
    outlet.untakenBytes -= subscription.untakenBytes;
    if (outlet.subscriptions.size === 0) this.#outlets.delete(outlet.id);
    buffer?.takeAll((message) => {
      if (group === undefined || !this.#passOn(message, group.name, none, nowMs)) lost += 1;
    }, nowMs);
    this.#undelivered += lost; // (X3)
    this.#tallies.leave(subscription);
    this.#delivery.released(subscription);
    if (why !== undefined) this.#sink.ended(outlet.id, number, why, lost);
    if (hasDrained) this.#sink.drained?.(outlet.id, number);
    this.#targets.release();
    this.#delivery.drain(outlet, nowMs); // there may be room for others
  }

  /** Gives what waited for a member that has left, or on other nodes than those `tried`, to another one. Answers false if there is none. (X9) */
  #passOn(
    message: Pick<WaitingMessage, "body" | "priority" | "expiresMs">,
    group: string,
    tried: readonly string[],
    nowMs: number,
  ): boolean {
    const { body, priority, expiresMs } = message;
    const { topic, ttlMs } = this.#reader.open(body);
    const isElsewhere = tried.length <= triedMax;
    this.#choose(topic, undefined, { groups: [group], isForGroups: true, isElsewhere, tried });
    if (this.#chosenCount === 0) return false;
    const sinceMs = expiresMs === Infinity ? nowMs : expiresMs - ttlMs;
    this.#send(body, priority, expiresMs, nowMs, true, { sinceMs, tried });
    return true;
  }

  #isChosen(group: string): boolean {
    for (let at = 0; at < this.#targets.size; at++) if (this.#targets.at(at).group?.name === group) return true;
    return false;
  }
}
