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
import type { QueueOptions, QueueReport, Spooled, SpooledChoice } from "./api.js";
import { QueueAsking, type QueueHost, type QueuesAnswers, type QueuesOperation, queuesFunction } from "./asking.js";
import { QueueChecks } from "./checks.js";
import { askKeepers } from "./keepers.js";
import type { OpenQueue, QueueCalls } from "./opening.js";
import { ProgramQueue } from "./program-queue.js";
import type { Keepers } from "./sending.js";
import { allStats } from "./stats.js";

const optionNames: ReadonlySet<string> = new Set<string>([...Object.keys(defaultQueueSettings), "owner"]);

/** The calls of a program; `hostOf` is asked with the first of them. What is in queues is what `contract` says. */
export function queueCalls<Q extends QueueContract | undefined = undefined, C extends Contract | undefined = undefined>(
  hostOf: () => QueueHost,
  contract?: Q,
): QueueCalls<Q, C> {
  const keepers: Keepers = new Map<string, string>();
  const open = (name: string, options?: QueueOptions): ProgramQueue => {
    if (typeof name !== "string" || name === "") {
      const got = typeof name === "string" ? quoted(name) : kindOf(name);
      throw new MpregError("invalid-argument", `queue: the name must be a text that is not empty, got ${got}`);
    }
    const checks = new QueueChecks(name, queueDeclaration(contract, name));
    if (options === undefined)
      return new ProgramQueue(new QueueAsking(name, hostOf(), undefined, undefined), checks, keepers);
    checkOptions(options, optionNames, "queue");
    const { owner, ...settings } = options;
    return new ProgramQueue(new QueueAsking(name, hostOf(), settings, owner), checks, keepers);
  };
  return {
    queue: open as unknown as OpenQueue<Q, C>, // the types follow the contract; what is done does not
    queues: (options: WaitOptions = {}): Promise<readonly string[]> =>
      new Promise((resolve) => {
        waitMsOf(options, "queues");
        const list: QueuesOperation = { op: "list" };
        resolve(hostOf().call(queuesFunction, [list], options) as Promise<readonly string[]>);
      }),
    queueStats: (options: WaitOptions = {}): Promise<readonly QueueReport[]> =>
      new Promise((resolve) => {
        waitMsOf(options, "queueStats");
        resolve(allStats(hostOf(), options));
      }),
    spooled: (options: WaitOptions = {}): Promise<readonly Spooled[]> =>
      new Promise((resolve) => {
        waitMsOf(options, "spooled");
        resolve(spooledOf(hostOf(), options));
      }),
    retrySpooled: (which: SpooledChoice, options: WaitOptions = {}): Promise<number> =>
      settleSpooled("retry", which, hostOf, options),
    discardSpooled: (which: SpooledChoice, options: WaitOptions = {}): Promise<number> =>
      settleSpooled("discard", which, hostOf, options),
  };
}

function settleSpooled(
  verdict: "retry" | "discard",
  which: SpooledChoice,
  hostOf: () => QueueHost,
  options: WaitOptions,
): Promise<number> {
  return new Promise((resolve) => {
    waitMsOf(options, `${verdict}Spooled`);
    const { queue, ids } = checkedChoice(which, `${verdict}Spooled`);
    const settle: QueuesOperation = { op: "settle-spooled", verdict, queue, ids };
    const all = askKeepers(hostOf(), settle, options, (answer) => answer as QueuesAnswers["settle-spooled"]);
    resolve(all.then((counts) => counts.reduce((sum, count) => sum + count, 0)));
  });
}

/** A choice of nothing in particular is a mistake: what was meant as few would be all. */
function checkedChoice(
  which: SpooledChoice,
  who: string,
): Exclude<SpooledChoice, "all"> | Record<"queue" | "ids", undefined> {
  if (which === "all") return { queue: undefined, ids: undefined };
  checkOptions(which, choiceNames, who);
  const { queue, ids }: Partial<Record<"queue" | "ids", unknown>> = which;
  if (queue !== undefined || ids !== undefined) return which;
  throw new MpregError("invalid-argument", `${who}: it takes { queue }, { ids }, both, or "all"`);
}

const choiceNames: ReadonlySet<string> = new Set(["queue", "ids"]);

function spooledOf(host: QueueHost, options: WaitOptions): Promise<readonly Spooled[]> {
  const told = (answer: unknown, node: string): readonly Spooled[] =>
    (answer as QueuesAnswers["spooled"]).map((one) => ({ node, ...one }));
  return askKeepers(host, { op: "spooled" }, options, told).then((all) => all.flat());
}
