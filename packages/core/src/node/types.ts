/**
 * Everything that can happen to a node, and everything it can want.
 *
 * The driver's duties stand on the fields they bind.
 */
import type { Action, Cron, MpregError, Policy, Random, Semver, Signer, Subject, Utf8 } from "../base/index.js";
import type { Freeze, Refusal, Store, Ticket } from "../journal/index.js";
import type { Goodbye, LinkEnd, LinkId, LinkOptions } from "../link/index.js";
import type { Dial, MembershipOptions, RedialOptions } from "../membership/index.js";
import type { QueuesLimits } from "../queues/index.js";
import type { AbortReason, Ask, Invocation, Look, Progress, RequestEvent, RpcLimits, Settled } from "../rpc/index.js";
import type { TopicInput, TopicsLimits } from "../topics/index.js";
import type { InterestLimits } from "../topics/interest/index.js";
import type { Codec } from "../values/index.js";
import type { OfferRecord, ResultRef, Timings } from "../wire/index.js";

/** Which protocol a link speaks, told by how it was opened. */
export type LinkProtocol = "native" | "json-v1";

/** What the store of {@link NodeCapabilities} tells: see `StoreEvents`. */
export type StoreInput =
  | { readonly kind: "persisted"; readonly upTo: Ticket }
  | { readonly kind: "store-refused"; readonly ticket: Ticket; readonly why: Refusal }
  | { readonly kind: "store-frozen"; readonly freeze: Freeze };

/** Something that happened outside. */
export type NodeInput =
  | TopicInput
  | {
      readonly kind: "link-opened";
      /** Never used before. */
      readonly link: LinkId;
      readonly protocol: LinkProtocol;
      /** The dial that led to it; `undefined` for a link the other side opened. */
      readonly attempt: number | undefined;
      /** The far side's address, for the policy and for people. */
      readonly address: string;
    }
  | { readonly kind: "dial-failed"; readonly attempt: number; readonly reason: string }
  | {
      readonly kind: "link-bytes";
      readonly link: LinkId;
      /** One frame. The machine may keep views of it: do not write to it again. */
      readonly bytes: Uint8Array;
    }
  | { readonly kind: "link-writable"; readonly link: LinkId }
  | { readonly kind: "link-closed"; readonly link: LinkId; readonly reason: string }
  | {
      readonly kind: "invoked";
      /** The id of an {@link Invocation}; exactly one `invoked` follows each `invoke`. */
      readonly id: number;
      readonly result: Uint8Array | MpregError;
      readonly timings: Timings;
    }
  /** The handler has reported something. */
  | { readonly kind: "progress"; readonly invocation: Invocation; readonly progress: Progress }
  /**
   * The handler of an invocation makes the items of a stream: after each {@link NodeEffects.pull} comes one `made` or, at
   * its end, the `invoked`, whose result says only whether it ended well.
   */
  | { readonly kind: "opened"; readonly id: number; readonly timings: Timings }
  /** An item, encoded. */
  | { readonly kind: "made"; readonly id: number; readonly item: Uint8Array }
  /**
   * The reader of a stream has got the first `receivedBytes` of it and takes up to `allowedBytes`; with the first of these
   * it begins. Numbers of readers are never used again.
   */
  | {
      readonly kind: "read";
      readonly reader: number;
      readonly stream: ResultRef;
      /** The handler that reads; without one it is the node's program. */
      readonly invocation: number | undefined;
      readonly receivedBytes: number;
      readonly allowedBytes: number;
    }
  /** Nobody wants more of a stream: exactly one for every stream that was settled, or bound in an invocation. */
  | { readonly kind: "leave"; readonly reader: number; readonly stream: ResultRef }
  | {
      readonly kind: "register";
      readonly offer: OfferRecord;
      /** How many calls of it may wait here for their turn; `undefined` = the default. */
      readonly queueMax?: number | undefined;
    }
  | { readonly kind: "unregister"; readonly fun: string; readonly version?: string | undefined }
  | {
      readonly kind: "ask";
      /** Number by which {@link NodeEffects.settle} and `withdraw` name it. */
      readonly ticket: number;
      /** What it wants done; or to see of requests, which is told as events, if any, until it is settled. */
      readonly ask: Ask | Look;
      /** The handler that asks; `undefined` when the node's own program does. */
      readonly parent: Invocation | undefined;
      /** For whom the node's own program asks, where that is somebody whom a door has let in. */
      readonly caller?: Subject | undefined;
      /** Who asks reads streams; else they are settled as arrays. */
      readonly takesStreams?: boolean | undefined;
    }
  | { readonly kind: "withdraw"; readonly ticket: number }
  /** All addresses that `source` knows now; they replace what it said before. Each is dialled for ever. */
  | { readonly kind: "seeds"; readonly source: string; readonly urls: readonly string[] }
  | StoreInput
  | { readonly kind: "start" }
  /** Take no new work, finish what runs, and report `drained`; at the latest after `graceMs`. */
  | { readonly kind: "drain"; readonly graceMs: number }
  /** Time has passed: the machine looks at what is due. */
  | { readonly kind: "tick" }
  | { readonly kind: "close" };

