/** For now: which refusals of a queue may be over in a while, so that what was refused waits; others are for good (docs/decisions/0018-spool.md). */
import type { ErrorCode } from "../../base/index.js";
import { unsubscribed } from "../settings/subscribing.js";

const forGood: ReadonlySet<string> = new Set<ErrorCode>(["too-large", "invalid-argument", "malformed"]);

export function isForNow({ code, reason }: { readonly code: string; readonly reason?: string | undefined }): boolean {
  return reason === unsubscribed || !forGood.has(code);
}
