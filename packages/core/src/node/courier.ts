/**
 * Courier: hands what this node has kept for a queue of another one on to it, as a call of the queue's function.
 *
 * (C1) A transfer ends once, unless it is given up.
 */
import { MpregError, isA } from "../base/index.js";
import { queueFunction } from "../program/index.js";
import type { Courier, CourierEnd, TransferAnswer } from "../queues/index.js";
import { type Asker, type Rpc, type Run, clientOrigin } from "../rpc/index.js";
import type { Codec } from "../values/index.js";
import type { Value } from "../wire/index.js";
import type { Cluster } from "./cluster.js";
import { awayOwnerOf, isThere } from "./queue-owners.js";

export interface CourierHost {
  readonly codec: Pick<Codec, "encode" | "decode">;
  readonly cluster: Cluster;
  readonly call: Rpc["call"];
  readonly nowMs: () => number;
}

/** How long a queue may take to have a batch on its disk, before it is asked again. */
const timeoutMs = 30_000;

export function courierOf(host: CourierHost): Courier {
  const { cluster, codec } = host;
  return {
    whereIs: (queue) => {
      if (isThere(cluster, queue)) return "there";
      if (awayOwnerOf(cluster, queue) !== undefined) return "away";
      return cluster.offerings.withdrawn.has(queueFunction(queue)) ? "gone" : "unknown";
    },
    transfer: (queue, transfer, end, nowMs) => {
      const fun = queueFunction(queue);
      let run: Run | undefined;
      let hasEnded = false;
      const ended = (how: CourierEnd): void => {
        if (hasEnded) return; // (C1)
        hasEnded = true;
        end(how);
      };
      const failed = (error: MpregError): void => {
        ended({ kind: "failed", error, nowMs: host.nowMs() });
      };
      const asker: Asker = {
        answered: (value) => {
          const answer = answerOf(codec, value);
          if (isA(answer, MpregError)) failed(answer);
          else ended({ kind: "answered", answer, nowMs: host.nowMs() });
        },
        results: () => undefined,
        left: () => undefined,
        failed,
      };
      const args = codec.encode([{ op: "transfer", ...transfer }], "the messages");
      const fields = { timeoutMs, fun, resources: [], waitForCapacityMs: 0, summary: false, terms: undefined, args };
      host.call(fields, clientOrigin({ kind: "self" }, 0), asker, nowMs, (started) => {
        run = started;
      });
      return () => {
        if (hasEnded) return;
        hasEnded = true;
        run?.abandon();
      };
    },
  };
}

function answerOf(codec: Pick<Codec, "decode">, value: Value): TransferAnswer | MpregError {
  try {
    const answer = value instanceof Uint8Array ? codec.decode(value) : undefined;
    if (isAnswer(answer)) return answer;
  } catch (error) {
    if (!isA(error, MpregError)) throw error;
    return error.withOutcome("unknown");
  }
  return new MpregError("malformed", "What was answered to a transfer is none of its answers", { outcome: "unknown" });
}

function isAnswer(value: unknown): value is TransferAnswer {
  if (typeof value !== "object" || value === null) return false;
  const { taken, call, refused } = value as Partial<Record<keyof TransferAnswer, unknown>>;
  const isRefusal = typeof refused === "object" && refused !== null && "number" in refused && "error" in refused;
  return typeof taken === "number" && typeof call === "number" && (refused === undefined || isRefusal);
}
