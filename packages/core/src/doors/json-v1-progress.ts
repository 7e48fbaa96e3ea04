/**
 * JSON progress: the intermediate results of one request, published level by level while it runs
 * (`intermediate_result_callback_topic`).
 *
 * Owns what is kept of the results until they are told, and what could not be told. Which step is in which level is
 * `json-v1-levels.ts`; publishing is that of every message of the connection, `json-v1-topics.ts`.
 *
 * (C1) A level is published once, when all its results and those of the levels below it are there: in order, before the reply.
 * (C2) It has the fields of an entry of `intermediate_results`. A result that is not told is named in one more, `notices`.
 * (C3) What is kept, by all requests of a connection, and what is told, by each, is bounded; what goes beyond is not told.
 * (C4) A level that is not published costs no request its answer: a notice in the reply says so.
 */
import { MpregError, checkTopic } from "../base/index.js";
import type { LevelResults } from "../program/index.js";
import { type RequestEvent, eventBytesMax, isRequestId } from "../rpc/index.js";
import { isReserved } from "../topics/index.js";
import { authorizePublish } from "../topics/participant.js";
import { reservedRefusal } from "../topics/reserved.js";
import type { Codec } from "../values/index.js";
import type { Levels } from "./json-v1-levels.js";
import type { JsonV1TopicsHost } from "./json-v1-topics.js";

/** Bytes of results that the requests of one connection keep for this. */
export const keptBytesMax: number = 4 * 1024 * 1024;

/** What is left of them. (C3) */
export interface KeptBytes {
  left: number;
}

export interface ProgressHost {
  readonly codec: Codec;
  nowMs(): number;
  /** The wall clock in ms since 1970. */
  wallMs(): number;
}

interface Level {
  /** Results that are missing. */
  missing: number;
  startMs: number;
  endMs: number;
  bytes: number;
  readonly results: Map<string, Uint8Array>;
  /** Steps whose results are not told. */
  readonly leftOut: string[];
}

export interface ProgressFields {
  readonly u: string;
  readonly topic: string;
  readonly levels: Levels;
  /** Bytes of results that may be told, counted as often as they are. */
  readonly toldBytesMax: number;
  readonly kept: KeptBytes;
  /** Publishes; throws why not. */
  readonly publish: (topic: string, level: LevelResults) => void;
}

export class LevelProgress {
  readonly #host: ProgressHost;
  readonly #fields: ProgressFields;
  readonly #levelOf: ReadonlyMap<string, number>;
  readonly #levels: readonly Level[];
  readonly #told = new Set<string>();
  #next = 0;
  #keptBytes = 0;
  #toldBytesLeft: number;
  #unpublished = 0;
  #why = "";

