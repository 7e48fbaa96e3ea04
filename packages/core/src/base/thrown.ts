/**
 * Thrown: values that were thrown. Nothing is known of them: any of their members may throw, and so may `instanceof`.
 *
 * (T1) No function here throws, whatever it is given.
 */

/** `value instanceof type`, and `false` where that throws (a revoked proxy). (T1) */
export function isA<T>(value: unknown, type: abstract new (...args: never[]) => T): value is T {
  try {
    return value instanceof type;
  } catch {
    return false;
  }
}

/** What was thrown, as text. */
export function thrownText(reason: unknown): string {
  try {
    return String(isA(reason, Error) ? reason.message : reason);
  } catch {
    return "a value that cannot be made text";
  }
}

/** The stack of what was thrown, where it has one. */
export function thrownStack(reason: unknown): string | undefined {
  try {
    const stack: unknown = isA(reason, Error) ? reason.stack : undefined;
    return typeof stack === "string" ? stack : undefined;
  } catch {
    return undefined;
  }
}
