/**
 * Lies: what a member can say that is not so, or not its to say. Each writes one message, or none.
 *
 * (W1) All that is random about a lie comes from the stream it is given.
 */
import type { Signer } from "@mpreg/core/base";
import { nodeIdOf } from "@mpreg/core/link";
import {
  type Accusation,
  type NodeRecord,
  type Writer,
  digestParts,
  writeDigest,
  writeDigestLines,
  writeKeep,
  writeOffers,
  writeOffersRequest,
  writeProbe,
  writeProbeAck,
  writeProbeReport,
  writeProbeRequest,
} from "@mpreg/core/wire";
import type { SeededRandom } from "../capabilities/random.js";
import type { Liar } from "./liar.js";
import { tellAccusation, tellOffers, tellRecord } from "./statements.js";

/** What a lie is made of. */
export interface Lying {
  readonly liar: Liar;
  readonly random: SeededRandom;
  /** Names of the others, of whom it lies. */
  readonly victims: readonly string[];
  /** Keys of nodes that do not exist; one more of them each time it is asked. */
  readonly inventKey: () => Signer;
  /** Those it has invented. */
  readonly invented: Signer[];
}

type Lie = (writer: Writer, lying: Lying) => void;

const farFuture = 2 ** 50;

/** Lies about others that cannot be believed: each is refused where it is news, and counted. */
export const forgeries: Readonly<Record<string, Lie>> = {
  "a goodbye of another": (writer, lying) => {
    const record = victimOf(lying);
    tellRecord(writer, { ...record, sequence: later(record.sequence, lying), left: true }, lying.liar.signer);
  },
  "a later life of another": (writer, lying) => {
    const record = victimOf(lying);
    const incarnation = record.incarnation + lying.random.pick([1, 1_000, farFuture]);
    tellRecord(writer, { ...record, incarnation, boot: incarnation }, lying.liar.signer);
  },
  "another place of another": (writer, lying) => {
    const record = victimOf(lying);
    const urls = [`sim://${lying.liar.name}`];
    tellRecord(writer, { ...record, sequence: later(record.sequence, lying), urls }, lying.liar.signer);
  },
  "a node that does not exist": (writer, lying) => {
    const publicKey = lying.random.bytes(32);
    tellRecord(writer, inventedRecord(publicKey, lying), lying.liar.signer);
  },
  "a node of another cluster": (writer, lying) => {
    const key = lying.inventKey();
    tellRecord(writer, { ...inventedRecord(key.publicKey, lying), cluster: "elsewhere" }, key);
  },
  "an accusation in the name of another": (writer, lying) => {
    const [target, accuser] = lying.random.shuffled(lying.victims).map((name) => recordOf(name, lying));
    if (target === undefined || accuser === undefined) return;
    tellAccusation(writer, accusationOf(target, accuser.publicKey, lying), lying.liar.signer);
  },
  "offers of another": (writer, lying) => {
    const { publicKey, boot } = victimOf(lying);
    const nodeId = idOf(publicKey, lying);
    const version = 1_000 + lying.random.integer(0, 2 ** 30);
    tellOffers(writer, { nodeId, boot, version, digest: lying.random.bytes(32) }, lying.liar.signer);
  },
};

/** The lie of which there is no end: each time another node, with a key of its own. */
export const invention = "a node it has invented";

