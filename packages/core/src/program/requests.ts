/**
 * Requests: questions that are published, and the answers that come to a topic of this program's own.
 *
 * (Q1) All answers of a client or node come over one subscription, to a topic that nobody else knows; which question one answers, its
 *      correlation id says.
 * (Q2) A question ends once: with the first answer, as unheard where nobody has subscribed, or when its time is over.
 * (Q3) What a responder throws reaches whoever has asked; where it cannot, the status of the client or node says so.
 * (Q4) Its time runs, and its signal is heard, from when it is asked, also while there is no topic for answers yet.
 */
import { MpregError, type TopicSchemas, isErrorCode, quoted, thrownText } from "../base/index.js";
import { onAbort } from "../structures/index.js";
import type { TopicMessage } from "../topics/index.js";
import type { Clock, ClockTimer } from "./clock.js";
import type { PublishConfirmation, PublishOptions, SubscribeOptions, Subscription } from "./api.js";
import { cancelled, checkResponder, requestMsOf } from "./options.js";
import type { Publishing, Told } from "./publishing.js";

/** How long a question waits for its answer unless told otherwise. */
export const timeoutMsDefault: number = 30_000;

/** The header of an answer that is an error: its code. The payload is its message. */
const errorHeader = "mpreg-error";

export type RequestPublishOptions = Omit<PublishOptions, "replyTo" | "correlationId">;

/** What a question says of its answer. */
interface Asked {
  readonly replyTo: string;
  readonly correlationId: string;
}

/** Publishes a question, confirmed by its own node. */
type PublishQuestion = (asked: Asked) => Promise<Told>;

/** An answer of a responder could not be published: whoever has asked hears nothing. */
export interface AnswerLost {
  readonly kind: "answer-lost";
  readonly error: MpregError;
}

export interface RequestsHost {
  readonly clock: Clock;
  readonly publishing: Publishing;
  /** A text that no other program has. */
  readonly prefix: string;
  subscribe(patterns: unknown, options: SubscribeOptions): Promise<Subscription>;
  tell(event: AnswerLost): void;
}

interface Question {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: ClockTimer;
  stopListening: (() => void) | undefined;
  /** Whether it may be on its way; before that nobody has heard of it. */
  isAsked: boolean;
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

  request(
    topic: string,
    payload: unknown,
    options: RequestPublishOptions | undefined,
    schemas: TopicSchemas | undefined,
  ): Promise<unknown> {
    return this.ask(topic, options, (asked) =>
      this.#topics.publishing.publish(topic, payload, { ...options, ...asked, confirm: "local" }, schemas),
    );
  }

