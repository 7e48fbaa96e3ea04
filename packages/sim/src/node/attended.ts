/** Attended: asks for whose end the world goes on. */
import { MpregError } from "@mpreg/core/base";
import type { Asking } from "@mpreg/core/rpc";

/** As `ask`, and the world goes on until the ask has ended. */
export function attended(
  host: { attend(failed: (error: Error) => void): () => void },
  ask: Asking["ask"],
): Asking["ask"] {
  return (work, onEnd) => {
    const release = host.attend((cause) => {
      onEnd({ kind: "failed", error: new MpregError("cancelled", cause.message, { outcome: "unknown", cause }) });
    });
    const withdraw = ask(work, (settled) => {
      release();
      onEnd(settled);
    });
    return () => {
      release();
      withdraw();
    };
  };
}
