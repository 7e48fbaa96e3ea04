/**
 * Messages by which nodes find out whether others are there. Layouts: docs/protocol.md, "Probes".
 *
 * They keep a cluster going and cost no credit: data that waits must not make a node look dead.
 */
import { type WireCoordinate, readCoordinate, writeCoordinate } from "./coordinate.js";
import { kinds } from "./kinds.js";
import { type Reader, malformed } from "./reader.js";
import type { Writer } from "./writer.js";

/** Are you there? */
export interface ProbeMessage {
  readonly kind: "probe";
  readonly id: number;
}

export interface ProbeAckMessage {
  readonly kind: "probe-ack";
  readonly id: number;
  /** Handlers that run there now. */
  readonly running: number;
  readonly coordinate: WireCoordinate;
}

/** Is `target` there? Asked of one that observes it, or knows one that does. */
export interface ProbeRequestMessage {
  readonly kind: "probe-request";
  readonly id: number;
  readonly target: string;
  /** How many nodes may pass the question on. */
  readonly hopsLeft: number;
}

export interface ProbeReportMessage {
  readonly kind: "probe-report";
  readonly id: number;
  readonly reached: boolean;
}

/**
 * What the sender makes of the link: it wants to keep it, it has no need to, or it starts nothing on it any more until
 * it is told that the link is wanted.
 */
export type LinkWish = "unwanted" | "wanted" | "released";

export interface KeepMessage {
  readonly kind: "keep";
  readonly wish: LinkWish;
}

const wishes: readonly LinkWish[] = ["unwanted", "wanted", "released"];

export function writeProbe(writer: Writer, id: number): void {
  writer.begin(kinds.probe).u32(id);
}

export function readProbe(reader: Reader): ProbeMessage {
  return { kind: "probe", id: reader.u32() };
}

export function writeProbeAck(writer: Writer, { id, running, coordinate }: Omit<ProbeAckMessage, "kind">): void {
  writer.begin(kinds.probeAck).u32(id).varint(running);
  writeCoordinate(writer, coordinate);
}

export function readProbeAck(reader: Reader): ProbeAckMessage {
  return { kind: "probe-ack", id: reader.u32(), running: reader.varint(), coordinate: readCoordinate(reader) };
}

export function writeProbeRequest(writer: Writer, message: Omit<ProbeRequestMessage, "kind">): void {
  writer.begin(kinds.probeRequest).u32(message.id).u8(message.hopsLeft).text(message.target);
}

export function readProbeRequest(reader: Reader): ProbeRequestMessage {
  return { kind: "probe-request", id: reader.u32(), hopsLeft: reader.u8(), target: reader.name() };
}

export function writeProbeReport(writer: Writer, id: number, reached: boolean): void {
  writer
    .begin(kinds.probeReport)
    .u32(id)
    .u8(reached ? 1 : 0);
}

export function readProbeReport(reader: Reader): ProbeReportMessage {
  return { kind: "probe-report", id: reader.u32(), reached: reader.u8() !== 0 };
}

export function writeKeep(writer: Writer, wish: LinkWish): void {
  writer.begin(kinds.keep).u8(wishes.indexOf(wish));
}

export function readKeep(reader: Reader): KeepMessage {
  const wish = wishes[reader.u8()];
  if (wish === undefined) throw malformed("a wish about a link that is not known");
  return { kind: "keep", wish };
}
