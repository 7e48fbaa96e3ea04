/**
 * Limits of the port: what connections may cost the node before and after they have shown who they are.
 *
 * A connection is a **stranger** until its handshake is over: natively when the link is open, on the JSON protocol when
 * its first valid request was read.
 */
export interface PortLimits {
  /** Connections that others have opened, in all. One more is answered with HTTP 503. */
  readonly connectionsMax: number;
  /** Strangers among them. One more is answered with HTTP 503. */
  readonly strangersMax: number;
  /** Bytes of a stranger's message on the native protocol (a hello, with credentials). The connection is closed beyond. */
  readonly helloBytesMax: number;
  /** Bytes of a stranger's message on the JSON protocol (its first request). The connection is closed beyond. */
  readonly firstRequestBytesMax: number;
  /** Time until a connection of the JSON protocol has made its first valid request. It is closed after. */
  readonly firstRequestTimeoutMs: number;
  /** Bytes of unfinished messages of all strangers together. Beyond, the one that holds most of them is cut off. */
  readonly strangerBytesMax: number;
  /** Bytes of unfinished messages of all others together. Beyond, the one that holds most of them is cut off. */
  readonly arrivingBytesMax: number;
}

const megabyte = 1024 * 1024;

export const defaultPortLimits: PortLimits = {
  connectionsMax: 10_000,
  strangersMax: 1_000,
  helloBytesMax: 64 * 1024,
  firstRequestBytesMax: 16 * megabyte,
  firstRequestTimeoutMs: 60_000,
  strangerBytesMax: 64 * megabyte,
  arrivingBytesMax: 512 * megabyte,
};
