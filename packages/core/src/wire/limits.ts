/**
 * Limits of the wire: what a reader refuses before it allocates.
 */
export interface WireLimits {
  /** Largest message accepted, in bytes, the length in front of it included. */
  readonly messageBytesMax: number;
  /** Steps of one request. */
  readonly stepsMax: number;
  /** UTF-8 bytes of a name (function, step, resource, node, address) and of a key in a path. */
  readonly nameBytesMax: number;
  /** Resources named by one call, step or offer. */
  readonly resourcesMax: number;
  /** Bindings of one step, and outputs of one request. In the JSON protocol, references of a whole request. */
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
