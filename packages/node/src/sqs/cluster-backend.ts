/**
 * Cluster backend: what the SQS door asks of queues, as calls of the node's own program, so that it reaches every queue of the cluster.
 *
 * (B1) A question that is cancelled takes its calls back, and is not answered.
 * (B2) A queue is created once: whoever comes second, at this door or another one, gets the one that is there.
 * (B3) When a creation is answered, this node knows where the queue is, so that what is asked of it next finds it.
 * (B4) Where the node drains, receives that wait end without a message: who has asked asks again, and waits elsewhere.
 * (B5) Who asks for the same queue in one turn of the event loop is told what the first is, unless a change of it was told in between.
 * (B6) A receive whose answer was lost in the cluster is asked again: what it has leased comes with that.
 */
import { MpregError, type MpregErrorJson } from "@mpreg/core/base";
import type { BackendEnd, Cancel, QueueRecord, SqsBackend } from "@mpreg/core/doors";
import {
  QueueAsking,
  type QueueHost,
  type QueuesOperation,
  errorOf,
  isAway,
  queuesFunction,
  receiveSurely,
} from "@mpreg/core/program";
import {
  type Operation,
  type QueueAnswers,
  type QueueEnd,
  type QueueOperation,
  type QueueSettings,
  checkSettings,
} from "@mpreg/core/queues";
import type { CancelSignal } from "@mpreg/core/rpc";
import { Withdrawal } from "./withdrawal.js";

/** How much longer an answer may take than the queue waits for a message. */
const slackMs = 10_000;
/** How long the queue of somebody who was faster may not be known here. */
const knownWithinMs = 5_000;
/** Queues that are asked at once for a list of all. */
const askedAtOnce = 32;

type Ended<T> = (end: BackendEnd<T>) => void;

export class ClusterBackend implements SqsBackend {
  readonly #host: QueueHost;
  readonly #nodeId: string;
  /** Receives that wait: ends each without a message. (B4) */
  readonly #receives = new Set<() => void>();
  /** Queues that were asked for in this turn. (B5) */
  readonly #finding = new Map<string, Promise<QueueRecord | undefined>>();
  #isDraining = false;

  /** `nodeId`: the node of the door, which is asked what queues there are. */
  constructor(host: QueueHost, nodeId: string) {
    this.#host = host;
    this.#nodeId = nodeId;
  }

