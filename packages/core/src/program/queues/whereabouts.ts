/**
 * Whereabouts: what the nodes of the cluster know of a queue that none of them offers.
 *
 * (W1) It was deleted where some node says so, and none has it or knows of one that has it and is away.
 */
import { MpregError, isA, quoted, suggestion } from "../../base/index.js";
import { type QueueAsking, type QueuesAnswers, type QueuesOperation, queuesFunction } from "./asking.js";
import { askKeepers } from "./keepers.js";

export interface Whereabouts {
  readonly isDeleted: boolean;
  /** Why it could not be received from, with who was asked. */
  readonly told: MpregError;
}

/** How long the nodes may take. */
const askMs = 5_000;

/** Asks all nodes that may have queues; `error` is what made somebody ask, and told where that cannot be done. */
export function findQueue({ name, host }: QueueAsking, error: MpregError): Promise<Whereabouts> {
  const options = { timeoutMs: askMs };
  const seen: QueuesOperation = { op: "seen", queue: name };
  const list: QueuesOperation = { op: "list" };
  const answers = askKeepers(host, seen, options, (answer) => answer as QueuesAnswers["seen"]);
  return Promise.all([answers, host.call(queuesFunction, [list], options) as Promise<QueuesAnswers["list"]>]).then(
    ([nodes, names]) => whereabouts(name, nodes, names, error),
    (failure: unknown) => {
      if (!isA(failure, MpregError)) throw failure;
      return { isDeleted: false, told: error };
    },
  );
}

function whereabouts(
  name: string,
  nodes: readonly QueuesAnswers["seen"][],
  names: readonly string[],
  error: MpregError,
): Whereabouts {
  const isHere = names.includes(name) || nodes.some(({ is }) => is === "here");
  if (isHere) return { isDeleted: false, told: error };
  const away = nodes.find((node) => node.away !== undefined)?.away;
  const isDeleted = away === undefined && nodes.some(({ is }) => is === "deleted"); // (W1)
  const asked =
    nodes.length === 0 ? "no node has queues" : `asked: ${nodes.map(({ node }) => quoted(node)).join(", ")}`;
  const unknown = isDeleted ? "it was deleted" : "it was never created, or its owner is away";
  const why = away === undefined ? unknown : `its owner ${quoted(away)} is away`;
  const message = `No node has a queue ${quoted(name)}: ${why}; ${asked}${suggestion(name, names)}`;
  const { outcome, node } = error;
  return {
    isDeleted,
    told: new MpregError(error.code, message, { outcome, node, reason: isDeleted ? "deleted" : error.reason }),
  };
}
