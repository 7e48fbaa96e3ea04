/**
 * Signer: keys that prove who a node is inside one simulated world.
 *
 * No elliptic curve: a ring keeps every secret and lets a signature be checked by making it again. Nodes only reach
 * the ring through their own signer, so nobody signs for somebody else.
 *
 * (S1) A signature is good for one key and one message only.
 * (S2) The same secret has the same public key, so a node that keeps its key keeps its id.
 */
import { type Signer, areSameBytes } from "@mpreg/core/base";
import { sha256 } from "./sha256.js";

/** The keys of one world. */
export class KeyRing {
  readonly #secrets = new Map<string, Uint8Array>();

  /** The signer that holds `secret`. */
  signer(secret: Uint8Array): Signer {
    const publicKey = sha256(joined(keyLabel, secret)); // (S2)
    this.#secrets.set(keyOf(publicKey), secret);
    return {
      publicKey,
      sign: (message) => signature(secret, message),
      verify: (key, message, candidate) => this.#verify(key, message, candidate),
      sha256,
    };
  }

  #verify(publicKey: Uint8Array, message: Uint8Array, candidate: Uint8Array): boolean {
    const secret = this.#secrets.get(keyOf(publicKey));
    if (secret === undefined) return false;
    const expected = signature(secret, message); // (S1)
    return areSameBytes(candidate, expected);
  }
}

const keyLabel = Uint8Array.of(0x6b, 0x65, 0x79);

/** 64 bytes, as those of a real signature. */
function signature(secret: Uint8Array, message: Uint8Array): Uint8Array {
  const digest = sha256(joined(secret, message));
  return joined(digest, digest);
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function keyOf(publicKey: Uint8Array): string {
  return publicKey.join(",");
}
