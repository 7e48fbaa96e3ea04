/**
 * A history of one queue of any kind on a disk that crashes and refuses, and what was promised in it.
 *
 * Only what is certain is asked for: what nobody was told may have happened, or not.
 *
 * (H1) Nobody receives what was refused, withdrawn, purged, or acknowledged by his subscription; nothing of a quorum once that has acknowledged it.
 * (H2) Nor before its delay is over, after its time is, while it waits for one that nobody has acknowledged, or while another has its lease. A lease that
 *      was extended outlives a crash.
 * (H3) In a FIFO group nothing overtakes.
 * (H4) Of messages of one dedup id one is taken. Each time of a schedule makes one message.
 * (H5) What was told to be sent comes to each of its subscriptions, unless something ended it; or is one dead letter, of what was not done.
 * (H6) Once all is done no message is left in the store, and after a restart nothing of any.
 * (H7) There is never more than there may be, but for what is over: where the disk has refused to delete that it is there again after a crash, for a batch.
 */
import { expect } from "vitest";
import type {
  Missed,
  Operation,
  OutgoingMessage,
  QueueOperation,
  QueueSettings,
  ReceivedMessage,
} from "../../src/queues/index.js";
import { tableNames } from "../../src/queues/store/tables.js";
import { Stepping } from "./stepping.js";
import type { Ended } from "./support.js";

export interface Draft {
  readonly group: string;
  readonly priority: number;
  readonly delayMs: number;
  readonly ttlMs: number | undefined;
  readonly dedup: string | undefined;
  /** How many messages ago those were sent that it waits for. */
  readonly after: readonly number[];
}

export type Step =
  | { readonly do: "send"; readonly drafts: readonly Draft[] }
  | { readonly do: "receive"; readonly lane: number; readonly max: number }
  | { readonly do: "ack" | "release" | "withdraw"; readonly of: number }
  | { readonly do: "extend"; readonly of: number; readonly ms: number }
  | { readonly do: "subscribe" | "unsubscribe"; readonly lane: number }
  | {
      readonly do: "schedule";
      readonly name: string;
      readonly inMs: number;
      readonly once: boolean;
      readonly missed: Missed;
    }
  | { readonly do: "unschedule"; readonly name: string }
  | { readonly do: "advance"; readonly ms: number }
  | { readonly do: "commit"; readonly count: number }
  | { readonly do: "refuse" | "purge" }
  | { readonly do: "crash"; readonly kept: number };

type Settings = Partial<QueueSettings>;

const laneNames = ["x", "y", "z"];
const messagesMax = 12;
const visibilityMs = 50;
const dedup = { windowMs: 1e9, scope: "queue", byContent: false } as const;

/** What is known of one message. */
interface Sent {
  readonly id: string;
  readonly draft: Draft | undefined;
  readonly sentMs: number;
  /** Those that were certainly there, and not done, when it was sent, and when that was told. */
  awaited: readonly Sent[];
  /** Whether these are all that it waits for. */
  isSure: boolean;
  told: "nothing" | "done" | "refused" | "duplicate";
  /** Subscriptions that certainly get it. */
  readonly lanes: Set<string>;
  readonly mayHaveAcked: Map<string, number>;
  readonly acked: Set<string>;
  readonly came: Set<string>;
  /** Asked ends of other kinds that were not refused. */
  ends: number;
  isGone: boolean;
  /** Per subscription: until when nobody else gets it, in this run and over a crash. */
  readonly leased: Map<string, { untilMs: number; onDiskMs: number; asked: number }>;
}

interface Received {
  readonly sent: Sent;
  readonly lane: string;
  readonly receipt: string;
}