/** Something people and programs may want to know of. */
export type NodeEvent =
  /** A node has become a member, for the first time or again. */
  | { readonly kind: "node-joined"; readonly nodeId: string; readonly name: string; readonly urls: readonly string[] }
  /** Somebody does not reach the member; it has time to contradict. */
  | { readonly kind: "node-suspected"; readonly nodeId: string; readonly name: string }
  /** A suspected member has contradicted. */
  | { readonly kind: "node-recovered"; readonly nodeId: string; readonly name: string }
  /** A member has left, or nobody has reached it for so long that it counts as down. */
  | { readonly kind: "node-lost"; readonly nodeId: string; readonly name: string; readonly reason: Goodbye }
  | { readonly kind: "link-opened"; readonly nodeId: string; readonly name: string }
  /** The last link to a node is gone; whether the node is, others may know. */
  | {
      readonly kind: "link-lost";
      readonly nodeId: string;
      readonly name: string;
      /** What was said, or what the transport tells: the error of the socket, the close code of the WebSocket. */
      readonly reason: Goodbye;
      /** Who has ended it: this node, the other one, or nobody, since the transport broke. */
      readonly endedBy: LinkEnd["by"];
    }
  | { readonly kind: "link-refused"; readonly address: string; readonly reason: Goodbye }
  | { readonly kind: "dial-failed"; readonly url: string; readonly reason: string }
  /** A linked node has told what cannot be believed: told at the first time, and when its link is ended for it. */
  | {
      readonly kind: "news-refused";
      readonly nodeId: string;
      readonly name: string;
      readonly reason: string;
      /** Refusals since the link opened. */
      readonly count: number;
    }
  /** The linked node takes no messages as long as what it has to be told of members or functions: told once per link. */
  | {
      readonly kind: "news-withheld";
      readonly nodeId: string;
      readonly name: string;
      readonly bytes: number;
      readonly bytesMax: number;
    }
  /**
   * Two live processes use the key of a node, as when its data directory was copied; `name` and `urls` are those of the
   * older one, where the node is this one those of the other. When this one has `yielded`, as the one that was started
   * first, it has left the cluster to the other.
   */
  | {
      readonly kind: "key-shared";
      readonly nodeId: string;
      readonly name: string;
      readonly urls: readonly string[];
      readonly yielded: boolean;
    }
  /**
   * Calls of a function have failed too often on a node: this node sends no more of them there for at most `openMsMax`, and
   * then one, to see. Told each time that happens.
   */
  | {
      readonly kind: "circuit-opened";
      readonly nodeId: string;
      readonly name: string;
      readonly fun: string;
      readonly version: string | undefined;
      readonly openMsMax: number;
      readonly reason: string;
    }
  /** Such a call has succeeded: they are sent there again. */
  | {
      readonly kind: "circuit-closed";
      readonly nodeId: string;
      readonly name: string;
      readonly fun: string;
      readonly version: string | undefined;
    }
  /**
   * A handler of this node runs on, `forMs` after the last who waited for it has gone: it does not look at its signal. It counts
   * in what the function may run at a time until it ends. `request`, `step`: what it was called for. Told once.
   */
  | {
      readonly kind: "handler-abandoned";
      readonly fun: string;
      readonly request: string;
      readonly step: string;
      readonly forMs: number;
    }
  /**
   * Another node has had a queue of this name for longer: they were parted when both were created. This node's takes no messages any more, and gives
   * what it has to the other one; with `gone` it has nothing left and is deleted.
   */
  | {
      readonly kind: "queue-yielded";
      readonly queue: string;
      readonly nodeId: string;
      readonly name: string;
      readonly gone: boolean;
    }
  /** This node takes no new work any more. */
  | { readonly kind: "draining"; readonly graceMs: number }
  /** It may be closed: nothing runs here any more, or the grace time is over and `left` calls, requests and steps run still. */
  | { readonly kind: "drained"; readonly left: number }
  /** The policy threw, or answered no decision; what it was asked about was refused. */
  | { readonly kind: "policy-failed"; readonly action: Action["kind"]; readonly error: unknown };

