/** The parts of messages that are signed, or passed on as they came: as bytes. */
import {
  type Accusation,
  type InterestEntry,
  type InterestRecord,
  type NodeRecord,
  type OfferEntry,
  type OfferRecord,
  type OffersHead,
  Writer,
  writeAccusationBody,
  writeInterestEntry,
  writeOffer,
  writeOffersHead,
  writeRecordBody,
} from "../../src/wire/index.js";
import { utf8 } from "../support/wire.js";

/** What `write` writes, as a whole of its own. */
export function bytesOf(write: (writer: Writer) => void, writer: Writer = new Writer(utf8)): Uint8Array {
  write(writer);
  return writer.take().slice();
}

/** What a record's signature is of. */
export function recordBodyOf(record: NodeRecord): Uint8Array {
  return bytesOf((writer) => {
    writeRecordBody(writer, record);
  });
}

export function accusationBodyOf(accusation: Accusation): Uint8Array {
  return bytesOf((writer) => {
    writeAccusationBody(writer, accusation);
  });
}

export function offersBodyOf(head: OffersHead): Uint8Array {
  return bytesOf((writer) => {
    writeOffersHead(writer, head);
  });
}

export function entryOf(offer: OfferRecord): OfferEntry {
  const bytes = bytesOf((writer) => {
    writeOffer(writer, offer);
  });
  return { offer, bytes };
}

export function interestEntryOf(interest: InterestRecord): InterestEntry {
  const bytes = bytesOf((writer) => {
    writeInterestEntry(writer, interest);
  });
  return { interest, bytes };
}
