/**
 * Assertions: what can only be false when our own code is wrong. The process should stop, not go on.
 */

/** Raised by {@link assert}; never caught inside the product. */
export class AssertionError extends Error {
  override readonly name: string = "AssertionError";
}

/** Stops with `message` unless `condition` holds. */
export function assert(condition: unknown, message: string): asserts condition {
  if (condition !== true) throw new AssertionError(message);
}

/** Marks a branch the compiler has proved empty. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${String(value)}`);
}
