/**
 * Asking: operations on queues as calls of their built-in functions (docs/decisions/0017-queues.md), and answers as programs want them.
 *
 * (A1) An error that comes as a value of an answer is the error that was raised.
 */
import { MpregError, type MpregErrorJson, isErrorCode, quoted } from "../../base/index.js";
import {
  type OutgoingMessage,
  type QueueAnswers,
  type QueueOperation,
  type GivenSettings,
  type QueueSettings,
  type QueueStats,
  type SendEnd,
  type SpooledFor,
  checkMessageField,
  withoutTextBody,
} from "../../queues/index.js";
import type { SingleCallOptions } from "../../rpc/index.js";
import type { Codec } from "../../values/index.js";
import type { WaitOptions } from "../api.js";
import type { Clock } from "../clock.js";
import { cancelled } from "../options.js";
import { within } from "../within.js";
import type { SendOptions } from "./api.js";
import type { AbortSource } from "../abort-source.js";
import type { Holders } from "./holders.js";
import { absent, away } from "./passing.js";

/** The function of one queue, and that of all. */
export const queueFunction = (name: string): string => `${queuePrefix}${name}`;
export const queuePrefix = "mpreg.queue.";
export const queuesFunction = "mpreg.queues";

/** What is asked of no queue in particular. */
export type QueuesOperation =
  /** Which node owns the queue, or is to own it. */
  | { readonly op: "place"; readonly queue: string; readonly durable: boolean }
  /** Creates it on the node that is asked, unless it is there with these settings. */
  | { readonly op: "create"; readonly queue: string; readonly settings: GivenSettings }
  | { readonly op: "list" }
  /** What queues of the node that is asked have, a page of them: those behind the name `after`. */
  | { readonly op: "stats"; readonly after: string }
  /** What the node that is asked knows of a queue of its own. */
  | { readonly op: "seen"; readonly queue: string }
  /**
   * Messages that the node which is asked is to keep for a queue whose owner is away. `tried`: the queue was asked itself, and could not be reached.
   * Without messages it waits until it keeps none for that queue.
   */
  | {
      readonly op: "spool";
      readonly queue: string;
      readonly messages: readonly OutgoingMessage[];
      readonly tried?: boolean;
    }
  /** What the node that is asked keeps for queues that are elsewhere. */
  | { readonly op: "spooled" }
  /** What is to become of messages that the node which is asked has set aside: of one queue, of these ids, or, given neither, of all. */
  | {
      readonly op: "settle-spooled";
      readonly verdict: "retry" | "discard";
      readonly queue?: string | undefined;
      readonly ids?: readonly string[] | undefined;
    }
  /** Ids of the nodes that can be asked these operations. */
  | { readonly op: "keepers" };

export interface QueuesAnswers {
  readonly place: { readonly node: string };
  readonly create: QueueSettings;
  readonly list: readonly string[];
  /** `next`: the name behind which there are more. */
  readonly stats: {
    readonly queues: readonly { readonly queue: string; readonly stats: QueueStats }[];
    readonly next: string | undefined;
  };
  /** Name of the node; whether it has the queue, or knows that the node which had it has it no more; the name of one that has it, and is away. */
  readonly seen: { readonly node: string; readonly is: "here" | "deleted" | "unknown"; readonly away?: string };
  /** `direct`: nothing was kept, the queue can be asked itself. */
  readonly spool: { readonly kind: "direct" } | { readonly kind: "spooled"; readonly ends: readonly PlainSendEnd[] };
  readonly spooled: readonly SpooledFor[];
  /** How many messages that were. */
  readonly "settle-spooled": number;
  readonly keepers: readonly string[];
}

/** What carries the calls of a program, and what it needs of its platform. */
export interface QueueHost {
  readonly codec: Codec;
  readonly clock: Clock;
  /** What leases messages for the program. */
  readonly holders: Holders;
  createAbort(): AbortSource;
  /** A text that nothing else is called by. */
  newId(): string;
  /** Name or id of the node that is asked just now; where the program is a node's, that. */
  entry(): string | undefined;
  call(fun: string, args: readonly unknown[], options: SingleCallOptions): Promise<unknown>;
}

/** How an end of one of several comes over the wire. */
export type PlainEnd<Done> =
  ({ readonly kind: "done" } & Done) | { readonly kind: "refused"; readonly error: MpregErrorJson };

/** An end of a send, as it comes over the wire. */
export type PlainSendEnd = PlainEnd<Omit<Extract<SendEnd, { readonly kind: "done" }>, "kind">>;

/** What was refused, as the error that it was. (A1) */
export function errorOf(error: MpregErrorJson): MpregError {
  const { code, message, outcome, step, node, request, retryAfterMs, reason } = error;
  const known = isErrorCode(code) ? code : "unsupported";
  return new MpregError(known, message, { outcome, step, node, request, retryAfterMs, reason });
}

/** How long a queue that was just created may not be known where it is asked for. */
const knownWithinMs = 5_000;

/** How long it may take to find out why nobody has a queue. */
const seenMs = 1_000;

/** Asks of one queue. */
export class QueueAsking {
  readonly name: string;
  readonly host: QueueHost;
  readonly #fun: string;
  readonly #settings: GivenSettings | undefined;
  readonly #owner: string | undefined;
  /** The creation that is on its way. */
  #creation: Promise<QueueSettings> | undefined;
  #wasCreated = false;

