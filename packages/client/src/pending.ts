/** Pending: something asked that has not ended: what, who waits for it, and until when. */
import { type Deadline, MpregError, quoted } from "@mpreg/core/base";
import type { Ask, Asker, Look } from "@mpreg/core/rpc";
import {
  type InspectSubject,
  type ResumePlace,
  type Writer,
  writeCall,
  writeInspect,
  writeRequest,
  writeRequests,
  writeTopicReport,
  writeWatch,
} from "@mpreg/core/wire";
import type { Connection } from "./connection.js";

/** Beyond the time allowed: how long the node may take to say itself that it ran out. */
export const graceMs = 500;

/** What an ask costs besides its values. */
const askBytes = 64;

/** Something of topics that is answered. It writes itself, perhaps more than once. */
export interface TopicAsk {
  readonly kind: "topic";
  /** Nobody can tell whether it was done when its connection is lost, and it must not be done twice. */
  readonly isOnce: boolean;
  readonly timeoutMs: number;
  /** What it takes to keep it, about. */
  readonly bytes: number;
  readonly write: (writer: Writer, id: number) => void;
}

export type PendingAsk =
  Ask | Look | TopicAsk | { readonly kind: "inspect"; readonly subject: InspectSubject; readonly timeoutMs: number };

/** What only looks, or is of topics: its time is its own. Unless it must not be done twice it may be asked again over the next connection without a word of the first. */
export function isLook(ask: PendingAsk): ask is Extract<PendingAsk, { readonly timeoutMs: number }> {
  return ask.kind !== "call" && ask.kind !== "request";
}

export class Pending implements Deadline {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  readonly id: number;
  readonly ask: PendingAsk;
  readonly asker: Asker;
  /** Where it was sent; `undefined` while it was not. */
  connection: Connection | undefined = undefined;
  /** Over which its answer came, whose values are being fetched. */
  answeredBy: Connection | undefined = undefined;
  /** Where it was sent before, over connections that were lost, in that order. */
  places: readonly ResumePlace[] | undefined = undefined;
  /** How it had ended before it was asked again, for want of an answer that came whole; and how often it was asked anew. */
  toldBefore: MpregError | undefined = undefined;
  anew = 0;
  /** Of what is followed: the name of the node that has told of it. */
  coordinator: string | undefined = undefined;
  /** The time that its node gives it, which names none, with grace; 0 while that is not known. */
  givenMs = 0;
  /** Of what is sent over its connection, where it ends; and how much had got there, or of its answer here, when its time was set. */
  endBytes = 0;
  movedBytes = 0;
  /** Bytes that are kept to ask again; 0 when it cannot be. */
  keptBytes = 0;

  constructor(id: number, ask: PendingAsk, asker: Asker) {
    this.id = id;
    this.ask = ask;
    this.asker = asker;
  }

  /** Whether a node gives it a time when it names none: what only looks takes as long as it takes. */
  get isTimed(): boolean {
    return !isLook(this.ask);
  }

  /** How long its end is waited for, in ms; 0: for as long as it takes. The node, which knows more, says first that it is over. */
  get waitMs(): number {
    if (isLook(this.ask)) return this.ask.timeoutMs;
    const { timeoutMs } = this.ask.fields;
    return timeoutMs === 0 ? 0 : timeoutMs + graceMs;
  }

  /**
   * Why it has ended, as the node `nodeName` tells, with what is known here. That there was a request is known of one that
   * was followed: where nobody knows it any more, it was lost with the node that knew.
   */
  failureOf(error: MpregError, nodeName: string | undefined): MpregError {
    const { ask, coordinator, toldBefore } = this;
    if (error.code === "node-lost" && toldBefore !== undefined) return toldBefore; // which says more
    if (coordinator === undefined || ask.kind !== "watch") return error.at({ node: nodeName });
    if (error.code === "node-lost") return error.withOutcome("unknown").at({ node: coordinator });
    if (error.code !== "unknown-request") return error.at({ node: nodeName });
    const message = `What became of request ${quoted(ask.requestId)}, which node ${quoted(coordinator)} coordinated, is unknown: ${error.message}`;
    return new MpregError("node-lost", message, { outcome: "unknown", node: coordinator, cause: error });
  }

  /** What it takes to keep it, about. */
  get bytes(): number {
    const { ask } = this;
    if (ask.kind === "topic") return ask.bytes;
    if (isLook(ask)) return askBytes;
    if (ask.kind === "call") return askBytes + ask.fields.args.length;
    return ask.fields.steps.reduce((sum, { template }) => sum + askBytes + template.length, askBytes);
  }

  /** Writes it as it was asked. */
  write(writer: Writer): void {
    const { ask, id } = this;
    if (ask.kind === "call") writeCall(writer, id, ask.fields);
    else if (ask.kind === "request") writeRequest(writer, id, ask.fields);
    else if (ask.kind === "topic") ask.write(writer, id);
    else if (ask.kind === "inspect") writeInspect(writer, id, ask.subject);
    else if (ask.kind === "requests")
      writeRequests(writer, { id, node: ask.node, behalf: undefined, relay: undefined });
    else if (ask.kind === "topic-report") writeTopicReport(writer, { ...ask, id, behalf: undefined, relay: undefined });
    else writeWatch(writer, { ...ask, id, behalf: undefined, relay: undefined });
  }

  /** Writes it after it has waited: with the time that is left of its own. */
  writeLate(writer: Writer, nowMs: number): void {
    const { ask, id } = this;
    if (isLook(ask)) return this.write(writer);
    const { timeoutMs: givenMs } = ask.fields;
    const timeoutMs = givenMs === 0 ? 0 : Math.max(1, Math.ceil(this.dueMs - graceMs - nowMs));
    const resume = this.places;
    if (ask.kind === "call") writeCall(writer, id, { ...ask.fields, timeoutMs, resume });
    else writeRequest(writer, id, { ...ask.fields, timeoutMs, resume });
  }
}
