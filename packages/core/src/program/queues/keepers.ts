/** Keepers: the nodes that may have queues, or keep messages for them, asked one by one. */
import { MpregError } from "../../base/index.js";
import type { WaitOptions } from "../api.js";
import { type QueueHost, type QueuesAnswers, type QueuesOperation, queuesFunction } from "./asking.js";

/** Asks all nodes that may have queues; one that is gone meanwhile keeps nothing that can be told of. */
export function askKeepers<T>(
  host: QueueHost,
  operation: QueuesOperation,
  options: WaitOptions,
  told: (answer: unknown, node: string) => T,
): Promise<T[]> {
  const keepers: QueuesOperation = { op: "keepers" };
  const ask = (node: string): Promise<T[]> =>
    host.call(queuesFunction, [operation], { ...options, target: node }).then(
      (answer) => [told(answer, node)],
      (error: unknown) => {
        if (error instanceof MpregError && (error.code === "no-provider" || error.code === "node-lost")) return [];
        throw error;
      },
    );
  return host
    .call(queuesFunction, [keepers], options)
    .then((nodes) => Promise.all((nodes as QueuesAnswers["keepers"]).map(ask)))
    .then((all) => all.flat());
}
