/** Queue calls: `queue` and `queues` of a client or a node. */
import {
  type Contract,
  MpregError,
  type QueueContract,
  checkOptions,
  kindOf,
  queueDeclaration,
  quoted,
} from "../../base/index.js";
import { defaultQueueSettings } from "../../queues/index.js";
import type { WaitOptions } from "../api.js";
import { waitMsOf } from "../options.js";
import type { QueueOptions, Spooled } from "./api.js";
import { QueueAsking, type QueueHost, type QueuesAnswers, type QueuesOperation, queuesFunction } from "./asking.js";
import { QueueChecks } from "./checks.js";
import type { OpenQueue, QueueCalls } from "./opening.js";
import { ProgramQueue } from "./program-queue.js";

const optionNames: ReadonlySet<string> = new Set<string>([...Object.keys(defaultQueueSettings), "owner"]);

/** The calls of a program; `hostOf` is asked with the first of them. What is in queues is what `contract` says. */
export function queueCalls<Q extends QueueContract | undefined = undefined, C extends Contract | undefined = undefined>(
  hostOf: () => QueueHost,
  contract?: Q,
): QueueCalls<Q, C> {
  const open = (name: string, options?: QueueOptions): ProgramQueue => {
    if (typeof name !== "string" || name === "") {
      const got = typeof name === "string" ? quoted(name) : kindOf(name);
      throw new MpregError("invalid-argument", `queue: the name must be a text that is not empty, got ${got}`);
    }
    const checks = new QueueChecks(name, queueDeclaration(contract, name));
    if (options === undefined) return new ProgramQueue(new QueueAsking(name, hostOf(), undefined, undefined), checks);
    checkOptions(options, optionNames, "queue");
    const { owner, ...settings } = options;
    return new ProgramQueue(new QueueAsking(name, hostOf(), settings, owner), checks);
  };
  return {
    queue: open as unknown as OpenQueue<Q, C>, // the types follow the contract; what is done does not
    queues: (options: WaitOptions = {}): Promise<readonly string[]> =>
      new Promise((resolve) => {
        waitMsOf(options, "queues");
        const list: QueuesOperation = { op: "list" };
        resolve(hostOf().call(queuesFunction, [list], options) as Promise<readonly string[]>);
      }),
    spooled: (options: WaitOptions = {}): Promise<readonly Spooled[]> =>
      new Promise((resolve) => {
        waitMsOf(options, "spooled");
        resolve(spooledOf(hostOf(), options));
      }),
  };
}

/** Asks all nodes; one that is gone meanwhile keeps nothing that can be told of. */
function spooledOf(host: QueueHost, options: WaitOptions): Promise<readonly Spooled[]> {
  const [keepers, spooled]: readonly QueuesOperation[] = [{ op: "keepers" }, { op: "spooled" }];
  const ask = (node: string): Promise<readonly Spooled[]> =>
    host.call(queuesFunction, [spooled], { ...options, target: node }).then(
      (all) => (all as QueuesAnswers["spooled"]).map((one) => ({ node, ...one })),
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
