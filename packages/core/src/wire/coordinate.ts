/**
 * Coordinate: where a node stands among the others, as it travels: ten float32 (IEEE 754).
 */
import type { Reader } from "./reader.js";
import type { Writer } from "./writer.js";

/** Network coordinates: a place in a space in which distances are round-trip times in ms. */
export interface WireCoordinate {
  readonly vector: readonly number[];
  readonly heightMs: number;
  readonly error: number;
}

/** Dimensions of the space of network coordinates. */
export const coordinateDimensions = 8;

export function writeCoordinate(writer: Writer, { vector, heightMs, error }: WireCoordinate): void {
  for (const value of vector) writer.u32(bitsOf(value));
  writer.u32(bitsOf(heightMs)).u32(bitsOf(error));
}

export function readCoordinate(reader: Reader): WireCoordinate {
  const vector: number[] = [];
  for (let i = 0; i < coordinateDimensions; i++) vector.push(floatOf(reader.u32()));
  return { vector, heightMs: floatOf(reader.u32()), error: floatOf(reader.u32()) };
}

const word = new DataView(new ArrayBuffer(4));

function bitsOf(value: number): number {
  word.setFloat32(0, value);
  return word.getUint32(0);
}

function floatOf(bits: number): number {
  word.setUint32(0, bits);
  return word.getFloat32(0);
}
