/**
 * Gathering: the backlogs of other nodes, for one subscription that wants to hear of the past.
 *
 *     unasked ──its node is to know what is wanted here──▶ asked ──last part──▶ passing ──▶ answered
 *        ▲───────────not ready yet───────────────────────────┘                      (all: ──nothing is heard──▶ failed)
 *
 * Each node tells what was published there, and what it has of processes that are gone. It tells up to which number it has sent its
 * messages here: those were there when it looked, so they are part of what it tells; what comes with a later number is live.
 *
 * (H1) A node counts as answered when all of its parts have come, and all messages that it had sent before: then nothing comes twice,
 *      and nothing is left out between. What a node has told that has not answered is dropped.
 * (H2) A node of which nothing is heard for `gatherMsMax` has not answered, nor has one whose link has ended meanwhile.
 * (H3) Of all nodes together at most `gatherBytesMax` are kept, each has the same share: the oldest go.
 * (H4) Of a process that is gone one node is believed, the one that has most; this one, where something of it comes here still.
 * (H5) When a node looked nobody says: halfway between question and answer, so that what it told of the time is wrong by half of that at
 *      most, however long the answer was under way.
 * (H6) A node without a link is asked over a neighbour; what it tells counts as not whole: that its process is another one is seen at links.
 */
import { MpregError } from "../../base/index.js";
import type { QuestionRelay, Writer } from "../../wire/index.js";
import { type BacklogPart, backlogPartOf } from "./backlog-part.js";
import type { Provenance } from "./held-back.js";
import type { Gathered } from "./merged-replay.js";

/** What one subscription asks of other nodes. */
export interface Question {
  /** When its subscription was asked for. */
  readonly sinceMs: number;
  /** Writes what is asked of a node. */
  write(writer: Writer, id: number, told: Told, part: Numbers & { readonly relay: QuestionRelay | undefined }): void;
}

/** A version of this node's interest. */
export interface Told {
  readonly boot: number;
  readonly version: number;
}

/** Which numbers of the node's backlog are asked for, once it has named them. */
export interface Numbers {
  readonly from: number | undefined;
  readonly until: number | undefined;
}

const unnamed: Numbers = { from: undefined, until: undefined };

/** What asking needs of the node. */
export interface Asking {
  /** Other members that take part. */
  others(): Iterable<string>;
  /** The version of the interest in which others were told what is wanted here now; `undefined`: they were not told yet. */
  told(nowMs: number): Told | undefined;
  /** Asks a node; answers how to give it up. */
  ask(
    nodeId: string,
    write: (writer: Writer, id: number, relay: QuestionRelay | undefined) => void,
    answered: (value: unknown, nowMs: number) => void,
    failed: (error: MpregError | undefined, nowMs: number) => void,
    nowMs: number,
  ): () => void;
  /** The process of the node, as its name among origins. */
  originOf(nodeId: string): string;
  /** Whether all has come that the node had sent up to that number, and nothing of it waits. */
  hasPassed(nodeId: string, sequence: number): boolean;
}

interface Source {
  readonly nodeId: string;
  state: "unasked" | "asked" | "passing" | "answered" | "failed";
  /** Since when nothing was heard of it, and when it was asked last. */
  heardMs: number;
  askedMs: number;
  origin: string;
  /** Of the first part; `undefined` before. */
  first: BacklogPart | undefined;
  entries: Gathered[];
  bytes: number;
  isWhole: boolean;
  isCut: boolean;
  giveUp: () => void;
}

export interface GatheringLimits {
  readonly gatherMsMax: number;
  readonly gatherBytesMax: number;
}

const giveUpNothing = (): void => undefined;
const entryBytes = 128;
const shareBytesMin = 64 * 1024;

export class Gathering {
  readonly #question: Question;
  readonly #asking: Asking;
  readonly #limits: GatheringLimits;
  readonly #sources: Source[];
  readonly #changed: () => void;

