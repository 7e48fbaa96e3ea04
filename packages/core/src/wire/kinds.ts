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
  keep: 0x08,
  drain: 0x0a,
  drainAck: 0x0b,
  answer: 0x10,
  failure: 0x11,
  cancel: 0x12,
  results: 0x13,
  fetch: 0x14,
  chunk: 0x15,
  fetchMore: 0x16,
  fetchFailed: 0x17,
  fetchEnd: 0x18,
  release: 0x19,
  event: 0x1b,
  progress: 0x1c,
  leftEnd: 0x1d,
  record: 0x20,
  accusation: 0x21,
  offers: 0x22,
  offersRequest: 0x23,
  digest: 0x24,
  digestLines: 0x25,
  probe: 0x28,
  probeAck: 0x29,
  probeRequest: 0x2a,
  probeReport: 0x2b,
  publish: 0x30,
  unsubscribe: 0x31,
  taken: 0x32,
  deliver: 0x33,
  missed: 0x34,
  subscriptionEnded: 0x35,
  forward: 0x36,
  publishRefused: 0x37,
  forwardedUntil: 0x38,
  forwardReport: 0x39,
  handedBack: 0x3a,
  interest: 0x3d,
  interestDigest: 0x3e,
  interestLines: 0x3f,
  ping: 0x86,
  call: 0x90,
  request: 0x91,
  inspect: 0x92,
  resume: 0x93,
  watch: 0x95,
  requests: 0x96,
  step: 0xa0,
  publishConfirmed: 0xb0,
  subscribe: 0xb1,
  everywhere: 0xb2,
  topicReport: 0xb6,
} as const;

export const answerBit = 0x80;

/**
 * What a network may lose without harm, because it is told again: the gossip of nodes. (A stream loses nothing but its
 * end; the simulator drops these to see whether the cluster agrees all the same.)
 */
export const droppableKinds: ReadonlySet<number> = new Set([
  kinds.record,
  kinds.accusation,
  kinds.offers,
  kinds.offersRequest,
  kinds.digest,
  kinds.digestLines,
  kinds.probe,
  kinds.probeAck,
  kinds.probeRequest,
  kinds.probeReport,
  kinds.interest,
  kinds.interestDigest,
  kinds.interestLines,
]);
