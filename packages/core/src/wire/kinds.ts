/**
 * Kinds: the second field of every message.
 *
 * (K1) A kind with bit 0x80 expects an answer and begins with its u32 id, so that a peer that does not know the
 * kind can still answer `unsupported`. Any other unknown kind is skipped.
 */
export const kinds = {
  hello: 0x01,
  prove: 0x02,
  open: 0x03,
  goodbye: 0x04,
  credit: 0x05,
  pong: 0x07,
  answer: 0x10,
  failure: 0x11,
  cancel: 0x12,
  results: 0x13,
  members: 0x20,
  catalog: 0x21,
  ping: 0x86,
  call: 0x90,
  request: 0x91,
  inspect: 0x92,
  step: 0xa0,
} as const;

export const answerBit = 0x80;
