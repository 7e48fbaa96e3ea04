/**
 * Topic input: what participants that are not native links do with topics: the node's own program, and those behind doors of
 * its driver. Each has a number of its own, drawn from those of links; what it is told, it is told through its own functions, which
 * may not call back into the machine before they return.
 */
import type { MpregError } from "../base/index.js";
import type { EverywhereWaiter } from "./interest/index.js";
import type { Participant } from "./participant.js";
import type { PublishSettled } from "./published.js";
import type { SubscriptionWish } from "./wish.js";

export type TopicInput =
  /** `message`: the bytes that `writeTopicMessage` writes; others are a mistake of the driver's. Without `settled`, what is refused is told to the participant. */
  | {
      readonly kind: "publish";
      readonly participant: Participant;
      readonly message: Uint8Array;
      readonly settled?: PublishSettled | undefined;
      /** It is told what the message has come to at all nodes; else at this one. */
      readonly isConfirmedByAll?: boolean | undefined;
    }
  /** `done` is told before anything else is heard of the subscription; with the error, if it is refused. */
  | {
      readonly kind: "subscribe";
      readonly participant: Participant;
      readonly number: number;
      readonly wish: SubscriptionWish;
      readonly done: (error: MpregError | undefined) => void;
    }
  /** With `drains`, the participant is told when all that waited for it was told. */
  | {
      readonly kind: "unsubscribe";
      readonly participant: Participant;
      readonly number: number;
      readonly drains?: boolean | undefined;
    }
  /** The consumer of a subscription has taken so many bytes of messages. */
  | { readonly kind: "taken"; readonly participant: Participant; readonly number: number; readonly bytes: number }
  /** `waiter` is told, once and not at once, when all that is subscribed to here at present is known everywhere; or why it never is. */
  | {
      readonly kind: "everywhere";
      readonly waiter: EverywhereWaiter;
      readonly failed: (error: MpregError) => void;
    }
  /** It does not wait for that any more. */
  | { readonly kind: "leave-everywhere"; readonly waiter: EverywhereWaiter }
  /** The participant is gone, and its subscriptions with it. */
  | { readonly kind: "part"; readonly participant: Participant };
