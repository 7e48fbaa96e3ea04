/**
 * Link asker: tells the end of a run to the far side of a link.
 *
 * (K1) Every asked id is answered once, with something the far side accepts: an answer larger than its limit becomes
 * a `too-large` failure, and a failure larger than that is cut.
 * (K2) An answer that cannot be queued ends the link: silence would be a lie.
 * (K3) Much that waits to be read or fetched is told, with every answer that is added to it.
 * (K4) Without a link the end is kept, in the form in which it would have been sent, until there is one; where there will be none,
 *      nothing of it is kept.
 * (K5) A large value stays here, and the far side fetches it: a node whoever of the cluster needs it, a client its own.
 * (K6) More than `keptBytesMax` is not kept for a client that does not fetch it: its link ends. A single value may be larger.
 * (K7) Events of a run that is watched are told while little waits for the far side, and counted while they are not; the
 *      last one, `finished` or `failed`, is told as the end is.
 * (K9) What nobody hears may be taken back by its function, instead of being kept.
 * (K8) What the handler of a step leaves behind is told with its end, and kept under its id (`steps-left.ts`).
 */
import { MpregError, type Subject, shortened } from "../base/index.js";
import {
  type StepReport,
  type Timings,
  type Value,
  writeAnswer,
  writeEvent,
  writeFailure,
  writeProgress,
  writeResults,
} from "../wire/index.js";
import type { Channel } from "./task.js";
import { type Results, bytesOf, idleMsOf, isRef } from "./results/index.js";
import type { Watcher } from "./watching/watcher.js";
import type { Progress, RequestEvent } from "./events.js";
import { type Left, LeftBehind } from "./left.js";
import type { Asked, Run, RunAsker } from "./run.js";
import type { RequestSummary } from "./types.js";

export interface LinkAskerHost {
  readonly results: Results;
  /** Bytes that are kept for one client. (K6) */
  readonly keptBytesMax: number;
  /** Steps of one link that have left something behind. (K8) */
  readonly leftPerLinkMax: number;
  encodeSummary(told: object): Uint8Array;
  encodeEvent(event: RequestEvent): Uint8Array;
  /** Events and summaries that another node has encoded. */
  decode(bytes: Uint8Array): unknown;
  /** `fun` has answered somebody who does not hear it; answers whether that is taken back, and not kept. (K9) */
  givesBack?(fun: string, value: Value): boolean;
  /** The far side does not read its answers. */
  overflowed(channel: Channel): void;
  /** Much waits for the far side to read it. */
  backlogged(channel: Channel): void;
  /** The far side has come back over another link: this one is ended. */
  supersede(channel: Channel, nowMs: number): void;
}

/** Keeps ends while there is no link. */
export interface EndStore {
  /** Whether somebody waits for the end of the ask `id` elsewhere. */
  isHeard(id: number): boolean;
  /** Whether anybody can ask for the end of the ask `id`. */
  wants(id: number): boolean;
  /** The ask `id` has ended with `message`, or without one where nobody wants it. */
  ended(id: number, message: Uint8Array | undefined): void;
  left(left: Left): void;
}

const nothing: Run = { fail: () => undefined, abandon: () => undefined };

/** What may wait for a far side before it counts. */
const backlogBytesMin = 64 * 1024;

/** A client is sent values of that size at once: it would only have to ask for them. */
const clientInlineBytesMax = 256 * 1024;

export class LinkAsker implements RunAsker, Asked, Watcher {
  readonly id: number;
  /** What was started for it. */
  run: Run = nothing;
  /** The function that a client has called. */
  fun = "";
  /** It is run to its end although nobody may come back for it. */
  isDetached = false;
  /** It only looks: it ends with its link, and is asked anew over the next one. */
  isPassing = false;
  #channel: Channel;
  #store: EndStore | undefined;
  readonly #timings: boolean;
  readonly #host: LinkAskerHost;
  /** Where the far side has asked for a step: its name, who needs its result, and how long. */
  #step: string | undefined;
  #coordinator = "";
  #keepUntilMs = 0;
  /** Events that could not be told. */
  #missedEvents = 0;
  /** What the handler of a step leaves behind. (K8) */
  #left: LeftBehind | undefined = undefined;

  constructor(channel: Channel, id: number, timings: boolean, host: LinkAskerHost) {
    this.#channel = channel;
    this.id = id;
    this.#timings = timings;
    this.#host = host;
  }

  /** The far side asks for `step` of a request that `coordinator` runs: its result may be kept here. (K5) */
  keepsFor(step: string, coordinator: string, untilMs: number): void {
    this.#step = step;
    this.#coordinator = coordinator;
    this.#keepUntilMs = untilMs;
  }

