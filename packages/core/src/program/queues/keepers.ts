/** Keepers: the nodes that may have queues, or keep messages for them, asked one by one. */
import { MpregError, isA } from "../../base/index.js";
import type { WaitOptions } from "../api.js";
import { type QueueHost, type QueuesAnswers, type QueuesOperation, queuesFunction } from "./asking.js";

/** What is heard of a node that is gone meanwhile: it has nothing that can be told of. */
const goneCodes: ReadonlySet<string> = new Set(["no-provider", "node-lost"]);

/** Asks one of them. */
type AskOf = (operation: QueuesOperation) => Promise<unknown>;

/** Asks each of them as `askOne` does; `silent`: codes of errors after which one tells nothing. */
export function ofKeepers<T>(
  host: QueueHost,
  options: WaitOptions,
  askOne: (ask: AskOf, node: string) => Promise<readonly T[]>,
  silent: ReadonlySet<string> = goneCodes,
): Promise<T[]> {
  const ofOne = (node: string): Promise<readonly T[]> =>
    askOne((operation) => host.call(queuesFunction, [operation], { ...options, target: node }), node).catch(
      (error: unknown) => {
        if (isA(error, MpregError) && silent.has(error.code)) return [];
        throw error;
      },
    );
  const keepers: QueuesOperation = { op: "keepers" };
  return host
    .call(queuesFunction, [keepers], options)
    .then((nodes) => Promise.all((nodes as QueuesAnswers["keepers"]).map(ofOne)))
    .then((all) => all.flat());
}

/** Asks all of them the same. */
export function askKeepers<T>(
  host: QueueHost,
  operation: QueuesOperation,
  options: WaitOptions,
  told: (answer: unknown, node: string) => T,
): Promise<T[]> {
  return ofKeepers(host, options, (ask, node) => ask(operation).then((answer) => [told(answer, node)]));
}