  /** (B4) */
  drain(): void {
    this.#isDraining = true;
    for (const stop of [...this.#receives]) stop();
  }

  create(
    name: string,
    settings: Partial<QueueSettings>,
    end: Ended<{ readonly record: QueueRecord; readonly isNew: boolean }>,
    asker: QueueHost = this.#host,
  ): Cancel {
    return asked(async (signal) => {
      const there = await this.#find(name, signal);
      if (there !== undefined) return { record: there, isNew: false }; // (B2)
      checkSettings(name, settings); // what can be no queue is not waited for, as one is that somebody else has made with other settings
      const asking = new QueueAsking(name, asker, settings, undefined);
      try {
        const made = await asking.create({ signal });
        const known = await this.#find(name, signal, knownWithinMs); // (B3)
        return { record: known ?? { name, settings: made }, isNew: true };
      } catch (error) {
        const isThere = error instanceof MpregError && error.code === "invalid-argument"; // or so it may be: with other settings
        const known = isThere ? await this.#find(name, signal, knownWithinMs) : undefined; // (B2)
        if (known !== undefined) return { record: known, isNew: false };
        throw placed(error);
      }
    }, end);
  }

  find(name: string, end: Ended<QueueRecord | undefined>): Cancel {
    return asked(() => this.#found(name), end);
  }

  /** Of all queues for which `isMeant` says so. */
  list(prefix: string, end: Ended<readonly QueueRecord[]>, isMeant: (name: string) => boolean = () => true): Cancel {
    return asked(async (signal) => {
      const list: QueuesOperation = { op: "list" };
      const all = (await this.#host.call(queuesFunction, [list], { signal, target: this.#nodeId })) as string[];
      const names = all.filter((name) => name.startsWith(prefix) && isMeant(name)).sort();
      const records: QueueRecord[] = [];
      for (let at = 0; at < names.length; at += askedAtOnce) {
        const found = await Promise.all(names.slice(at, at + askedAtOnce).map((name) => this.#find(name, signal)));
        for (const record of found) if (record !== undefined) records.push(record); // else deleted meanwhile
      }
      return records;
    }, end);
  }

  operate<O extends Operation>(
    queue: string,
    operation: Extract<QueueOperation, { readonly op: O }>,
    end: (end: QueueEnd<O>) => void,
    asker: QueueHost = this.#host,
  ): Cancel {
    const asking = new QueueAsking(queue, asker, undefined, undefined);
    const wish: QueueOperation = operation;
    if (wish.op !== "receive") {
      const changes = wish.op === "update" || wish.op === "delete";
      const ask = async (signal: CancelSignal): Promise<QueueAnswers[O]> =>
        withErrors<O>(await asking.ask<O>(operation, { signal }));
      return asked(ask, (how) => {
        if (changes) this.#finding.delete(queue); // (B5)
        end(how);
      });
    }
    const { waitMs } = wish;
    const { attempt = this.#host.newId() } = wish; // (B6)
    const receive = { ...wish, attempt, waitMs: this.#isDraining ? 0 : waitMs };
    const ended = end as (end: QueueEnd<"receive">) => void;
    const isOver = (): boolean => this.#receives.delete(stop);
    const cancel = asked<QueueAnswers["receive"]>(
      (signal) => receiveSurely(asking, receive, { signal, timeoutMs: waitMs + slackMs }),
      (how) => {
        isOver();
        ended(how);
      },
    );
    const stop = (): void => {
      isOver();
      cancel();
      ended({ kind: "done", value: [] });
    };
    this.#receives.add(stop);
    return () => {
      isOver();
      cancel();
    };
  }

  /** (B5) */
  #found(name: string): Promise<QueueRecord | undefined> {
    const known = this.#finding.get(name);
    if (known !== undefined) return known;
    if (this.#finding.size === 0) {
      setImmediate(() => {
        this.#finding.clear();
      });
    }
    const found = this.#find(name, undefined);
    this.#finding.set(name, found);
    return found;
  }

  async #find(
    name: string,
    signal: CancelSignal | undefined,
    waitForCapacity?: number,
  ): Promise<QueueRecord | undefined> {
    const asking = new QueueAsking(name, this.#host, undefined, undefined);
    const options = waitForCapacity === undefined ? { signal } : { signal, waitForCapacity };
    try {
      return { name, settings: await asking.ask<"settings">({ op: "settings" }, options) };
    } catch (error) {
      if (error instanceof MpregError && error.code === "unknown-queue" && !isAway(error)) return undefined;
      throw error;
    }
  }
}

/** That no node can have the queue will be the same in a moment: nothing to try again, as `no-provider` would have it. */
function placed(error: unknown): unknown {
  if (!(error instanceof MpregError) || error.code !== "no-provider") return error;
  const { message, outcome, node } = error;
  return new MpregError("unsupported", message, { outcome, node });
}

/** Answers per message or receipt, with their errors as they were raised. */
function withErrors<O extends Operation>(answer: QueueAnswers[O]): QueueAnswers[O] {
  if (!Array.isArray(answer) || !answer.some((end: { readonly kind?: unknown }) => end.kind === "refused"))
    return answer;
  return answer.map((end: { readonly kind?: unknown; readonly error?: unknown }) =>
    end.kind === "refused" ? { ...end, error: errorOf(end.error as MpregErrorJson) } : end,
  ) as unknown as QueueAnswers[O];
}

/** (B1) */
function asked<T>(work: (signal: CancelSignal) => Promise<T>, end: Ended<T>): Cancel {
  const signal = new Withdrawal();
  const told = (how: BackendEnd<T>): void => {
    if (!signal.aborted) end(how);
  };
  work(signal).then(
    (value) => {
      told({ kind: "done", value });
    },
    (error: unknown) => {
      told({ kind: "failed", error: error instanceof MpregError ? passing(error) : unforeseen(error) });
    },
  );
  return () => {
    signal.abort();
  };
}

/** A queue whose node is away is no queue that does not exist: who asks for it is to try again. */
function passing(error: MpregError): MpregError {
  if (!isAway(error)) return error;
  const { message, outcome, node } = error;
  return new MpregError("node-lost", message, { outcome, node });
}

function unforeseen(cause: unknown): MpregError {
  return new MpregError("handler-error", "A queue could not be asked", { outcome: "unknown", cause });
}
