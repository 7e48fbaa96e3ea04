/**
 * Requests: questions that are published, and the answers that come to a topic of this client's own.
 *
 * (Q1) All answers of a client come over one subscription, to a topic that nobody else knows; which question one answers, its
 *      correlation id says.
 * (Q2) A question ends once: with the first answer, as unheard where nobody has subscribed, or when its time is over.
 * (Q3) What a responder throws reaches whoever has asked; where it cannot, this client's status says so.
 */
import { MpregError, type TopicSchemas, isErrorCode, quoted, thrownText } from "@mpreg/core/base";
import { onAbort } from "@mpreg/core/structures";
import type { TopicMessage } from "@mpreg/core/topics";
import type { Platform, Timer } from "../platform.js";
import type { ClientStatus } from "../status.js";
import type { PublishConfirmation, PublishOptions, SubscribeOptions } from "./api.js";
import type { Publishing } from "./publishing.js";
import type { TopicSubscription } from "./subscription.js";

const timeoutMsDefault = 30_000;

/** The header of an answer that is an error: its code. The payload is its message. */
const errorHeader = "mpreg-error";

export type RequestPublishOptions = Omit<PublishOptions, "replyTo" | "correlationId">;

export interface RequestsHost {
  readonly platform: Platform;
  readonly publishing: Publishing;
  subscribe(patterns: unknown, options: SubscribeOptions): Promise<TopicSubscription>;
  tell(event: ClientStatus): void;
}

interface Question {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: Timer;
  stopListening: (() => void) | undefined;
}

export class Requests {
  readonly #topics: RequestsHost;
  readonly #questions = new Map<string, Question>();
  #replies: Promise<string> | undefined;
  #lastId = 0;

  constructor(topics: RequestsHost) {
    this.#topics = topics;
  }

  /** How many wait for their answer. */
  get waiting(): number {
    return this.#questions.size;
  }

  async request(
    topic: string,
    payload: unknown,
    options: RequestPublishOptions | undefined,
    schemas: TopicSchemas | undefined,
  ): Promise<unknown> {
    const { signal, timeoutMs = timeoutMsDefault } = options ?? {};
    const replyTo = await this.#replyTopic();
    this.#lastId += 1;
    const correlationId = String(this.#lastId);
    return new Promise((resolve, reject) => {
      const timer = this.#topics.platform.setTimer(() => {
        this.#take(correlationId)?.reject(unanswered(topic, timeoutMs));
      }, timeoutMs);
      const question: Question = { resolve, reject, timer, stopListening: undefined };
      this.#questions.set(correlationId, question);
      if (signal !== undefined && !signal.aborted) {
        question.stopListening = onAbort(signal, () => {
          const error = new MpregError("cancelled", "The caller cancelled", {
            outcome: "unknown",
            cause: signal.reason,
          });
          this.#take(correlationId)?.reject(error);
        });
      }
      const given = { ...options, replyTo, correlationId, confirm: "local" as const };
      this.#topics.publishing.publish(topic, payload, given, schemas).then(
        (told) => {
          const error = unheard(topic, told);
          if (error !== undefined) this.#take(correlationId)?.reject(error); // (Q2)
        },
        (error: unknown) => this.#take(correlationId)?.reject(error),
      );
    });
  }

  respond(
    patterns: unknown,
    answer: (message: TopicMessage) => unknown,
    options: Omit<SubscribeOptions, "onMessage" | "backlog"> = {},
  ): Promise<TopicSubscription> {
    const onMessage = (message: TopicMessage): Promise<void> => this.#answer(message, answer);
    return this.#topics.subscribe(patterns, { ...options, onMessage });
  }

  /** Nothing is asked any more. */
  end(error: MpregError): void {
    for (const id of [...this.#questions.keys()]) this.#take(id)?.reject(error.withOutcome("unknown"));
  }

  /** (Q1) */
  #replyTopic(): Promise<string> {
    this.#replies ??= this.#subscribe().catch((error: unknown) => {
      this.#replies = undefined; // the next question tries again
      throw error;
    });
    return this.#replies;
  }

  async #subscribe(): Promise<string> {
    const topic = `_reply.${this.#topics.publishing.prefix}`;
    const subscription = await this.#topics.subscribe(topic, {
      onMessage: (message) => {
        this.#answered(message);
      },
    });
    const over = (error?: unknown): void => {
      this.#replies = undefined;
      const ended = new MpregError("node-lost", "The subscription for answers has ended", {
        outcome: "unknown",
        cause: error,
      });
      this.end(ended);
    };
    subscription.closed.then(over, over);
    await subscription.everywhere(); // whoever answers may do so at any node
    return topic;
  }

  #answered(message: TopicMessage): void {
    const { correlationId = "" } = message;
    const question = this.#take(correlationId);
    if (question === undefined) return; // a second answer, or too late a one (Q2)
    try {
      const code = message.headers[errorHeader];
      if (code === undefined) question.resolve(message.payload);
      else question.reject(errorOf(code, message.payload));
    } catch (error) {
      question.reject(error);
    }
  }

  #take(correlationId: string): Question | undefined {
    const question = this.#questions.get(correlationId);
    if (question === undefined) return undefined;
    this.#questions.delete(correlationId);
    this.#topics.platform.clearTimer(question.timer);
    question.stopListening?.();
    return question;
  }

  async #answer(message: TopicMessage, answer: (message: TopicMessage) => unknown): Promise<void> {
    try {
      const { replyTo, correlationId } = message;
      if (replyTo === undefined) return; // it asks for no answer
      const { publishing } = this.#topics;
      try {
        await publishing.publish(replyTo, await answer(message), { correlationId }, undefined);
      } catch (error) {
        const code = error instanceof MpregError ? error.code : "handler-error";
        await publishing.publish(
          replyTo,
          thrownText(error),
          { correlationId, headers: { [errorHeader]: code } },
          undefined,
        );
      }
    } catch (error) {
      this.#topics.tell({ kind: "answer-lost", error: error as MpregError }); // (Q3)
    }
  }
}

function unheard(topic: string, told: PublishConfirmation | undefined): MpregError | undefined {
  if (told === undefined || told.handed + told.waiting + told.nodes > 0) return undefined;
  if (told.lost > 0) {
    return new MpregError(
      "overloaded",
      `Nobody could take the request of ${quoted(topic)}: whoever responds to it is too slow`,
    );
  }
  return new MpregError(
    "no-provider",
    `Nobody answers requests of ${quoted(topic)}: there is no subscription that matches it`,
  );
}

function unanswered(topic: string, timeoutMs: number): MpregError {
  return new MpregError("deadline", `The request of ${quoted(topic)} was not answered within ${timeoutMs} ms`, {
    outcome: "unknown",
  });
}

/** (Q3) */
function errorOf(code: string, payload: unknown): MpregError {
  const text = typeof payload === "string" ? payload : "the responder has not said why";
  return new MpregError(isErrorCode(code) ? code : "handler-error", text, { outcome: "applied" });
}