  /** As {@link request}, where `publish` publishes the question: also for somebody else. */
  ask(topic: string, options: RequestPublishOptions | undefined, publish: PublishQuestion): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timeoutMs = (options === undefined ? 0 : requestMsOf(options)) || timeoutMsDefault;
      const signal = options?.signal;
      if (signal?.aborted === true) return reject(cancelled(signal));
      this.#lastId += 1;
      const correlationId = String(this.#lastId);
      const timer = this.#topics.clock.setTimer(() => {
        this.#fail(correlationId, (outcome) => unanswered(topic, timeoutMs, outcome));
      }, timeoutMs);
      const question: Question = { resolve, reject, timer, stopListening: undefined, isAsked: false };
      this.#questions.set(correlationId, question);
      if (signal !== undefined) {
        question.stopListening = onAbort(signal, () => {
          this.#fail(correlationId, (outcome) => cancelled(signal, outcome));
        });
      }
      // its time runs on while there is no topic for answers yet (Q4)
      this.#replyTopic().then(
        (replyTo) => {
          if (!this.#questions.has(correlationId)) return;
          question.isAsked = true;
          this.#ask(topic, { replyTo, correlationId }, publish);
        },
        (error: unknown) => this.#take(correlationId)?.reject(error),
      );
    });
  }

  #ask(topic: string, asked: Asked, publish: PublishQuestion): void {
    const { correlationId } = asked;
    publish(asked).then(
      (told) => {
        const error = unheard(topic, told);
        if (error !== undefined) this.#take(correlationId)?.reject(error); // (Q2)
      },
      (error: unknown) => this.#take(correlationId)?.reject(error),
    );
  }

  respond(
    patterns: unknown,
    answer: (message: TopicMessage) => unknown,
    options: Omit<SubscribeOptions, "onMessage" | "backlog"> = {},
  ): Promise<Subscription> {
    return new Promise((resolve) => {
      checkResponder(answer, options);
      const onMessage = (message: TopicMessage): Promise<void> => this.#answer(message, answer);
      resolve(this.#topics.subscribe(patterns, { ...options, onMessage }));
    });
  }

  /** Nothing is asked any more. */
  end(error: MpregError): void {
    for (const id of [...this.#questions.keys()]) this.#fail(id, (outcome) => error.withOutcome(outcome));
  }

  #fail(correlationId: string, why: (outcome: "unknown" | "not-applied") => MpregError): void {
    const question = this.#take(correlationId);
    question?.reject(why(question.isAsked ? "unknown" : "not-applied"));
  }

  /** (Q1) */
  #replyTopic(): Promise<string> {
    this.#replies ??= this.#subscribe().catch((error: unknown) => {
      this.#replies = undefined; // the next question tries again
      throw error;
    });
    return this.#replies;
  }

  #subscribe(): Promise<string> {
    const topic = `_reply.${this.#topics.prefix}`;
    const onMessage = (message: TopicMessage): void => {
      this.#answered(message);
    };
    return this.#topics.subscribe(topic, { onMessage }).then((subscription) => {
      let isReady = false;
      const over = (cause?: unknown): void => {
        if (!isReady) return; // whoever waits for it is told why by `everywhere`
        this.#replies = undefined;
        const message = "The subscription for answers has ended";
        this.end(new MpregError("node-lost", message, { outcome: "unknown", cause }));
      };
      subscription.closed.then(over, over);
      // whoever answers may do so at any node
      return subscription.everywhere().then(
        () => {
          isReady = true;
          return topic;
        },
        (error: unknown) => {
          subscription.unsubscribe().catch(() => undefined); // the next question makes another one; `closed` is heard above
          throw error;
        },
      );
    });
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
    this.#topics.clock.clearTimer(question.timer);
    question.stopListening?.();
    return question;
  }

  /** Never rejects. */
  #answer(message: TopicMessage, answer: (message: TopicMessage) => unknown): Promise<void> {
    const { publishing } = this.#topics;
    return Promise.resolve()
      .then(() => {
        const { replyTo, correlationId } = message;
        if (replyTo === undefined) return undefined; // it asks for no answer
        return Promise.resolve()
          .then(() => answer(message))
          .then((value) => publishing.publish(replyTo, value, { correlationId }, undefined))
          .catch((error: unknown) => {
            const code = error instanceof MpregError ? error.code : "handler-error";
            const headers = { [errorHeader]: code };
            return publishing.publish(replyTo, thrownText(error), { correlationId, headers }, undefined);
          });
      })
      .then(
        () => undefined,
        (error: unknown) => {
          this.#topics.tell({ kind: "answer-lost", error: error as MpregError }); // (Q3)
        },
      );
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

function unanswered(topic: string, timeoutMs: number, outcome: "unknown" | "not-applied"): MpregError {
  const how = outcome === "unknown" ? "was not answered" : "could not be published";
  return new MpregError("deadline", `The request of ${quoted(topic)} ${how} within ${timeoutMs} ms`, { outcome });
}

/** (Q3) */
function errorOf(code: string, payload: unknown): MpregError {
  const text = typeof payload === "string" ? payload : "the responder has not said why";
  return new MpregError(isErrorCode(code) ? code : "handler-error", text, { outcome: "applied" });
}
