/**
 * Inbox: messages that came for a subscription, until its consumer takes them out of the iterator.
 *
 * What may wait is bounded by the window of the subscription: the node sends no more until something is taken.
 *
 * (B1) Messages leave in the order in which they came; whoever asks before they are there gets the next ones, in order.
 * (B2) `taken` is told when a message has left, never before.
 * (B3) When it ends, what came is still taken; then it is over, or throws why, once to each loop. When its reader leaves, what waits is
 *      dropped.
 * (B4) A loop that begins when an earlier one was left throws: else it would seem that nothing came. Where the end came from elsewhere
 *      (a signal, `unsubscribe`), it is chance whether a loop had begun, and both are over alike.
 * (B5) What has waited here for longer than its `ttlMs` is not handed on. It is counted, and as in a node's buffers it is no loss, since
 *      its publisher wanted that: what was lost before it is told with the next message.
 */
import { MpregError } from "../../base/index.js";
import { Fifo } from "../../structures/index.js";
import type { ReceivedMessage } from "./received-message.js";

interface Take {
  readonly resolve: (result: IteratorResult<ReceivedMessage, undefined>) => void;
  readonly reject: (error: MpregError) => void;
}

export interface InboxOwner {
  nowMs(): number;
  /** The consumer has taken a message. */
  taken(bytes: number): void;
  /** A message had expired when the consumer came for it. */
  expiredHere(bytes: number): void;
  /** The reader has left the loop: it wants no more. */
  left(): void;
}

const done = { value: undefined, done: true } as const;

export class Inbox implements AsyncIterableIterator<ReceivedMessage, undefined> {
  readonly #owner: InboxOwner;
  readonly #kept = new Fifo<ReceivedMessage>();
  readonly #takes = new Fifo<Take>();
  /** Why it is over, where nobody wanted that; and whether the loop that goes on has been told. (B3) */
  #failure: MpregError | undefined;
  #isTold = false;
  #isOver = false;
  #onEmpty: (() => void) | undefined;
  /** Since when messages wait; meaningless while none does. */
  waitingSinceMs = 0;
  /** What was lost before messages that have expired, and is told with the next one. (B5) */
  #missedBefore = 0;

  constructor(owner: InboxOwner) {
    this.#owner = owner;
  }

  get size(): number {
    return this.#kept.size;
  }

  push(message: ReceivedMessage, nowMs: number): void {
    if (this.#isOver) return;
    if (this.#takes.size > 0) {
      const take = this.#takes.shift() as Take;
      this.#owner.taken(message.bytes); // (B2)
      take.resolve({ value: this.#withMissed(message), done: false });
      return;
    }
    message.came(nowMs);
    if (this.#kept.size === 0) this.waitingSinceMs = nowMs;
    this.#kept.push(message);
  }

  next(): Promise<IteratorResult<ReceivedMessage, undefined>> {
    const message = this.#shift();
    if (this.#onEmpty !== undefined && this.#kept.size === 0) this.#emptied();
    if (message !== undefined) return Promise.resolve({ value: this.#withMissed(message), done: false });
    if (this.#failure !== undefined && !this.#isTold) {
      this.#isTold = true; // (B3)
      return Promise.reject(this.#failure);
    }
    if (this.#isOver) return Promise.resolve(done);
    return new Promise((resolve, reject) => {
      this.#takes.push({ resolve, reject }); // (B1)
    });
  }

  /** A loop begins: it hears, too, why it is over. (B3, B4) */
  begin(): this {
    this.#isTold = false;
    return this;
  }

  return(): Promise<IteratorResult<ReceivedMessage, undefined>> {
    const hadEnded = this.#isOver;
    this.drop();
    if (!hadEnded) this.#failure = leftError(); // (B4)
    this.#owner.left();
    return Promise.resolve(done);
  }

  /** Nothing more comes; `failure` says why, where nobody wanted it so. (B3) */
  end(failure?: MpregError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = failure;
    const take = failure === undefined ? undefined : this.#takes.shift();
    if (take !== undefined) {
      this.#isTold = true;
      take.reject(failure as MpregError);
    }
    for (let next = this.#takes.shift(); next !== undefined; next = this.#takes.shift()) next.resolve(done);
  }

  /** Ends it, and drops what waits. */
  drop(): void {
    while (this.#kept.shift() !== undefined);
    this.end();
    this.#isTold = true;
    this.#emptied();
  }

  /** Calls `onEmpty` once nothing waits any more. */
  whenEmpty(onEmpty: () => void): void {
    if (this.#kept.size === 0) onEmpty();
    else this.#onEmpty = onEmpty;
  }

  /** The next message that has not expired. (B5) */
  #shift(): ReceivedMessage | undefined {
    for (let message = this.#kept.shift(); message !== undefined; message = this.#kept.shift()) {
      if (!message.hasExpired(this.#owner.nowMs())) {
        this.#owner.taken(message.bytes); // (B2)
        return message;
      }
      this.#missedBefore += message.missedBefore;
      this.#owner.expiredHere(message.bytes);
    }
    return undefined;
  }

  #withMissed(message: ReceivedMessage): ReceivedMessage {
    if (this.#missedBefore > 0) message.missedBefore += this.#missedBefore;
    this.#missedBefore = 0;
    return message;
  }

  #emptied(): void {
    const onEmpty = this.#onEmpty;
    this.#onEmpty = undefined;
    onEmpty?.();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

function leftError(): MpregError {
  const message =
    "The subscription is over: a loop over it was left, which ends it. To go on where a loop stopped, take messages with next() of one iterator, or subscribe again";
  return new MpregError("closed", message);
}
