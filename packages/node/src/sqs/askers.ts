/**
 * Askers: the queues of the cluster as each client of the door has them.
 *
 * (A1) The policy of this node is asked about a client (`accept`), and then about each operation on a queue, with the client as the subject and the
 *      access key in its `login`, before anything is asked of the queue.
 * (A2) The operation is then that of the client, as it is of one that is connected here: its owner's policy sees it in `onBehalfOf`. What the door looks up by itself, it
 *      does as its node.
 * (A3) Of more than `askersMax` all are forgotten, and made again as they come.
 */
import { MpregError, type Policy, type SqsLogin, type Subject } from "@mpreg/core/base";
import type { BackendEnd, Cancel, QueueRecord, SqsBackend } from "@mpreg/core/doors";
import { type QueueAction, accessOf, queueRefusal } from "@mpreg/core/node";
import type { QueueHost } from "@mpreg/core/program";
import type { Operation, QueueEnd, QueueOperation, QueueSettings } from "@mpreg/core/queues";
import type { ClusterBackend } from "./cluster-backend.js";

const askersMax = 1_000;

export interface AskersHost {
  readonly backend: ClusterBackend;
  readonly policy: Policy;
  readonly cluster: string;
  /** What calls of this client are made with. */
  readonly hostOf: (subject: Subject) => QueueHost;
}

export class Askers {
  readonly #host: AskersHost;
  /** By address and access key. */
  readonly #askers = new Map<string, Asker>();

  constructor(host: AskersHost) {
    this.#host = host;
  }

  /** Throws `denied` for who is not let in. */
  of(address: string, login: SqsLogin): SqsBackend {
    const { policy, cluster } = this.#host;
    const key = `${address} ${login.accessKeyId ?? ""}`;
    const asker = this.#askers.get(key) ?? this.#made(key, address, login);
    const decision = policy(asker.subject, { kind: "accept", role: "client", cluster }); // (A1)
    if (!decision.allow) throw new MpregError("denied", decision.reason);
    return asker;
  }

  #made(key: string, address: string, login: SqsLogin): Asker {
    const subject: Subject = { kind: "client", address, credentials: undefined, via: undefined, login };
    const asker = new Asker(this.#host, subject);
    if (this.#askers.size >= askersMax) this.#askers.clear(); // (A3)
    this.#askers.set(key, asker);
    return asker;
  }
}

class Asker implements SqsBackend {
  readonly subject: Subject;
  readonly #host: AskersHost;
  readonly #queues: QueueHost;

  constructor(host: AskersHost, subject: Subject) {
    this.subject = subject;
    this.#host = host;
    this.#queues = host.hostOf(subject);
  }

  create(
    name: string,
    settings: Partial<QueueSettings>,
    end: (end: BackendEnd<{ readonly record: QueueRecord; readonly isNew: boolean }>) => void,
  ): Cancel {
    return this.#allowed("manage", name, end) ?? this.#host.backend.create(name, settings, end, this.#queues);
  }

  /** (A2) */
  find(name: string, end: (end: BackendEnd<QueueRecord | undefined>) => void): Cancel {
    return this.#host.backend.find(name, end);
  }

  list(prefix: string, end: (end: BackendEnd<readonly QueueRecord[]>) => void): Cancel {
    return this.#host.backend.list(prefix, end, (name) => this.unseen(name) === undefined);
  }

  operate<O extends Operation>(
    queue: string,
    operation: Extract<QueueOperation, { readonly op: O }>,
    end: (end: QueueEnd<O>) => void,
  ): Cancel {
    const { op }: { readonly op: Operation } = operation;
    return this.#allowed(accessOf[op], queue, end) ?? this.#host.backend.operate(queue, operation, end, this.#queues);
  }

  unseen(queue: string): MpregError | undefined {
    return this.#refusal("browse", queue);
  }

  /** (A1) Nothing where it is; else it is over. */
  #allowed(
    kind: QueueAction["kind"],
    queue: string,
    end: (end: { readonly kind: "failed"; readonly error: MpregError }) => void,
  ): Cancel | undefined {
    const error = this.#refusal(kind, queue);
    if (error === undefined) return undefined;
    end({ kind: "failed", error });
    return () => undefined;
  }

  #refusal(kind: QueueAction["kind"], queue: string): MpregError | undefined {
    return queueRefusal(this.#host.policy, this.subject, { kind, queue, onBehalfOf: undefined });
  }
}
