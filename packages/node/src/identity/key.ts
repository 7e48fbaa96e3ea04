/**
 * Key: the node's ed25519 key (RFC 8032), kept in its data directory or made for this run only.
 *
 * (K1) A key file is readable by its owner only and never overwritten.
 * (K2) A data directory belongs to one running process at a time.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { MpregError, type Signer } from "@mpreg/core/base";
import { openCounter } from "./counter.js";
import { makeFolder } from "./folder.js";
import { type Lock, takeLock } from "./lock.js";

/** Where a raw 32-byte public key starts in its DER (RFC 8410): after a prefix that is the same for every key. */
const spkiPrefix = Buffer.from("302a300506032b6570032100", "hex");
const keyFileName = "node-key.pem";
const incarnationFileName = "incarnation";

export interface Identity {
  readonly signer: Signer;
  /** The node's incarnation in its last run; 0 when it had none, or it was not kept. */
  readonly incarnation: number;
  /** Keeps the incarnation for the next run, as soon as the disk takes it; `onFailure` hears when it does not. */
  remember(incarnation: number, onFailure: (error: unknown) => void): void;
  /** Gives the data directory back. */
  release(): Promise<void>;
}

/** The key kept in `dataDir`, made there at the first start; without a directory a new key. */
export async function loadIdentity(dataDir: string | undefined): Promise<Identity> {
  if (dataDir === undefined) {
    return {
      signer: signerOf(generateKeyPairSync("ed25519").privateKey),
      incarnation: 0,
      remember: () => undefined,
      release: () => Promise.resolve(),
    };
  }
  const lock = await openFolder(dataDir); // (K2)
  try {
    const signer = signerOf(await loadKey(join(dataDir, keyFileName)));
    const counter = await openCounter(join(dataDir, incarnationFileName));
    return {
      signer,
      incarnation: counter.value,
      remember: (incarnation, onFailure) => {
        counter.set(incarnation, onFailure);
      },
      release: async () => {
        await counter.written();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Makes the directory if need be, and takes it. */
async function openFolder(dataDir: string): Promise<Lock> {
  try {
    await makeFolder(dataDir);
    return await takeLock(dataDir);
  } catch (cause) {
    if (cause instanceof MpregError) throw cause;
    const message = `Cannot use the data directory ${dataDir}: ${(cause as Error).message}`;
    throw new MpregError("invalid-argument", message, { cause });
  }
}

async function loadKey(path: string): Promise<KeyObject> {
  const pem = await readFile(path, "utf8").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  });
  if (pem === undefined) return makeKey(path);
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === "ed25519") return key;
  } catch (cause) {
    throw new MpregError("invalid-argument", `Cannot read the node's key in ${path}: it is not a PEM key`, { cause });
  }
  throw new MpregError("invalid-argument", `Cannot use the node's key in ${path}: it is not an ed25519 key`);
}

async function makeKey(path: string): Promise<KeyObject> {
  const { privateKey } = generateKeyPairSync("ed25519");
  const file = await open(path, "wx", 0o600); // (K1)
  try {
    await file.writeFile(privateKey.export({ type: "pkcs8", format: "pem" }));
    await file.sync();
  } finally {
    await file.close();
  }
  return privateKey;
}

function signerOf(privateKey: KeyObject): Signer {
  const spki = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  return {
    publicKey: new Uint8Array(spki.subarray(spkiPrefix.length)),
    sign: (message) => new Uint8Array(sign(null, message, privateKey)),
    verify: verifyWith,
    sha256: (message) => new Uint8Array(createHash("sha256").update(message).digest()),
  };
}

/** Keys made from their bytes, since making one costs more than a verification; the oldest goes first. */
const keys = new Map<string, KeyObject>();
const keysMax = 1_024;

function verifyWith(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const bytes = Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.byteLength);
  const name = bytes.toString("latin1");
  let key = keys.get(name);
  if (key === undefined) {
    key = createPublicKey({ key: Buffer.concat([spkiPrefix, bytes]), format: "der", type: "spki" });
    if (keys.size >= keysMax) for (const oldest of keys.keys()) if (keys.delete(oldest)) break;
    keys.set(name, key);
  }
  return verify(null, message, key, signature);
}
