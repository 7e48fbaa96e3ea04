/** Queue access: what the policy is asked about each operation on a queue, and how a refusal reads. */
import { type Action, MpregError, type Policy, type Subject, quoted } from "../base/index.js";
import type { Operation } from "../queues/index.js";

export type QueueAction = Extract<Action, { readonly queue: string }>;

/** What the policy is asked about an operation. */
export const accessOf: { readonly [O in Operation]: QueueAction["kind"] } = {
  send: "send",
  result: "send",
  withdraw: "send",
  receive: "receive",
  ack: "receive",
  release: "receive",
  extend: "receive",
  browse: "browse",
  stats: "browse",
  settings: "browse",
  redrives: "browse",
  purge: "manage",
  delete: "manage",
  update: "manage",
  transfer: "send",
  subscribe: "receive",
  unsubscribe: "receive",
  redrive: "manage",
  "cancel-redrive": "manage",
  schedule: "manage",
  unschedule: "manage",
  schedules: "browse",
};

const words: Readonly<Record<QueueAction["kind"], string>> = {
  send: "send to",
  receive: "receive from",
  browse: "look at",
  manage: "manage",
};

/** Why it is refused, if it is: `denied`. */
export function queueRefusal(
  policy: Policy,
  subject: Subject,
  { kind, queue, onBehalfOf }: QueueAction,
): MpregError | undefined {
  const decision = policy(subject, { kind, queue, onBehalfOf });
  if (decision.allow) return undefined;
  return new MpregError("denied", `Not allowed to ${words[kind]} queue ${quoted(queue)}: ${decision.reason}`);
}