/** What it may say, as every member may, and should not: it is believed at most of itself, and of what it has invented. */
const abuses = {
  "an accusation": (writer, lying) => {
    const { signer } = lying.liar;
    tellAccusation(writer, accusationOf(victimOf(lying), signer.publicKey, lying), signer);
  },
  "an accusation of a life to come": (writer, lying) => {
    const { signer } = lying.liar;
    const incarnation = lying.random.pick([2, 50, farFuture]);
    tellAccusation(writer, { ...accusationOf(victimOf(lying), signer.publicKey, lying), incarnation }, signer);
  },
  "an accusation by one it has invented": (writer, lying) => {
    const { random, invented } = lying;
    if (invented.length === 0) return;
    const accuser = random.pick(invented);
    tellAccusation(writer, accusationOf(victimOf(lying), accuser.publicKey, lying), accuser);
  },
  [invention]: (writer, lying) => {
    const key = lying.inventKey();
    lying.invented.push(key);
    tellRecord(writer, inventedRecord(key.publicKey, lying), key);
  },
  "a node it has invented with the name of another": (writer, lying) => {
    const key = lying.inventKey();
    const name = lying.random.pick(lying.victims);
    tellRecord(writer, { ...inventedRecord(key.publicKey, lying), name }, key);
  },
  "a far future of its own": (writer, lying) => {
    const incarnation = lying.random.pick([100, 1_000_000, farFuture]) + lying.random.integer(0, 1_000);
    tellRecord(writer, { ...ownRecord(lying), incarnation, boot: incarnation }, lying.liar.signer);
  },
  "a goodbye of its own": (writer, lying) => {
    tellRecord(writer, { ...ownRecord(lying), sequence: 1_000, left: true }, lying.liar.signer);
  },
  "everybody as its observers": (writer, lying) => {
    const { liar, victims, random } = lying;
    const observers = victims.map((name) => idOf(recordOf(name, lying).publicKey, lying));
    tellRecord(writer, { ...ownRecord(lying), sequence: random.integer(2, 1_000_000), observers }, liar.signer);
  },
  "no place at all": (writer, lying) => {
    const coordinate = { vector: [NaN, 0, 0, 0, 0, 0, 0, 0], heightMs: 1, error: 1 };
    const sequence = lying.random.integer(2, 1_000_000);
    tellRecord(writer, { ...ownRecord(lying), sequence, coordinate }, lying.liar.signer);
  },
  "offers that build on what nobody knows": (writer, lying) => {
    const { signer } = lying.liar;
    const { boot } = ownRecord(lying);
    const head = { nodeId: idOf(signer.publicKey, lying), boot, version: 2_000, digest: lying.random.bytes(32) };
    tellOffers(writer, head, signer, 1_999);
  },
  "what it has heard": (writer, lying) => {
    const message = lying.random.pick(lying.liar.heard);
    writer.begin(message[4] as number).raw(message.subarray(5));
  },
  "offers it has heard, without what is in them": (writer, lying) => {
    const { offers } = lying.liar;
    if (offers.length === 0) return;
    writeOffers(writer, { ...lying.random.pick(offers), added: [], addedCount: 0 });
  },
  "hashes of nothing": (writer, { random }) => {
    writeDigest(
      writer,
      Array.from({ length: digestParts }, () => random.integer(0, 2 ** 32 - 1)),
    );
  },
  "to know more of everybody": (writer, lying) => {
    const { random, victims } = lying;
    const known = victims.map((name) => idOf(recordOf(name, lying).publicKey, lying));
    const unknown = Array.from({ length: 20 }, () =>
      random
        .integer(0, 2 ** 40)
        .toString(16)
        .padStart(32, "0"),
    );
    const lines = [...known, ...unknown].map((nodeId) => {
      const high = random.pick([1, 1_000, farFuture]);
      return { nodeId, incarnation: high, standing: random.integer(0, 3), sequence: high, boot: high, version: high };
    });
    writeDigestLines(writer, { parts: random.pick([[], [0, 1, 2, 200]]), lines, asks: random.chance(0.5) });
  },
  "a question for offers": (writer, lying) => {
    writeOffersRequest(writer, idOf(victimOf(lying).publicKey, lying));
  },
  "a wish": (writer, { random }) => {
    writeKeep(writer, random.pick(["unwanted", "wanted", "released"]));
  },
  "a probe": (writer, lying) => {
    const { random } = lying;
    const id = random.integer(0, 40);
    const coordinate = { vector: Array.from({ length: 8 }, () => random.between(-1e9, 1e9)), heightMs: 1, error: 0 };
    const running = random.integer(0, 1_000);
    const target = idOf(victimOf(lying).publicKey, lying);
    const which = random.integer(0, 3);
    if (which === 0) writeProbe(writer, id);
    else if (which === 1) writeProbeAck(writer, { id, running, coordinate });
    else if (which === 2) writeProbeReport(writer, id, random.chance(0.5));
    else writeProbeRequest(writer, { id, target, hopsLeft: 255 });
  },
} satisfies Readonly<Record<string, Lie>>;

/** What ends the link that brings it at once. */
const monsters = {
  "a huge record": (writer, lying) => {
    const urls = ["sim://" + "x".repeat(lying.random.integer(16_500, 60_000))];
    tellRecord(writer, { ...ownRecord(lying), sequence: 5, urls }, lying.liar.signer);
  },
} satisfies Readonly<Record<string, Lie>>;

export const lies: Readonly<Record<string, Lie>> = { ...forgeries, ...abuses, ...monsters };

function recordOf(name: string, { liar }: Lying): NodeRecord {
  const record = liar.records.get(name);
  if (record === undefined) throw new Error(`${liar.name} has heard nothing of ${name}`);
  return record;
}

function victimOf(lying: Lying): NodeRecord {
  return recordOf(lying.random.pick(lying.victims), lying);
}

function idOf(publicKey: Uint8Array, { liar }: Lying): string {
  return nodeIdOf(publicKey, liar.signer);
}

function later(sequence: number, { random }: Lying): number {
  return sequence + random.integer(1, 1_000_000);
}

/** What it says of itself, when it says nothing special. */
function ownRecord({ liar, random }: Lying): NodeRecord {
  return { ...inventedRecordOf(liar.signer.publicKey, liar.name, random), urls: [`sim://${liar.name}`] };
}

function inventedRecord(publicKey: Uint8Array, { random }: Lying): NodeRecord {
  return inventedRecordOf(publicKey, `nobody-${random.integer(0, 2 ** 40)}`, random);
}

function inventedRecordOf(publicKey: Uint8Array, name: string, random: SeededRandom): NodeRecord {
  return {
    publicKey,
    run: random.bytes(8),
    name,
    cluster: "default",
    urls: random.chance(0.5) ? [] : [`sim://${name}`],
    incarnation: 1,
    sequence: 1,
    boot: 1,
    left: false,
    observers: [],
    coordinate: undefined,
    outlived: undefined,
  };
}

function accusationOf({ publicKey, incarnation }: NodeRecord, accuser: Uint8Array, lying: Lying): Accusation {
  const verdict = lying.random.pick(["suspect", "down"] as const);
  return { verdict, target: idOf(publicKey, lying), incarnation, accuser: idOf(accuser, lying) };
}
