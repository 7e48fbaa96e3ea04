/** Checks: whether an operation is one, before anything is done for it. */
import { MpregError, quoted } from "../../base/index.js";
import type { QueuesLimits } from "../limits.js";
import type { Queue } from "../queue.js";
import { delayMsMax, visibilityMsMax } from "../settings/settings.js";
import type { QueueOperation } from "../types.js";

/** Throws `invalid-argument` or `too-large`. */
export function checkOperation(queue: Queue, operation: QueueOperation, limits: QueuesLimits): void {
  const who = `${quoted(operation.op)} of queue ${quoted(queue.name)}`;
  switch (operation.op) {
    case "send":
      return atMost(who, "messages", operation.messages.length, limits.sendMessagesMax);
    case "transfer":
      return atMost(who, "messages", operation.messages.length, limits.sendMessagesMax);
    case "receive":
      integer(who, "max", operation.max, 1, 1_000_000);
      integer(who, "waitMs", operation.waitMs, 0, Number.MAX_SAFE_INTEGER);
      if (operation.visibilityMs !== undefined)
        integer(who, "visibilityMs", operation.visibilityMs, 0, visibilityMsMax);
      if (operation.groupMax !== undefined) integer(who, "groupMax", operation.groupMax, 1, 1_000_000);
      if ((operation.attempt?.length ?? 0) > limits.idBytesMax) {
        const message = `${who}: "attempt" has ${operation.attempt?.length} characters; the limit is ${limits.idBytesMax}`;
        throw new MpregError("too-large", message);
      }
      return;
    case "ack":
      if (operation.results !== undefined && operation.results.length !== operation.receipts.length) {
        const message = `${who} has ${operation.receipts.length} receipts and ${operation.results.length} results: there is one for each`;
        throw new MpregError("invalid-argument", message);
      }
      return atMost(who, "receipts", operation.receipts.length, limits.receiptsMax);
    case "release":
      if (operation.delayMs !== undefined) integer(who, "delayMs", operation.delayMs, 0, delayMsMax);
      return atMost(who, "receipts", operation.receipts.length, limits.receiptsMax);
    case "extend":
      integer(who, "visibilityMs", operation.visibilityMs, 0, visibilityMsMax);
      return atMost(who, "receipts", operation.receipts.length, limits.receiptsMax);
    case "result":
      return integer(who, "waitMs", operation.waitMs, 0, Number.MAX_SAFE_INTEGER);
    case "browse":
      return integer(who, "limit", operation.limit, 1, 1_000_000);
    default:
  }
}

function atMost(who: string, what: string, count: number, max: number): void {
  if (count <= max) return;
  throw new MpregError("too-large", `${who} has ${count} ${what}; the limit is ${max}: do it in several operations`);
}

function integer(who: string, name: string, value: number, min: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  throw new MpregError("invalid-argument", `${who}: "${name}" must be an integer from ${min} to ${max}, got ${value}`);
}