/** What the machine wants done. None of these may call back into the machine before they return. */
export interface NodeEffects {
  dial(dial: Dial): void;
  /** Queues one frame; answers how many bytes now wait for the far side. Report `link-writable` when they have gone. */
  send(link: LinkId, frame: Uint8Array): number;
  /** Whether `send` has no use for a frame any more where it answers 0: its memory is written to again. */
  readonly releasesFrames?: boolean | undefined;
  close(link: LinkId, goodbye: Goodbye): void;
  invoke(invocation: Invocation): void;
  /** Keeps a handler from beginning; answers whether that was in time. It is aborted then. */
  revoke(invocationId: number): boolean;
  abort(invocationId: number, reason: AbortReason): void;
  /** Asks the handler of a stream for one item. */
  pull(invocationId: number): void;
  /** The next bytes of what `reader` reads, and of how many in all, once that is known. */
  streamed(reader: number, bytes: Uint8Array, totalBytes: number | undefined): void;
  /** No more of it comes. */
  streamFailed(reader: number, error: MpregError): void;
  settle(ticket: number, settled: Settled): void;
  /** Something has happened to what `ticket` names; only of an ask that is watched. `value`: see `EventSink`. */
  told(ticket: number, event: RequestEvent, value: Uint8Array | undefined): void;
  report(event: NodeEvent): void;
  /** Keeps this node's incarnation for its next run, where there is a place to keep it. */
  remember(incarnation: number): void;
}

/** The library work a node needs. */
export interface NodeCapabilities {
  readonly random: Random;
  readonly utf8: Utf8;
  readonly signer: Signer;
  readonly semver: Semver;
  readonly codec: Codec;
  /** For schedules of queues; without it those by cron expressions are `unsupported`. */
  readonly cron?: Cron | undefined;
  /** Where durable things are kept, opened with `storeTables`; without one nothing here is durable. */
  readonly store?: Store | undefined;
  /** The wall clock in ms since 1970. It may step; people are told what it shows, nothing is decided by it. */
  wallMs(): number;
}

export interface NodeOptions {
  readonly name: string;
  readonly cluster: string;
  /** Resources of the node, which every function of it has. */
  readonly resources: readonly string[];
  /** Nodes to link to, dialled for ever. */
  readonly peers: readonly string[];
  /** Where others can dial this node. May be set until `start`. */
  readonly urls: readonly string[];
  readonly policy: Policy;
  readonly link: LinkOptions;
  readonly redial: RedialOptions;
  readonly membership: MembershipOptions;
  /** Higher than every incarnation the node remembers to have had; 1 when it remembers none. */
  readonly incarnation: number;
  readonly rpc: RpcLimits;
  readonly topics: TopicsLimits;
  /** Bounds of queues; without them the node has none. */
  readonly queues?: QueuesLimits | undefined;
  /** What the node may be interested in of topics; the default unless told. */
  readonly interest?: InterestLimits | undefined;
}
