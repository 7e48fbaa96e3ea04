/**
 * Limits of the wire: what a reader refuses before it allocates.
 */
export interface WireLimits {
  /** Largest message accepted, in bytes. */
  readonly messageBytesMax: number;
  /** Steps of one request. */
  readonly stepsMax: number;
  /** UTF-8 bytes of a name (function, step, resource, node). */
  readonly nameBytesMax: number;
  /** Resources named by one step or registration. */
  readonly resourcesMax: number;
  /** Bindings of one step, and outputs of one request, per step of the request and at least this many. */
  readonly bindingsMax: number;
  /** Segments of one path. */
  readonly pathSegmentsMax: number;
}

export const defaultWireLimits: WireLimits = {
  messageBytesMax: 64 * 1024 * 1024,
  stepsMax: 10_000,
  nameBytesMax: 1024,
  resourcesMax: 256,
  bindingsMax: 100_000,
  pathSegmentsMax: 100,
};
