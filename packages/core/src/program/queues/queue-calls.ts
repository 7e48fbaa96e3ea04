/** Queue calls: `queue` and `queues` of a client or a node. */
import { MpregError, checkOptions, kindOf, quoted } from "../../base/index.js";
import { defaultQueueSettings } from "../../queues/index.js";
import type { WaitOptions } from "../api.js";
import { waitMsOf } from "../options.js";
import type { Queue, QueueCalls, QueueOptions, Spooled } from "./api.js";
import { QueueAsking, type QueueHost, type QueuesAnswers, type QueuesOperation, queuesFunction } from "./asking.js";
import { ProgramQueue } from "./program-queue.js";

const optionNames: ReadonlySet<string> = new Set<string>([...Object.keys(defaultQueueSettings), "owner"]);

/** The calls of a program; `hostOf` is asked with the first of them. */
export function queueCalls(hostOf: () => QueueHost): QueueCalls {
  return {
    queue: <T>(name: string, options?: QueueOptions): Queue<T> => {
      if (typeof name !== "string" || name === "") {
        const got = typeof name === "string" ? quoted(name) : kindOf(name);
        throw new MpregError("invalid-argument", `queue: the name must be a text that is not empty, got ${got}`);
      }
      if (options === undefined) return new ProgramQueue<T>(new QueueAsking(name, hostOf(), undefined, undefined));
      checkOptions(options, optionNames, "queue");
      const { owner, ...settings } = options;
      return new ProgramQueue<T>(new QueueAsking(name, hostOf(), settings, owner));
    },
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
