/**
 * JSON door: the client protocol of the reference implementation, translated into our requests and back.
 *
 * Owns one connection: its requests that wait for an answer. It reads `rpc` messages (and `STATUS`), and gives those
 * about topics to `json-v1-topics.ts`; other roles are answered with error 1004. What differs from the reference, all of it on purpose:
 *
 * - Requests of one connection run side by side and are answered as they end; their `u` tells the replies apart.
 * - References count in `kwargs` too, and are put in once; a path that leads nowhere is an error and not a text.
 *   Paths may have positions and `length`; a step's own name is data to it (`json-v1-references.ts`).
 * - Every step that no other step uses is in `r`, not only those of the last level.
 * - Two commands of one name are an error, an empty name too.
 * - Errors say what went wrong; `details` is { code, step, node, outcome } or null (`json-v1-reply.ts`).
 * - A message of the wrong shape is answered with 1003. Only what cannot be read at all ends the connection.
 * - Levels, where they are asked for, are told as they were, and overlap (`json-v1-levels.ts`).
 * - A topic for intermediate results gets each level when it is there (`json-v1-progress.ts`); the reference ignores it.
 * - Values that JSON lacks have a text of their own (`json-v1-values.ts`), where the reference never answers.
 *
 * (G1) Every request is answered exactly once while the connection lives, and by nothing after it.
 * (G2) Whatever a frame holds, the door neither throws nor forgets what else it waits for.
 * (G3) When the connection ends, from either side, all that was asked over it is abandoned.
 * (G5) No more of a stream is collected than the reply may hold; its handler is ended then.
 * (G4) At most `asksMax` requests wait at a time; one more is refused at once (`overloaded`).
 */
import { AssertionError, MpregError, unreachable } from "../base/index.js";
import { type Asker, type Left, LeftBehind, type RequestEvent, type RequestSummary, type Run } from "../rpc/index.js";
import { answerText } from "./json-v1-answer.js";
import { parseFrame, textBytesMax } from "./json-v1-frame.js";
import { type RpcMessage, readMessage } from "./json-v1-message.js";
import { type KeptBytes, LevelProgress, checkCallbackTopic, keptBytesMax } from "./json-v1-progress.js";
import { answerReply, errorReply, jsonErrorOf } from "./json-v1-reply.js";
import { type JsonV1Request, translateRequest } from "./json-v1-request.js";
import { JsonV1Topics } from "./json-v1-topics.js";
import type { Door, DoorHost } from "./types.js";

export class JsonV1Door implements Door {
  readonly #host: DoorHost;
  readonly #waiting = new Set<JsonAsk>();
  readonly #left = new LeftBehind();
  /** There once the client wants something of topics. */
  #topics: JsonV1Topics | undefined;
  /** There once intermediate results are published. */
  #kept: KeptBytes | undefined;
  #isOpen = true;
  #isKnown = false;

  constructor(host: DoorHost) {
    this.#host = host;
  }

  get isKnown(): boolean {
    return this.#isKnown || this.#topics?.isKnown === true;
  }

  get size(): number {
    return this.#waiting.size + (this.#topics?.size ?? 0);
  }

