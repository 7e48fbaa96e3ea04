/**
 * JSON door: the client protocol of the reference implementation, translated into our requests and back.
 *
 * Owns one connection: its requests that wait for an answer. It reads `rpc` messages (and `STATUS`); other roles are
 * answered with error 1004. What differs from the reference, all of it on purpose:
 *
 * - Requests of one connection run side by side and are answered as they end; their `u` tells the replies apart.
 * - References count in `kwargs` too, and are put in once; a path that leads nowhere is an error and not a text.
 *   Paths may have positions and `length`; a step's own name is data to it (`json-v1-references.ts`).
 * - Every step that no other step uses is in `r`, not only those of the last level.
 * - Two commands of one name are an error, an empty name too.
 * - Errors say what went wrong; `details` is { code, step, node, outcome } or null (`json-v1-reply.ts`).
 * - A message of the wrong shape is answered with 1003. Only what cannot be read at all ends the connection.
 * - Values that JSON lacks have a text of their own (`json-v1-values.ts`), where the reference never answers.
 *
 * (G1) Every request is answered exactly once while the connection lives, and by nothing after it.
 * (G2) Whatever a frame holds, the door neither throws nor forgets what else it waits for.
 * (G3) When the connection ends, from either side, all that was asked over it is abandoned.
 * (G4) At most `asksMax` requests wait at a time; one more is refused at once (`overloaded`).
 */
import { AssertionError, MpregError, unreachable } from "../base/index.js";
import type { Asker, Run } from "../rpc/index.js";
import { parseFrame } from "./json-v1-frame.js";
import { readMessage } from "./json-v1-message.js";
import { answerReply, errorReply, jsonErrorOf } from "./json-v1-reply.js";
import { translateRequest } from "./json-v1-request.js";
import { toJsonText } from "./json-v1-values.js";
import type { Door, DoorHost } from "./types.js";

export class JsonV1Door implements Door {
  readonly #host: DoorHost;
  readonly #waiting = new Set<JsonAsk>();
  #isOpen = true;
  #isKnown = false;

  constructor(host: DoorHost) {
    this.#host = host;
  }

  get isKnown(): boolean {
    return this.#isKnown;
  }

  get size(): number {
    return this.#waiting.size;
  }

  receive(frame: Uint8Array, nowMs: number): void {
    if (!this.#isOpen) return;
    const { limits, utf8 } = this.#host;
    const parsed = this.#attempt(() => parseFrame(frame, utf8, limits.messageBytesMax));
    if (parsed instanceof MpregError) {
      this.closed();
      this.#host.close(parsed.message);
      return;
    }
    const message = readMessage(parsed, limits, utf8);
    switch (message.kind) {
      case "rpc":
        return this.#ask(message.u, message.cmds, nowMs);
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

  closed(): void {
    this.#isOpen = false;
    const waiting = [...this.#waiting];
    this.#waiting.clear(); // (G1) what is not in it is not answered
    for (const ask of waiting) ask.run?.abandon(); // (G3)
  }

  #ask(u: string, cmds: unknown, nowMs: number): void {
    const { asksMax } = this.#host;
    if (this.#waiting.size >= asksMax) {
      const message = `This connection has ${this.#waiting.size} unanswered requests; the limit is ${asksMax}`;
      return this.#refuse(u, new MpregError("overloaded", message)); // (G4)
    }
    const request = this.#attempt(() => translateRequest(cmds, this.#host));
    if (request instanceof MpregError) return this.#refuse(u, request);
    this.#isKnown = true;
    const ask: JsonAsk = new JsonAsk({
      answered: (outputs) => {
        if (!this.#waiting.delete(ask)) return; // (G1)
        const r = this.#attempt(() => this.#resultsText(request.outputs, outputs));
        if (typeof r === "string") this.#send(answerReply(r, u));
        else this.#refuse(u, r);
      },
      failed: (error) => {
        if (this.#waiting.delete(ask)) this.#refuse(u, error);
      },
    });
    this.#waiting.add(ask);
    this.#host.request(request.ask, ask, nowMs, (run) => {
      ask.run = run;
    });
  }

  /** The results as one JSON object. Its members have an order, and any name, which an object's properties have not. */
  #resultsText(names: readonly string[], outputs: readonly (Uint8Array | undefined)[]): string {
    const charsMax = this.#host.limits.messageBytesMax;
    const members: string[] = [];
    let chars = 0;
    for (const [index, name] of names.entries()) {
      const bytes = outputs[index];
      try {
        const value = bytes === undefined ? undefined : this.#host.codec.decode(bytes);
        const text = toJsonText(value, `the result of step ${JSON.stringify(name)}`, charsMax - chars);
        chars += text.length;
        members.push(`${JSON.stringify(name)}:${text}`);
      } catch (error) {
        throw error instanceof MpregError ? afterwards(error, name) : error;
      }
    }
    return `{${members.join(",")}}`;
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

interface AskEnd {
  readonly answered: (outputs: readonly (Uint8Array | undefined)[]) => void;
  readonly failed: (error: MpregError) => void;
}

/** One request that waits for its answer. */
class JsonAsk implements Asker {
  /** Known from the start on, unless the request ended before that. */
  run: Run | undefined = undefined;
  readonly #end: AskEnd;

  constructor(end: AskEnd) {
    this.#end = end;
  }

  answered(): void {
    throw new AssertionError("the door asks for requests, which end with results");
  }

  results(outputs: readonly (Uint8Array | undefined)[]): void {
    this.#end.answered(outputs);
  }

  failed(error: MpregError): void {
    this.#end.failed(error);
  }
}

/** `error`, met when all the steps had run. */
function afterwards(error: MpregError, step: string): MpregError {
  return new MpregError(error.code, error.message, { outcome: "applied", step, node: error.node, cause: error.cause });
}
