/**
 * Capabilities: the library work the core needs and may not import. Drivers inject them.
 *
 * All of them are synchronous and deterministic for the same input, except `Random`, which the simulator seeds.
 */

/** Uniform randomness. The driver backs it with the operating system, the simulator with its seed. */
export interface Random {
  /** A float in [0, 1). */
  next(): number;
  /** `length` random bytes. */
  bytes(length: number): Uint8Array;
}

/** UTF-8, which the language alone does not offer (TextEncoder belongs to the platform). */
export interface Utf8 {
  encode(text: string): Uint8Array;
  /** Decodes `bytes[start, end)`. Ill-formed input becomes U+FFFD, as the WHATWG decoder does. */
  decode(bytes: Uint8Array, start: number, end: number): string;
}

/** The node's own ed25519 key (RFC 8032) and the verification of others'. */
export interface Signer {
  /** The raw public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** A signature of 64 bytes. */
  sign(message: Uint8Array): Uint8Array;
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** SHA-256 (FIPS 180-4), 32 bytes. */
  sha256(message: Uint8Array): Uint8Array;
}

/** Times by cron expressions; see `createCron`. */
export interface Cron {
  /** Throws `invalid-argument` for what is no expression, and for a time zone that is none. */
  parse(expression: string, timeZone: string): CronTimes;
}

export interface CronTimes {
  /** The first time after `afterMs`, both in ms since 1970; `undefined` where there is none any more. */
  next(afterMs: number): number | undefined;
}

/** The order of versions (Semantic Versioning 2.0.0) and ranges as npm writes them; see `createSemver`. */
export interface Semver {
  /** Whether `text` is a version in full, such as `1.4.0` or `2.0.0-beta.1`. */
  isVersion(text: string): boolean;
  /** Whether it is one that is not for everybody yet, such as `2.0.0-beta.1`. */
  isPrerelease(version: string): boolean;
  /** Negative when `a` is the lower one of two versions. */
  compare(a: string, b: string): number;
  isRange(text: string): boolean;
  satisfies(version: string, range: string): boolean;
}
