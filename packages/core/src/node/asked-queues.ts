/** Asked queues: what is asked of no queue in particular, read from the argument of a call. */
import { MpregError, kindOf, quoted } from "../base/index.js";
import { type QueuesOperation, queuesFunction } from "../program/index.js";
import { askedSettings } from "../queues/index.js";
import { askedOfSpool } from "./spool-functions.js";

/** Throws `invalid-argument`. */
export function checkQueuesOperation(value: unknown): QueuesOperation {
  const {
    op,
    queue,
    durable = true,
    settings = {},
    after,
  } = (typeof value === "object" && value !== null ? value : {}) as Partial<
    Record<"op" | "queue" | "durable" | "settings" | "after", unknown>
  >;
  if (op === "list") return { op };
  if (op === "stats") return { op, after: typeof after === "string" ? after : "" };
  if (op === "seen" && typeof queue === "string") return { op, queue };
  const ofSpool = askedOfSpool(op, value as object);
  if (ofSpool !== undefined) return ofSpool;
  if ((op === "place" || op === "create") && typeof queue === "string") {
    if (op === "place" && typeof durable === "boolean") return { op, queue, durable };
    if (op === "create" && typeof settings === "object" && settings !== null)
      return { op, queue, settings: askedSettings(queue, settings) };
  }
  const forms =
    '{ op: "list" }, { op: "stats", after }, { op: "seen", queue }, { op: "place", queue, durable } { op: "create", queue, settings }, { op: "spool", queue, messages }, { op: "spooled" }, { op: "settle-spooled", verdict } or { op: "keepers" }';
  const got = typeof op === "string" ? `op ${quoted(op)}` : kindOf(value);
  throw new MpregError("invalid-argument", `${queuesFunction} takes ${forms}, got ${got}`);
}
