/** A client of a mesh that publishes and subscribes by hand, and what its subscriptions hear. */
import { MpregError } from "../../src/base/index.js";
import type { TopicMessageHead } from "../../src/topics/index.js";
import {
  type ConfirmLevel,
  type Message,
  type SubscribeMessage,
  beginPublish,
  beginPublishConfirmed,
  writeEverywhere,
  writeSubscribe,
  writeTaken,
  writeUnsubscribe,
} from "../../src/wire/index.js";
import type { Mesh } from "../support/mesh.js";
import type { MeshClient, MeshClientOptions } from "../support/mesh-client.js";
import type { MeshNode } from "../support/mesh-node.js";
import { codec } from "../support/requests.js";
import { type Told, note, readerOf } from "./support.js";

type Wish = Partial<Omit<SubscribeMessage, "kind" | "id" | "number" | "patterns">>;

export class TopicClient {
  readonly mesh: Mesh;
  readonly client: MeshClient;
  /** Takes what it hears at once. */
  isTaking = true;
  #lastId = 1_000;
  #lastMessage = 0;
  #read = 0;
  readonly #told = new Map<number, Told[]>();
  readonly #reader = readerOf();
  #untaken = new Map<number, number>();

  constructor(mesh: Mesh, node: MeshNode, options: MeshClientOptions = {}) {
    this.mesh = mesh;
    this.client = mesh.client(node, options);
  }

  /** Subscribes under `number`; answers the id of the question. */
  subscribe(number: number, patterns: string | readonly string[], wish: Wish = {}): number {
    const id = ++this.#lastId;
    const all = typeof patterns === "string" ? [patterns] : patterns;
    const none = { filter: undefined, group: undefined, replay: undefined, overflow: undefined };
    const unbounded = { bufferMessagesMax: undefined, bufferBytesMax: undefined, windowBytes: undefined };
    return this.client.say(id, (writer) => {
      writeSubscribe(writer, { id, number, patterns: all, ...none, ...unbounded, ...wish });
    });
  }

  unsubscribe(number: number): void {
    this.client.say(0, (writer) => {
      writeUnsubscribe(writer, number);
    });
  }

  everywhere(number: number): number {
    const id = ++this.#lastId;
    return this.client.say(id, (writer) => {
      writeEverywhere(writer, id, number);
    });
  }

  /** Publishes a message that is known by its id, which is answered: the next number, unless `head` says another. */
  publish(topic: string, head: Partial<TopicMessageHead> = {}, size = 0): string {
    const id = head.id ?? String(++this.#lastMessage);
    this.client.say(0, (writer) => {
      beginPublish(writer).raw(note(topic, id, head, size));
    });
    return id;
  }

  /** Publishes and asks to know; answers the id of the question. */
  confirm(topic: string, level: ConfirmLevel = "local", head: Partial<TopicMessageHead> = {}, size = 0): number {
    const id = ++this.#lastId;
    const messageId = head.id ?? String(++this.#lastMessage);
    return this.client.say(id, (writer) => {
      beginPublishConfirmed(writer, id, level).raw(note(topic, messageId, head, size));
    });
  }

  /** The subscription's consumer takes what has come and was not taken. */
  take(number: number): void {
    this.#hear();
    const bytes = this.#untaken.get(number) ?? 0;
    this.#untaken.delete(number);
    if (bytes === 0) return;
    const { outbox } = this.client.link;
    writeTaken(outbox.writer, number, bytes);
    outbox.commitControl(); // it costs no credit
  }

  /** Lets everything happen, with all that is taken meanwhile. */
  settle(): void {
    for (;;) {
      this.mesh.settle();
      this.#hear();
      if (!this.isTaking || this.#untaken.size === 0) return;
      for (const number of [...this.#untaken.keys()]) this.take(number);
    }
  }

  /** What subscription `number` was told: ids, `-n` where n are missing, and its end. */
  heard(number: number): Told[] {
    this.#hear();
    return this.#told.get(number) ?? [];
  }

  /** How the question `id` was answered. */
  answerTo(id: number): unknown {
    const found = this.client.heard.find(
      (message) => (message.kind === "answer" || message.kind === "failure") && message.id === id,
    );
    if (found?.kind === "failure") return found.error.code;
    return found?.kind === "answer" ? codec.decode(found.value as Uint8Array) : undefined;
  }

  /** The error with which the question `id` was answered. */
  failureOf(id: number): MpregError | undefined {
    const found = this.client.heard.find((message) => message.kind === "failure" && message.id === id);
    return found?.kind === "failure" ? found.error : undefined;
  }

  /** What was refused of what it has published: the message's id and the error's code. */
  get refused(): (readonly [string, string])[] {
    return this.client.heard.flatMap((message) =>
      message.kind === "publish-refused" ? [[message.messageId, message.error.code] as const] : [],
    );
  }

  #hear(): void {
    for (; this.#read < this.client.heard.length; this.#read++) this.#tell(this.client.heard[this.#read]!);
  }

  #tell(message: Message): void {
    if (message.kind === "deliver") {
      const { id } = this.#reader.open(message.message);
      for (const number of message.numbers) {
        this.#add(number, id);
        this.#untaken.set(number, (this.#untaken.get(number) ?? 0) + message.message.length);
      }
    } else if (message.kind === "missed") this.#add(message.number, -message.count);
    else if (message.kind === "subscription-ended") this.#add(message.number, `${message.why} ${message.lost}`);
    else if (message.kind === "refused") throw new MpregError("malformed", "a client was asked something");
  }

  #add(number: number, told: Told): void {
    const known = this.#told.get(number);
    if (known === undefined) this.#told.set(number, [told]);
    else known.push(told);
  }
}
