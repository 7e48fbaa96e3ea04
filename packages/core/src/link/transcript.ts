/**
 * Transcript: what a side signs to prove its key.
 *
 * The two hellos, as sent, hold both nonces and everything that was negotiated, so a signature is good for one link
 * only and nobody between can change what was offered. The label keeps the dialer's proof from serving as the
 * acceptor's. Someone who relays both directions unchanged is not detected: that is TLS's task.
 */
import type { Signer } from "../base/index.js";

const nodeIdBytes = 16;

export function transcript(
  role: "dialer" | "acceptor",
  dialerHello: Uint8Array,
  acceptorHello: Uint8Array,
): Uint8Array {
  const label = `mpreg.v2 link proof of the ${role}\n`;
  const bytes = new Uint8Array(label.length + dialerHello.length + acceptorHello.length);
  for (let i = 0; i < label.length; i++) bytes[i] = label.charCodeAt(i);
  bytes.set(dialerHello, label.length);
  bytes.set(acceptorHello, label.length + dialerHello.length);
  return bytes;
}

/** A node's id: the first 16 bytes of the SHA-256 of its public key, in hexadecimal. */
export function nodeIdOf(publicKey: Uint8Array, signer: Pick<Signer, "sha256">): string {
  let id = "";
  for (const byte of signer.sha256(publicKey).subarray(0, nodeIdBytes)) id += byte.toString(16).padStart(2, "0");
  return id;
}
