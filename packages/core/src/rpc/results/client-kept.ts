/**
 * Client kept: what this node keeps for one client, over whichever of its links the client was told of it.
 *
 * Owns nothing but the account; what is kept is `kept.ts`.
 */
export class ClientKept {
  /** Bytes of it, without what is only passed on. */
  bytes = 0;
  readonly keys: Set<number> = new Set();
  /** For how long what is not being read is kept since its client is gone; while that is there, for as long as it is for everybody. */
  goneForMs: number = Infinity;
}