  receive(frame: Uint8Array, nowMs: number): void {
    if (!this.#isOpen) return;
    const { limits, utf8 } = this.#host;
    const parsed = this.#attempt(() => parseFrame(frame, utf8, limits));
    if (parsed instanceof MpregError) {
      this.closed(nowMs);
      this.#host.close(parsed.message, nowMs);
      return;
    }
    const message = readMessage(parsed, limits, utf8);
    switch (message.kind) {
      case "rpc":
        return this.#ask(message, nowMs);
      case "topics":
        return this.#ownTopics.take(message.u, message.ask, nowMs);
      case "status":
        this.#isKnown = true;
        return this.#send(answerReply(`"STATUS"`, message.u));
      case "not-served":
        return this.#send(errorReply(message.error, message.u));
      case "malformed":
        return this.#refuse(message.u, message.error);
      default:
        unreachable(message);
    }
  }

  writable(nowMs: number): void {
    this.#topics?.writable(nowMs);
  }

  closed(nowMs: number): void {
    this.#isOpen = false;
    const waiting = [...this.#waiting];
    this.#waiting.clear(); // (G1) what is not in it is not answered
    for (const ask of waiting) ask.run?.abandon(); // (G3)
    this.#left.abandon(); // (G3)
    this.#topics?.closed(nowMs);
  }

  get #ownTopics(): JsonV1Topics {
    return (this.#topics ??= new JsonV1Topics(this.#host));
  }

  #ask(message: RpcMessage, nowMs: number): void {
    const { asksMax } = this.#host;
    const { u } = message;
    if (this.#waiting.size >= asksMax) {
      const reason = `This connection has ${this.#waiting.size} unanswered requests; the limit is ${asksMax}`;
      return this.#refuse(u, new MpregError("overloaded", reason)); // (G4)
    }
    const request = this.#attempt(() => this.#translate(message));
    if (request instanceof MpregError) return this.#refuse(u, request);
    this.#isKnown = true;
    // text of values is hardly ever shorter than their bytes: what is more would not fit into the reply (G5)
    const advice = "clients of the native protocol take its items one by one";
    const arrayLimit = { bytesMax: textBytesMax(this.#host.limits), option: "limits.messageBytesMax", advice };
    const progress = this.#progressOf(request);
    const ask: JsonAsk = new JsonAsk(arrayLimit, progress, {
      answered: (outputs, summary) => {
        if (!this.#waiting.delete(ask)) return; // (G1)
        progress?.end();
        const notices = progress?.notices ?? [];
        const reply = this.#attempt(() => answerText(request, outputs, summary, notices, this.#host));
        if (typeof reply === "string") this.#send(reply);
        else this.#refuse(u, reply);
      },
      left: (left) => {
        this.#left.add(left);
      },
      failed: (error) => {
        if (!this.#waiting.delete(ask)) return; // (G1)
        progress?.end();
        this.#refuse(u, error);
      },
    });
    this.#waiting.add(ask);
    this.#host.request(request.ask, ask, nowMs, (run) => {
      ask.run = run;
    });
  }

  #translate(message: RpcMessage): JsonV1Request {
    const { u, callbackTopic } = message;
    if (callbackTopic !== undefined) checkCallbackTopic(callbackTopic, u, this.#host);
    return translateRequest(message, this.#host);
  }

  /** Tells of its levels as they come, where that is wanted. */
  #progressOf({ u, callback, valueCharsMax }: JsonV1Request): LevelProgress | undefined {
    if (callback === undefined) return undefined;
    this.#kept ??= { left: keptBytesMax };
    const progress: LevelProgress = new LevelProgress(
      {
        u,
        ...callback,
        toldBytesMax: valueCharsMax,
        kept: this.#kept,
        publish: (topic, level) => {
          const refused = (error: MpregError): void => {
            progress.refused(error);
          };
          this.#ownTopics.publishFor(topic, level, refused, this.#host.nowMs());
        },
      },
      this.#host,
    );
    return progress;
  }

  /** What `work` answers, or the error that it met. (G2) */
  #attempt<T>(work: () => T): T | MpregError {
    try {
      return work();
    } catch (error) {
      if (error instanceof MpregError) return error;
      throw error;
    }
  }

  #refuse(u: string, error: MpregError): void {
    this.#send(errorReply(jsonErrorOf(error.at({ node: this.#host.nodeName })), u));
  }

  #send(reply: string): void {
    this.#host.send(this.#host.utf8.encode(reply));
  }
}

type Outputs = readonly (Uint8Array | undefined)[];

interface AskEnd {
  readonly answered: (outputs: Outputs, summary: RequestSummary | undefined) => void;
  readonly failed: (error: MpregError) => void;
  readonly left: (left: Left) => void;
}

/** One request that waits for its answer. */
class JsonAsk implements Asker {
  /** Known from the start on, unless the request ended before that. */
  run: Run | undefined = undefined;
  readonly arrayLimit: Asker["arrayLimit"];
  readonly #progress: LevelProgress | undefined;
  readonly #end: AskEnd;

  constructor(arrayLimit: Asker["arrayLimit"], progress: LevelProgress | undefined, end: AskEnd) {
    this.arrayLimit = arrayLimit;
    this.#progress = progress;
    this.#end = end;
  }

  event(event: RequestEvent, value: Uint8Array | undefined): void {
    this.#progress?.event(event, value);
  }

  answered(): void {
    throw new AssertionError("the door asks for requests, which end with results");
  }

  results(outputs: Outputs, _reports: unknown, summary: RequestSummary | undefined): void {
    this.#end.answered(outputs, summary);
  }

  failed(error: MpregError): void {
    this.#end.failed(error);
  }

  left(left: Left): void {
    this.#end.left(left);
  }
}