export class History {
  readonly #s = new Stepping((run) => ({ bodiesBytesMax: 100, awakeMessagesMax: run % 3 }));
  readonly #settings: Settings;
  readonly #sent = new Map<string, Sent>();
  /** Ids of messages of schedules, by the schedule and the time. */
  readonly #scheduled = new Map<string, string>();
  /** Of schedules that were told to be made, and are once: their times, as long as nothing else was asked of them. */
  readonly #once = new Map<string, string>();
  readonly #drops: boolean;
  readonly #kind: "at-least-once" | "broadcast" | "quorum";
  readonly #subscriptions = new Map<string, { isThere: boolean; asked: number }>();
  #received: Received[] = [];
  #checks: (() => boolean)[] = [];
  /** Changes of schedules, and purges. */
  #schedules = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#drops = settings.overflow === "drop-oldest";
    this.#kind = (settings.guarantee?.kind ?? "at-least-once") as "at-least-once";
    this.#s.create("dead", { messagesMax: 2 });
    const lanes = this.#kind === "at-least-once" ? [] : laneNames.slice(0, 2);
    this.#s.create("q", { dedup, visibilityMs, messagesMax, ...settings }, lanes);
    for (const name of lanes) this.#subscriptions.set(name, { isThere: true, asked: 0 });
  }

  step(step: Step): void {
    const { disk, clock } = this.#s;
    if (step.do === "send") this.#send(step.drafts);
    else if (step.do === "receive") this.#receive(this.#laneOf(step.lane), step.max);
    else if (step.do === "ack" || step.do === "release") this.#settle(step.do, step.of);
    else if (step.do === "extend") this.#extend(step.of, step.ms);
    else if (step.do === "withdraw") this.#withdraw(step.of);
    else if (step.do === "subscribe" || step.do === "unsubscribe") this.#subscribe(step.do, step.lane);
    else if (step.do === "schedule") this.#schedule(step);
    else if (step.do === "unschedule") {
      this.#unscheduled(step.name);
      this.#s.begin("q", { op: "unschedule", name: step.name });
    } else if (step.do === "advance") clock.advance(step.ms);
    else if (step.do === "commit") disk.commit(step.count);
    else if (step.do === "refuse") disk.refuse();
    else if (step.do === "crash") this.#crash(step.kept);
    else this.#purge();
    this.#look();
  }

  /** All that there is comes, after a last crash; and nothing is left. */
  finish(): void {
    const s = this.#s;
    s.pass(0);
    this.#look();
    for (const { name, everyMs } of s.do<"schedules">("q", { op: "schedules" })) {
      if (everyMs !== undefined) s.do("q", { op: "unschedule", name });
    }
    s.do("dead", { op: "update", settings: { messagesMax: 1_000 } });
    this.#look();
    this.#crash(0);
    for (let round = 0; round < 12; round++) {
      for (const lane of this.#kind === "at-least-once" ? [""] : s.stats("q").subscriptions) {
        for (const { sent, receipt } of this.#receive(lane, 100)) {
          count(sent.mayHaveAcked, lane, 1);
          s.do("q", { op: "ack", receipts: [receipt] });
          sent.acked.add(lane);
        }
      }
      s.pass(round < 6 ? 200 : 31_000);
      this.#look();
    }
    expect(s.stats("q").messages).toBe(0);
    this.#checkArrived();
    this.#checkSchedules();
    s.do("dead", { op: "purge" });
    expect(s.disk.range(tableNames.messages, { limit: 1 })).toEqual([]);
    s.crash(0); // which forgets rows that belong to no message any more
    s.pass(0);
    for (const table of [tableNames.messages, tableNames.leases, tableNames.acks])
      expect(s.disk.range(table, { limit: 1 }), table).toEqual([]);
  }

  /** (H5) */
  #checkArrived(): void {
    const letters = this.#s.do<"browse">("dead", { op: "browse", limit: 1_000 });
    for (const sent of this.#sent.values()) {
      const dead = letters.filter(({ headers }) => headers?.["is"] === sent.id);
      if (sent.told === "refused" || sent.told === "duplicate") expect(dead, `letters of ${sent.id}`).toEqual([]);
      if (sent.told !== "done" || sent.draft === undefined) continue;
      const lanes = dead.map(({ deadLetter }) => deadLetter?.subscription);
      expect(new Set(lanes).size, `letters of ${sent.id}`).toBe(lanes.length);
      if (this.#kind === "at-least-once") expect(dead.length === 0 || !sent.acked.has(""), sent.id).toBe(true);
      if (this.#kind === "quorum") expect(dead.length === 0 || sent.acked.size < 2, sent.id).toBe(true);
      for (const lane of lanes) expect(lane === undefined || !sent.acked.has(lane), sent.id).toBe(true);
      if (dead.length > 0 || sent.ends > 0 || sent.draft.ttlMs !== undefined || this.#drops) continue;
      if (this.#settings.ttlMs !== undefined || !sent.isSure || !sent.awaited.every((one) => isDone(one))) continue;
      if (this.#kind === "quorum" && (sent.mayHaveAcked.size >= 2 || sent.lanes.size < 2)) continue;
      const lost = [...sent.lanes].filter((lane) => !sent.came.has(lane));
      expect(lost, `${sent.id} has not come`).toEqual([]);
    }
  }

  /** Each time that was to come once has come. (H4) */
  #checkSchedules(): void {
    if (this.#kind !== "at-least-once" || this.#drops || this.#settings.ttlMs !== undefined) return;
    for (const time of this.#once.values()) expect(this.#scheduled.has(time), `a message of ${time}`).toBe(true);
  }

  #laneOf(index: number): string {
    return this.#kind === "at-least-once" ? "" : (laneNames[index % laneNames.length] as string);
  }

  #send(drafts: readonly Draft[]): void {
    const recent = [...this.#sent.values()];
    const some = drafts.map((draft, at): Sent => {
      const awaited = [...new Set(draft.after.flatMap((ago) => recent[recent.length - 1 - ago] ?? []))];
      const there = [...this.#subscriptions].filter(([, { isThere }]) => isThere).map(([name]) => name);
      return {
        ...nothingKnown(`m${recent.length + at}`, draft, this.#s.clock.nowMs),
        awaited: awaited.filter((one) => this.#isHere(one)),
        isSure: awaited.every((one) => this.#isHere(one)),
        lanes: new Set(this.#kind === "at-least-once" ? [""] : there),
      };
    });
    const messages = some.map(({ id, draft }): OutgoingMessage => messageOf(id, draft as Draft, recent));
    for (const sent of some) this.#sent.set(sent.id, sent);
    this.#whenEnded<"send">({ op: "send", messages }, (ends) => {
      for (const [at, sent] of some.entries()) {
        const end = ends[at];
        sent.told = end?.kind !== "done" ? "refused" : end.duplicate ? "duplicate" : "done";
        sent.isSure &&= sent.awaited.every((one) => this.#isHere(one));
        sent.awaited = sent.awaited.filter((one) => this.#isHere(one));
      }
    });
  }

  /** It is there, and will be until somebody ends it. */
  #isHere(sent: Sent): boolean {
    const { told, ends, isGone, mayHaveAcked } = sent;
    return told === "done" && ends === 0 && !isGone && mayHaveAcked.size === 0 && !this.#mayBeOver(sent);
  }

  /** It may be gone, or a dead letter, without anybody being told. */
  #mayBeOver({ draft, sentMs, lanes }: Sent): boolean {
    const ttlMs = Math.min(draft?.ttlMs ?? Infinity, this.#settings.ttlMs ?? Infinity);
    const mayFail = this.#settings.maxReceives !== undefined || (draft?.after.length ?? 0) > 0;
    return (
      this.#drops || mayFail || this.#s.clock.nowMs >= sentMs + ttlMs || lanes.size < (this.#kind === "quorum" ? 2 : 1)
    );
  }

  #receive(lane: string, max: number): readonly Received[] {
    const of = lane === "" ? {} : { subscription: lane };
    const { end } = this.#s.begin<"receive">("q", { op: "receive", max, waitMs: 0, ...of });
    this.#look();
    if (end?.kind !== "done") return []; // there is no such subscription just now
    const together: Sent[] = [];
    const some = end.value.map((message): Received => {
      const sent = this.#sentOf(message);
      this.#checkReceived(sent, lane);
      if (this.#settings.order === "fifo") this.#checkOrder(sent, lane, together);
      together.push(sent);
      sent.came.add(lane);
      sent.leased.set(lane, { untilMs: this.#s.clock.nowMs + visibilityMs, onDiskMs: -1, asked: 0 });
      return { sent, lane, receipt: message.receipt };
    });
    this.#received.push(...some);
    return some;
  }

  #sentOf({ id, headers }: ReceivedMessage): Sent {
    const known = this.#sent.get(headers?.["is"] ?? id);
    if (known !== undefined) return known;
    const time = `${headers?.["mpreg-schedule"] ?? ""} ${headers?.["mpreg-due"] ?? ""}`;
    expect(time, `${id} was sent by nobody`).toMatch(/^[st] \d/);
    expect(this.#scheduled.get(time) ?? id, `message of ${time}`).toBe(id); // (H4)
    this.#scheduled.set(time, id);
    const sent = nothingKnown(id, undefined, this.#s.clock.nowMs);
    this.#sent.set(id, sent);
    return sent;
  }

  /** (H1, H2, H4) */
  #checkReceived(sent: Sent, lane: string): void {
    const { nowMs } = this.#s.clock;
    const { id, draft, sentMs, told, acked, isGone } = sent;
    const what = `${id} of ${lane} at ${nowMs}`;
    expect([isGone, acked.has(lane)], `${what} was gone, acknowledged`).toEqual([false, false]);
    if (this.#kind === "quorum") expect(acked.size, `${what} was done`).toBeLessThan(2);
    const { untilMs = -1 } = sent.leased.get(lane) ?? {};
    if (this.#settings.order !== "fifo") expect(untilMs, `${what} is leased`).toBeLessThanOrEqual(nowMs);
    if (draft === undefined) return;
    expect(["nothing", "done"], `${what} was ${told}`).toContain(told);
    expect(sentMs + draft.delayMs, `${what} is delayed`).toBeLessThanOrEqual(nowMs);
    const ttlMs = Math.min(draft.ttlMs ?? Infinity, this.#settings.ttlMs ?? Infinity);
    expect(sentMs + ttlMs, `${what} is over`).toBeGreaterThan(nowMs);
    for (const other of sent.awaited) {
      const needed = this.#kind === "quorum" ? 2 : 1;
      const mayBeDone = other.mayHaveAcked.size >= needed || (this.#kind === "broadcast" && other.lanes.size < 2);
      expect(mayBeDone, `${what} waits for ${other.id}, which nobody has acknowledged`).toBe(true);
    }
    if (draft.dedup === undefined) return;
    const twins = [...this.#sent.values()].filter((one) => one.draft?.dedup === draft.dedup && one.came.size > 0);
    expect(new Set([...twins, sent]).size, `${what}: twins`).toBe(1);
  }

  /** (H3) */
  #checkOrder(sent: Sent, lane: string, together: readonly Sent[]): void {
    if (this.#drops || this.#settings.maxReceives !== undefined || this.#kind === "quorum") return;
    if (sent.draft === undefined) return;
    for (const other of this.#sent.values()) {
      if (other === sent) break;
      if (other.draft?.group !== sent.draft.group || other.told !== "done" || !other.lanes.has(lane)) continue;
      if (together.includes(other) || other.mayHaveAcked.has(lane) || other.ends > 0 || this.#mayBeOver(other))
        continue;
      expect.fail(`${sent.id} overtakes ${other.id}`);
    }
  }

  #settle(op: "ack" | "release", of: number): void {
    const given = this.#received[this.#received.length - 1 - of];
    if (given === undefined) return;
    const { sent, lane, receipt } = given;
    if (op === "ack") count(sent.mayHaveAcked, lane, 1);
    const lease = sent.leased.get(lane);
    if (op === "release" && lease !== undefined) lease.onDiskMs = -1;
    this.#whenEnded<"ack">({ op: op as "ack", receipts: [receipt] }, ([end]) => {
      if (op === "ack" && end?.kind === "done") sent.acked.add(lane);
      else if (op === "ack") count(sent.mayHaveAcked, lane, -1);
      else if (end?.kind === "done") sent.leased.delete(lane);
    });
  }

  #extend(of: number, ms: number): void {
    const given = this.#received[this.#received.length - 1 - of];
    const lease = given?.sent.leased.get(given.lane);
    if (given === undefined || lease === undefined) return;
    const untilMs = this.#s.clock.nowMs + ms;
    lease.untilMs = Math.min(lease.untilMs, untilMs);
    lease.onDiskMs = Math.min(lease.onDiskMs, untilMs);
    const asked = ++lease.asked;
    this.#whenEnded<"extend">({ op: "extend", receipts: [given.receipt], visibilityMs: ms }, ([end]) => {
      if (end?.kind === "done" && lease.asked === asked) lease.untilMs = lease.onDiskMs = untilMs;
    });
  }

  #withdraw(of: number): void {
    const sent = [...this.#sent.values()][this.#sent.size - 1 - of];
    if (sent?.draft === undefined) return;
    sent.ends += 1;
    const ended = this.#s.begin<"withdraw">("q", { op: "withdraw", id: sent.id });
    this.#checks.push(() => {
      if (ended.end?.kind === "done" && ended.end.value) sent.isGone = true;
      else if (ended.end !== undefined) sent.ends -= 1;
      return ended.end !== undefined;
    });
  }

  #purge(): void {
    this.#once.clear();
    this.#schedules += 1;
    const there = [...this.#sent.values()];
    for (const sent of there) sent.ends += 1;
    const ended = this.#s.begin<"purge">("q", { op: "purge" });
    this.#checks.push(() => {
      if (ended.end?.kind === "done") for (const sent of there) sent.isGone = true;
      else if (ended.end !== undefined) for (const sent of there) sent.ends -= 1;
      return ended.end !== undefined;
    });
  }

  #subscribe(op: "subscribe" | "unsubscribe", lane: number): void {
    const name = this.#laneOf(lane);
    if (name === "") return;
    const known = this.#subscriptions.get(name) ?? { isThere: false, asked: 0 };
    this.#subscriptions.set(name, known);
    const asked = ++known.asked;
    if (op === "unsubscribe") {
      known.isThere = false;
      for (const { lanes } of this.#sent.values()) lanes.delete(name);
    }
    this.#whenEnded<"subscribe">({ op: op as "subscribe", name }, () => {
      if (known.asked === asked) known.isThere = op === "subscribe";
    });
  }

  #schedule({ name, inMs, once, missed }: Extract<Step, { do: "schedule" }>): void {
    const at = this.#s.clock.nowMs + inMs + this.#s.world.wallOffsetMs;
    const message = { body: Uint8Array.of(1), group: "a" };
    const times = once ? { at } : { everyMs: inMs };
    const changes = this.#schedules;
    this.#unscheduled(name);
    this.#whenEnded<"schedule">({ op: "schedule", name, missed, message, ...times }, () => {
      if (once && changes + 1 === this.#schedules) this.#once.set(name, `${name} ${new Date(at).toISOString()}`);
    });
  }

  /** What is known of a schedule is not any more. */
  #unscheduled(name: string): void {
    this.#schedules += 1;
    this.#once.delete(name);
  }

  #whenEnded<O extends Operation>(
    operation: Extract<QueueOperation, { op: O }>,
    then: (value: Extract<NonNullable<Ended<O>["end"]>, { kind: "done" }>["value"]) => void,
  ): void {
    const ended = this.#s.begin<O>("q", operation);
    this.#checks.push(() => {
      if (ended.end?.kind === "done") then(ended.end.value);
      return ended.end !== undefined;
    });
  }

  #look(): void {
    this.#checks = this.#checks.filter((check) => !check());
    if (this.#s.look("q").messages <= messagesMax) return; // (H7)
    const { end } = this.#s.begin<"browse">("q", { op: "browse", limit: 100 });
    const there = end?.kind === "done" ? end.value : [];
    const current = there.filter(({ id, headers }) => !this.#isOver(this.#sent.get(headers?.["is"] ?? id)));
    expect(current.length).toBeLessThanOrEqual(messagesMax);
  }

  #isOver(sent: Sent | undefined): boolean {
    const ttlMs = Math.min(sent?.draft?.ttlMs ?? Infinity, this.#settings.ttlMs ?? Infinity);
    return sent !== undefined && this.#s.clock.nowMs >= sent.sentMs + ttlMs;
  }

  #crash(kept: number): void {
    this.#look();
    this.#checks = [];
    this.#s.crash(kept);
    for (const { leased } of this.#sent.values()) {
      for (const lease of leased.values()) lease.untilMs = lease.onDiskMs;
    }
  }
}

