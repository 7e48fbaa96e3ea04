/**
 * Status: what happens to a client's connection, for programs that want to follow it.
 *
 * (S1) Every iterator begins with how things are, so that it does not matter when it was made.
 * (S2) It ends when the client does, and not with a connection that others follow.
 */
import { type MpregError, checkOptions, optionNames } from "@mpreg/core/base";
import type { Goodbye } from "@mpreg/core/link";
import { type CancelSignal, checkListeners } from "@mpreg/core/rpc";
import { Broadcast, type Missed } from "@mpreg/core/structures";

/** Something that happened to a client's connection; `missed` stands for what was not taken in time. */
export type ClientStatus =
  | {
      readonly kind: "connected";
      /** The address that has answered. */
      readonly url: string;
      /** Name of the node behind it. */
      readonly node: string;
    }
  | {
      readonly kind: "disconnected";
      readonly url: string;
      /** Who has ended it and why; `closing` by either side, anything else by no wish of them. */
      readonly reason: Goodbye;
      /** Whether it was this client's `close()`. */
      readonly isClosed: boolean;
    }
  /** Looks for a node: after a connection was lost, or because the node wants to be left. Told once for each round. */
  | {
      readonly kind: "connecting";
      /** Counts from 1. */
      readonly attempt: number;
      /** Where it is tried, in this order. */
      readonly urls: readonly string[];
    }
  /** There is a connection again, perhaps to another node. */
  | { readonly kind: "reconnected"; readonly url: string; readonly node: string }
  /** Of the messages published over a connection that was lost, so many may not have arrived. None of them is sent again. */
  | { readonly kind: "publishes-lost"; readonly url: string; readonly count: number }
  /** The node has refused a message that was published without `confirm`: its id, and why. */
  | { readonly kind: "publish-refused"; readonly id: string; readonly error: MpregError }
  /** An answer of `client.respond` could not be published: whoever has asked hears nothing. */
  | { readonly kind: "answer-lost"; readonly error: MpregError }
  | Missed;

/** Options of `client.status()`. */
export interface StatusOptions {
  /** Ends the iterator; what it has not taken yet is dropped. */
  readonly signal?: CancelSignal | undefined;
}

/** Events that are kept for one iterator. */
const eventsMax = 1_000;

const names = optionNames<StatusOptions>({ signal: true });

export class Status {
  readonly #broadcast = new Broadcast<ClientStatus>(eventsMax);
  #now: ClientStatus;

  constructor(now: ClientStatus) {
    this.#now = now;
  }

  tell(event: ClientStatus): void {
    if (event.kind === "reconnected") this.#now = { ...event, kind: "connected" };
    else if (event.kind === "disconnected" || event.kind === "connecting") this.#now = event;
    this.#broadcast.publish(event);
  }

  /** Nothing happens any more. (S2) */
  end(): void {
    this.#broadcast.end();
  }

  read(options: StatusOptions = {}): AsyncIterableIterator<ClientStatus> {
    checkOptions(options, names, "status");
    checkListeners(options, "status");
    return this.#broadcast.read(options.signal, [this.#now]); // (S1)
  }
}
