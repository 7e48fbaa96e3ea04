/**
 * Loss: messages that a network may lose although the connection holds.
 *
 * A stream loses nothing but its end. What a later version sends with the leave to lose it (gossip) is declared here,
 * and dropped from the frames it stands in.
 *
 * (Q1) Only messages of a droppable kind are lost; the others of the same frame arrive.
 */
import type { SeededRandom } from "../capabilities/random.js";

/** Kinds of messages that may be lost: none so far. */
export const droppableKinds: ReadonlySet<number> = new Set();

const lengthBytes = 4;

/** The frame without the droppable messages that are lost, each with probability `lossRatio`. */
export function afterLoss(
  frame: Uint8Array,
  lossRatio: number,
  random: SeededRandom,
  droppable: ReadonlySet<number> = droppableKinds,
): Uint8Array {
  if (droppable.size === 0 || lossRatio === 0) return frame;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const kept: number[] = [];
  for (let at = 0; at + lengthBytes < frame.length;) {
    const end = at + lengthBytes + view.getUint32(at);
    const isLost = droppable.has(frame[at + lengthBytes] as number) && random.chance(lossRatio); // (Q1)
    if (!isLost) for (let i = at; i < end; i++) kept.push(frame[i] as number);
    at = end;
  }
  return Uint8Array.from(kept);
}
