/** Queue calls: `queue` and `queues` of a client or a node. */
import { MpregError, checkOptions, kindOf, quoted } from "../../base/index.js";
import { defaultQueueSettings } from "../../queues/index.js";
import type { WaitOptions } from "../api.js";
import { waitMsOf } from "../options.js";
import type { Queue, QueueCalls, QueueOptions } from "./api.js";
import { QueueAsking, type QueueHost, type QueuesOperation, queuesFunction } from "./asking.js";
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
  };
}