  event(event: RequestEvent, value: Uint8Array | undefined): void {
    const { outbox, remoteMessageBytesMax } = this.#channel.link;
    const isLast = event.kind === "finished" || event.kind === "failed"; // it tells what is missing
    if (this.#store === undefined && (isLast || this.#channel.backlogBytes < backlogBytesMin)) {
      const encoded = this.#host.encodeEvent(event);
      writeEvent(outbox.writer, { id: this.id, missed: this.#missedEvents, value, event: encoded });
      if (outbox.commitAnswer(remoteMessageBytesMax) > 0) {
        this.#missedEvents = 0;
        return;
      }
    }
    this.#missedEvents += 1; // (K7)
  }

  /** What the handler of a step reports, for the node that has asked. (K7) */
  progress({ missed, value, refusal }: Progress): void {
    if (this.#step === undefined) return;
    this.#missedEvents += missed;
    const isRoom = this.#store === undefined && this.#channel.backlogBytes < backlogBytesMin;
    if (isRoom && this.#tellProgress(value, refusal)) return;
    if (value !== undefined || refusal !== undefined) this.#missedEvents += 1;
  }

  #tellProgress(value: Uint8Array | undefined, refusal: string | undefined): boolean {
    const { outbox, remoteMessageBytesMax } = this.#channel.link;
    writeProgress(outbox.writer, { id: this.id, missed: this.#missedEvents, value, refusal });
    if (outbox.commitAnswer(remoteMessageBytesMax) <= 0) return false;
    this.#missedEvents = 0;
    return true;
  }

  /** How many reports are missing is told before the end of a step: its coordinator cannot know. (K7) */
  #tellMissed(): void {
    if (this.#step !== undefined && this.#missedEvents > 0) this.#tellProgress(undefined, undefined);
  }

  /** For the far side, as long as that is there or may come back, or without it where that is asked for. */
  left(left: Left): void {
    if (this.isDetached) return;
    if (this.#step !== undefined) (this.#left ??= new LeftBehind()).add(left);
    else if (this.#store === undefined) this.#channel.left.add(left);
    else this.#store.left(left);
  }

  /** Whether the end tells of something that is left behind. (K8) */
  #leaves(): boolean {
    return this.#left !== undefined && this.#channel.leaving().keep(this.id, this.#left, this.#host.leftPerLinkMax);
  }

  answered(result: Value, timings: Timings | undefined, summary: RequestSummary | undefined, nowMs: number): void {
    const store = this.#store;
    if (store?.wants(this.id) === false) return this.#endedForNobody(store, [result]);
    if (store?.isHeard(this.id) === false && !this.isDetached && this.#host.givesBack?.(this.fun, result) === true)
      return store.ended(this.id, undefined); // (K9)
    const value = this.#kept(result, nowMs);
    if (value instanceof MpregError) return this.failed(value);
    const encoded = summary === undefined ? undefined : this.#host.encodeSummary(summary);
    this.#tellMissed();
    const told = this.#timings ? timings : undefined;
    writeAnswer(this.#channel.link.outbox.writer, this.id, value, told, encoded, this.#leaves());
    this.#send(undefined);
  }

  results(
    given: readonly (Value | undefined)[],
    reports: readonly StepReport[] | undefined,
    summary: RequestSummary | undefined,
    nowMs: number,
  ): void {
    if (this.#store?.wants(this.id) === false) return this.#endedForNobody(this.#store, given);
    // a few bytes of references can ask for any amount: what is too much is not even written
    const { valueBytesMax } = this.#host.results.limits;
    const bytes = given.reduce((sum, output) => sum + (output === undefined ? 0 : bytesOf(output)), 0);
    const outputs = bytes > valueBytesMax ? tooLarge(bytes, valueBytesMax) : this.#keptAll(given, nowMs);
    if (outputs instanceof MpregError) {
      this.#release(given);
      return this.failed(outputs); // (K1)
    }
    const encoded = summary === undefined ? undefined : this.#host.encodeSummary(summary);
    writeResults(this.#channel.link.outbox.writer, { id: this.id, summary: encoded, reports, outputs });
    this.#send(undefined);
  }

  /** (K4) */
  #endedForNobody(store: EndStore, values: readonly (Value | undefined)[]): void {
    this.#release(values);
    store.ended(this.id, undefined);
  }

  #release(values: readonly (Value | undefined)[]): void {
    for (const value of values) if (isRef(value)) this.#host.results.releaseOutput(value);
  }

  get subject(): Subject {
    return this.#channel.subject;
  }

  follow(run: Run): void {
    this.isPassing = true;
    this.run = run;
    this.#channel.asked.set(this.id, this);
  }

  /** Ends with a value that is sent as it is. */
  answeredWith(value: Uint8Array): void {
    writeAnswer(this.#channel.link.outbox.writer, this.id, value);
    this.#send(undefined);
  }

  /** The link is gone: the end goes to `store`. (K4) */
  park(store: EndStore): void {
    this.#store = store;
  }

  /** The far side is back: the end goes over `channel`. */
  moveTo(channel: Channel): void {
    this.#store = undefined;
    this.#channel = channel;
    channel.asked.set(this.id, this);
  }

  /** It has ended with a message that was written before, here or by another node. */
  endedWith(message: Uint8Array): void {
    const { link } = this.#channel;
    if (this.#store !== undefined) return this.#store.ended(this.id, message);
    if (message.length > link.remoteMessageBytesMax) {
      return this.failed(tooLarge(message.length, link.remoteMessageBytesMax)); // (K1)
    }
    this.#queued(link.outbox.addAnswer(message));
  }

  /** The values as they are told, or why they cannot be: then none is kept. */
  #keptAll(values: readonly (Value | undefined)[], nowMs: number): readonly (Value | undefined)[] | MpregError {
    const told: (Value | undefined)[] = [];
    for (const value of values) {
      const one = value === undefined ? undefined : this.#kept(value, nowMs);
      if (!(one instanceof MpregError)) {
        told.push(one);
        continue;
      }
      this.#letGo(told);
      return one;
    }
    const { remoteMessageBytesMax } = this.#channel.link;
    const bytes = told.reduce((sum, value) => sum + (value instanceof Uint8Array ? value.length : 0), 0);
    if (bytes <= remoteMessageBytesMax) return told;
    this.#letGo(told);
    return tooLarge(bytes, remoteMessageBytesMax); // (K1)
  }

  #letGo(told: readonly (Value | undefined)[]): void {
    for (const each of told) if (each !== undefined && isRef(each)) this.#host.results.kept.release(each.key);
  }

  /** The value as it is told: as it is, or kept for the far side. (K5) */
  #kept(value: Value, nowMs: number): Value | MpregError {
    const step = this.#step;
    const { kept, limits } = this.#host.results;
    if (step === undefined) return this.#keptForClient(value, nowMs);
    if (isRef(value) || bytesOf(value) <= limits.inlineBytesMax) return value;
    const keptFor = { kind: "node", nodeId: this.#coordinator } as const;
    return kept.keep(value, { step, keptFor, untilMs: this.#keepUntilMs });
  }

  #keptForClient(value: Value, nowMs: number): Value | MpregError {
    const channel = this.#channel;
    const { kept } = this.#host.results;
    const inlineBytesMax = Math.min(clientInlineBytesMax, channel.link.remoteMessageBytesMax / 2);
    if (!isRef(value) && value.length <= inlineBytesMax) return value;
    const client = channel.kept;
    const fields = { step: "", keptFor: { kind: "client", client }, untilMs: nowMs + idleMsOf(client) } as const;
    if (isRef(value)) return kept.pass(value, fields);
    if (client.bytes > 0 && client.bytes + value.length > this.#host.keptBytesMax) {
      this.#host.overflowed(channel); // (K6)
    }
    return kept.keep(value, fields);
  }

  failed(error: MpregError): void {
    this.#tellMissed();
    writeFailure(this.#channel.link.outbox.writer, this.id, error, this.#leaves());
    this.#send(error);
  }

  /** Queues what was just written: the failure `error`, or an answer. */
  #send(error: MpregError | undefined): void {
    const { outbox, remoteMessageBytesMax } = this.#channel.link;
    if (this.#store !== undefined) return this.#store.ended(this.id, this.#written(error)); // (K4)
    let bytes = outbox.commitAnswer(remoteMessageBytesMax);
    if (bytes < 0) {
      const instead = error === undefined ? tooLarge(-bytes, remoteMessageBytesMax) : brief(error);
      writeFailure(outbox.writer, this.id, instead, this.#leaves()); // (K1)
      bytes = outbox.commitAnswer();
    }
    this.#queued(bytes);
  }

  /** What was just written: the failure `error`, or an answer, as a message of its own. */
  #written(error: MpregError | undefined): Uint8Array {
    const { outbox, remoteMessageBytesMax } = this.#channel.link;
    const message = outbox.takeWritten();
    if (message.length <= remoteMessageBytesMax) return message;
    writeFailure(
      outbox.writer,
      this.id,
      error === undefined ? tooLarge(message.length, remoteMessageBytesMax) : brief(error),
    );
    return outbox.takeWritten(); // (K1)
  }

  /** An end of `bytes` was queued; 0 when it could not be. */
  #queued(bytes: number): void {
    this.#channel.asked.take(this.id);
    if (bytes === 0)
      this.#host.overflowed(this.#channel); // (K2)
    else if (this.#channel.backlogBytes >= backlogBytesMin) this.#host.backlogged(this.#channel); // (K3)
  }
}

function tooLarge(bytes: number, bytesMax: number): MpregError {
  const message = `The answer takes ${bytes} bytes; the caller accepts messages of ${bytesMax}`;
  return new MpregError("too-large", message, { outcome: "applied" });
}

/** The error in so few words that everybody accepts them: see the least that a link lets a side accept. */
function brief({ code, message, outcome, step, node, retryAfterMs }: MpregError): MpregError {
  const place = { step: step && shortened(step), node: node && shortened(node) };
  return new MpregError(code, shortened(message), { outcome, ...place, retryAfterMs });
}
