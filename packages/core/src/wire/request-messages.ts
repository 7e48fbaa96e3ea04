/**
 * The message that asks for a graph of calls. Layout: docs/protocol.md, "request".
 *
 * (Q1) What a message can make its reader do is bounded: its steps, those of maps included, and how deep maps are nested.
 */
import { MpregError } from "../base/index.js";
import { writeAskFields } from "./call-messages.js";
import { kinds } from "./kinds.js";
import type { WireLimits } from "./limits.js";
import { type WirePath, readPath, writePath } from "./path.js";
import { type Reader, malformed } from "./reader.js";
import { type ResumePlace, askTags, readResumeField } from "./resume-messages.js";
import { type OwnTerms, type StepTerms, readTerm, writeTerms } from "./terms.js";
import type { Writer } from "./writer.js";

/** Client to node: a graph of calls. */
export interface RequestMessage {
  readonly kind: "request";
  readonly id: number;
  readonly timeoutMs: number;
  readonly waitForCapacityMs: number;
  readonly settle: boolean;
  readonly summary: boolean;
  /** See `CallMessage`. */
  readonly detached?: boolean | undefined;
  readonly resume?: readonly ResumePlace[] | undefined;
  readonly watch?: boolean | undefined;
  readonly intermediates?: boolean | undefined;
  readonly steps: readonly RequestStep[];
  readonly outputs: readonly WireBinding[];
}

export interface RequestStep {
  readonly name: string;
  readonly fun: string;
  readonly timeoutMs: number;
  readonly resources: readonly string[];
  readonly bindings: readonly WireBinding[];
  readonly terms: StepTerms | undefined;
  readonly template: Uint8Array;
  /** It calls no function itself: it runs these steps for each item of a list, and its result are theirs. */
  readonly map?: StepMap | undefined;
}

/**
 * Steps that are run once for each item of a list, which is what the template of their step comes to. In the numbering of
 * their bindings 0 is the item, then come the bindings of their step, then they themselves.
 */
export interface StepMap {
  /** How many items are under way at a time. */
  readonly concurrency: number;
  readonly steps: readonly RequestStep[];
  /** What becomes of an item. */
  readonly result: WireBinding;
}

/** The result of step number `step`, or the part of it at `path`. */
export interface WireBinding {
  readonly step: number;
  readonly path: WirePath;
}

/** How deep maps may be nested in maps. */
export const mapDepthMax = 4;

/** Beside the tags of terms. */
const tagMap = 26;
const flagSettle = 1;
const flagSummary = 2;

export function writeRequest(writer: Writer, id: number, message: Omit<RequestMessage, "kind" | "id">): void {
  writer.begin(kinds.request).u32(id).u32(message.timeoutMs).u32(message.waitForCapacityMs);
  writer.u8((message.settle ? flagSettle : 0) | (message.summary ? flagSummary : 0));
  writeAskFields(writer, message);
  writer.endFields();
  writeSteps(writer, message.steps);
  writeBindings(writer, message.outputs);
}

function writeSteps(writer: Writer, steps: readonly RequestStep[]): void {
  writer.varint(steps.length);
  for (const { name, fun, timeoutMs, resources, bindings, terms, map, template } of steps) {
    writer.text(name).text(fun).u32(timeoutMs).texts(resources);
    writeBindings(writer, bindings);
    writeTerms(writer, terms);
    if (map !== undefined) {
      writer.nest(tagMap, () => {
        writer.varint(map.concurrency);
        writeSteps(writer, map.steps);
        writeBinding(writer, map.result);
      });
    }
    writer.endFields().blob(template);
  }
}

export function readRequest(reader: Reader, limits: WireLimits): RequestMessage {
  const id = reader.u32();
  const timeoutMs = reader.u32();
  const waitForCapacityMs = reader.u32();
  const flags = reader.u8();
  let detached: boolean | undefined;
  let resume: readonly ResumePlace[] | undefined;
  let watch: boolean | undefined;
  let intermediates: boolean | undefined;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === askTags.detached) detached = true;
    else if (tag === askTags.resume) resume = readResumeField(reader);
    else if (tag === askTags.watch) watch = true;
    else if (tag === askTags.intermediates) intermediates = true;
    reader.skipField();
  }
  const steps = readSteps(reader, limits, { left: limits.stepsMax }, 0);
  const outputs = readBindings(reader, limits);
  const settle = (flags & flagSettle) !== 0;
  const summary = (flags & flagSummary) !== 0;
  return {
    kind: "request",
    id,
    timeoutMs,
    waitForCapacityMs,
    settle,
    summary,
    detached,
    resume,
    watch,
    intermediates,
    steps,
    outputs,
  };
}

/** `room`: how many steps the message may still have, those of maps included. */
function readSteps(reader: Reader, limits: WireLimits, room: { left: number }, depth: number): RequestStep[] {
  const count = reader.count("steps in one request", room.left);
  room.left -= count;
  const steps: RequestStep[] = [];
  for (let i = 0; i < count; i++) {
    const name = reader.name();
    const fun = reader.name();
    const timeoutMs = reader.u32();
    const resources = reader.names(limits.resourcesMax);
    const bindings = readBindings(reader, limits);
    let terms: OwnTerms | undefined;
    let map: StepMap | undefined;
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === tagMap) map = readMap(reader, limits, room, depth + 1);
      else terms = readTerm(reader, tag, terms, limits);
      reader.skipField();
    }
    const template = reader.blob();
    const step = { name, fun, timeoutMs, resources, bindings, terms, template };
    steps.push(map === undefined ? step : { ...step, map });
  }
  return steps;
}

function readMap(reader: Reader, limits: WireLimits, room: { left: number }, depth: number): StepMap {
  const { fieldEnd } = reader;
  if (depth > mapDepthMax) {
    throw new MpregError("too-large", `Maps are nested ${depth} deep; the limit is ${mapDepthMax}`); // (Q1)
  }
  const concurrency = reader.varint();
  if (concurrency === 0) throw malformed("a map has a concurrency of 0");
  const steps = readSteps(reader, limits, room, depth);
  const result = readBinding(reader, limits);
  reader.fieldEnd = fieldEnd; // its steps have fields of their own
  return { concurrency, steps, result };
}

function writeBindings(writer: Writer, bindings: readonly WireBinding[]): void {
  writer.varint(bindings.length);
  for (const binding of bindings) writeBinding(writer, binding);
}

function readBindings(reader: Reader, limits: WireLimits): WireBinding[] {
  const bindings: WireBinding[] = [];
  for (let left = reader.count("bindings", limits.bindingsMax); left > 0; left--) {
    bindings.push(readBinding(reader, limits));
  }
  return bindings;
}

function writeBinding(writer: Writer, { step, path }: WireBinding): void {
  writePath(writer.varint(step), path);
}

function readBinding(reader: Reader, limits: WireLimits): WireBinding {
  return { step: reader.varint(), path: readPath(reader, limits) };
}
