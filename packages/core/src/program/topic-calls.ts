/** Topic calls: subscribe, publish and their kin with the types of a topic contract, for whatever carries them. */
import { type TopicContract, TopicSchemas } from "../base/index.js";
import type { TopicMessage } from "../topics/index.js";
import type { PublishOptions, SubscribeOptions, Subscription, TopicCalls } from "./api.js";
import type { Publishing } from "./publishing.js";
import type { Requests } from "./requests.js";

/** What carries them. */
export interface ProgramTopics {
  readonly publishing: Publishing;
  readonly requests: Requests;
  subscribe(patterns: unknown, options?: SubscribeOptions): Promise<Subscription>;
}

/** {@link TopicCalls}, each of which stands alone. */
export interface TopicFunctions<T extends TopicContract | undefined> {
  readonly publish: TopicCalls<T>["publish"];
  readonly subscribe: TopicCalls<T>["subscribe"];
  readonly publishRequest: TopicCalls<T>["publishRequest"];
  readonly respond: TopicCalls<T>["respond"];
}

/** The calls of a program whose topics are `topicsOf()`, which is asked with the first of them; payloads are what `contract` says. */
export function topicCalls<T extends TopicContract | undefined>(
  topicsOf: () => ProgramTopics,
  contract: T,
): TopicFunctions<T> {
  const schemas = contract === undefined ? undefined : new TopicSchemas(contract);
  // the types follow the contract; what is done does not
  return {
    publish: (topic: string, payload: unknown, options?: PublishOptions) =>
      topicsOf().publishing.publish(topic, payload, options, schemas),
    subscribe: (patterns: unknown, options?: SubscribeOptions): Promise<Subscription> =>
      topicsOf().subscribe(patterns, options),
    publishRequest: (topic: string, payload: unknown, options?: PublishOptions) =>
      topicsOf().requests.request(topic, payload, options, schemas),
    respond: (patterns: unknown, answer: (message: TopicMessage) => unknown, options?: SubscribeOptions) =>
      topicsOf().requests.respond(patterns, answer, options),
  } as TopicFunctions<T>;
}
