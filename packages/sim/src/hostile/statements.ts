/**
 * Statements: records, accusations and offers as a key signs them, whether it may or not.
 *
 * The labels are those of docs/protocol.md, "Membership" and "Catalog".
 */
import type { Signer } from "@mpreg/core/base";
import { hopsMax, sign } from "@mpreg/core/membership";
import {
  type Accusation,
  type NodeRecord,
  type OffersHead,
  type Signed,
  Writer,
  writeAccusation,
  writeAccusationBody,
  writeOffers,
  writeOffersHead,
  writeRecord,
  writeRecordBody,
} from "@mpreg/core/wire";
import { utf8 } from "../capabilities/utf8.js";

const recordLabel = "mpreg.v2 node record\n";
const accusationLabel = "mpreg.v2 accusation\n";
const offersLabel = "mpreg.v2 offers\n";

export function tellRecord(writer: Writer, record: NodeRecord, signer: Signer): void {
  const signed = signedBy(signer, recordLabel, (body) => {
    writeRecordBody(body, record);
  });
  writeRecord(writer, { hopsLeft: hopsMax, ...signed });
}

export function tellAccusation(writer: Writer, accusation: Accusation, signer: Signer): void {
  const signed = signedBy(signer, accusationLabel, (body) => {
    writeAccusationBody(body, accusation);
  });
  writeAccusation(writer, signed);
}

export function tellOffers(writer: Writer, head: OffersHead, signer: Signer, base = 0): void {
  const signed = signedBy(signer, offersLabel, (body) => {
    writeOffersHead(body, head);
  });
  writeOffers(writer, { hopsLeft: hopsMax, ...signed, base, added: [], addedCount: 0, removed: [] });
}

function signedBy(signer: Signer, label: string, write: (body: Writer) => void): Signed {
  const body = new Writer(utf8);
  write(body);
  return sign(label, body.take().slice(), signer);
}
