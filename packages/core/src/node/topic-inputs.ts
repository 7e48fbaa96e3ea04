/** Topic inputs: what becomes of what participants that are not native links do with topics. */
import { MpregError } from "../base/index.js";
import type { TopicInput, Topics } from "../topics/index.js";
import type { Interests } from "./interests.js";

export function takeTopicInput(topics: Topics, interests: Interests, input: TopicInput, nowMs: number): void {
  switch (input.kind) {
    case "publish":
      if (input.isConfirmedByAll === true && input.settled !== undefined) {
        return topics.publishConfirmed(input.participant, input.message, input.settled, nowMs);
      }
      return topics.publish(input.participant, input.message, input.settled, nowMs);
    case "subscribe":
      if (!attempt(() => topics.subscribe(input.participant, input.number, input.wish, nowMs), input.done)) return;
      input.done(undefined);
      return topics.drain(input.participant, nowMs);
    case "unsubscribe": {
      const { participant, number, drains } = input;
      topics.exchange.unsubscribe(participant.id, number, nowMs, drains);
      if (drains === true && !topics.exchange.isDraining(participant.id, number)) participant.drained?.(number);
      return;
    }
    case "taken":
      return topics.exchange.taken(input.participant.id, input.number, input.bytes, nowMs);
    case "everywhere":
      attempt(() => {
        interests.everywhere(input.waiter, nowMs);
      }, input.failed);
      return;
    case "leave-everywhere":
      return interests.leave(input.waiter);
    case "part":
      return topics.closed(input.participant.id, nowMs);
  }
}

/** Answers whether it was done; `failed` is told why not. */
function attempt(act: () => void, failed: (error: MpregError) => void): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (!(error instanceof MpregError)) throw error;
    failed(error);
    return false;
  }
}
