/** Own program: the topics of the program that has made a node, and of its handlers, with what they need of Node.js. */
import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import { markAsUntransferable } from "node:worker_threads";
import type { NodeCapabilities, NodeMachine } from "@mpreg/core/node";
import {
  type Clock,
  type HandlerMessage,
  HandlerTopics,
  type Holders,
  OwnTopics,
  type OwnTopicsHost,
  type PublishConfirmation,
  type QueueHost,
} from "@mpreg/core/program";
import type { QuestionPatience } from "@mpreg/core/handlers";
import type { Caller, Invocation } from "@mpreg/core/rpc";
import { type ByteMemory, type Codec, createSlab } from "@mpreg/core/values";

export const clock: Clock = {
  now: () => performance.now(),
  wallMs: () => Date.now(),
  setTimer: (callback, ms) => setTimeout(callback, ms),
  clearTimer: (timer) => {
    clearTimeout(timer as NodeJS.Timeout);
  },
  endOfTurn: (callback) => {
    setImmediate(callback); // what arrives meanwhile has its turn, however much is published
  },
};

/** What the program gets of it cannot be transferred: others have the same memory. */
const smallMemory = (): ByteMemory =>
  createSlab((length) => {
    const chunk = new Uint8Array(length);
    markAsUntransferable(chunk.buffer);
    return chunk;
  });

/** What the driver does for them. */
export type ProgramDriver = Pick<OwnTopicsHost, "participantId" | "enter" | "tell">;

export class OwnProgram {
  readonly #host: OwnTopicsHost;
  /** There once the program publishes or subscribes. */
  #topics: OwnTopics | undefined;
  #handlers: HandlerTopics | undefined;
  #isOver = false;

  constructor(machine: NodeMachine, { codec, utf8, random }: NodeCapabilities, driver: ProgramDriver) {
    const { name: nodeName, policy } = machine;
    const isAlone = (): boolean => machine.interests.isAlone;
    const wallMs = (): number => clock.wallMs();
    this.#host = { nodeName, codec, utf8, random, clock, wallMs, policy, isAlone, smallMemory, ...driver };
  }

  /** What the program publishes and subscribes to. */
  get topics(): OwnTopics {
    if (this.#topics === undefined) {
      this.#topics = new OwnTopics(this.#host);
      if (this.#isOver) this.#topics.end();
    }
    return this.#topics;
  }

  /** Publishes for the handler that serves `invocation`. */
  publish(invocation: Invocation, message: HandlerMessage): Promise<PublishConfirmation> {
    this.#handlers ??= new HandlerTopics(this.#host);
    return this.#handlers.publish(invocation, message);
  }

  /** Publishes a question for it; resolves to the first answer, encoded. */
  ask(invocation: Invocation, message: HandlerMessage, patience: QuestionPatience): Promise<Uint8Array> {
    const { requests } = this.topics;
    const publish = (
      asked: Pick<HandlerMessage["fields"], "replyTo" | "correlationId">,
    ): Promise<PublishConfirmation> =>
      this.publish(invocation, { ...message, fields: { ...message.fields, ...asked }, confirm: "local" });
    const { codec } = this.#host;
    return requests.ask(message.topic, patience, publish).then((answer) => codec.encode(answer, "the answer").slice());
  }

  /** The node has closed. */
  end(): void {
    this.#isOver = true;
    this.#topics?.end();
  }
}

/** What queues of the node's own program are asked with. */
export function ownQueueHost(caller: Caller, codec: Codec, node: string, holders: Holders): QueueHost {
  const call: QueueHost["call"] = (fun, args, options) => caller.call(fun, args, options);
  let [prefix, count] = ["", 0];
  const newId = (): string => {
    if (prefix === "") prefix = randomBytes(12).toString("hex");
    return `${prefix}.${++count}`;
  };
  const createAbort = (): AbortController => new AbortController();
  return { codec, clock, call, entry: () => node, newId, holders, createAbort };
}
