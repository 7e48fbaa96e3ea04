/**
 * Sending: messages to the owner of their queue or, where they may wait (`accept: "spool"`), to the node that is asked while the owner is away.
 *
 * (G1) The owner is asked first, unless messages of this program wait at a node: those go before.
 * (G2) A message is sent once: to a node that is to keep it only once it is certain that the owner has not taken it.
 */
import { MpregError } from "../../base/index.js";
import type { OutgoingMessage } from "../../queues/index.js";
import type { SingleCallOptions } from "../../rpc/index.js";
import {
  type PlainSendEnd,
  type QueueAsking,
  type QueuesAnswers,
  type QueuesOperation,
  queuesFunction,
} from "./asking.js";

type Ends = readonly PlainSendEnd[];

/** By queue: the node that has kept messages of this program, however often it asks for that queue. (G1) */
export type Keepers = Map<string, string>;

export class Sending {
  readonly #asking: QueueAsking;
  readonly #keepers: Keepers;

  constructor(asking: QueueAsking, keepers: Keepers) {
    this.#asking = asking;
    this.#keepers = keepers;
  }

  send(messages: readonly OutgoingMessage[], mayWait: boolean, options: SingleCallOptions): Promise<Ends> {
    const keeper = this.#keepers.get(this.#asking.name);
    if (keeper !== undefined) return this.#behind(keeper, messages, mayWait, options);
    if (!mayWait) return this.#direct(messages, options);
    return this.#direct(messages, { ...options, waitForCapacity: 0 }).catch((error: unknown) => {
      if (!isAway(error)) throw error;
      return this.#spool(messages, options, error);
    });
  }

  #direct(messages: readonly OutgoingMessage[], options: SingleCallOptions): Promise<Ends> {
    return this.#asking.ask<"send">({ op: "send", messages }, options) as Promise<unknown> as Promise<Ends>;
  }

  /** (G2) The owner could not be asked. */
  #spool(messages: readonly OutgoingMessage[], options: SingleCallOptions, away: MpregError): Promise<Ends> {
    const keeper = this.#asking.host.entry();
    if (keeper === undefined) throw away;
    return this.#ask(keeper, messages, true, options).then(
      (answer) => {
        if (answer.kind === "direct") throw away; // not of a node that was told that it was tried
        this.#keepers.set(this.#asking.name, keeper);
        return answer.ends;
      },
      (error: unknown) => {
        // a queue that was just created may not be known everywhere
        if (error instanceof MpregError && error.code === "unknown-queue") return this.#direct(messages, options);
        throw error;
      },
    );
  }

  /** (G1) */
  #behind(
    keeper: string,
    messages: readonly OutgoingMessage[],
    mayWait: boolean,
    options: SingleCallOptions,
  ): Promise<Ends> {
    const onTheirOwn = (): Promise<Ends> => {
      this.#keepers.delete(this.#asking.name);
      return this.send(messages, mayWait, options);
    };
    return this.#ask(keeper, mayWait ? messages : [], false, options).then(
      (answer) => (answer.kind === "direct" ? onTheirOwn() : answer.ends),
      (error: unknown) => {
        // that node is gone, and what it keeps comes when it is back
        if (error instanceof MpregError && error.code === "no-provider") return onTheirOwn();
        throw error;
      },
    );
  }

  #ask(
    target: string,
    messages: readonly OutgoingMessage[],
    tried: boolean,
    options: SingleCallOptions,
  ): Promise<QueuesAnswers["spool"]> {
    const { host, name } = this.#asking;
    const asked: QueuesOperation = { op: "spool", queue: name, messages, tried };
    return host.call(queuesFunction, [asked], { ...options, target }) as Promise<QueuesAnswers["spool"]>;
  }
}

/** Whether the owner has certainly not been asked. */
function isAway(error: unknown): error is MpregError {
  if (!(error instanceof MpregError) || error.outcome !== "not-applied") return false;
  return error.code === "unknown-queue" || error.code === "no-provider" || error.code === "node-lost";
}
