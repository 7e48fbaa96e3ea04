/**
 * Signers without an elliptic curve: a signature is the hash of the key's secret and the message. Whoever checks one
 * looks the secret up, so only the owner of a secret can sign for its key.
 */
import { createHash } from "node:crypto";
import type { Signer } from "../../src/base/index.js";

const secrets = new Map<string, string>();

function sha256(...parts: readonly (Uint8Array | string)[]): Uint8Array {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

function signature(secret: string, message: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([sha256("first", secret, message), sha256("second", secret, message)]));
}

/** The signer that holds `secret`. */
export function signerOf(secret: string): Signer {
  const publicKey = sha256("key", secret);
  secrets.set(publicKey.join(), secret);
  return {
    publicKey,
    sign: (message) => signature(secret, message),
    verify: (key, message, claimed) => {
      const known = secrets.get(key.join());
      return known !== undefined && Buffer.compare(claimed, signature(known, message)) === 0;
    },
    sha256,
  };
}
