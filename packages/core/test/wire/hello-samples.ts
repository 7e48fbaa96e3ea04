/** Examples of hellos: of a client, of nodes, with and without what may be left out. */
import type { Written } from "./messages.js";

/** Bytes that count up from `first`, so that their order can be seen. */
export function counting(length: number, first: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => first + i);
}

const primary = {
  publicKey: counting(32, 64),
  name: "primary",
  cluster: "default",
  urls: ["ws://127.0.0.1:9001"],
  run: counting(8, 160),
};

export const helloSamples: readonly Written[] = [
  {
    kind: "hello",
    versionMin: 2,
    versionMax: 2,
    nonce: counting(32, 0),
    messageBytesMax: 67_108_864,
    windowBytes: 16_777_216,
    identity: undefined,
    credentials: undefined,
    session: undefined,
    resumes: undefined,
  },
  {
    kind: "hello",
    versionMin: 2,
    versionMax: 3,
    nonce: counting(32, 32),
    messageBytesMax: 67_108_864,
    windowBytes: 16_777_216,
    identity: primary,
    credentials: Uint8Array.of(1, 2, 3),
    session: undefined,
    resumes: undefined,
  },
  {
    kind: "hello",
    versionMin: 2,
    versionMax: 2,
    nonce: counting(32, 64),
    messageBytesMax: 67_108_864,
    windowBytes: 16_777_216,
    identity: undefined,
    credentials: undefined,
    session: { token: counting(16, 96), lastAsk: 41 },
    resumes: undefined,
    callTimeoutMs: undefined,
  },
  {
    kind: "hello",
    versionMin: 2,
    versionMax: 2,
    nonce: counting(32, 96),
    messageBytesMax: 67_108_864,
    windowBytes: 16_777_216,
    identity: primary,
    credentials: undefined,
    session: undefined,
    resumes: true,
    callTimeoutMs: 30_000,
  },
];
