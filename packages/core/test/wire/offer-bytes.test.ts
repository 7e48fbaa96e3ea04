import fc from "fast-check";
import { expect, test } from "vitest";
import { Writer, offerBytes, offersHeadBytesMax, writeOffer, writeOffers } from "../../src/wire/index.js";
import { utf8 } from "../support/wire.js";
import { bytesOf, entryOf, messageOf, offersBodyOf } from "./messages.js";

test("an offer takes as many bytes as are said before it is written, and a message little more than its offers", () => {
  fc.assert(
    fc.property(messageOf.offers, (message) => {
      if (message.kind !== "offers") throw new Error("not offers");
      let bytes = 0;
      for (const { offer } of message.added) {
        const entry = bytesOf((writer) => writeOffer(writer, offer), new Writer(utf8));
        expect(offerBytes(offer)).toBe(bytesOf((writer) => writer.blob(entry), new Writer(utf8)).length);
        bytes += offerBytes(offer);
      }
      // as a node tells of all that it offers
      const body = offersBodyOf({ ...message.head, nodeId: "0".repeat(32), version: 2 ** 53 - 1, boot: 2 ** 53 - 1 });
      const added = message.added.map(({ offer }) => entryOf(offer));
      const writer = new Writer(utf8);
      writeOffers(writer, { ...message, body, base: 0, added, addedCount: added.length, removed: [] });
      writer.end();
      expect(writer.take().length - bytes).toBeLessThanOrEqual(offersHeadBytesMax);
    }),
  );
});
