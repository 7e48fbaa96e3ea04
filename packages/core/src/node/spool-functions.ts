/**
 * Spool functions: what a node is asked about messages for queues that are elsewhere.
 *
 * (S1) A message is kept here only where its queue is known and its owner is away, or where others for it wait here: those go before.
 * (S2) Who may send to the queue is decided when this node takes the message, by its policy.
 */
import { MpregError, isA, quoted } from "../base/index.js";
import { type QueuesOperation, queuesFunction } from "../program/index.js";
import { type Queues, askedOperation, checkQueueName } from "../queues/index.js";
import type { BuiltInEnd } from "./built-ins.js";
import type { Cluster } from "./cluster.js";
import { awayOwnerOf, isThere } from "./queue-owners.js";

type Asked = Extract<QueuesOperation, { readonly op: "spool" }>;

export interface SpoolFunctionsHost {
  readonly queues: Queues;
  readonly cluster: Cluster;
  readonly nowMs: () => number;
}

/** Keeps messages, says that the queue can be asked itself, or, given no messages, waits until it can. */
export function spool(host: SpoolFunctionsHost, asked: Asked, end: BuiltInEnd): (() => void) | undefined {
  const { queues, cluster } = host;
  const { queue, messages } = asked;
  const waiting = queues.spooling.waitingFor(queue);
  const isHere = queues.has(queue) || isThere(cluster, queue);
  if (waiting === 0 && isHere && (messages.length === 0 || asked.tried !== true)) {
    end(direct); // (S1)
    return undefined;
  }
  if (!isHere) checkKnown(cluster, queue, waiting);
  if (messages.length > 0) {
    queues.spooling.send(
      queue,
      messages,
      (how) => {
        end(how.kind === "failed" ? how.error : { kind: "spooled", ends: plainEnds(how.value) });
      },
      host.nowMs(),
    );
    return undefined;
  }
  if (waiting > 0 && isHere)
    return queues.spooling.whenEmpty(queue, () => {
      end(direct);
    });
  const owner = awayOwnerOf(cluster, queue);
  const why = `${waiting} messages for queue ${quoted(queue)} wait at this node, and its owner is away: what is sent without { accept: "spool" } would overtake them`;
  throw new MpregError("node-lost", why, { node: owner, outcome: "not-applied" });
}

/** Has messages that were set aside tried again, or thrown away; `allows` says for which queues. */
export function settleSpooled(
  host: SpoolFunctionsHost,
  { verdict, queue, ids }: Extract<QueuesOperation, { readonly op: "settle-spooled" }>,
  allows: (queue: string) => boolean,
  end: BuiltInEnd,
): void {
  const choice = { queue, ids: ids === undefined ? undefined : new Set(ids), allows };
  const settled = (count: number, error: MpregError | undefined): void => {
    if (error === undefined) return end(count);
    end(count === 0 ? error : error.withOutcome("unknown")); // some were
  };
  host.queues.spooling.settle(verdict, choice, settled, host.nowMs());
}

/** (S1) */
function checkKnown(cluster: Cluster, queue: string, waiting: number): void {
  if (waiting > 0 || awayOwnerOf(cluster, queue) !== undefined) return;
  const message = `No node has a queue ${quoted(queue)}, and none is known to have had one: there is nobody to keep messages for`;
  throw new MpregError("unknown-queue", message);
}

/** Checks what was asked; `undefined` where it is something else. Throws `invalid-argument`. */
export function askedOfSpool(op: unknown, value: object): QueuesOperation | undefined {
  if (op === "spooled" || op === "keepers") return { op };
  if (op === "settle-spooled") return askedToSettle(value);
  if (op !== "spool") return undefined;
  const { queue, messages, tried } = value as Partial<Record<"queue" | "messages" | "tried", unknown>>;
  if (typeof queue !== "string") throw new MpregError("invalid-argument", `${queuesFunction}: spool takes a queue`);
  checkQueueName(queue);
  const send = askedOperation(queue, { op: "send", messages });
  return { op, queue, messages: send.op === "send" ? send.messages : [], tried: tried === true };
}

const idsMax = 1_000;

function askedToSettle(value: object): QueuesOperation {
  const { verdict, queue, ids } = value as Partial<Record<"verdict" | "queue" | "ids", unknown>>;
  const isQueue = queue === undefined || typeof queue === "string";
  const areIds = ids === undefined || (Array.isArray(ids) && ids.every((id) => typeof id === "string"));
  if ((verdict !== "retry" && verdict !== "discard") || !isQueue || !areIds) {
    const what = `${queuesFunction}: settle-spooled takes a verdict ("retry", "discard"), and may take a queue and ids`;
    throw new MpregError("invalid-argument", what);
  }
  if (ids !== undefined && ids.length > idsMax)
    throw new MpregError(
      "too-large",
      `${queuesFunction}: settle-spooled takes ${idsMax} ids at most, got ${ids.length}`,
    );
  return { op: "settle-spooled", verdict, queue, ids: ids as readonly string[] | undefined };
}

const direct = { kind: "direct" };

/** Errors that stand in an answer, as values. */
export function plainEnds(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((end: unknown) => {
    const error = typeof end === "object" && end !== null && "error" in end ? end.error : undefined;
    return isA(error, MpregError) ? { ...(end as object), error: error.toJSON() } : end;
  });
}