function nothingKnown(id: string, draft: Draft | undefined, sentMs: number): Sent {
  return {
    id,
    draft,
    sentMs,
    awaited: [],
    isSure: true,
    told: "nothing",
    lanes: new Set(),
    mayHaveAcked: new Map(),
    acked: new Set(),
    came: new Set(),
    ends: 0,
    isGone: false,
    leased: new Map(),
  };
}

function messageOf(id: string, draft: Draft, recent: readonly Sent[]): OutgoingMessage {
  const { group, priority, delayMs, ttlMs, dedup: known, after } = draft;
  const ids = after.flatMap((ago) => recent[recent.length - 1 - ago]?.id ?? []);
  return {
    id,
    body: Uint8Array.of(1),
    headers: { is: id },
    group,
    priority,
    delayMs,
    ...(ttlMs !== undefined && { ttlMs }),
    ...(known !== undefined && { dedup: known }),
    ...(ids.length > 0 && { after: [...new Set(ids)] }),
  };
}

function isDone({ acked, lanes }: Sent): boolean {
  return acked.size > 0 && [...lanes].every((lane) => acked.has(lane));
}

function count(counts: Map<string, number>, key: string, by: number): void {
  const next = (counts.get(key) ?? 0) + by;
  if (next > 0) counts.set(key, next);
  else counts.delete(key);
}
