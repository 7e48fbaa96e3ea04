/**
 * Messages that ask for work: a single call, a step, an inspection. Requests are `request-messages.ts`.
 * Layouts: docs/protocol.md, "Calls".
 */
import { MpregError } from "../base/index.js";
import { kinds } from "./kinds.js";
import type { WireLimits } from "./limits.js";
import type { Reader } from "./reader.js";
import { type ResultRef, readRef, writeRef } from "./result-messages.js";
import { type ResumePlace, askTags, readResumeField, writeResumeField } from "./resume-messages.js";
import { type OwnTerms, type StepTerms, readTerm, writeTerms } from "./terms.js";
import type { Writer } from "./writer.js";

/** Client to node: one call, to be routed. */
export interface CallMessage {
  readonly kind: "call";
  readonly id: number;
  /** 0 = the node's default. */
  readonly timeoutMs: number;
  readonly fun: string;
  readonly resources: readonly string[];
  readonly waitForCapacityMs: number;
  readonly summary: boolean;
  readonly terms: StepTerms | undefined;
  /** It is run to its end although the client is gone. */
  readonly detached?: boolean | undefined;
  /** Where it was asked before, in that order; nowhere when this is left out. */
  readonly resume?: readonly ResumePlace[] | undefined;
  /** The client wants to hear how it gets on. */
  readonly watch?: boolean | undefined;
  /** Small intermediate results with their events. */
  readonly intermediates?: boolean | undefined;
  /** The encoded array of positional arguments. */
  readonly args: Uint8Array;
}

/** Node to node: run this step yourself, or pass it on to the node that is to. */
export interface StepMessage {
  readonly kind: "step";
  readonly id: number;
  readonly timeoutMs: number;
  /** Number of the request at its coordinator: the sender of this message, or the origin of what is passed on. */
  readonly request: number;
  /** How many calls this one is nested in. */
  readonly depth: number;
  readonly fun: string;
  /** Name of the step; the function's where the request was a single call. */
  readonly step: string;
  readonly resources: readonly string[];
  /** Address of the client the coordinator works for; `undefined` when it works for itself. */
  readonly behalf: string | undefined;
  /** Number of that client's connection to the coordinator; `undefined` where the coordinator does not tell. */
  readonly connection?: number | undefined;
  readonly timings: boolean;
  /** Where the step travels through other nodes. */
  readonly relay: StepRelay | undefined;
  /** What of its terms matters where it runs. */
  readonly terms: StepTerms | undefined;
  readonly bound: readonly Uint8Array[];
  /** Those of the bound values that are to be fetched; nothing stands in their places of `bound`. */
  readonly refs?: readonly BoundRef[] | undefined;
  /** How long others may need the result, where that is longer than `timeoutMs`. */
  readonly keepMs?: number | undefined;
  readonly template: Uint8Array;
}

/** A bound value of a step that is fetched from where it is kept. */
export interface BoundRef {
  /** Its position in `bound`. */
  readonly index: number;
  readonly ref: ResultRef;
}

/** The way of a step that its coordinator cannot send to the node that is to run it. */
export interface StepRelay {
  /** Id of the node that is to run it. */
  readonly target: string;
  /** Id of the node that coordinates its request. */
  readonly origin: string;
  /** How many links it may still travel. */
  readonly hopsLeft: number;
}

/** What a node can be asked about itself and its cluster. */
export type InspectSubject = "nodes" | "functions" | "cluster";

export interface InspectMessage {
  readonly kind: "inspect";
  readonly id: number;
  readonly subject: string;
}

const callTags = { resources: 1, waitForCapacityMs: 2, summary: 3 } as const;
const stepTags = { resources: 1, behalf: 2, timings: 3, bound: 4, step: 5, relay: 6, ref: 7, keepMs: 8 } as const;

export function writeCall(writer: Writer, id: number, message: Omit<CallMessage, "kind" | "id">): void {
  writer.begin(kinds.call).u32(id).u32(message.timeoutMs).text(message.fun);
  if (message.resources.length > 0) writer.field(callTags.resources).texts(message.resources).endField();
  if (message.waitForCapacityMs > 0) {
    writer.field(callTags.waitForCapacityMs).u32(message.waitForCapacityMs).endField();
  }
  if (message.summary) writer.field(callTags.summary).endField();
  writeTerms(writer, message.terms);
  writeAskFields(writer, message);
  writer.endFields().raw(message.args);
}

