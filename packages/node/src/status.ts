/**
 * Status: what happens to a node and its cluster, for programs that want to follow it.
 *
 * Owns which of the core's events a program is told, and how many are kept for it. The log is `create-node.ts`.
 *
 * (S1) A program learns that its policy failed and what for; what the policy threw stays in the log.
 */
import { checkOptions, optionNames } from "@mpreg/core/base";
import type { NodeEvent } from "@mpreg/core/node";
import type { AnswerLost } from "@mpreg/core/program";
import { type CancelSignal, checkListeners } from "@mpreg/core/rpc";
import { Broadcast, type Missed } from "@mpreg/core/structures";
import type { MqttStatus } from "./mqtt/events.js";

/** Something that happened to a node or its cluster; `missed` stands for what was not taken in time. */
export type NodeStatus =
  | Exclude<NodeEvent, { readonly kind: "policy-failed" }>
  | AnswerLost
  | Omit<Extract<NodeEvent, { readonly kind: "policy-failed" }>, "error">
  | MqttStatus
  | Missed;

/** Options of `node.status()`. */
export interface StatusOptions {
  /** Ends the iterator; what it has not taken yet is dropped. */
  readonly signal?: CancelSignal | undefined;
}

/** Events that are kept for one iterator. */
const eventsMax = 1_000;

const names = optionNames<StatusOptions>({ signal: true });

export class Status {
  readonly #broadcast = new Broadcast<NodeStatus>(eventsMax);

  tell(event: NodeEvent | AnswerLost | MqttStatus): void {
    if (event.kind === "policy-failed")
      this.#broadcast.publish({ kind: event.kind, action: event.action }); // (S1)
    else this.#broadcast.publish(event);
  }

  read(options: StatusOptions = {}): AsyncIterableIterator<NodeStatus> {
    checkOptions(options, names, "status");
    checkListeners(options, "status");
    return this.#broadcast.read(options.signal);
  }

  end(): void {
    this.#broadcast.end();
  }
}
