/**
 * Beginning: whether the handler of a call begins in its thread, decided once.
 *
 * (B1) The thread that is about to run the handler and the main thread, where nobody waits any more, may decide at the same
 *      time: one of them does, and the other learns of it.
 */
import { beginning } from "./messages.js";

const undecided = 0;
const begun = 1;
const revoked = 2;

/** The thread is about to run the handler; answers whether it may. */
export function begin(shared: Int32Array): boolean {
  return Atomics.compareExchange(shared, beginning, undecided, begun) === undecided; // (B1)
}

/** Nobody waits any more; answers whether the handler has not begun, and so never does. */
export function revoke(shared: Int32Array): boolean {
  return Atomics.compareExchange(shared, beginning, undecided, revoked) !== begun; // (B1)
}

export function isRevoked(shared: Int32Array): boolean {
  return Atomics.load(shared, beginning) === revoked;
}
