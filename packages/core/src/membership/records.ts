/**
 * Records: what nodes say of themselves and of each other, signed.
 *
 * (R1) A record is believed only with the signature of the key it holds; the node's id is that key's hash, so nobody
 *      can speak for another.
 * (R2) An accusation is believed only with the signature of a known accuser.
 * (R3) The signed bytes begin with a label, so that a signature given for one purpose serves no other.
 */
import type { Signer, Utf8 } from "../base/index.js";
import {
  type Accusation,
  type NodeRecord,
  type RecordMessage,
  type Signed,
  Writer,
  writeAccusationBody,
  writeRecordBody,
} from "../wire/index.js";

const recordLabel = "mpreg.v2 node record\n";
const accusationLabel = "mpreg.v2 accusation\n";

/** Borders between clusters that what a node tells of itself may cross. */
export const hopsMax = 3;

export function signRecord(
  record: NodeRecord,
  signer: Signer,
  utf8: Utf8,
): Pick<RecordMessage, "hopsLeft" | "signature" | "body"> {
  const writer = new Writer(utf8);
  writeRecordBody(writer, record);
  return { hopsLeft: hopsMax, ...sign(recordLabel, writer.take().slice(), signer) };
}

/** Whether the record is its own node's word. (R1) */
export function isGenuineRecord(record: NodeRecord, signed: Signed, signer: Signer): boolean {
  return isSigned(recordLabel, signed, record.publicKey, signer);
}

export function signAccusation(accusation: Accusation, signer: Signer, utf8: Utf8): Signed {
  const writer = new Writer(utf8);
  writeAccusationBody(writer, accusation);
  return sign(accusationLabel, writer.take().slice(), signer);
}

/** Whether the accusation is the word of the node with `accuserKey`. (R2) */
export function isGenuineAccusation(signed: Signed, accuserKey: Uint8Array, signer: Signer): boolean {
  return isSigned(accusationLabel, signed, accuserKey, signer);
}

/** Signs `body` for the purpose that `label` names. (R3) */
export function sign(label: string, body: Uint8Array, signer: Signer): Signed {
  return { signature: signer.sign(labelled(label, body)), body };
}

/** Whether `publicKey` has signed `body` for the purpose that `label` names. (R3) */
export function isSigned(label: string, { signature, body }: Signed, publicKey: Uint8Array, signer: Signer): boolean {
  return signer.verify(publicKey, labelled(label, body), signature);
}

function labelled(label: string, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(label.length + body.length);
  for (let i = 0; i < label.length; i++) bytes[i] = label.charCodeAt(i);
  bytes.set(body, label.length);
  return bytes;
}
