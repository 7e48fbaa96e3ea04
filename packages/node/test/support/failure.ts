/** Failure: the error that an operation ends with, as callers meet it. */
import { MpregError } from "@mpreg/core";

/** The error that `ending` rejects with. Throws when it does not, or with something that is no MpregError. */
export async function failureOf(ending: Promise<unknown>): Promise<MpregError> {
  const end = await ending.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ("value" in end) throw new Error(`It should have failed, and answered ${JSON.stringify(end.value)}`);
  if (end.error instanceof MpregError) return end.error;
  throw new Error("It failed with something that is no MpregError", { cause: end.error });
}

/** The error that `attempt` throws. */
export function thrownBy(attempt: () => unknown): MpregError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof MpregError) return error;
    throw new Error("It threw something that is no MpregError", { cause: error });
  }
  throw new Error("It should have thrown");
}

/** What a caller can act on in an error, for `toEqual`. */
export function told({ code, message, step, node, outcome }: MpregError): Readonly<Record<string, unknown>> {
  return { code, message, step, node, outcome };
}
