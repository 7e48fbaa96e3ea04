/** Patience: how long the program waits for what goes on whether it waits or not: a node that starts, drains, closes. */
import { MpregError, type Outcome } from "@mpreg/core/base";
import { type Patience, type WaitOptions, waitMsOf, within } from "@mpreg/core/program";
import type { CancelSignal } from "@mpreg/core/rpc";
import { clock } from "./own-program.js";

/** `begun()`, for as long as `options` say; nothing has begun where the signal has aborted already. Rejects with `invalid-argument`, too. */
export function waiting<T>(
  begun: () => Promise<T>,
  options: WaitOptions,
  { who, late, gaveUp }: Pick<Patience, "late" | "gaveUp"> & { readonly who: string },
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timeoutMs = waitMsOf(options, who);
    const { signal } = options;
    if (signal?.aborted === true) return reject(notBegun(signal));
    within(clock, begun(), { timeoutMs, signal, late, ...(gaveUp && { gaveUp }) }).then(resolve, reject);
  });
}

function notBegun({ reason }: CancelSignal): MpregError {
  const outcome: Outcome = "not-applied";
  return new MpregError("cancelled", "The caller cancelled", { outcome, cause: reason });
}
