/**
 * Topic inputs: what participants that are not native links do with topics: the node's own program, and those behind doors of
 * its driver. Each has a number of its own, drawn from those of links; what it is told, it is told through its own functions, which
 * may not call back into the machine before they return.
 */
import { MpregError } from "../base/index.js";
import type { Participant, PublishSettled, SubscriptionWish, Topics } from "../topics/index.js";

export type TopicInput =
  /** `message`: the bytes that `writeTopicMessage` writes; others are a mistake of the driver's. Without `settled`, what is refused is told to the participant. */
  | {
      readonly kind: "publish";
      readonly participant: Participant;
      readonly message: Uint8Array;
      readonly settled?: PublishSettled | undefined;
    }
  /** `done` is told before anything else is heard of the subscription; with the error, if it is refused. */
  | {
      readonly kind: "subscribe";
      readonly participant: Participant;
      readonly number: number;
      readonly wish: SubscriptionWish;
      readonly done: (error: MpregError | undefined) => void;
    }
  | { readonly kind: "unsubscribe"; readonly participant: Participant; readonly number: number }
  /** The consumer of a subscription has taken so many bytes of messages. */
  | { readonly kind: "taken"; readonly participant: Participant; readonly number: number; readonly bytes: number }
  /** The participant is gone, and its subscriptions with it. */
  | { readonly kind: "part"; readonly participant: Participant };

export function takeTopicInput(topics: Topics, input: TopicInput, nowMs: number): void {
  const { participant } = input;
  switch (input.kind) {
    case "publish":
      return topics.publish(participant, input.message, input.settled, nowMs);
    case "subscribe":
      try {
        topics.subscribe(participant, input.number, input.wish, nowMs);
      } catch (error) {
        if (!(error instanceof MpregError)) throw error;
        return input.done(error);
      }
      input.done(undefined);
      return topics.drain(participant, nowMs);
    case "unsubscribe":
      topics.exchange.unsubscribe(participant.id, input.number, nowMs);
      return;
    case "taken":
      return topics.exchange.taken(participant.id, input.number, input.bytes, nowMs);
    case "part":
      return topics.closed(participant.id, nowMs);
  }
}
