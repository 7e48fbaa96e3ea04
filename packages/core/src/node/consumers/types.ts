/** What a queue's consumer needs of its node: the queue's operations, calls, time. */
import type { Timers } from "../../base/index.js";
import type { Operation, QueueEnd, QueueOperation, QueueSettings } from "../../queues/index.js";
import type { AskOrigin, Asker, CallFields, Run } from "../../rpc/index.js";
import type { Codec } from "../../values/index.js";

export interface ConsumersHost extends Timers {
  readonly codec: Pick<Codec, "encode">;
  /** UTF-8 as text; what is none is replaced. */
  decodeText(bytes: Uint8Array): string;
  /** Does an operation on a queue of this node; its end must not call back into the queues. */
  operate<O extends Operation>(
    queue: string,
    operation: Extract<QueueOperation, { readonly op: O }>,
    end: (end: QueueEnd<O>) => void,
  ): () => void;
  call(fields: CallFields, origin: AskOrigin, asker: Asker, nowMs: number, onStart: (run: Run) => void): void;
}

/** What a consumer needs besides. */
export interface ConsumerHost extends ConsumersHost {
  /** Does it at the end of the input: neither queues nor calls may be called back. */
  later(run: (nowMs: number) => void): void;
}

/** A queue, as far as its consumer has to know. */
export interface ConsumedQueue {
  readonly settings: QueueSettings;
  /** Wall time. */
  readonly createdMs: number;
}
