/**
 * Loss: messages that a network may lose although the connection holds.
 *
 * A stream loses nothing but its end. What nodes send with the leave to lose it (gossip) is declared by the wire, and
 * dropped here from the frames it stands in.
 *
 * (Q1) Only messages of a droppable kind are lost; the others of the same frame arrive.
 */
import { droppableKinds } from "@mpreg/core/wire";
import type { SeededRandom } from "../capabilities/random.js";

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