  constructor(fields: ProgressFields, host: ProgressHost) {
    this.#host = host;
    this.#fields = fields;
    this.#toldBytesLeft = fields.toldBytesMax;
    this.#levelOf = fields.levels.indexes();
    this.#levels = Array.from({ length: fields.levels.count }, () => {
      return { missing: 0, startMs: Infinity, endMs: 0, bytes: 0, results: new Map<string, Uint8Array>(), leftOut: [] };
    });
    for (const index of this.#levelOf.values()) this.#level(index).missing += 1;
  }

  /** Something has happened to the request; `value` is the result that `event` tells of, where it is small. */
  event(event: RequestEvent, value: Uint8Array | undefined): void {
    if (event.kind !== "step-ready" && event.kind !== "result-available") return;
    const index = this.#levelOf.get(event.step);
    if (index === undefined) return;
    const level = this.#level(index);
    const nowMs = this.#host.nowMs();
    level.startMs = Math.min(level.startMs, nowMs); // a step whose result has to be made again was ready before
    if (event.kind === "step-ready" || this.#told.has(event.step)) return;
    this.#told.add(event.step);
    this.#keep(level, event.step, value);
    level.endMs = nowMs;
    level.missing -= 1;
    while (this.#levels[this.#next]?.missing === 0) this.#publish(this.#next++); // (C1)
  }

  /** It has ended: lets go of what is kept. */
  end(): void {
    this.#fields.kept.left += this.#keptBytes;
    this.#keptBytes = 0;
  }

  /** A level could not be published. (C4) */
  refused({ message }: MpregError): void {
    this.#unpublished += 1;
    if (this.#unpublished === 1) this.#why = message;
  }

  /** What the reply is to say of it. (C4) */
  get notices(): readonly string[] {
    if (this.#unpublished === 0) return [];
    const { topic, levels } = this.#fields;
    const levelsText = `${this.#unpublished} of ${levels.count} levels`;
    return [`${levelsText} could not be published on ${JSON.stringify(topic)}: ${this.#why}`];
  }

  #keep(level: Level, step: string, value: Uint8Array | undefined): void {
    const { kept } = this.#fields;
    if (value === undefined || value.length > kept.left) {
      level.leftOut.push(step); // (C3)
      return;
    }
    kept.left -= value.length;
    this.#keptBytes += value.length;
    level.bytes += value.length;
    level.results.set(step, value.slice()); // else all of the frame that it came in stays
  }

  #publish(index: number): void {
    const { u, topic, levels, publish } = this.#fields;
    const below = this.#levels.slice(0, index + 1);
    const { startMs, endMs, bytes } = this.#level(index);
    const tellingBytes = below.reduce((sum, level) => sum + level.bytes, bytes);
    const isTold = tellingBytes <= this.#toldBytesLeft; // (C3)
    if (isTold) this.#toldBytesLeft -= tellingBytes;
    const leftOut = below.flatMap((level) => (isTold ? level.leftOut : [...level.leftOut, ...level.results.keys()]));
    const counts = { total_levels: levels.count, completed_levels: index + 1 };
    try {
      publish(topic, {
        request_id: u,
        level_index: index,
        level_results: this.#resultsOf(isTold ? below.slice(-1) : []),
        accumulated_results: this.#resultsOf(isTold ? below : []),
        ...counts,
        timestamp: (this.#host.wallMs() - this.#host.nowMs() + endMs) / 1_000,
        execution_time_ms: endMs - startMs,
        ...(leftOut.length === 0 ? {} : { notices: [notTold(leftOut)] }),
      });
    } catch (error) {
      if (!(error instanceof MpregError)) throw error;
      this.refused(error);
    }
  }

  #resultsOf(levels: readonly Level[]): Readonly<Record<string, unknown>> {
    const { codec } = this.#host;
    const results = levels.flatMap((level) => [...level.results]);
    return Object.fromEntries(results.map(([step, bytes]) => [step, codec.decode(bytes)])); // any name is a key of its own
  }

  #level(index: number): Level {
    return this.#levels[index] as Level;
  }
}

/** (C2) */
function notTold(steps: readonly string[]): string {
  const names = steps.slice(0, 10).map((step) => JSON.stringify(step));
  const more = steps.length > names.length ? ` and ${steps.length - names.length} more` : "";
  const why = `streams, larger than ${eventBytesMax} bytes, or more than is told of one request`;
  return `The results of ${names.join(", ")}${more} are not told: they are ${why}; return_intermediate_results puts them into the reply`;
}

/**
 * Checks that the intermediate results of request `u` may be published to `topic`. Throws `invalid-argument`, `denied`.
 *
 * Of what is reserved a request owns `mpreg.rpc.request.<u>` and what is under it, where `u` is one word and no id that a node
 * gives a request: under that nodes publish.
 */
export function checkCallbackTopic(
  topic: string,
  u: string,
  { policy, subject, topicsLimits }: JsonV1TopicsHost,
): void {
  checkTopic(topic, topicsLimits.topic);
  if (isReserved(topic)) {
    const own = `mpreg.rpc.request.${u}`;
    const isOwn = topic === own || topic.startsWith(`${own}.`);
    if (!isOwn || u === "" || u.includes(".") || isRequestId(u)) throw reservedRefusal(topic);
  }
  authorizePublish(policy, subject, topic);
}
