/** What nodes tell of themselves and of others, written by hand: genuine, forged, or of another life. */
import { Announcements } from "../../src/catalog/index.js";
import { nodeIdOf } from "../../src/link/index.js";
import { signAccusation, signRecord } from "../../src/membership/records.js";
import type { Writer } from "../../src/wire/index.js";
import {
  type Accusation,
  type NodeRecord,
  type OffersMessage,
  TextCache,
  defaultWireLimits,
  writeAccusation,
  writeRecord,
} from "../../src/wire/index.js";
import { FrameReader } from "../../src/wire/frame.js";
import { offerOf } from "./mesh-node.js";
import { signerOf } from "./signer.js";
import { utf8 } from "./wire.js";

/** The id of the node whose key is made of `secret`. */
export function idOf(secret: string): string {
  const signer = signerOf(secret);
  return nodeIdOf(signer.publicKey, signer);
}

/** A record of the node `name`, as its key would sign it. */
export function recordOf(name: string, changes: Partial<NodeRecord> = {}): NodeRecord {
  return {
    publicKey: signerOf(name).publicKey,
    run: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    name,
    cluster: "default",
    urls: [`ws://${name}`],
    incarnation: 1,
    sequence: 1,
    boot: 1,
    left: false,
    observers: [],
    coordinate: undefined,
    outlived: undefined,
    ...changes,
  };
}

/** Writes the record, signed by the key of `signedBy`. */
export function tellRecord(record: NodeRecord, signedBy: string = record.name): (writer: Writer) => void {
  return (writer) => {
    writeRecord(writer, signRecord(record, signerOf(signedBy), utf8));
  };
}

/** Writes the accusation, signed by the key of `signedBy`. */
export function tellAccusation(accusation: Accusation, signedBy: string): (writer: Writer) => void {
  return (writer) => {
    writeAccusation(writer, signAccusation(accusation, signerOf(signedBy), utf8));
  };
}

/** What the node `name` would announce, change by change: each call answers the whole message. */
export class Announcer {
  readonly #announcements: Announcements;
  readonly #boot: number;

  constructor(name: string, boot = 1) {
    this.#boot = boot;
    this.#announcements = new Announcements(idOf(name), { signer: signerOf(name), utf8, ownerOf: () => undefined });
  }

  /** Offers functions more, in one change. */
  offer(...funs: readonly string[]): Uint8Array {
    for (const fun of funs) this.#announcements.offer(offerOf(fun));
    return this.#announcements.announce(this.#boot) as Uint8Array;
  }
}

/** The message, to be changed. */
export function offersIn(message: Uint8Array): OffersMessage {
  const reader = new FrameReader(new TextCache(utf8), defaultWireLimits);
  reader.open(message);
  return reader.next() as OffersMessage;
}

/** Sends a whole message on its writer. */
export function whole(message: Uint8Array): (writer: Writer) => void {
  return (writer) => {
    writer.begin(message[4] as number).raw(message.subarray(5));
  };
}
