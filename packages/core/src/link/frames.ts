/**
 * Frames: a long batch cut into frames that the far side accepts.
 *
 * (S1) A frame is cut between messages; it is at most `frameBytesMax` long, or holds a single message.
 */

/** What a receiver has to accept beyond its largest message: see docs/protocol.md, "Frames". */
export const frameBytesMax: number = 1024 * 1024;

const lengthBytes = 4;

export function frames(batch: Uint8Array): readonly Uint8Array[] {
  if (batch.length <= frameBytesMax) return [batch];
  const cut: Uint8Array[] = [];
  let start = 0;
  let end = 0;
  while (end < batch.length) {
    const view = new DataView(batch.buffer, batch.byteOffset + end, lengthBytes);
    const next = end + lengthBytes + view.getUint32(0);
    if (next - start > frameBytesMax && end > start) {
      cut.push(batch.subarray(start, end)); // (S1)
      start = end;
    }
    end = next;
  }
  cut.push(batch.subarray(start, end));
  return cut;
}
