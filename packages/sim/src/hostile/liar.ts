/**
 * Liar: a member with a key of its own that says, beside what every node says, what no honest node would.
 *
 * Owns its links, and what it has heard on them, which it may repeat. What it can say is `lies.ts`, when `run-hostile.ts`.
 *
 * (L1) It is a node like any other: its handshake, its probes and its answers are right. So others take it for a member.
 * (L2) It lies on links on which the far side has spoken as a node.
 */
import type { Signer } from "@mpreg/core/base";
import type { LinkId } from "@mpreg/core/link";
import { type NodeEffects, type NodeInput, NodeMachine } from "@mpreg/core/node";
import {
  FrameReader,
  type NodeRecord,
  type OffersMessage,
  TextCache,
  Writer,
  defaultWireLimits,
  kinds,
} from "@mpreg/core/wire";
import { utf8 } from "../capabilities/utf8.js";
import type { CreateMachine, Machine } from "../node/machine.js";

const heardMax = 1_000;
const lengthBytes = 4;

export class Liar {
  readonly name: string;
  /** What others have said of themselves last, by their names. */
  readonly records: Map<string, NodeRecord> = new Map();
  readonly offers: OffersMessage[] = [];
  /** Whole messages that others have told, oldest first. */
  readonly heard: Uint8Array[] = [];
  readonly #open = new Set<LinkId>();
  readonly #ended = new Set<LinkId>();
  readonly #writer = new Writer(utf8);
  readonly #reader = new FrameReader(new TextCache(utf8), defaultWireLimits);
  #effects: NodeEffects | undefined;
  #signer: Signer | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** Its own key. */
  get signer(): Signer {
    if (this.#signer === undefined) throw new Error(`${this.name} has not started`);
    return this.#signer;
  }

  /** Links on which it can lie. (L2) */
  get links(): readonly LinkId[] {
    return [...this.#open];
  }

  /** Says what `write` writes: one message, or none. */
  say(link: LinkId, write: (writer: Writer) => void): void {
    if (!this.#open.has(link)) return;
    write(this.#writer);
    if (this.#writer.length === 0) return;
    this.#writer.end();
    this.#effects?.send(link, this.#writer.take().slice());
  }

  /** Makes the machine of the node of its name, and what `others` makes of all others. (L1) */
  machines(others: CreateMachine): CreateMachine {
    return (options, capabilities, effects) => {
      if (options.name !== this.name) return others(options, capabilities, effects);
      this.#signer = capabilities.signer;
      this.#effects = effects;
      const machine = new NodeMachine(options, capabilities, {
        ...effects,
        close: (link, goodbye) => {
          this.#end(link);
          effects.close(link, goodbye);
        },
      });
      return this.#overhear(machine);
    };
  }

  #overhear(machine: NodeMachine): Machine {
    return {
      id: machine.id,
      get nextDueMs() {
        return machine.nextDueMs;
      },
      get size() {
        return machine.size;
      },
      handle: (input, nowMs) => {
        this.#hear(input); // what comes of it may end the link
        machine.handle(input, nowMs);
      },
      flush: (nowMs) => {
        machine.flush(nowMs);
      },
      isOffered: (fun) => machine.isOffered(fun),
      inspect: (subject, nowMs) => machine.inspect(subject, nowMs),
    };
  }

  #end(link: LinkId): void {
    this.#open.delete(link);
    this.#ended.add(link);
  }

  #hear(input: NodeInput): void {
    if (input.kind === "link-closed") this.#end(input.link);
    if (input.kind !== "link-bytes" || this.#ended.has(input.link)) return;
    const { link, bytes } = input;
    this.#reader.open(bytes);
    for (;;) {
      const start = this.#reader.position;
      const message = this.#reader.next();
      if (message === undefined) return;
      if (message.kind === "goodbye") this.#end(link);
      else if (isNews(bytes[start + lengthBytes])) {
        this.#open.add(link); // (L2)
        if (this.heard.length < heardMax) this.heard.push(bytes.subarray(start, this.#reader.position));
      }
      if (message.kind === "record") this.records.set(message.record.name, message.record);
      else if (message.kind === "offers" && this.offers.length < heardMax) this.offers.push(message);
    }
  }
}

function isNews(kind: number | undefined): boolean {
  return kind === kinds.record || kind === kinds.accusation || kind === kinds.offers;
}
