/** What the rpc domain needs from the node around it. */
import type { MpregError, Policy, Random, Timers } from "../base/index.js";
import type { Catalog, Offer } from "../catalog/index.js";
import type { Target } from "../routing/index.js";
import type { RunningOn } from "./admission/abandoned.js";
import type { EventSink } from "./events.js";
import type { Invocation, Peer } from "./task.js";

/** Why a running handler's work is no longer wanted. */
export type AbortReason = "cancelled" | "deadline" | "caller-gone";

export interface RpcHost extends Timers {
  readonly nodeName: string;
  readonly self: Peer;
  readonly catalog: Catalog<Peer>;
  readonly policy: Policy;
  readonly random: Random;
  /** How many calls of this node's own function may wait for their turn; `undefined` = the default. */
  queueMaxOf(offer: Offer<Peer>): number | undefined;
  /** What is known of the node of that name or id, which is to run something or, unless `forWork`, to answer a question. */
  target(nameOrId: string, forWork: boolean): Target<Peer>;
  /** The node of this id, as far as it is linked or a member. */
  peer(nodeId: string): Peer | undefined;
  /** Until when somebody may begin to offer `fun`, which nobody is known to; a time that is over where nobody may. */
  expectedUntilMs(fun: string): number;
  /** Name of a node that is remembered, be it down. */
  nameOf(nodeId: string): string | undefined;
  /** A linked node that can pass steps on to `peer`; none of `avoided`. */
  neighbourOf(peer: Pick<Peer, "nodeId">, avoided: ReadonlySet<string> | undefined): Peer | undefined;
  /** What is known of another node whose id begins so. */
  nodeLike(idStart: string): Target<Peer>;
  /** What topics of this node come to; at most so many kinds of subscriptions, 0: as many as it tells of. */
  topicReport(most: number): object;
  /** When the input that is being taken has come. */
  nowMs(): number;
  /** Opens a link to a node that has none; answers whether that can be tried. `reached` or `unreachable` follows. */
  reach(peer: Peer, nowMs: number): boolean;
  /** The breaker of an offer has opened, opened again, or closed. */
  circuit(offer: Offer<Peer>): void;
  /** Whether anybody may want to hear of requests that nobody watches otherwise; and who hears of this one. */
  announces(): boolean;
  follower(requestId: string): EventSink | undefined;
  /** A handler of this node has run on for long since nobody waits for it. */
  runsOn(handler: RunningOn): void;
  /** 8 random bytes of this process. */
  run(): Uint8Array;
  /** The id of the node with this key. */
  idOf(publicKey: Uint8Array): string;
  /** Starts a handler. Its end comes back as an input, never during this call. */
  invoke(invocation: Invocation): void;
  /** Asks the handler of a stream for one item. It comes, or the handler's end does, as an input, never during this call. */
  pull(invocationId: number): void;
  /** The next bytes of the stream that a program or handler of this node reads under that number. */
  streamed(reader: number, bytes: Uint8Array, totalBytes: number | undefined): void;
  /** No more of it comes. */
  streamFailed(reader: number, error: MpregError): void;
  /** Keeps a handler from beginning; answers whether that was in time. It is to be aborted then. */
  revoke(invocationId: number): boolean;
  /** Tells a handler that nobody waits for it. Its end is then ignored. */
  abort(invocationId: number, reason: AbortReason): void;
  /** Whoever waits for its end has no connection just now, or has one again. */
  heard(invocationId: number, isHeard: boolean): void;
}