export function readCall(reader: Reader, limits: WireLimits): CallMessage {
  const id = reader.u32();
  const timeoutMs = reader.u32();
  const fun = reader.name();
  let resources = none;
  let waitForCapacityMs = 0;
  let summary = false;
  let terms: OwnTerms | undefined;
  let detached: boolean | undefined;
  let resume: readonly ResumePlace[] | undefined;
  let watch: boolean | undefined;
  let intermediates: boolean | undefined;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === callTags.resources) resources = reader.names(limits.resourcesMax);
    else if (tag === callTags.waitForCapacityMs) waitForCapacityMs = reader.u32();
    else if (tag === callTags.summary) summary = true;
    else if (tag === askTags.detached) detached = true;
    else if (tag === askTags.resume) resume = readResumeField(reader);
    else if (tag === askTags.watch) watch = true;
    else if (tag === askTags.intermediates) intermediates = true;
    else terms = readTerm(reader, tag, terms, limits);
    reader.skipField();
  }
  const args = reader.rest();
  return {
    kind: "call",
    id,
    timeoutMs,
    fun,
    resources,
    waitForCapacityMs,
    summary,
    terms,
    detached,
    resume,
    watch,
    intermediates,
    args,
  };
}

export type AskFields = Pick<CallMessage, "detached" | "resume" | "watch" | "intermediates">;

export function writeAskFields(writer: Writer, { detached, resume, watch, intermediates }: AskFields): void {
  if (detached === true) writer.field(askTags.detached).endField();
  if (resume !== undefined && resume.length > 0) writeResumeField(writer, resume);
  if (watch === true) writer.field(askTags.watch).endField();
  if (intermediates === true) writer.field(askTags.intermediates).endField();
}

export function writeStep(writer: Writer, message: Omit<StepMessage, "kind">): void {
  writer.begin(kinds.step).u32(message.id).u32(message.timeoutMs).varint(message.request).u8(message.depth);
  writer.text(message.fun);
  if (message.step !== message.fun) writer.field(stepTags.step).text(message.step).endField();
  if (message.resources.length > 0) writer.field(stepTags.resources).texts(message.resources).endField();
  if (message.behalf !== undefined) {
    writer.field(stepTags.behalf).text(message.behalf);
    if (message.connection !== undefined) writer.varint(message.connection);
    writer.endField();
  }
  if (message.timings) writer.field(stepTags.timings).endField();
  if (message.relay !== undefined) {
    const { target, origin, hopsLeft } = message.relay;
    writer.field(stepTags.relay).text(target).text(origin).u8(hopsLeft).endField();
  }
  writeTerms(writer, message.terms);
  for (const value of message.bound) writer.field(stepTags.bound).raw(value).endField();
  if (message.refs !== undefined) {
    for (const { index, ref } of message.refs) writeRef(writer.field(stepTags.ref).varint(index), ref).endField();
  }
  if (message.keepMs !== undefined) writer.field(stepTags.keepMs).u32(message.keepMs).endField();
  writer.endFields().raw(message.template);
}

export function readStep(reader: Reader, limits: WireLimits): StepMessage {
  const id = reader.u32();
  const timeoutMs = reader.u32();
  const request = reader.varint();
  const depth = reader.u8();
  const fun = reader.name();
  let step = fun;
  let resources = none;
  let behalf: string | undefined;
  let connection: number | undefined;
  let timings = false;
  let relay: StepRelay | undefined;
  let terms: OwnTerms | undefined;
  let bound: Uint8Array[] | undefined;
  let refs: BoundRef[] | undefined;
  let keepMs: number | undefined;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === stepTags.bound) (bound ??= []).push(reader.field());
    else if (tag === stepTags.behalf) {
      behalf = reader.name();
      if (reader.position < reader.fieldEnd) connection = reader.varint();
    } else if (tag === stepTags.resources) resources = reader.names(limits.resourcesMax);
    else if (tag === stepTags.timings) timings = true;
    else if (tag === stepTags.step) step = reader.name();
    else if (tag === stepTags.relay) {
      relay = { target: reader.name(), origin: reader.name(), hopsLeft: reader.u8() };
    } else if (tag === stepTags.ref) (refs ??= []).push({ index: reader.varint(), ref: readRef(reader, limits) });
    else if (tag === stepTags.keepMs) keepMs = reader.u32();
    else terms = readTerm(reader, tag, terms, limits);
    reader.skipField();
  }
  const template = reader.rest();
  return {
    kind: "step",
    id,
    timeoutMs,
    request,
    depth,
    fun,
    step,
    resources,
    behalf,
    connection,
    timings,
    relay,
    terms,
    bound: bound ?? noValues,
    refs,
    keepMs,
    template,
  };
}

const none: readonly string[] = [];
const noValues: readonly Uint8Array[] = [];

export function writeInspect(writer: Writer, id: number, subject: InspectSubject): void {
  writer.begin(kinds.inspect).u32(id).text(subject);
}

export function readInspect(reader: Reader): InspectMessage {
  return { kind: "inspect", id: reader.u32(), subject: reader.name() };
}

/** The subject named by an inspection, or the error that says which there are. */
export function inspectSubject(subject: string): InspectSubject {
  if (subject === "nodes" || subject === "functions" || subject === "cluster") return subject;
  throw new MpregError(
    "unsupported",
    `Cannot inspect "${subject}": a node can be asked for "nodes", "functions" and "cluster"`,
  );
}
