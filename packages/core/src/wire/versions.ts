/** Versions: what this code speaks. Both sides of a link name a range in their hello; the highest common one holds. */

/** The native protocol's WebSocket subprotocol (RFC 6455 §1.9). */
export const subprotocol = "mpreg.v2";

export const protocolVersion = { min: 2, max: 2 } as const;