  constructor(question: Question, asking: Asking, limits: GatheringLimits, nowMs: number, changed: () => void) {
    this.#question = question;
    this.#asking = asking;
    this.#limits = limits;
    this.#changed = changed;
    this.#sources = Array.from(asking.others(), (nodeId) => ({
      nodeId,
      state: "unasked",
      heardMs: nowMs,
      askedMs: nowMs,
      origin: "",
      first: undefined,
      entries: [],
      bytes: 0,
      isWhole: true,
      isCut: false,
      giveUp: giveUpNothing,
    }));
  }

  /** Whether nobody is to be heard any more. */
  get isOver(): boolean {
    return this.#sources.every(({ state }) => state === "answered" || state === "failed");
  }

  /** Nodes that have not answered. */
  get unanswered(): number {
    return this.#sources.filter(({ state }) => state !== "answered").length;
  }

  /** Whether all have answered, and nothing had left them. */
  get isWhole(): boolean {
    return this.#sources.every(({ state, isWhole }) => state === "answered" && isWhole);
  }

  /** Whether bounds have cut what one of them has told. */
  get isCut(): boolean {
    return this.#sources.some(({ isCut }) => isCut);
  }

  /** Goes on with each node, as far as it can. */
  advance(nowMs: number): void {
    const told = this.#asking.told(nowMs);
    for (const source of this.#sources) {
      if (source.state === "unasked" && told !== undefined) this.#ask(source, told, nowMs);
      if (source.state === "passing" && this.#asking.hasPassed(source.nodeId, source.first?.forwarded ?? 0)) {
        source.state = "answered"; // (H1)
      }
      if (isOpen(source) && nowMs - source.heardMs >= this.#limits.gatherMsMax) this.#fail(source); // (H2)
    }
  }

  /** The link to the node has ended, or the node is gone. (H2) */
  lost(nodeId: string): void {
    for (const source of this.#sources) if (source.nodeId === nodeId) this.#fail(source);
  }

  /** Asks nobody any more: whoever has not answered will not. */
  end(): void {
    for (const source of this.#sources) if (isOpen(source)) this.#fail(source);
  }

  /** Whether what has come live from there is part of what the node has told. */
  covers({ nodeId, sequence }: Provenance): boolean {
    return this.#sources.some(
      (source) => source.nodeId === nodeId && source.state === "answered" && sequence <= (source.first?.forwarded ?? 0),
    );
  }

  /** What has come of each node; `own` says how many messages this node has of a process: Infinity, where more may come. (H4) */
  lists(
    ownOrigin: string,
    own: (origin: string) => number,
  ): { readonly lists: readonly (readonly Gathered[])[]; readonly told: ReadonlySet<string> } {
    const answered = this.#sources.filter(({ state }) => state === "answered");
    const told = new Set(answered.flatMap(({ origin, first }) => (first === undefined ? [] : [origin])));
    const isTold = (origin: string): boolean => origin === ownOrigin || told.has(origin);
    const best = new Map<string, { readonly source: Source; readonly count: number }>();
    for (const source of answered) {
      const counts = new Map<string, number>();
      for (const { origin } of source.entries) counts.set(origin, (counts.get(origin) ?? 0) + 1);
      for (const [origin, count] of counts) {
        if (!isTold(origin) && count > (best.get(origin)?.count ?? 0)) best.set(origin, { source, count });
      }
    }
    for (const [origin, { count }] of best) if (own(origin) >= count) best.delete(origin);
    const lists = answered.map((source) =>
      source.entries.filter(({ origin }) => origin === source.origin || best.get(origin)?.source === source),
    );
    for (const origin of best.keys()) told.add(origin);
    return { lists, told };
  }

  #ask(source: Source, told: Told, nowMs: number): void {
    const { first, nodeId } = source;
    source.state = "asked";
    if (first === undefined) source.origin = this.#asking.originOf(nodeId);
    else if (source.origin !== this.#asking.originOf(nodeId)) return this.#fail(source);
    this.#goOn(source, told, unnamed, nowMs);
  }

  #goOn(source: Source, told: Told, numbers: Numbers, nowMs: number): void {
    source.askedMs = nowMs;
    source.giveUp = this.#asking.ask(
      source.nodeId,
      (writer, id, relay) => {
        if (relay !== undefined) source.isWhole = false; // (H6)
        this.#question.write(writer, id, told, { ...numbers, relay });
      },
      (value, atMs) => {
        source.giveUp = giveUpNothing;
        try {
          this.#answered(source, told, backlogPartOf(value), atMs);
        } catch (error) {
          if (!(error instanceof MpregError)) throw error;
          this.#fail(source);
        }
        this.#changed();
      },
      (error) => {
        source.giveUp = giveUpNothing;
        if (error?.code === "denied") this.#denied(source);
        else this.#fail(source);
        this.#changed();
      },
      nowMs,
    );
  }

  #answered(source: Source, told: Told, part: BacklogPart, nowMs: number): void {
    if (source.state !== "asked") return;
    if (!part.ready) {
      source.state = "unasked";
      return;
    }
    if (source.origin !== this.#asking.originOf(source.nodeId)) return this.#fail(source);
    source.first ??= part;
    source.heardMs = nowMs;
    source.isWhole &&= part.whole;
    source.isCut ||= part.cut === true;
    this.#keep(source, part, nowMs);
    const { until } = source.first;
    if (part.next === 0) source.state = "passing";
    else this.#goOn(source, told, { from: part.next, until }, nowMs);
  }

  /** (H3, H5) */
  #keep(source: Source, { entries, origins }: BacklogPart, nowMs: number): void {
    const lookedMs = (source.askedMs + nowMs) / 2;
    for (const [message, ageMs, origin, leftMs] of entries) {
      source.entries.push({
        message,
        arrivedMs: lookedMs - ageMs,
        expiresMs: leftMs === 0 ? Infinity : nowMs + leftMs,
        origin: origin === 0 ? source.origin : (origins[origin - 1] as string),
      });
      source.bytes += message.length + entryBytes;
    }
    const share = Math.max(shareBytesMin, this.#limits.gatherBytesMax / this.#sources.length);
    let dropped = 0;
    while (source.bytes > share) source.bytes -= (source.entries[dropped++] as Gathered).message.length + entryBytes;
    if (dropped === 0) return;
    source.entries = source.entries.slice(dropped);
    source.isWhole = false;
    source.isCut = true;
  }

  /** The node does not let this one hear of that: it has nothing for it. */
  #denied(source: Source): void {
    source.state = "answered";
    source.isWhole = false;
  }

  #fail(source: Source): void {
    source.state = "failed";
    source.entries = [];
    source.giveUp();
    source.giveUp = giveUpNothing;
  }
}

function isOpen({ state }: Source): boolean {
  return state !== "answered" && state !== "failed";
}