  constructor(name: string, host: QueueHost, settings: GivenSettings | undefined, owner: string | undefined) {
    this.name = name;
    this.host = host;
    this.#fun = queueFunction(name);
    this.#settings = settings;
    this.#owner = owner;
  }

  /** Creates the queue, unless it is there; whoever gives up waiting leaves it to the others. It is asked for each time: it may have been deleted. */
  create({ signal, timeoutMs = 0 }: WaitOptions): Promise<QueueSettings> {
    if (signal?.aborted === true) return Promise.reject(cancelled(signal, "not-applied"));
    this.#creation ??= this.#create().finally(() => {
      this.#creation = undefined; // the next one asks again
    });
    const late = `The time allowed (${timeoutMs} ms) ran out before queue "${this.name}" was created`;
    return within(this.host.clock, this.#creation, { signal, timeoutMs, late });
  }

  /** What the operation has come to. */
  ask<O extends QueueOperation["op"]>(
    operation: Extract<QueueOperation, { readonly op: O }>,
    options: SingleCallOptions,
  ): Promise<QueueAnswers[O]> {
    if (this.#settings === undefined) return this.#call<O>(operation, options);
    const patient = { waitForCapacity: knownWithinMs, ...options };
    if (this.#wasCreated) return this.#call<O>(operation, patient);
    return this.create(options).then(() => this.#call<O>(operation, patient));
  }

  #call<O extends QueueOperation["op"]>(
    operation: QueueOperation,
    options: SingleCallOptions,
  ): Promise<QueueAnswers[O]> {
    return this.host.call(this.#fun, [operation], options).then(
      (answer) => answer as QueueAnswers[O],
      (error: unknown) => {
        if (!(error instanceof MpregError) || error.code !== "no-provider") throw this.#told(error, operation.op);
        return this.#absent(error, operation.op, options).then((absence) => {
          throw absence;
        });
      },
    );
  }

  #create(): Promise<QueueSettings> {
    const settings = this.#settings ?? {};
    const { host, name } = this;
    const { durable = settings.guarantee?.kind !== "fire-and-forget" } = settings;
    const place: QueuesOperation = { op: "place", queue: name, durable };
    const create: QueuesOperation = { op: "create", queue: name, settings };
    const owner: Promise<string> =
      this.#owner === undefined
        ? host.call(queuesFunction, [place], {}).then((answer) => (answer as QueuesAnswers["place"]).node)
        : Promise.resolve(this.#owner);
    return owner
      .then((target) => host.call(queuesFunction, [create], { target }))
      .then(
        (created) => {
          this.#wasCreated = true;
          return created as QueueSettings;
        },
        (error: unknown) => {
          throw this.#owner === undefined ? error : this.#unplaced(this.#owner, error);
        },
      );
  }

  /** The node that was to have it is not there, or was misspelt. */
  #unplaced(owner: string, error: unknown): unknown {
    if (!(error instanceof MpregError) || error.code !== "no-provider") return error;
    const message = `Cannot create queue ${quoted(this.name)} on node ${quoted(owner)}: no node of that name or id is known here, or it is away. Any node may have it where no "owner" is given`;
    return new MpregError("no-provider", message, { outcome: error.outcome, node: error.node });
  }

  /** What its function was called for is an operation. */
  #told(error: unknown, op: QueueOperation["op"]): unknown {
    if (!(error instanceof MpregError)) return error;
    return error.withMessage(error.message.replace(quoted(this.#fun), `${op} on queue ${quoted(this.name)}`));
  }

  /** A function that nobody offers is a queue that nobody has: the node that is asked may know who had it. */
  #absent(
    { outcome, node }: MpregError,
    op: QueueOperation["op"],
    { signal, timeoutMs = 0 }: SingleCallOptions,
  ): Promise<MpregError> {
    const helps = op === "send" ? '; with { accept: "spool" } a send waits on a disk until the queue is there' : "";
    const absence = (why: string, reason: string): MpregError => {
      const message = `No node has a queue ${quoted(this.name)} just now: ${why}${helps}`;
      return new MpregError("unknown-queue", message, { outcome, node, reason });
    };
    const unknown = (): MpregError => absence("it was never created, or its owner is away", absent);
    const seen: QueuesOperation = { op: "seen", queue: this.name };
    return this.host
      .call(queuesFunction, [seen], { signal, timeoutMs: timeoutMs > 0 ? Math.min(timeoutMs, seenMs) : seenMs })
      .then((answer) => {
        const owner = (answer as QueuesAnswers["seen"]).away;
        return owner === undefined ? unknown() : absence(`its owner ${quoted(owner)} is away`, away);
      }, unknown);
  }
}

/** `message` as it is sent, whatever becomes of what was given. Throws `invalid-argument` here, where no other message travels with it. */
export function outgoing(queue: string, body: Uint8Array, given: SendOptions): OutgoingMessage {
  const message: Record<string, unknown> = { body };
  // its names were checked: they are those of fields
  for (const name in given) {
    const value = given[name as keyof SendOptions];
    if (value === undefined) continue;
    checkMessageField(queue, name as keyof SendOptions, value);
    message[name] = value;
  }
  // it leaves later, and the program may use them again for its next message
  if (given.headers !== undefined) message["headers"] = withoutTextBody({ ...given.headers });
  if (given.after !== undefined) message["after"] = [...given.after];
  return message as unknown as OutgoingMessage;
}
